package provider

import (
	"context"
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

// busyRatio is the busy share of the busiest vertex of the job whose JobManager is selected.
func (p *Provider) busyRatio(ctx context.Context, namespace string, selector labels.Selector) (value, error) {
	sample, err := p.job(ctx, namespace, selector)
	if err != nil {
		return value{}, err
	}
	return value{milli(sample.Value.Busy), metav1.NewTime(sample.Time)}, nil
}

// job reads the job of the one JobManager that the selector means. The sample is without error.
func (p *Provider) job(ctx context.Context, namespace string, selector labels.Selector) (snapshot.Sample[flink.Job], error) {
	if _, selectable := selector.Requirements(); !selectable {
		return snapshot.Sample[flink.Job]{}, fmt.Errorf("%w: it selects nothing", errSelector)
	}
	jobManager, err := p.jobManagers.Find(namespace, selector)
	if err != nil {
		return snapshot.Sample[flink.Job]{}, err
	}
	sample := (*p.jobs.Load()).Read(ctx, jobManager)
	if sample.Err != nil {
		return snapshot.Sample[flink.Job]{}, fmt.Errorf("%s: %w", jobManager, sample.Err)
	}
	return sample, nil
}

// milli is a ratio to three decimals.
func milli(ratio float64) resource.Quantity {
	return *resource.NewMilliQuantity(int64(math.Round(ratio*1000)), resource.DecimalSI)
}
