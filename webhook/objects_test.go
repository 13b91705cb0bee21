package webhook

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
)

// objectBed is an objectReader of a namespace that has ConfigMap flink-config and Secret flink-secret.
type objectBed struct {
	*objectReader
	client *fake.Clientset
	clock  *clocktesting.FakeClock
}

func newObjectBed() *objectBed {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "jobs", Name: name} }
	b := &objectBed{clock: clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), client: fake.NewClientset(
		&corev1.ConfigMap{ObjectMeta: meta("flink-config"), Data: map[string]string{"a": "1"}, BinaryData: map[string][]byte{"b": []byte("2")}},
		&corev1.Secret{ObjectMeta: meta("flink-secret"), Data: map[string][]byte{"c": []byte("3")}},
	)}
	b.objectReader = newObjectReader(b.client, account, b.clock, NewMetrics(prometheus.NewRegistry()))
	return b
}

// answer has the API server answer reads by f.
func (b *objectBed) answer(f func() (runtime.Object, error)) {
	b.client.PrependReactor("get", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		object, err := f()
		return true, object, err
	})
}

func (b *objectBed) counted(result string) int {
	return int(testutil.ToFloat64(b.metrics.reads.WithLabelValues(result)))
}

var flinkConfig = ObjectKey{Kind: KindConfigMap, Name: "flink-config"}

func TestObjectsAreReadOrSayWhyNot(t *testing.T) {
	refused := apierrors.NewForbidden(corev1.Resource("configmaps"), "flink-config", errors.New("no rule"))
	for _, c := range []struct {
		name   string
		key    ObjectKey
		answer error // of the API server
		want   Object
		result string
	}{
		{"a ConfigMap, its binary data too", flinkConfig, nil, Object{Data: map[string]string{"a": "1", "b": "2"}}, "read"},
		{"a Secret", ObjectKey{Kind: KindSecret, Name: "flink-secret"}, nil, Object{Data: map[string]string{"c": "3"}}, "read"},
		{"one that isn't there", ObjectKey{Kind: KindConfigMap, Name: "other"}, nil, Object{Missing: true}, "missing"},
		{"a ConfigMap that we may not read", flinkConfig, refused, Object{Err: errors.New("allow it by kubectl create rolebinding flink-hpa-webhook-reader " +
			"-n jobs --clusterrole=flink-hpa-webhook-reader --serviceaccount=flink-hpa:flink-hpa-webhook")}, "forbidden"},
		{"a Secret that we may not read", ObjectKey{Kind: KindSecret, Name: "flink-secret"}, refused,
			Object{Err: errors.New("bind a Role with get on it to the service account flink-hpa:flink-hpa-webhook")}, "forbidden"},
		{"an API server that fails", flinkConfig, errors.New("no leader"), Object{Err: errors.New("no leader")}, "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newObjectBed()
			if c.answer != nil {
				b.answer(func() (runtime.Object, error) { return nil, c.answer })
			}
			got := b.read(t.Context(), "jobs", []ObjectKey{c.key})
			same := cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || a != nil && b != nil && a.Error() == b.Error() })
			if diff := cmp.Diff(Objects{c.key: c.want}, got, same); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if n := b.counted(c.result); n != 1 {
				t.Errorf("%d reads are counted as %s, want 1", n, c.result)
			}
		})
	}
}

func TestAnObjectIsReadAgainOnceItIsOld(t *testing.T) {
	b := newObjectBed()
	for _, step := range []struct {
		name  string
		after time.Duration
		reads int
	}{
		{"at first", 0, 1},
		{"just before it is old", objectAge - 1, 1},
		{"when it is old", 1, 2},
	} {
		b.clock.Step(step.after)
		if got := b.read(t.Context(), "jobs", []ObjectKey{flinkConfig})[flinkConfig]; got.Data["a"] != "1" {
			t.Errorf("%s: %+v", step.name, got)
		}
		if n := b.counted("read"); n != step.reads {
			t.Errorf("%s: %d reads, want %d", step.name, n, step.reads)
		}
	}
	if got := b.read(t.Context(), "other", []ObjectKey{flinkConfig})[flinkConfig]; !got.Missing {
		t.Errorf("that of another namespace: %+v", got)
	}
}

func TestAPermissionCountsAtOnce(t *testing.T) {
	b := newObjectBed()
	allowed := false
	b.answer(func() (runtime.Object, error) {
		if !allowed {
			return nil, apierrors.NewForbidden(corev1.Resource("configmaps"), "flink-config", nil)
		}
		return &corev1.ConfigMap{}, nil
	})
	if got := b.read(t.Context(), "jobs", []ObjectKey{flinkConfig})[flinkConfig]; got.Err == nil {
		t.Fatalf("before: %+v", got)
	}
	allowed = true
	if got := b.read(t.Context(), "jobs", []ObjectKey{flinkConfig})[flinkConfig]; got.Err != nil {
		t.Errorf("after: %+v", got)
	}
}

// slow is an API server that answers reads of ConfigMaps when now is closed, and gives up as soon as its caller does.
type slow struct {
	kubernetes.Interface
	now chan struct{}
}

type slowCore struct {
	typedcorev1.CoreV1Interface
	slow
}

type slowConfigMaps struct {
	typedcorev1.ConfigMapInterface
	slow
}

func (s slow) CoreV1() typedcorev1.CoreV1Interface { return slowCore{s.Interface.CoreV1(), s} }

func (s slowCore) ConfigMaps(namespace string) typedcorev1.ConfigMapInterface {
	return slowConfigMaps{s.CoreV1Interface.ConfigMaps(namespace), s.slow}
}

func (s slowConfigMaps) Get(ctx context.Context, name string, options metav1.GetOptions) (*corev1.ConfigMap, error) {
	select {
	case <-s.now:
		return s.ConfigMapInterface.Get(ctx, name, options)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestPodsThatStartAtOnceShareARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newObjectBed()
		server := slow{b.client, make(chan struct{})}
		b.objectReader.client = server
		first, leave := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		readers.Go(func() { b.read(first, "jobs", []ObjectKey{flinkConfig}) })
		synctest.Wait()
		for range 100 {
			readers.Go(func() {
				if got := b.read(t.Context(), "jobs", []ObjectKey{flinkConfig})[flinkConfig]; got.Data["a"] != "1" {
					t.Errorf("a reader got %+v", got)
				}
			})
		}
		synctest.Wait()
		leave() // whoever began the read is gone; the others still wait for it
		synctest.Wait()
		close(server.now)
		readers.Wait()
		if n := b.counted("read"); n != 1 {
			t.Errorf("%d reads, want 1", n)
		}
	})
}

func TestASilentAPIServerHoldsUpNothingForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newObjectBed()
		b.objectReader.client = slow{b.client, make(chan struct{})}
		start := time.Now()
		late, secret := []ObjectKey{flinkConfig, {Kind: KindConfigMap, Name: "more"}}, ObjectKey{Kind: KindSecret, Name: "flink-secret"}
		var second Objects
		var readers sync.WaitGroup
		readers.Go(func() {
			time.Sleep(time.Second) // of the bubble: it joins the read that is under way
			second = b.read(t.Context(), "jobs", late)
		})
		got := b.read(t.Context(), "jobs", append(late, secret))
		if took := time.Since(start); took != readTimeout {
			t.Errorf("it took %s, want %s for all together", took, readTimeout)
		}
		for _, key := range late {
			if !errors.Is(got[key].Err, errLate) {
				t.Errorf("%s: %v", key, got[key].Err)
			}
		}
		readers.Wait()
		for _, key := range late {
			if !errors.Is(second[key].Err, errLate) {
				t.Errorf("%s, for who came later: %v", key, second[key].Err)
			}
		}
		if got[secret].Data["c"] != "3" {
			t.Errorf("what was answered is lost: %+v", got[secret])
		}
	})
}

func TestAnObjectThatIsAboutToComeIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name      string
		after     time.Duration // until it is there
		waits     time.Duration
		isMissing bool
	}{
		{"it is there", 0, 0, false},
		{"it comes a moment later", 250 * time.Millisecond, 300 * time.Millisecond, false},
		{"it comes too late", time.Minute, readTimeout, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, start := newObjectBed(), time.Now()
				b.answer(func() (runtime.Object, error) {
					if time.Since(start) < c.after {
						return nil, apierrors.NewNotFound(corev1.Resource("configmaps"), "flink-config")
					}
					return &corev1.ConfigMap{Data: map[string]string{"a": "1"}}, nil
				})
				got := b.readComing(t.Context(), "jobs", []ObjectKey{flinkConfig})[flinkConfig]
				if waited := time.Since(start); waited != c.waits || got.Missing != c.isMissing || got.Err != nil {
					t.Errorf("after %s it is %+v; want a wait of %s, and missing %t", waited, got, c.waits, c.isMissing)
				}
			})
		})
	}
}
