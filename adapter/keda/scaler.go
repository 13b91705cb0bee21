package keda

import (
	"context"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc"
	"k8s.io/utils/clock"
	external "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

const (
	// lookEvery is the time between two looks at what a stream tells: as often as there is something new to see.
	lookEvery = 5 * time.Second
	// streamFor is how long a stream lasts. KEDA begins another one 2 s after it has ended; without an end, a connection would outlast
	// the certificate that it began with.
	streamFor = 30 * time.Minute
)

// scaler answers KEDA's calls. Its errors are made into statuses around it.
//
// A trigger's targets change with the ScaledObject alone, so StreamMetricSpec stays unimplemented, which KEDA takes for that.
type scaler struct {
	externalscaler.UnimplementedExternalScalerServer
	metrics  external.ExternalMetricsProvider
	clock    clock.Clock
	stopping <-chan struct{} // closed when streams have to end
}

// GetMetricSpec says by which metric and target the HPA goes. It reads no value: the HPA is made before its job is there, too.
func (s *scaler) GetMetricSpec(_ context.Context, ref *externalscaler.ScaledObjectRef) (*externalscaler.GetMetricSpecResponse, error) {
	q, err := questionOf(ref)
	if err != nil {
		return nil, err
	}
	spec := &externalscaler.MetricSpec{MetricName: q.metric, TargetSizeFloat: q.target}
	if whole := math.Trunc(q.target); whole == q.target {
		spec.TargetSize = int64(whole) // else 0: an older KEDA makes no HPA of that, rather than one with another target
	}
	return &externalscaler.GetMetricSpecResponse{MetricSpecs: []*externalscaler.MetricSpec{spec}}, nil
}

// GetMetrics is the metric's value, as an HPA would get it.
func (s *scaler) GetMetrics(ctx context.Context, request *externalscaler.GetMetricsRequest) (*externalscaler.GetMetricsResponse, error) {
	q, err := questionOf(request.GetScaledObjectRef())
	if err != nil {
		return nil, err
	}
	if name := request.GetMetricName(); name != q.metric {
		return nil, fmt.Errorf("%w: metric %s is asked for, and metadata %s is %s; KEDA has one of them from before a change and will ask again",
			errQuestion, shown(name), metricKey, shown(q.metric))
	}
	value, err := s.value(ctx, q)
	if err != nil {
		return nil, err
	}
	return &externalscaler.GetMetricsResponse{MetricValues: []*externalscaler.MetricValue{{
		MetricName:       q.metric,
		MetricValue:      int64(math.Ceil(value)), // never 0 for a part of one
		MetricValueFloat: value,
	}}}, nil
}

// IsActive tells whether the value is above the activation value. An unknown value is an error.
func (s *scaler) IsActive(ctx context.Context, ref *externalscaler.ScaledObjectRef) (*externalscaler.IsActiveResponse, error) {
	q, err := questionOf(ref)
	if err != nil {
		return nil, err
	}
	return s.active(ctx, q)
}

// StreamIsActive tells whether the value is above the activation value, at once and whenever that has changed. While the value is
// unknown it tells nothing: KEDA's polls say why. It ends with an error when the question is refused, and without one after streamFor or
// when the server stops.
func (s *scaler) StreamIsActive(ref *externalscaler.ScaledObjectRef, stream grpc.ServerStreamingServer[externalscaler.IsActiveResponse]) error {
	q, err := questionOf(ref)
	if err != nil {
		return err
	}
	ctx, end := stream.Context(), s.clock.NewTimer(streamFor)
	defer end.Stop()
	var told *externalscaler.IsActiveResponse
	for {
		active, err := s.active(ctx, q)
		switch {
		case err == nil && (told == nil || told.GetResult() != active.GetResult()):
			if err := stream.Send(active); err != nil {
				return err
			}
			told = active
		case err != nil && refused(err):
			return err
		}
		next := s.clock.NewTimer(lookEvery)
		select {
		case <-next.C():
			continue
		case <-end.C():
		case <-s.stopping:
		case <-ctx.Done():
		}
		next.Stop()
		return ctx.Err()
	}
}

func (s *scaler) active(ctx context.Context, q question) (*externalscaler.IsActiveResponse, error) {
	value, err := s.value(ctx, q)
	if err != nil {
		return nil, err
	}
	return &externalscaler.IsActiveResponse{Result: value > q.activation}, nil
}

// value asks as the external metrics API does.
func (s *scaler) value(ctx context.Context, q question) (float64, error) {
	list, err := s.metrics.GetExternalMetric(ctx, q.namespace, q.selector, external.ExternalMetricInfo{Metric: q.metric})
	if err != nil {
		return 0, err
	}
	if n := len(list.Items); n != 1 {
		return 0, fmt.Errorf("metric %s has %d values, not one", q.metric, n)
	}
	return exactly(list.Items[0].Value)
}
