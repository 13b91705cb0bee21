package apiservice

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/internal/events"
)

const (
	// ReasonTaken is the reason of the Event on an APIService that leads to another Service than ours.
	ReasonTaken = "ExternalMetricsTaken"
	// lookEvery is the time between two looks, and lookWithin what one of them may take.
	lookEvery  = 30 * time.Second
	lookWithin = 10 * time.Second
)

// Watch looks whether the API servers are led to us, and tells when they are not: by an error in the log at each look, an
// Event on the APIService, and a metric. It is safe for concurrent use.
type Watch struct {
	registration *Registration
	events       events.Writer
	clock        clock.Clock

	state atomic.Int32 // of the newest look that had an answer
}

const (
	unknown int32 = iota
	owned
	taken
)

// NewWatch returns a watch that knows nothing until Run. The Events name instance, this pod, as their author; to write them it
// needs create on events in namespace default, where those of objects without a namespace are.
func NewWatch(registration *Registration, client kubernetes.Interface, instance string, clock clock.Clock) *Watch {
	return &Watch{
		registration: registration, clock: clock,
		events: events.Writer{Client: client, Clock: clock, Controller: events.Adapter, Instance: instance},
	}
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Not known whether external metrics are still asked of us, will look again", "after", lookEvery)
		}
		next := w.clock.NewTimer(lookEvery)
		select {
		case <-next.C():
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

func (w *Watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	service, err := w.registration.get(ctx)
	switch {
	case apierrors.IsNotFound(err):
		w.state.Store(taken)
		klog.FromContext(ctx).Error(err, "No API server asks us: apply flink-hpa's manifests again")
		return nil
	case err != nil:
		return err
	}
	holder := leadsTo(service)
	if holder == w.registration.ours {
		if w.state.Swap(owned) == taken {
			klog.FromContext(ctx).Info("External metrics are asked of us again", "apiService", w.registration.name)
		}
		return nil
	}
	w.state.Store(taken)
	says := fmt.Sprintf("it leads to the Service %q, not to flink-hpa's %q, so the HPAs that use flink-hpa's metrics get none. A cluster has one server of external metrics: "+
		"take the other one away and apply flink-hpa's manifests again, or remove flink-hpa", holder, w.registration.ours)
	klog.FromContext(ctx).Error(nil, "External metrics are asked of somebody else: "+says, "apiService", w.registration.name)
	return w.events.Write(ctx, events.Event{
		Regarding: corev1.ObjectReference{APIVersion: "apiregistration.k8s.io/v1", Kind: "APIService", Name: service.GetName(), UID: service.GetUID()},
		Type:      corev1.EventTypeWarning, Reason: ReasonTaken, Action: "Check", Note: says,
	})
}

// Describe implements prometheus.Collector.
func (w *Watch) Describe(descs chan<- *prometheus.Desc) { descs <- ownedDesc() }

// Collect implements prometheus.Collector. There is no series before the first look that had an answer.
func (w *Watch) Collect(metrics chan<- prometheus.Metric) {
	switch w.state.Load() {
	case owned:
		metrics <- prometheus.MustNewConstMetric(ownedDesc(), prometheus.GaugeValue, 1)
	case taken:
		metrics <- prometheus.MustNewConstMetric(ownedDesc(), prometheus.GaugeValue, 0)
	}
}

func ownedDesc() *prometheus.Desc {
	return prometheus.NewDesc("flink_hpa_apiservice_owned",
		"Whether the APIService of external metrics leads to us (1), or to somebody else or nowhere (0).", nil, nil)
}
