// Package demand knows what the HPAs of the cluster ask of the adapter.
//
// What is asked for is what is polled, and an HPA is answered by one replica of the adapter: the others would know nothing of its
// metrics, and would need up to a minute to know them once the first one has ended. So each replica reads in the HPAs what
// is going to be asked, and polls it whether or not it is asked itself.
package demand

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/autoscaling/v2"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/namespaces"
)

// askEvery is how often each question is asked: far more often than one is dropped that nobody asks, and half as often as HPAs ask, so
// that it costs half of what they do.
const askEvery = 30 * time.Second

// errNotSynced is for the moment after the start.
var errNotSynced = errors.New("the list of HPAs has not been read from Kubernetes yet")

// Ask is told of a question, has it polled from then on, and says why there is no answer now. It doesn't wait for one, and of what will never have
// one it says nothing.
type Ask func(namespace, metric string, selector labels.Selector) error

// Options of a Demand.
type Options struct {
	Namespaces []string                 // whose HPAs are read; none: all
	Serves     func(metric string) bool // whether a metric is one of ours, or could be
	Ask        Ask
	Clock      clock.Clock
}

// Demand reads the HPAs. It is safe for concurrent use.
type Demand struct {
	opts    Options
	watches []watch
}

// watch is an informer of HPAs, of one namespace or of all.
type watch struct {
	factory informers.SharedInformerFactory
	hpas    listers.HorizontalPodAutoscalerLister
	synced  cache.InformerSynced
}

// New returns a Demand that knows nothing until Run. It needs list and watch on horizontalpodautoscalers.
func New(client kubernetes.Interface, opts Options) *Demand {
	d := &Demand{opts: opts}
	for _, namespace := range namespaces.Watches(opts.Namespaces) {
		factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace), informers.WithTransform(d.strip))
		hpas := factory.Autoscaling().V2().HorizontalPodAutoscalers()
		d.watches = append(d.watches, watch{factory, hpas.Lister(), hpas.Informer().HasSynced})
	}
	return d
}

// Run asks what the HPAs ask, until ctx ends.
func (d *Demand) Run(ctx context.Context) {
	for _, w := range d.watches {
		w.factory.StartWithContext(ctx)
	}
	for {
		_ = d.Unanswered() // each of them is the business of whoever reads it
		next := d.opts.Clock.NewTimer(askEvery)
		select {
		case <-next.C():
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

// Unanswered asks every question, and is nil when each of them has an answer.
func (d *Demand) Unanswered() error {
	var first error
	open := 0
	for _, w := range d.watches {
		if !w.synced() {
			return errNotSynced
		}
		hpas, _ := w.hpas.List(labels.Everything()) // from memory: it can't fail
		for _, hpa := range hpas {
			for _, metric := range hpa.Spec.Metrics {
				if err := d.ask(hpa, metric.External.Metric); err != nil {
					first, open = err, open+1
				}
			}
		}
	}
	if open == 0 {
		return nil
	}
	return fmt.Errorf("%d metrics of HPAs have no value, among them: %w", open, first)
}

// Asking are the HPAs of a namespace, or with metav1.NamespaceAll of all, that go by that metric, each with the selector that it has for it.
func (d *Demand) Asking(namespace, metric string) iter.Seq2[*autoscalingv2.HorizontalPodAutoscaler, labels.Selector] {
	return func(yield func(*autoscalingv2.HorizontalPodAutoscaler, labels.Selector) bool) {
		for _, w := range d.watches {
			hpas, _ := w.hpas.HorizontalPodAutoscalers(namespace).List(labels.Everything()) // from memory: it can't fail
			for _, hpa := range hpas {
				for _, m := range hpa.Spec.Metrics {
					if m.External.Metric.Name != metric {
						continue
					}
					if selector, err := selectorOf(m.External.Metric); err == nil && !yield(hpa, selector) {
						return
					}
				}
			}
		}
	}
}

// selectorOf is the question's; without any the API takes all.
func selectorOf(metric autoscalingv2.MetricIdentifier) (labels.Selector, error) {
	if metric.Selector == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(metric.Selector)
}

func (d *Demand) ask(hpa *autoscalingv2.HorizontalPodAutoscaler, metric autoscalingv2.MetricIdentifier) error {
	selector, err := selectorOf(metric)
	if err == nil {
		err = d.opts.Ask(hpa.Namespace, metric.Name, selector)
	}
	if err != nil {
		return fmt.Errorf("HPA %s/%s: metric %s: %w", hpa.Namespace, hpa.Name, metric.Name, err)
	}
	return nil
}

// strip keeps of an HPA what is asked of us, what it scales, and how far.
func (d *Demand) strip(object any) (any, error) {
	hpa, ok := object.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return object, nil // a tombstone
	}
	kept := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Namespace: hpa.Namespace, Name: hpa.Name, UID: hpa.UID, ResourceVersion: hpa.ResourceVersion,
	}}
	kept.Spec.ScaleTargetRef, kept.Spec.MaxReplicas = hpa.Spec.ScaleTargetRef, hpa.Spec.MaxReplicas
	for _, metric := range hpa.Spec.Metrics {
		if metric.External != nil && d.opts.Serves(metric.External.Metric.Name) {
			kept.Spec.Metrics = append(kept.Spec.Metrics, autoscalingv2.MetricSpec{Type: metric.Type, External: metric.External})
		}
	}
	return kept, nil
}
