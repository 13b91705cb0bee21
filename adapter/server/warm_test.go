package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/clock"
)

func TestAReplicaIsAskedOnceItCanAnswerOrNobodyElseCan(t *testing.T) {
	missing := errors.New("HPA shop/orders: nothing has been collected yet")
	for _, test := range []struct {
		name    string
		answers time.Duration // when it has all answers; 0: never
		others  func(since time.Duration) (bool, error)
		want    time.Duration // when it is ready
	}{
		{"at once without another replica", 0, func(time.Duration) (bool, error) { return false, nil }, 0},
		{"when it has all answers", 21 * time.Second, func(time.Duration) (bool, error) { return true, nil }, 22 * time.Second},
		{"at once when nothing is asked", time.Nanosecond, func(time.Duration) (bool, error) { return true, nil }, 0},
		{"when the other replica is no longer there", 0, func(since time.Duration) (bool, error) { return since < 9*time.Second, nil }, 10 * time.Second},
		{"after a while whatever is missing", 0, func(time.Duration) (bool, error) { return true, nil }, 76 * time.Second},
		{"after a while when the pods can't be listed", 0, func(time.Duration) (bool, error) { return false, errors.New("forbidden") }, 76 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				w := newWarmUp(func() error {
					if since := time.Since(start); test.answers > 0 && since >= test.answers-time.Nanosecond {
						return nil
					}
					return missing
				}, func(context.Context) (bool, error) { return test.others(time.Since(start)) }, clock.RealClock{})
				if w.ready() == nil {
					t.Error("ready before it has looked")
				}
				go w.run(t.Context())
				synctest.Wait()
				for w.ready() != nil {
					time.Sleep(time.Second)
					synctest.Wait()
				}
				if got := time.Since(start); got != test.want {
					t.Errorf("ready after %s, want %s", got, test.want)
				}
			})
		})
	}
}

func TestAnotherReplicaCountsWhenItIsReadyAndStays(t *testing.T) {
	pod := func(name string, change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "flink-hpa", Name: name, Labels: map[string]string{"app": "adapter"}}}
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		change(p)
		return p
	}
	for _, test := range []struct {
		name string
		pod  *corev1.Pod
		want bool
	}{
		{"one that is ready", pod("b", func(*corev1.Pod) {}), true},
		{"one that is not ready", pod("b", func(p *corev1.Pod) { p.Status.Conditions[1].Status = corev1.ConditionFalse }), false},
		{"one of which nothing is known", pod("b", func(p *corev1.Pod) { p.Status.Conditions = nil }), false},
		{"one that ends", pod("b", func(p *corev1.Pod) {
			p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			p.Finalizers = []string{"x"}
		}), false},
		{"this one, as it was before a restart", pod("a", func(*corev1.Pod) {}), false},
		{"something else", pod("b", func(p *corev1.Pod) { p.Labels = nil }), false},
		{"one elsewhere", pod("b", func(p *corev1.Pod) { p.Namespace = "default" }), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := fake.NewClientset([]runtime.Object{test.pod}...)
			if got, err := otherReplicas(client, "flink-hpa", "app=adapter", "a")(t.Context()); err != nil || got != test.want {
				t.Errorf("got %t, %v, want %t", got, err, test.want)
			}
			if got, err := otherReplicas(client, "flink-hpa", "", "a")(t.Context()); err != nil || got {
				t.Errorf("without labels: %t, %v", got, err)
			}
		})
	}
}
