package apiservice

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
)

const name = "v1beta1.external.metrics.k8s.io"

type object = map[string]any

// cluster is one APIService, as an API server holds it.
type cluster struct {
	t      *testing.T
	client *dynamicfake.FakeDynamicClient
}

func newCluster(t *testing.T) cluster {
	return cluster{t, dynamicfake.NewSimpleDynamicClient(runtime.NewScheme(), &unstructured.Unstructured{Object: object{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": object{"name": name, "uid": "u"},
		"spec":     object{"service": object{"namespace": "flink-hpa", "name": "flink-hpa-adapter"}, "futureField": "kept"},
	}})}
}

func (c cluster) registration() *Registration {
	return New(c.client, name, types.NamespacedName{Namespace: "flink-hpa", Name: "flink-hpa-adapter"})
}

func (c cluster) patch(patch string) {
	c.t.Helper()
	resource := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	if _, err := c.client.Resource(resource).Patch(c.t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c cluster) spec() object {
	c.t.Helper()
	service, err := c.registration().get(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return service.Object["spec"].(object)
}

func (c cluster) writes() (n int) {
	for _, action := range c.client.Actions() {
		if action.GetVerb() != "get" {
			n++
		}
	}
	return n
}

func TestTheBundleIsInjectedWhereItIsMissingAndTheAPIServiceIsOurs(t *testing.T) {
	c := newCluster(t)
	inject := func(step string, wantWritten bool) {
		t.Helper()
		before := c.writes()
		written, err := c.registration().Inject(t.Context(), []byte("bundle"))
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if n := c.writes() - before; written != wantWritten || n > 1 || written != (n == 1) {
			t.Errorf("%s: says written: %t after %d writes", step, written, n)
		}
	}
	inject("first", true)
	if spec := c.spec(); spec["caBundle"] != "YnVuZGxl" || spec["futureField"] != "kept" {
		t.Errorf("spec is %v", spec)
	}
	inject("unchanged", false)
	c.patch(`{"spec":{"caBundle":null}}`)
	inject("after somebody took it away", true)

	c.patch(`{"spec":{"caBundle":"dGhlaXJz","service":{"namespace":"keda","name":"keda-operator-metrics-apiserver"}}}`)
	inject("when it leads to somebody else", false)
	if spec := c.spec(); spec["caBundle"] != "dGhlaXJz" {
		t.Errorf("somebody else's bundle became %v", spec["caBundle"])
	}

	_, err := New(c.client, "missing", types.NamespacedName{}).Inject(t.Context(), []byte("bundle"))
	if err == nil || !strings.Contains(err.Error(), "APIService missing") {
		t.Errorf("a missing APIService: %v", err)
	}
}

func TestTheWatchTellsOfAnAPIServiceThatIsSomebodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, client := newCluster(t), fake.NewClientset()
		var outOfReach atomic.Bool
		c.client.PrependReactor("get", "apiservices", func(clienttesting.Action) (bool, runtime.Object, error) {
			return outOfReach.Load(), nil, context.DeadlineExceeded
		})
		w := NewWatch(c.registration(), client, "adapter-0", clock.RealClock{})
		says := func(step, want string, events int) {
			t.Helper()
			if want != "" {
				want = "# HELP flink_hpa_apiservice_owned Whether the APIService of external metrics leads to us (1), or to somebody else or nowhere (0).\n" +
					"# TYPE flink_hpa_apiservice_owned gauge\nflink_hpa_apiservice_owned " + want + "\n"
			}
			if err := testutil.CollectAndCompare(w, strings.NewReader(want)); err != nil {
				t.Errorf("%s: %v", step, err)
			}
			list, err := client.EventsV1().Events(metav1.NamespaceDefault).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Items) != events {
				t.Errorf("%s: %d Events, want %d", step, len(list.Items), events)
			}
			for _, event := range list.Items {
				if event.Reason != ReasonTaken || event.Regarding.Name != name || !strings.Contains(event.Note, "keda/keda-operator") {
					t.Errorf("%s: Event %s of %s: %s", step, event.Reason, event.Regarding.Name, event.Note)
				}
			}
		}
		says("before the first look", "", 0)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.Run(ctx)
		round := func() { time.Sleep(lookEvery); synctest.Wait() }
		synctest.Wait()
		says("ours", "1", 0)

		c.patch(`{"spec":{"service":{"namespace":"keda","name":"keda-operator"}}}`)
		round()
		says("taken", "0", 1)
		round()
		says("taken still", "0", 1)
		if w := c.writes(); w != 1 {
			t.Errorf("the APIService was written to %d times, not once, by its taker", w)
		}

		outOfReach.Store(true)
		round()
		says("out of reach: what was known stays", "0", 1)
		outOfReach.Store(false)

		c.patch(`{"spec":{"service":{"namespace":"flink-hpa","name":"flink-hpa-adapter"}}}`)
		round()
		says("ours again", "1", 1)
	})
}
