package keda

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

// told is a stream that remembers what it is sent, and when.
type told struct {
	grpc.ServerStream
	ctx   context.Context
	start time.Time
	sent  []sent
	err   error // of each Send
}

type sent struct {
	after  time.Duration
	active bool
}

func (s *told) Context() context.Context { return s.ctx }

func (s *told) Send(r *externalscaler.IsActiveResponse) error {
	s.sent = append(s.sent, sent{time.Since(s.start), r.GetResult()})
	return s.err
}

// streaming runs a stream in a bubble of synctest. It returns what the stream was sent, and a function that waits for its end.
func streaming(t *testing.T, s *scaler, ctx context.Context, ref *externalscaler.ScaledObjectRef) (*told, func() error) {
	t.Helper()
	stream := &told{ctx: ctx, start: time.Now()}
	s.clock = clock.RealClock{} // the bubble's
	ended := make(chan error, 1)
	go func() { ended <- s.StreamIsActive(ref, stream) }()
	synctest.Wait()
	return stream, func() error { return <-ended }
}

func TestAStreamTellsWhatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := &fakeMetrics{value: 0}
		ctx, cancel := context.WithCancel(t.Context())
		stream, end := streaming(t, &scaler{metrics: metrics}, ctx, whole("activationValue", "5"))
		for _, step := range []struct {
			value float64
			err   error
		}{
			{5, nil}, // not above: nothing new
			{6, nil},
			{7, nil}, // still above
			{0, refusal(http.StatusServiceUnavailable)}, // unknown is not inactive
			{0, refusal(http.StatusNotFound)},
			{8, nil}, // as before it was unknown
			{1, nil},
		} {
			metrics.set(step.value, step.err)
			time.Sleep(lookEvery)
			synctest.Wait()
		}
		cancel()
		if err := end(); !errors.Is(err, context.Canceled) {
			t.Errorf("it ends with %v", err)
		}
		want := []sent{{0, false}, {2 * lookEvery, true}, {7 * lookEvery, false}}
		if !slices.Equal(stream.sent, want) {
			t.Errorf("got %v, want %v", stream.sent, want)
		}
		if asked := metrics.times(); asked != 8 {
			t.Errorf("%d looks in seven periods", asked)
		}
	})
}

func TestAStreamBeginsWithWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := &fakeMetrics{err: refusal(http.StatusServiceUnavailable)}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream, _ := streaming(t, &scaler{metrics: metrics}, ctx, whole())
		if len(stream.sent) != 0 {
			t.Fatalf("it says %v of what is unknown", stream.sent)
		}
		metrics.set(0, nil)
		time.Sleep(lookEvery)
		synctest.Wait()
		if len(stream.sent) != 1 || stream.sent[0] != (sent{lookEvery, false}) {
			t.Errorf("got %v", stream.sent)
		}
	})
}

func TestHowAStreamEnds(t *testing.T) {
	for _, test := range []struct {
		name  string
		ref   *externalscaler.ScaledObjectRef
		err   error // of the metric
		stop  bool
		after time.Duration
		want  func(error) bool
	}{
		{"at once when the trigger is wrong", whole("note", "x"), nil, false, 0, func(err error) bool { return errors.Is(err, errQuestion) }},
		{"at once when the selector is refused", whole(), refusal(http.StatusBadRequest), false, 0, isAnError},
		{"at once when the namespace may not ask", whole(), refusal(http.StatusForbidden), false, 0, isAnError},
		{"well when the server stops", whole(), nil, true, 0, isNil},
		{"well when the server stops while the value is unknown", whole(), refusal(http.StatusServiceUnavailable), true, 0, isNil},
		{"well after its time", whole(), nil, false, streamFor, isNil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stopping := make(chan struct{})
				s := &scaler{metrics: &fakeMetrics{err: test.err}, stopping: stopping}
				start := time.Now()
				_, end := streaming(t, s, t.Context(), test.ref)
				if test.stop {
					close(stopping)
				}
				if err := end(); !test.want(err) {
					t.Errorf("it ends with %v", err)
				}
				if after := time.Since(start); after != test.after {
					t.Errorf("it ends after %s, not %s", after, test.after)
				}
			})
		})
	}
}

func TestAStreamEndsWhenItsPeerIsGone(t *testing.T) {
	gone := errors.New("gone")
	s := &scaler{metrics: &fakeMetrics{}, clock: clock.RealClock{}}
	if err := s.StreamIsActive(whole(), &told{ctx: t.Context(), start: time.Now(), err: gone}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func isNil(err error) bool { return err == nil }

func isAnError(err error) bool { return err != nil }
