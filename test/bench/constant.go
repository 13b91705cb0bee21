package bench

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	metrics "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// ConstantCommand is the command of this program that calls ServeConstant.
const ConstantCommand = "constant"

// constant answers every question with itself.
type constant int64

var _ metrics.ExternalMetricsProvider = constant(0)

func (c constant) GetExternalMetric(_ context.Context, _ string, _ labels.Selector, info metrics.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{
		MetricName: info.Metric, Timestamp: metav1.Now(), Value: *resource.NewQuantity(int64(c), resource.DecimalSI),
	}}}, nil
}

func (c constant) ListAllExternalMetrics() []metrics.ExternalMetricInfo {
	return []metrics.ExternalMetricInfo{{Metric: lagMetric}}
}

// theConstant is a lag that no group has here.
const theConstant constant = lag + 1

// ServeConstant is an adapter made with the library that ours is made with, and of nothing else. The arguments are the
// library's flags.
func ServeConstant(ctx context.Context, args []string) error {
	base := cmd.AdapterBase{Name: "bench-constant", FlagSet: pflag.NewFlagSet(ConstantCommand, pflag.ContinueOnError)}
	base.InstallFlags()
	if err := base.FlagSet.Parse(args); err != nil {
		return err
	}
	base.WithExternalMetrics(theConstant)
	server, err := base.Server()
	if err != nil {
		return fmt.Errorf("set up the API server: %w", err)
	}
	return server.GenericAPIServer.PrepareRun().RunWithContext(ctx)
}
