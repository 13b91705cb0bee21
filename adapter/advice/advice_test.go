package advice

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

var (
	orders   = flink.Cluster{Namespace: "shop", Kind: "Job", Name: "orders"}
	workload = taskmanagers.Workload{Namespace: "shop", Kind: "Deployment", Name: "orders-taskmanager"}
)

// bed is an Adviser that runs, and what is around it.
type bed struct {
	*Adviser
	t       *testing.T
	objects *dynamicfake.FakeDynamicClient
	client  *fake.Clientset
	leads   atomic.Bool
	defined atomic.Bool
	failing atomic.Int32 // how many writes still fail
	denied  atomic.Bool  // the right to evict
	pods    atomic.Pointer[[]taskmanagers.Pod]
	told    []string
	evicted []string
}

func newBed(t *testing.T, pods ...taskmanagers.Pod) *bed { return newBedIn(t, true, pods...) }

// newBedIn is one in a cluster that knows what a MemoryAdvice is, or doesn't.
func newBedIn(t *testing.T, defined bool, pods ...taskmanagers.Pod) *bed {
	b := &bed{t: t, client: fake.NewClientset(), objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		v1alpha1.MemoryAdviceGVR(): "MemoryAdviceList",
	})}
	b.leads.Store(true)
	b.defined.Store(defined)
	b.pods.Store(&pods)
	b.client.PrependReactor("create", "selfsubjectaccessreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authorizationv1.SelfSubjectAccessReview{Status: authorizationv1.SubjectAccessReviewStatus{Allowed: !b.denied.Load()}}, nil
	})
	b.client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		create, ok := action.(clienttesting.CreateActionImpl)
		if !ok || create.Subresource != "eviction" {
			return false, nil, nil
		}
		b.evicted = append(b.evicted, create.Object.(metav1.ObjectMetaAccessor).GetObjectMeta().GetName())
		return true, nil, nil
	})
	b.objects.PrependReactor("update", "memoryadvices", func(clienttesting.Action) (bool, runtime.Object, error) {
		return b.failing.Add(-1) >= 0, nil, errors.New("no leader")
	})
	b.Adviser = b.adviser()
	return b
}

// adviser is a replica.
func (b *bed) adviser() *Adviser {
	a := New(Options{
		Dynamic: b.objects, Client: b.client,
		Resources: func(context.Context, string) (*metav1.APIResourceList, error) {
			if !b.defined.Load() {
				return nil, apierrors.NewNotFound(schema.GroupResource{}, "flink-hpa.dev/v1alpha1")
			}
			return &metav1.APIResourceList{APIResources: []metav1.APIResource{{Name: v1alpha1.MemoryAdviceResource}}}, nil
		},
		Workloads: func(c flink.Cluster) []taskmanagers.Workload {
			if c != orders {
				return nil
			}
			return []taskmanagers.Workload{workload}
		},
		Pods: func(w taskmanagers.Workload) []taskmanagers.Pod {
			if w != workload {
				b.t.Errorf("asked for pods of %v", w)
			}
			return *b.pods.Load()
		},
		Leads: b.leads.Load, Clock: clock.RealClock{},
		Told: func(job flink.Cluster, reason, note string, warning bool) {
			if warning {
				reason = "warning " + reason
			}
			b.told = append(b.told, job.Name+" "+reason+": "+note)
		},
	})
	ctx, cancel := context.WithCancel(b.t.Context())
	b.t.Cleanup(cancel)
	go a.Run(ctx)
	return a
}

// rounds lets time pass while the job tells what it told last.
func (b *bed) rounds(n int, s flink.Sized) {
	for range n {
		s.Time = time.Now()
		b.Sized(s)
		time.Sleep(interval)
		synctest.Wait()
	}
}

// found is the status of the MemoryAdvice; ok is false when there is none.
func (b *bed) found() (status v1alpha1.MemoryAdviceStatus, ok bool) {
	b.t.Helper()
	u, err := b.objects.Resource(v1alpha1.MemoryAdviceGVR()).Namespace("shop").Get(b.t.Context(), "orders-taskmanager", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return status, false
	}
	if err != nil {
		b.t.Fatal(err)
	}
	o, err := newObject(u)
	if err != nil {
		b.t.Fatal(err)
	}
	return o.status, true
}

// wants fails unless the status says so; injected is none for "".
func (b *bed) wants(injected, reason string) v1alpha1.MemoryAdviceStatus {
	b.t.Helper()
	status, ok := b.found()
	got := ""
	if status.Injected != nil {
		got = status.Injected.String()
	}
	if !ok || got != injected || !strings.Contains(status.Reason, reason) {
		b.t.Errorf("there is one: %v; %q is injected: %s; want %q, %q", ok, got, status.Reason, injected, reason)
	}
	return status
}

func asking(name, injected string) taskmanagers.Pod {
	return taskmanagers.Pod{Namespace: "shop", Name: name, UID: "uid", Workload: workload, Running: true, Injected: injected, Labels: map[string]string{Label: Enabled}}
}

// rules take a step in ten minutes.
func rules() sizing.Rules {
	r := sizing.DefaultRules()
	r.StepEvery, r.BackOff = 10*time.Minute, time.Hour
	return r
}

// advised is a job of which 1000 MiB are advised, with TaskManagers of that many.
func advised(mib int64) flink.Sized {
	return flink.Sized{
		Cluster: orders, Rules: rules(), Fleet: sizing.Fleet{Smallest: mib * sizing.MiB, Largest: mib * sizing.MiB},
		Advice: sizing.Advice{Process: 1000 * sizing.MiB, Live: 150 * sizing.MiB, CurrentProcess: mib * sizing.MiB, Watched: 7200},
		Parts:  []sizing.Part{{Start: time.Unix(3600, 0), Live: 150 * sizing.MiB, Counted: true, AtMost: 150 * sizing.MiB, Heap: 1 << 30, Managed: 1, Network: 2}},
	}
}

const (
	soon  = 2                                       // rounds
	step  = int(10*time.Minute/interval) + soon     // likewise, as the next
	later = int(time.Hour/interval) + soon          // after which none is held back any more
	given = "taskmanager.memory.process.size=1334m" // what was injected
)

func TestAStepIsTakenAndAnotherWhenAllHaveIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		b.rounds(soon, advised(2000))
		status := b.wants("", "the next step is due at")
		if status.Target != (v1alpha1.Workload{Kind: "Deployment", Name: "orders-taskmanager"}) || status.JobManager != (v1alpha1.Workload{Kind: "Job", Name: "orders"}) ||
			status.Advised.String() != "1000Mi" || status.Current.String() != "2000Mi" || status.Live.String() != "150Mi" || status.Advice == "" || len(status.Parts) != 1 {
			t.Errorf("the status is %+v", status)
		}
		b.rounds(step, advised(2000))
		b.wants("1334Mi", "not all TaskManagers have it yet")
		b.rounds(soon, advised(1334))
		b.wants("1334Mi", "the next step is due at")
		b.rounds(step, advised(1334))
		b.wants("1000Mi", "not all TaskManagers have it yet")
		want := []string{
			"orders " + ReasonAdvised, "orders " + ReasonStep + ": 1334m", "orders " + ReasonStep + ": 1000m",
		}
		if len(b.told) != len(want) || !slices.EqualFunc(b.told, want, strings.HasPrefix) {
			t.Errorf("told is\n%s", strings.Join(b.told, "\n"))
		}
	})
}

func TestWhoDoesNotAskGetsNoMemoryAdvice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pod := asking("tm-0", "")
		pod.Labels = nil
		b := newBed(t, pod)
		b.rounds(step, advised(2000))
		if _, ok := b.found(); ok {
			t.Error("there is one")
		}
		if len(b.told) != 1 || !strings.HasPrefix(b.told[0], "orders "+ReasonAdvised) { // what it would save is told all the same, once
			t.Errorf("told is %q", b.told)
		}
	})
}

func TestWithoutTheRightToEvictNothingIsInjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		b.denied.Store(true)
		b.rounds(step, advised(2000))
		b.wants("", "the adapter may not evict pods")
		b.denied.Store(false)
		b.rounds(step, advised(2000))
		b.wants("1334Mi", "not all TaskManagers have it yet")
		b.denied.Store(true) // and what was injected is taken back
		b.rounds(step, advised(1334))
		b.wants("", "the adapter may not evict pods")
	})
}

func TestATaskManagerThatRunsOutOfMemoryIsReplacedByOneOfItsOwners(t *testing.T) {
	for name, fail := range map[string]func(*bed, *flink.Sized){
		"an OutOfMemoryError of the job": func(_ *bed, s *flink.Sized) {
			s.Fleet.Failed, s.Fleet.Failure = time.Now(), "a task failed with an OutOfMemoryError (Java heap space)"
		},
		"a pod that was OOMKilled": func(b *bed, _ *flink.Sized) {
			killed := asking("tm-0", "a=b,"+given)
			killed.OutOfMemory = time.Now()
			b.pods.Store(&[]taskmanagers.Pod{killed, asking("tm-1", "a=b")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, asking("tm-0", "a=b,"+given), asking("tm-1", "a=b"))
				b.rounds(step, advised(2000))
				b.wants("1334Mi", "not all TaskManagers have it yet")
				s := advised(1334)
				fail(b, &s)
				b.rounds(1, s)
				if status := b.wants("", "back to what the owner says"); status.Failed == nil || status.Failure == "" || len(b.evicted) != 0 {
					t.Errorf("the status is %+v, evicted are %q before the webhook can know", status, b.evicted)
				}
				fail(b, &s) // again and again, as it is given as little as before
				b.rounds(1, s)
				if !slices.Equal(b.evicted, []string{"tm-0"}) { // tm-1 was given nothing
					t.Errorf("evicted are %q", b.evicted)
				}
				b.pods.Store(&[]taskmanagers.Pod{asking("tm-2", "a=b"), asking("tm-1", "a=b")})
				s.Fleet = advised(2000).Fleet
				s.Fleet.Failed, s.Fleet.Failure = time.Now().Add(-time.Hour), "an older one"
				b.rounds(step, s)
				b.wants("", "what the owner says, until")
				if len(b.evicted) != 1 {
					t.Errorf("evicted are %q", b.evicted)
				}
				b.rounds(later, advised(2000))
				b.wants("1334Mi", "")
				failed := slices.DeleteFunc(slices.Clone(b.told), func(told string) bool { return !strings.Contains(told, ReasonFailed) })
				if len(failed) != 1 || !strings.HasPrefix(failed[0], "orders warning ") {
					t.Errorf("told is\n%s", strings.Join(b.told, "\n"))
				}
			})
		})
	}
}

func TestAnotherReplicaGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		b.rounds(step, advised(2000))
		before := b.wants("1334Mi", "not all TaskManagers have it yet")
		b.leads.Store(false)
		b.rounds(soon, advised(2000))
		next := b.adviser()
		b.Adviser = next
		time.Sleep(interval)
		synctest.Wait()
		if parts := next.Remembered(orders); len(parts) != 1 || parts[0] != advised(0).Parts[0] {
			t.Errorf("it remembers %+v", parts)
		}
		b.leads.Store(true)
		b.rounds(soon, advised(2000))
		if after := b.wants("1334Mi", "not all TaskManagers have it yet"); !after.Since.Equal(before.Since) {
			t.Errorf("it is injected since %s, before since %s", after.Since, before.Since)
		}
		newer := advised(2000)
		newer.Parts[0].Live++
		b.rounds(1, newer)
		if parts := next.Remembered(orders); len(parts) != 1 || parts[0] != newer.Parts[0] {
			t.Errorf("of what it has heard itself it remembers %+v", parts)
		}
	})
}

func TestAReplicaThatDoesNotLeadWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		b.leads.Store(false)
		b.rounds(step, advised(2000))
		if _, ok := b.found(); ok || len(b.told) != 0 {
			t.Errorf("there is one: %v, told is %q", ok, b.told)
		}
	})
}

func TestAMemoryAdviceThatIsDeletedBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		b.rounds(step, advised(2000))
		b.wants("1334Mi", "not all TaskManagers have it yet")
		if err := b.objects.Resource(v1alpha1.MemoryAdviceGVR()).Namespace("shop").Delete(t.Context(), "orders-taskmanager", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		b.rounds(soon, advised(2000))
		b.wants("", "the next step is due at")
	})
}

func TestWhatCanNotBeWrittenIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		b.failing.Store(3)
		b.rounds(6, advised(2000))
		b.wants("", "the next step is due at")
	})
}

func TestAClusterThatDoesNotKnowMemoryAdvicesLearnsOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBedIn(t, false, asking("tm-0", ""))
		b.rounds(10, advised(2000))
		if _, ok := b.found(); ok {
			t.Error("there is one")
		}
		b.defined.Store(true)
		b.rounds(10, advised(2000))
		b.wants("", "the next step is due at")
	})
}

func TestAJobWithoutAdviceSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		s := advised(2000)
		s.Err = errors.New("the job has not been watched for long enough")
		b.rounds(step, s)
		if status := b.wants("", "there is no advice"); status.Error != s.Err.Error() || status.Advised != nil || len(b.told) != 0 {
			t.Errorf("the status is %+v, told is %q", status, b.told)
		}
	})
}

func TestAnObjectOfAnotherMakeBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, asking("tm-0", ""))
		u := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "flink-hpa.dev/v1alpha1", "kind": "MemoryAdvice", "metadata": map[string]any{"namespace": "shop", "name": "orders-taskmanager"},
			"status": map[string]any{"since": "yesterday"},
		}}
		if _, err := b.objects.Resource(v1alpha1.MemoryAdviceGVR()).Namespace("shop").Create(t.Context(), u, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		b.rounds(soon, advised(2000))
		b.wants("", "the next step is due at")
	})
}
