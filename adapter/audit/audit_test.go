package audit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/internal/events"
)

var orders = flink.Cluster{Namespace: "shop", Kind: "Job", Name: "orders"}

// bed is an Audit that runs, and the API server that has its Events.
type bed struct {
	*Audit
	client *fake.Clientset
	leads  bool
	hpas   []*autoscalingv2.HorizontalPodAutoscaler
}

func newBed(t *testing.T, hpas ...string) *bed {
	b := &bed{client: fake.NewClientset(), leads: true}
	for _, name := range hpas {
		b.hpas = append(b.hpas, &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: "uid-of-it"}})
	}
	b.Audit = New(Options{
		Events: events.Writer{Client: b.client, Clock: clock.RealClock{}, Controller: events.Adapter, Instance: "adapter-0"},
		Leads:  func() bool { return b.leads },
		HPAs: func(cluster flink.Cluster) []*autoscalingv2.HorizontalPodAutoscaler {
			if cluster != orders {
				return nil
			}
			return b.hpas
		},
		HPAsOn: func(namespace, metric string) []*autoscalingv2.HorizontalPodAutoscaler {
			if namespace != "shop" || metric != "paced" {
				return nil
			}
			return b.hpas
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go b.Run(ctx)
	return b
}

// written are the Events that are there, as REASON of HPA: NOTE.
func (b *bed) written(t *testing.T) []string {
	synctest.Wait()
	list, err := b.client.EventsV1().Events("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told := make([]string, 0, len(list.Items))
	for _, event := range list.Items {
		if event.Type != "Normal" || event.Namespace != "shop" || event.Regarding.Kind != "HorizontalPodAutoscaler" {
			t.Errorf("the Event is %+v", event)
		}
		told = append(told, event.Reason+" of "+event.Regarding.Name+": "+event.Note)
	}
	slices.Sort(told)
	return told
}

func change(at time.Time) flink.Change {
	return flink.Change{
		Time: at, From: 2, To: 4, Reasons: []desired.Reason{{Code: desired.MoreNeeded, Text: "vertex work needs more"}},
		Before: flink.Condition{Time: at, TaskManagers: 2, Busy: 0.9},
	}
}

func ended(c flink.Change) flink.Change {
	c.After = &flink.Condition{Time: c.Time.Add(3 * time.Minute), TaskManagers: 4, Busy: 0.5}
	return c
}

func TestAChangeAndItsOutcomeAreEventsOnTheHPA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, at := newBed(t, "orders"), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		b.Changed(t.Context(), orders, change(at))
		b.Changed(t.Context(), flink.Cluster{Namespace: "bank", Name: "nobody scales it"}, change(at))
		b.Changed(t.Context(), orders, ended(change(at)))
		b.Changed(t.Context(), orders, change(at.Add(time.Hour))) // the same again is another
		b.Changed(t.Context(), orders, change(at.Add(time.Hour))) // after a failure, say
		want := []string{
			"DesiredTaskManagersChanged of orders: from 2 to 4 TaskManagers: more_needed; 2 running, busy 90%",
			"DesiredTaskManagersChanged of orders: from 2 to 4 TaskManagers: more_needed; 2 running, busy 90%",
			"DesiredTaskManagersOutcome of orders: after 2 to 4 TaskManagers at 12:00:00: 4 running, busy 50%",
		}
		if got := b.written(t); !slices.Equal(got, want) {
			t.Errorf("the Events are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestAChangeOfARuleIsAnEventOnTheHPA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, "orders")
		b.RuleChanged(types.NamespacedName{Namespace: "shop", Name: "paced"}, 2, 4, "schedule office", time.Now())
		b.RuleChanged(types.NamespacedName{Namespace: "shop", Name: "of nobody"}, 2, 4, "expression", time.Now())
		b.RuleChanged(types.NamespacedName{Namespace: "shop", Name: "paced"}, 4, 5, strings.Repeat("ä", events.MaxNote), time.Now()) // is cut
		got := b.written(t)
		if len(got) != 2 || got[0] != "ScalingRuleChanged of orders: ScalingRule paced: from 2 to 4 TaskManagers: schedule office" ||
			len(got[1]) > len("ScalingRuleChanged of orders: ")+events.MaxNote || !strings.HasSuffix(got[1], "ä") {
			t.Errorf("the Events are\n%s", strings.Join(got, "\n"))
		}
	})
}

func TestMaxReplicasOfNoUseIsAnEventOnTheHPA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, "orders", "another")
		b.hpas[0].Spec.MaxReplicas = 50
		for range 2 { // after a restart it is told again, which is the same Event
			if !b.MaxReplicas(t.Context(), b.hpas[0], 12) {
				t.Error("the replica that writes says that it won't")
			}
		}
		want := []string{"MaxReplicasNotUsable of orders: maxReplicas is 50, and the job can make use of 12 TaskManagers at most: " +
			"max parallelism, the sources' partitions and the slots of a TaskManager allow no more"}
		if got := b.written(t); !slices.Equal(got, want) {
			t.Errorf("the Events are\n%s", strings.Join(got, "\n"))
		}
		if b.leads = false; b.MaxReplicas(t.Context(), b.hpas[0], 13) {
			t.Error("a replica that writes none says that it will")
		}
		if got := b.written(t); len(got) != 1 {
			t.Errorf("the Events are\n%s", strings.Join(got, "\n"))
		}
	})
}

func TestOnlyOneReplicaWritesEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, "orders")
		b.leads = false
		b.Changed(t.Context(), orders, change(time.Now()))
		if got := b.written(t); len(got) != 0 {
			t.Errorf("the Events are %q", got)
		}
	})
}

func TestAnEventIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, tries := newBed(t, "orders"), 0
		b.client.PrependReactor("create", "events", func(action clienttesting.Action) (bool, runtime.Object, error) {
			tries++
			if tries <= 2 {
				return true, nil, errors.New("no leader")
			}
			return false, action.(clienttesting.CreateAction).GetObject().(*eventsv1.Event), nil
		})
		b.Changed(t.Context(), orders, change(time.Now()))
		time.Sleep(time.Minute) // of the bubble
		if got := b.written(t); len(got) != 1 || tries != 3 {
			t.Errorf("after %d tries the Events are %q", tries, got)
		}
	})
}
