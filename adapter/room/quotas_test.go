package room

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
)

func resourceQuota(namespace, name string, hard, used map[corev1.ResourceName]string, changes ...func(*corev1.ResourceQuota)) *corev1.ResourceQuota {
	list := func(from map[corev1.ResourceName]string) corev1.ResourceList {
		list := corev1.ResourceList{}
		for name, quantity := range from {
			list[name] = resource.MustParse(quantity)
		}
		return list
	}
	q := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ResourceQuotaSpec{Hard: list(map[corev1.ResourceName]string{"pods": "1000"})}, // not in force yet
		Status:     corev1.ResourceQuotaStatus{Hard: list(hard), Used: list(used)},
	}
	for _, change := range changes {
		change(q)
	}
	return q
}

// reading are Quotas that run until the test ends.
func reading(t *testing.T, client *fake.Clientset, namespaces ...string) *Quotas {
	t.Helper()
	q := NewQuotas(client, namespaces...)
	if got := q.In("shop"); len(got) != 0 {
		t.Errorf("before the start there are %v", got)
	}
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), ktesting.NewLogger(t, ktesting.NewConfig())))
	t.Cleanup(func() { cancel(); q.shutdown() })
	q.Start(ctx)
	synctest.Wait()
	return q
}

func TestWhatQuotasLeave(t *testing.T) {
	type amounts = map[corev1.ResourceName]string
	type left = map[corev1.ResourceName]float64
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(
			resourceQuota("shop", "b", amounts{"requests.memory": "10Gi", "limits.cpu": "4", "services": "3"}, amounts{"requests.memory": "4Gi", "limits.cpu": "500m"}),
			resourceQuota("shop", "a", amounts{"pods": "5"}, amounts{"pods": "7"}),
			resourceQuota("shop", "not counted yet", nil, nil),
			resourceQuota("shop", "scoped", amounts{"pods": "1"}, nil, func(q *corev1.ResourceQuota) {
				q.Spec.Scopes = []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}
			}),
			resourceQuota("shop", "selected", amounts{"pods": "1"}, nil, func(q *corev1.ResourceQuota) { q.Spec.ScopeSelector = &corev1.ScopeSelector{} }),
			resourceQuota("crm", "c", amounts{"pods": "5"}, nil),
		)
		q := reading(t, client)
		want := []Quota{{"a", left{"pods": -2}}, {"b", left{"requests.memory": 6 << 30, "limits.cpu": 3.5}}, {"not counted yet", left{}}}
		if diff := cmp.Diff(want, q.In("shop")); diff != "" {
			t.Error(diff)
		}
		if got := q.In("ops"); len(got) != 0 {
			t.Errorf("where there are none there are %v", got)
		}
		one := reading(t, client, "crm")
		if got := one.In("shop"); len(got) != 0 {
			t.Errorf("in a namespace that is not read there are %v", got)
		}
		if got := one.In("crm"); len(got) != 1 {
			t.Errorf("in the one that is read there are %v", got)
		}
		for _, action := range client.Actions() {
			if action.GetVerb() != "list" && action.GetVerb() != "watch" || action.GetResource().Resource != "resourcequotas" {
				t.Errorf("it asks to %s %s", action.GetVerb(), action.GetResource().Resource)
			}
		}
	})
}

func TestQuotasThatMayNotBeReadAreDoneWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, allowed := fake.NewClientset(resourceQuota("shop", "a", map[corev1.ResourceName]string{"pods": "5"}, nil)), new(atomic.Bool)
		client.PrependReactor("list", "resourcequotas", func(clienttesting.Action) (bool, runtime.Object, error) {
			if allowed.Load() {
				return false, nil, nil
			}
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "resourcequotas"}, "", nil)
		})
		logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(0)))
		q := NewQuotas(client)
		ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), logger))
		t.Cleanup(func() { cancel(); q.shutdown() })
		q.Start(ctx)
		time.Sleep(10 * time.Minute) // of the bubble: some attempts
		synctest.Wait()
		if got := q.In("shop"); len(got) != 0 {
			t.Errorf("there are %v", got)
		}
		if lines := logger.GetSink().(ktesting.Underlier).GetBuffer().Data(); len(lines) != 1 || lines[0].Message != "ResourceQuotas may not be read: desired numbers of TaskManagers don't go by them" {
			t.Errorf("it logs %+v", lines)
		}
		allowed.Store(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := q.In("shop"); len(got) != 1 {
			t.Errorf("once they may be read there are %v", got)
		}
	})
}

func TestWhatWasReadBeforeItWasForbiddenCountsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(resourceQuota("shop", "a", map[corev1.ResourceName]string{"pods": "5"}, nil))
		q := reading(t, client)
		if got := q.In("shop"); len(got) != 1 {
			t.Fatalf("there are %v", got)
		}
		q.watches[metav1.NamespaceAll].failed(t.Context(), nil, apierrors.NewForbidden(schema.GroupResource{Resource: "resourcequotas"}, "", nil))
		if got := q.In("shop"); len(got) != 0 {
			t.Errorf("forbidden, there are %v", got)
		}
	})
}
