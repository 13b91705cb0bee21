package demand

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"
)

// asked is who an adapter's provider would be: it notes the questions, and has no answer to some.
type asked struct {
	mu         sync.Mutex
	questions  []string
	unanswered string // part of the questions without an answer; empty: none
}

func (a *asked) ask(namespace, metric string, selector labels.Selector) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	question := namespace + " " + metric + " " + selector.String()
	a.questions = append(a.questions, question)
	if a.unanswered != "" && strings.Contains(question, a.unanswered) {
		return errors.New("nothing has been collected yet")
	}
	return nil
}

// take returns the questions since the last time, each once.
func (a *asked) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	questions := slices.Compact(slices.Sorted(slices.Values(a.questions)))
	a.questions = nil
	return questions
}

func hpa(namespace, name string, metrics ...autoscalingv2.MetricSpec) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{Metrics: metrics},
	}
}

func external(metric string, selector *metav1.LabelSelector) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: metric, Selector: selector},
	}}
}

func matching(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

// run starts a Demand in a bubble; settle waits for the next round.
func run(t *testing.T, client *fake.Clientset, namespaces ...string) (d *Demand, to *asked, settle func()) {
	to = &asked{}
	d = New(client, Options{
		Namespaces: namespaces, Serves: func(metric string) bool {
			return strings.HasPrefix(metric, "kafka_") || strings.HasPrefix(metric, "flink_")
		},
		Ask: to.ask, Clock: clock.RealClock{},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return d, to, func() { time.Sleep(askEvery); synctest.Wait() }
}

func cpu() autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: "cpu"}}
}

func someHPAs() []runtime.Object {
	return []runtime.Object{
		hpa("shop", "orders", external("kafka_consumergroup_lag", matching("group", "orders")), cpu(), external("flink_busy_ratio", matching("app", "orders"))),
		hpa("shop", "others", external("sqs_messages", matching("queue", "q"))),
		hpa("crm", "mails", external("flink_busy_ratio", nil)),
	}
}

func TestWhatHPAsAskForIsAskedOverAndOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(someHPAs()...)
		_, to, settle := run(t, client)
		want := func(when string, questions ...string) {
			t.Helper()
			to.take()
			settle()
			if got := to.take(); !slices.Equal(got, questions) {
				t.Errorf("%s: asked %q, want %q", when, got, questions)
			}
		}
		mails, busy, lag := "crm flink_busy_ratio ", "shop flink_busy_ratio app=orders", "shop kafka_consumergroup_lag group=orders"
		settle()
		want("at first", mails, busy, lag)
		want("still", mails, busy, lag)
		if err := client.AutoscalingV2().HorizontalPodAutoscalers("shop").Delete(t.Context(), "orders", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		want("an HPA is gone", mails)
		if _, err := client.AutoscalingV2().HorizontalPodAutoscalers("crm").Update(t.Context(),
			hpa("crm", "mails", external("flink_kafka_lag", matching("app", "mails"))), metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		want("an HPA asks another question", "crm flink_kafka_lag app=mails")
	})
}

func TestOnlyTheNamespacesThatAreServedAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(append(someHPAs(), hpa("ops", "x", external("flink_busy_ratio", nil)))...)
		_, to, settle := run(t, client, "crm", "ops")
		settle()
		if got, want := to.take(), []string{"crm flink_busy_ratio ", "ops flink_busy_ratio "}; !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
		for _, action := range client.Actions() {
			if namespace := action.GetNamespace(); namespace != "crm" && namespace != "ops" {
				t.Errorf("%s %s in namespace %q", action.GetVerb(), action.GetResource().Resource, namespace)
			}
		}
	})
}

func TestUnansweredNamesOneOfTheQuestionsAndTheirNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, to, settle := run(t, fake.NewClientset(someHPAs()...))
		if err := d.Unanswered(); !errors.Is(err, errNotSynced) {
			t.Errorf("before the HPAs are known: %v", err)
		}
		settle()
		if err := d.Unanswered(); err != nil {
			t.Errorf("with all answers: %v", err)
		}
		to.unanswered = "busy_ratio"
		says := fmt.Sprint(d.Unanswered())
		if !strings.HasPrefix(says, "2 metrics of HPAs have no value, among them: HPA ") || !strings.HasSuffix(says, ": metric flink_busy_ratio: nothing has been collected yet") {
			t.Errorf("with two open: %s", says)
		}
	})
}

func TestAnHPAIsKeptWithoutWhatIsNotAskedOfUs(t *testing.T) {
	d := New(fake.NewClientset(), Options{Serves: func(metric string) bool { return metric == "flink_busy_ratio" }})
	full := hpa("shop", "orders", cpu(), external("sqs_messages", nil), external("flink_busy_ratio", nil))
	full.Spec.ScaleTargetRef, full.Spec.MaxReplicas = autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "orders"}, 15
	full.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "x"}}
	full.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{}}
	kept, err := d.strip(full)
	if err != nil {
		t.Fatal(err)
	}
	got := kept.(*autoscalingv2.HorizontalPodAutoscaler)
	if len(got.Spec.Metrics) != 1 || got.Spec.Metrics[0].External.Metric.Name != "flink_busy_ratio" || got.ManagedFields != nil || got.Status.CurrentMetrics != nil {
		t.Errorf("kept %+v", got)
	}
	if got.Spec.ScaleTargetRef != full.Spec.ScaleTargetRef || got.Spec.MaxReplicas != 15 {
		t.Errorf("of what it scales is kept %+v, %d", got.Spec.ScaleTargetRef, got.Spec.MaxReplicas)
	}
	if len(full.Spec.Metrics) != 3 {
		t.Error("the HPA that was given is changed")
	}
}

func TestItKnowsWhichHPAsGoByAMetric(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _, settle := run(t, fake.NewClientset(append(someHPAs(), hpa("shop", "bills", external("flink_busy_ratio", matching("app", "bills"))))...))
		settle()
		for namespace, want := range map[string][]string{
			"shop": {"bills app=bills", "orders app=orders"}, metav1.NamespaceAll: {"bills app=bills", "mails ", "orders app=orders"},
		} {
			var got []string
			for hpa, selector := range d.Asking(namespace, "flink_busy_ratio") {
				got = append(got, hpa.Name+" "+selector.String())
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("in namespace %q they are %q, want %q", namespace, got, want)
			}
		}
	})
}
