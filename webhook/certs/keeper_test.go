package certs

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"
)

const (
	namespace = "flink-hpa"
	service   = "flink-hpa-webhook"
	secret    = "flink-hpa-webhook-tls"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// injections records what an Injector was given, and can fail.
type injections struct {
	mu      sync.Mutex
	bundles [][]byte
	err     error
}

func (i *injections) inject(_ context.Context, bundle []byte) (bool, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	written := len(i.bundles) == 0 || !bytes.Equal(i.bundles[len(i.bundles)-1], bundle)
	i.bundles = append(i.bundles, bundle)
	return written && i.err == nil, i.err
}

func (i *injections) fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

func (i *injections) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.bundles)
}

type listener struct{ calls atomic.Int32 }

func (l *listener) Enqueue() { l.calls.Add(1) }

func emptySecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: secret}}
}

func secretData(t *testing.T, client *fake.Clientset) map[string][]byte {
	t.Helper()
	got, err := client.CoreV1().Secrets(namespace).Get(t.Context(), secret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Data
}

func newKeeper(client *fake.Clientset, clock *clocktesting.FakeClock, inject Injector) *Keeper {
	return New(client, Options{Namespace: namespace, Secret: secret, Service: service, Clock: clock}, inject)
}

func mustEnsure(t *testing.T, k *Keeper) {
	t.Helper()
	if err := k.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAnEmptySecretIsFilledOnce(t *testing.T) {
	client, clock, injected := fake.NewClientset(emptySecret()), clocktesting.NewFakeClock(start), new(injections)
	keeper := newKeeper(client, clock, injected.inject)
	if _, err := keeper.GetCertificate(nil); err == nil {
		t.Error("served a certificate before Ensure")
	}
	mustEnsure(t, keeper)
	data := secretData(t, client)
	if got, want := slices.Sorted(maps.Keys(data)), []string{"ca.crt", "ca.key", "tls.crt", "tls.key"}; !slices.Equal(got, want) {
		t.Errorf("the Secret has %v, want %v", got, want)
	}
	mustEnsure(t, keeper)
	if writes := count(client, "update"); writes != 1 {
		t.Errorf("%d writes of the Secret, want 1", writes)
	}
	for _, bundle := range injected.bundles {
		if string(bundle) != string(data["ca.crt"]) {
			t.Error("injected another bundle than ca.crt")
		}
	}
}

func TestLivesOfTheCertificates(t *testing.T) {
	client := fake.NewClientset(emptySecret())
	mustEnsure(t, newKeeper(client, clocktesting.NewFakeClock(start), new(injections).inject))
	data := secretData(t, client)
	ca, err := parsePair(data["ca.crt"], data["ca.key"])
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := parsePair(data["tls.crt"], data["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want time.Time
	}{
		{"the CA starts an hour back", ca.Leaf.NotBefore, start.Add(-time.Hour)},
		{"the CA lives for ten years", ca.Leaf.NotAfter, start.AddDate(0, 0, 3650)},
		{"the leaf starts an hour back", leaf.Leaf.NotBefore, start.Add(-time.Hour)},
		{"the leaf lives for one year", leaf.Leaf.NotAfter, start.AddDate(0, 0, 365)},
	} {
		if !c.got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	late, err := newLeaf(ca, []string{"x"}, ca.Leaf.NotAfter.Add(-day))
	if err != nil {
		t.Fatal(err)
	}
	if !late.Leaf.NotAfter.Equal(ca.Leaf.NotAfter) {
		t.Error("a leaf made in the CA's last year outlives the CA")
	}
}

func TestTheLeafIsRenewedByTheSameCA(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		renew bool
	}{
		{"not while more than a third of its life is left", 240 * day, false},
		{"when a third of its life is left", 244 * day, true},
		{"when it has expired while nothing ran", 400 * day, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, clock := fake.NewClientset(emptySecret()), clocktesting.NewFakeClock(start)
			keeper, heard := newKeeper(client, clock, new(injections).inject), &listener{}
			mustEnsure(t, keeper)
			before := maps.Clone(secretData(t, client))
			keeper.AddListener(heard)
			clock.Step(c.after)
			mustEnsure(t, keeper)
			after := secretData(t, client)
			served, _ := keeper.CurrentCertKeyContent()
			if renewed := string(before["tls.crt"]) != string(after["tls.crt"]); renewed != c.renew {
				t.Errorf("renewed: %v, want %v", renewed, c.renew)
			}
			if string(served) != string(after["tls.crt"]) {
				t.Error("does not serve what the Secret holds")
			}
			if string(before["ca.crt"]) != string(after["ca.crt"]) {
				t.Error("the CA changed")
			}
			if told := heard.calls.Load() == 1; told != c.renew {
				t.Errorf("listener told: %v, want %v", told, c.renew)
			}
		})
	}
}

// checkVersions makes client refuse an update of a Secret that was read before the latest one, as a real API server does.
func checkVersions(client *fake.Clientset) {
	version := 0 // reactors run one at a time
	client.PrependReactor("update", "secrets", func(action clienttesting.Action) (bool, runtime.Object, error) {
		updated := action.(clienttesting.UpdateAction).GetObject().(*corev1.Secret)
		if updated.ResourceVersion != strconv.Itoa(version) {
			return true, nil, apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, secret, errors.New("it was changed"))
		}
		version++
		updated.ResourceVersion = strconv.Itoa(version)
		return false, nil, nil
	})
}

func TestReplicasThatStartAtOnceServeOneCA(t *testing.T) {
	initial := emptySecret()
	initial.ResourceVersion = "0"
	client := fake.NewClientset(initial)
	checkVersions(client)
	// The first reads all happen before the first write.
	var reads atomic.Int32
	client.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return reads.Add(1) <= 4, initial.DeepCopy(), nil
	})
	clock, injected := clocktesting.NewFakeClock(start), new(injections)
	var replicas [4]*Keeper
	var done sync.WaitGroup
	for i := range replicas {
		replicas[i] = newKeeper(client, clock, injected.inject)
		done.Go(func() {
			if err := replicas[i].Ensure(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	data := secretData(t, client)
	for _, replica := range replicas {
		if served, _ := replica.CurrentCertKeyContent(); string(served) != string(data["tls.crt"]) {
			t.Error("a replica serves another certificate than the Secret's")
		}
	}
	for _, bundle := range injected.bundles {
		if string(bundle) != string(data["ca.crt"]) {
			t.Error("a replica injected another CA than the Secret's")
		}
	}
}

func TestRunChecksAgain(t *testing.T) {
	for _, c := range []struct {
		name          string
		overlap, wait time.Duration
	}{
		{"every half minute", 0, 30 * time.Second},
		{"four times in a short overlap", 8 * time.Second, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, clock, injected := fake.NewClientset(emptySecret()), clocktesting.NewFakeClock(start), new(injections)
				injected.fail(errors.New("no such APIService")) // which ends nothing
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				options := Options{Namespace: namespace, Secret: secret, Service: service, Clock: clock, Overlap: c.overlap}
				go New(client, options, injected.inject).Run(ctx)
				for rounds := range 4 {
					synctest.Wait()
					if got := injected.count(); got != rounds {
						t.Errorf("%d rounds, want %d", got, rounds)
					}
					clock.Step(c.wait)
				}
			})
		})
	}
}

func count(client *fake.Clientset, verb string) (n int) {
	for _, action := range client.Actions() {
		if action.GetVerb() == verb {
			n++
		}
	}
	return n
}
