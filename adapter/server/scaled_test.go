package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
	"github.com/flink-hpa/flink-hpa/adapter/provider"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

// scaledBed is a scaled among HPAs in namespace shop. One selects the cluster that its label app names.
type scaledBed struct {
	*scaled
	hpas   []*autoscalingv2.HorizontalPodAutoscaler
	paced  []*autoscalingv2.HorizontalPodAutoscaler // on the rule paced, of the job orders
	usable map[string]int                           // by app; absent: there is no explanation
	leads  bool
	heard  []string
}

func newScaledBed(hpas ...*autoscalingv2.HorizontalPodAutoscaler) *scaledBed {
	b := &scaledBed{hpas: hpas, usable: map[string]int{}, leads: true}
	b.scaled = &scaled{
		asking: func(namespace, metric string) iter.Seq2[*autoscalingv2.HorizontalPodAutoscaler, labels.Selector] {
			return func(yield func(*autoscalingv2.HorizontalPodAutoscaler, labels.Selector) bool) {
				for _, hpa := range b.hpas {
					if namespace == metav1.NamespaceAll && metric == provider.DesiredTaskManagers && !yield(hpa, labels.SelectorFromSet(hpa.Labels)) {
						return
					}
				}
				for _, hpa := range b.paced {
					if namespace == "shop" && metric == "paced" && !yield(hpa, labels.Everything()) {
						return
					}
				}
			}
		},
		cluster: func(namespace string, selector labels.Selector) (flink.Cluster, error) {
			app, _ := selector.RequiresExactMatch("app")
			if app == "" {
				return flink.Cluster{}, flink.ErrNotFound
			}
			return flink.Cluster{Namespace: namespace, Kind: "Job", Name: app}, nil
		},
		explain: func(ctx context.Context, _ string, selector labels.Selector, _ bool) (flink.Explanation, error) {
			app, _ := selector.RequiresExactMatch("app")
			usable, known := b.usable[app]
			if !known || ctx.Err() == nil {
				return flink.Explanation{}, errors.New("it would have to wait")
			}
			return flink.Explanation{Decision: desired.Decision{Usable: usable}}, nil
		},
		rules: func() map[types.NamespacedName]labels.Selector {
			return map[types.NamespacedName]labels.Selector{{Namespace: "shop", Name: "paced"}: labels.SelectorFromSet(labels.Set{"app": "orders"})}
		},
		room: func(workloads []taskmanagers.Workload) *desired.Room {
			return &desired.Room{Reason: desired.Reason{Text: fmt.Sprint(workloads)}}
		},
		tell: func(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, usable int) bool {
			if b.leads {
				b.heard = append(b.heard, fmt.Sprint(hpa.Name, " ", usable))
			}
			return b.leads
		},
	}
	return b
}

func scaling(name, app, kind, target string, maxReplicas int32) *autoscalingv2.HorizontalPodAutoscaler {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}}
	if app != "" {
		hpa.Labels = map[string]string{"app": app}
	}
	hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{Kind: kind, Name: target}
	hpa.Spec.MaxReplicas = maxReplicas
	return hpa
}

func TestTheRoomOfAJobIsThatOfWhatItsHPAScales(t *testing.T) {
	b := newScaledBed(
		scaling("orders", "orders", "Deployment", "orders-tm", 9), scaling("orders-again", "orders", "Deployment", "orders-tm", 9),
		scaling("bills", "bills", "StatefulSet", "bills-tm", 9), scaling("mails", "mails", "FlinkDeployment", "mails", 9),
		scaling("of no job", "", "Deployment", "x", 9),
	)
	cluster := func(app string) flink.Cluster { return flink.Cluster{Namespace: "shop", Kind: "Job", Name: app} }
	if got := b.roomOf(cluster("orders")); got != nil {
		t.Errorf("before anybody has looked: %+v", got)
	}
	b.look(t.Context())
	for app, want := range map[string]string{
		"orders": "[Deployment shop/orders-tm]", "bills": "[StatefulSet shop/bills-tm]", "mails": "[Deployment shop/mails-taskmanager]", "nobody's": "",
	} {
		got := b.roomOf(cluster(app))
		if (got == nil) != (want == "") || got != nil && got.Reason.Text != want {
			t.Errorf("the room of %s is %+v, want that of %q", app, got, want)
		}
	}
	b.hpas = b.hpas[2:]
	b.look(t.Context())
	if got := b.roomOf(cluster("orders")); got != nil {
		t.Errorf("without its HPAs: %+v", got)
	}
	b.paced = []*autoscalingv2.HorizontalPodAutoscaler{scaling("paced", "", "Deployment", "paced-tm", 9)}
	b.look(t.Context())
	if got := b.roomOf(cluster("orders")); got == nil || got.Reason.Text != "[Deployment shop/paced-tm]" || len(b.hpasOf(cluster("orders"))) != 1 {
		t.Errorf("by an HPA on a rule: %+v", got)
	}
}

func TestMaxReplicasThatAJobCannotUseIsToldOnce(t *testing.T) {
	orders := scaling("orders", "orders", "Deployment", "orders-tm", 50)
	b := newScaledBed(orders, scaling("bills", "bills", "Deployment", "bills-tm", 12))
	for _, step := range []struct {
		name   string
		change func()
		want   []string
	}{
		{"nothing is known of the jobs", func() {}, nil},
		{"a job without a known limit", func() { b.usable["orders"], b.usable["bills"] = 0, 12 }, nil},
		{"one replica tells", func() { b.usable["orders"], b.leads = 12, false }, nil},
		{"this one", func() { b.leads = true }, []string{"orders 12"}},
		{"not again", func() {}, nil},
		{"nor when the job was away", func() { delete(b.usable, "orders") }, nil},
		{"and is back", func() { b.usable["orders"] = 12 }, nil},
		{"more, and still too few", func() { b.usable["orders"] = 24 }, []string{"orders 24"}},
		{"as many as before", func() { b.usable["orders"] = 12 }, nil},
		{"another HPA of the same name", func() { orders.UID = "new" }, []string{"orders 12"}},
		{"just as many as it can use", func() { orders.UID, orders.Spec.MaxReplicas = "third", 12 }, nil},
	} {
		step.change()
		b.heard = nil
		if b.look(t.Context()); !slices.Equal(b.heard, step.want) {
			t.Errorf("%s: told %q, want %q", step.name, b.heard, step.want)
		}
	}
	if len(b.scaled.told) != 0 {
		t.Errorf("of HPAs that are gone it remembers %v", b.scaled.told)
	}
}
