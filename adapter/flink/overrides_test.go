package flink

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/internal/events"
)

var (
	orders = JobManager{Namespace: "shop", Pod: "orders", UID: "uid-orders", Address: "127.1.0.5:8081"}
	late   = []Override{{"heartbeat.timeout", "8000", "50000"}, {"scheduler-mode", "reactive", ""}}
)

func written(t *testing.T, client *fake.Clientset) []eventsv1.Event {
	t.Helper()
	list, err := client.EventsV1().Events(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// startOverrides runs one in a bubble, where settle waits for what is under way and its pauses.
func startOverrides(t *testing.T, client *fake.Clientset) (o *Overrides, settle func()) {
	o = NewOverrides(client, func(JobManager) bool { return true }, "adapter-1", clocktesting.NewFakePassiveClock(time.Unix(1_000_000, 0)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); o.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return o, func() { time.Sleep(time.Minute); synctest.Wait() }
}

func TestAnEventForEachFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		o, settle := startOverrides(t, client)
		for _, step := range []struct {
			name      string
			overrides []Override
			events    int
		}{
			{"none", nil, 0},
			{"two", late, 1},
			{"the same, in another epoch", slices.Clone(late), 1},
			{"none any more", nil, 1},
			{"the same again, whose Event is there", late, 1},
			{"another one", late[:1], 2},
		} {
			o.Compared(orders, step.overrides)
			settle()
			if got := written(t, client); len(got) != step.events {
				t.Errorf("%s: %d Events, want %d", step.name, len(got), step.events)
			}
		}
		for _, event := range written(t, client) {
			if event.Regarding.UID != orders.UID || event.Namespace != "shop" || event.Type != corev1.EventTypeWarning || event.Reason != ReasonNotInForce ||
				!strings.Contains(event.Note, `heartbeat.timeout=8000 is injected, and "50000" in force`) {
				t.Errorf("the Event is %+v", event)
			}
		}
		other, settleOther := startOverrides(t, client)
		other.Compared(orders, late)
		settleOther()
		if got := written(t, client); len(got) != 2 {
			t.Errorf("another replica made it %d Events", len(got))
		}
	})
}

func TestAnEventThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, failures := fake.NewClientset(), 2
		client.PrependReactor("create", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
			failures--
			return failures >= 0, nil, errors.New("forbidden")
		})
		o, settle := startOverrides(t, client)
		o.Compared(orders, late)
		settle()
		if got := written(t, client); len(got) != 1 {
			t.Errorf("%d Events, want 1", len(got))
		}
	})
}

func TestOverridesAsAMetric(t *testing.T) {
	running := true
	o := NewOverrides(fake.NewClientset(), func(JobManager) bool { return running }, "adapter-1", clocktesting.NewFakePassiveClock(time.Unix(1_000_000, 0)))
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(o)
	check := func(what, want string) {
		t.Helper()
		if want != "" {
			want = "# HELP flink_hpa_flink_settings_not_in_force Settings that the webhook injected into a JobManager's pod and that its running job doesn't have. Absent where there are none.\n" +
				"# TYPE flink_hpa_flink_settings_not_in_force gauge\n" + want + "\n"
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("nothing compared", "")
	o.Compared(orders, late)
	check("two overrides", `flink_hpa_flink_settings_not_in_force{namespace="shop",pod="orders"} 2`)
	o.Compared(orders, nil)
	check("none any more", "")
	o.Compared(orders, late)
	running = false
	check("a pod that is gone", "")
}

func TestANoteThatIsTooLongSaysHowManyMore(t *testing.T) {
	var many []Override
	for range 100 {
		many = append(many, Override{strings.Repeat("k", 40), "1", "2"})
	}
	text := note(many)
	if len(text) > events.MaxNote || !strings.HasSuffix(text, " more") || strings.Count(text, "kkk") == 0 {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	if text := note([]Override{{strings.Repeat("k", 2000), "1", "2"}}); len(text) > events.MaxNote || !strings.HasSuffix(text, "\n1 more") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}
