package keda

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

func TestWhatTheHPAGoesBy(t *testing.T) {
	r := start(t, &fakeMetrics{err: refusal(http.StatusServiceUnavailable)}) // nobody asks for the value
	client := r.keda(t)
	for _, test := range []struct {
		name, target string
		want         *externalscaler.MetricSpec
	}{
		{"a whole target", "20k", &externalscaler.MetricSpec{MetricName: "flink_busy_ratio", TargetSize: 20000, TargetSizeFloat: 20000}},
		{"a target that an older KEDA has no number for", "700m", &externalscaler.MetricSpec{MetricName: "flink_busy_ratio", TargetSizeFloat: 0.7}},
		{"another one, of which it would take a part", "1500m", &externalscaler.MetricSpec{MetricName: "flink_busy_ratio", TargetSizeFloat: 1.5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.GetMetricSpec(t.Context(), whole("targetValue", test.target))
			if err != nil {
				t.Fatal(err)
			}
			if specs := response.GetMetricSpecs(); len(specs) != 1 || !proto.Equal(specs[0], test.want) {
				t.Errorf("got %v", specs)
			}
		})
	}
}

func TestValuesAndActivity(t *testing.T) {
	metrics := &fakeMetrics{}
	client := start(t, metrics).keda(t)
	for _, test := range []struct {
		name       string
		value      float64
		whole      int64
		activation string
		active     bool
	}{
		{"nothing", 0, 0, "0", false},
		{"a part of one, which an older KEDA takes for one", 0.25, 1, "0", true},
		{"the activation value itself", 5, 5, "5", false},
		{"above it", 5.001, 6, "5", true},
		{"many", 1_234_567, 1_234_567, "0", true},
		{"a number that is no sum of halves", 0.7, 1, "700m", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			metrics.set(test.value, nil)
			ref := whole("activationValue", test.activation, "selector", "app in (a,b)")
			response, err := client.GetMetrics(t.Context(), &externalscaler.GetMetricsRequest{ScaledObjectRef: ref, MetricName: "flink_busy_ratio"})
			if err != nil {
				t.Fatal(err)
			}
			want := &externalscaler.MetricValue{MetricName: "flink_busy_ratio", MetricValue: test.whole, MetricValueFloat: test.value}
			if values := response.GetMetricValues(); len(values) != 1 || !proto.Equal(values[0], want) {
				t.Errorf("got %v", values)
			}
			if asked := metrics.last(); asked != "shop/flink_busy_ratio?app in (a,b)" {
				t.Errorf("it asks for %s", asked)
			}
			active, err := client.IsActive(t.Context(), ref)
			if err != nil || active.GetResult() != test.active {
				t.Errorf("active: %v, %v", active, err)
			}
		})
	}
}

// calls are all methods, each as one function.
func calls(client externalscaler.ExternalScalerClient) map[string]func(context.Context, *externalscaler.ScaledObjectRef) error {
	return map[string]func(context.Context, *externalscaler.ScaledObjectRef) error{
		"GetMetricSpec": func(ctx context.Context, ref *externalscaler.ScaledObjectRef) error {
			_, err := client.GetMetricSpec(ctx, ref)
			return err
		},
		"GetMetrics": func(ctx context.Context, ref *externalscaler.ScaledObjectRef) error {
			_, err := client.GetMetrics(ctx, &externalscaler.GetMetricsRequest{ScaledObjectRef: ref, MetricName: ref.GetScalerMetadata()["metric"]})
			return err
		},
		"IsActive": func(ctx context.Context, ref *externalscaler.ScaledObjectRef) error {
			_, err := client.IsActive(ctx, ref)
			return err
		},
		"StreamIsActive": func(ctx context.Context, ref *externalscaler.ScaledObjectRef) error {
			stream, err := client.StreamIsActive(ctx, ref)
			if err == nil {
				_, err = stream.Recv()
			}
			return err
		},
		"StreamMetricSpec": func(ctx context.Context, ref *externalscaler.ScaledObjectRef) error {
			stream, err := client.StreamMetricSpec(ctx, ref)
			if err == nil {
				_, err = stream.Recv()
			}
			return err
		},
	}
}

func TestRefusals(t *testing.T) {
	all := []string{"GetMetricSpec", "GetMetrics", "IsActive", "StreamIsActive"}
	for _, test := range []struct {
		name    string
		ref     *externalscaler.ScaledObjectRef
		err     error // of the provider
		methods []string
		code    codes.Code
		says    string
	}{
		{"a wrong trigger", whole("note", "x"), nil, all, codes.InvalidArgument, `metadata note is "x" and has no meaning`},
		{"a question that the provider refuses", whole(), refusal(http.StatusBadRequest), all[1:], codes.InvalidArgument, sentence},
		{"a namespace that may not ask", whole(), refusal(http.StatusForbidden), all[1:], codes.PermissionDenied, sentence},
		{"what isn't there", whole(), refusal(http.StatusNotFound), all[1:3], codes.NotFound, sentence},
		{"no true, fresh value", whole(), refusal(http.StatusServiceUnavailable), all[1:3], codes.Unavailable, sentence},
		{"an error that nobody thought of", whole(), refusal(http.StatusTeapot), all[1:], codes.Internal, sentence},
		{"another error", whole(), http.ErrBodyNotAllowed, all[1:], codes.Internal, http.ErrBodyNotAllowed.Error()},
		{"targets that change by themselves", whole(), nil, []string{"StreamMetricSpec"}, codes.Unimplemented, "StreamMetricSpec"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := start(t, &fakeMetrics{err: test.err})
			for _, method := range test.methods {
				err := calls(r.keda(t))[method](t.Context(), test.ref)
				if s := status.Convert(err); s.Code() != test.code || !strings.Contains(s.Message(), test.says) {
					t.Errorf("%s: got %v, want code %s and %q", method, err, test.code, test.says)
				}
			}
		})
	}
}

func TestAMetricThatTheTriggerDoesNotName(t *testing.T) {
	r := start(t, &fakeMetrics{})
	_, err := r.keda(t).GetMetrics(t.Context(), &externalscaler.GetMetricsRequest{ScaledObjectRef: whole(), MetricName: "other"})
	wantCode(t, err, codes.InvalidArgument)
	if r.metrics.times() != 0 {
		t.Error("the other metric is read")
	}
}

func TestAMessageThatIsTooLarge(t *testing.T) {
	r := start(t, &fakeMetrics{})
	_, err := r.keda(t).IsActive(t.Context(), whole("selector", strings.Repeat("x", maxMessage)))
	wantCode(t, err, codes.ResourceExhausted)
}

func TestAPanicIsOneCallsError(t *testing.T) {
	r := start(t, nil)
	_, err := r.keda(t).IsActive(t.Context(), whole())
	wantCode(t, err, codes.Internal)
	_, err = r.keda(t).GetMetricSpec(t.Context(), whole())
	wantCode(t, err, codes.OK)
	if want := []string{"IsActive Internal", "GetMetricSpec OK"}; !slices.Equal(r.meter.all(), want) {
		t.Errorf("counted are %v, want %v", r.meter.all(), want)
	}
}

func TestEachMethodIsNamed(t *testing.T) {
	names := Methods()
	for method := range calls(nil) {
		if !slices.Contains(names, method) {
			t.Errorf("%s is not among %v", method, names)
		}
	}
	if len(names) != len(calls(nil)) {
		t.Errorf("got %v", names)
	}
}
