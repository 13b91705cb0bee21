package election

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// later lets time pass in the bubble, and all that is due then happen.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestElections(t *testing.T) {
	alone, err := New(nil, "", "flink-hpa-adapter", "adapter-0")
	if err != nil || !alone.Leads() {
		t.Errorf("without a namespace: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "flink-hpa", Name: "flink-hpa-adapter"}})
		var elections []*Election
		var stops []func()
		for _, instance := range []string{"node-a", "node-a"} {
			e, err := New(client, "flink-hpa", "flink-hpa-adapter", instance)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); e.Run(ctx) }()
			stop := sync.OnceFunc(func() { cancel(); <-done })
			defer stop()
			elections, stops = append(elections, e), append(stops, stop)
			later(time.Second)
		}
		if !elections[0].Leads() || elections[1].Leads() {
			t.Error("not the first one decides")
		}
		stops[0]()
		later(3 * renewEvery)
		if elections[0].Leads() || !elections[1].Leads() {
			t.Error("the other doesn't take over from one that ends")
		}
	})
}
