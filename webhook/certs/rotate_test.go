package certs

import (
	"bytes"
	"context"
	"encoding/pem"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	clocktesting "k8s.io/utils/clock/testing"
)

// cluster is an API server with two replicas of a program, and all that the slowest of several API servers may still trust.
type cluster struct {
	t        *testing.T
	client   *fake.Clientset
	clock    *clocktesting.FakeClock
	replicas []*Keeper
	trusted  []trust // in the order of time
	lag      time.Duration
	verified map[call]bool
}

// call is a handshake that succeeded, on that day.
type call struct {
	bundle, leaf string
	day          time.Time
}

// trust is a bundle, and from when on it was in place.
type trust struct {
	bundle []byte
	from   time.Time
}

func newCluster(t *testing.T) *cluster {
	initial := emptySecret()
	initial.ResourceVersion = "0"
	c := &cluster{t: t, client: fake.NewClientset(initial), clock: clocktesting.NewFakeClock(start), lag: DefaultOverlap - time.Second, verified: map[call]bool{}}
	checkVersions(c.client)
	for range 2 {
		c.replicas = append(c.replicas, newKeeper(c.client, c.clock, c.inject))
	}
	return c
}

func (c *cluster) inject(_ context.Context, bundle []byte) (bool, error) {
	if n := len(c.trusted); n > 0 && bytes.Equal(c.trusted[n-1].bundle, bundle) {
		return false, nil
	}
	c.trusted = append(c.trusted, trust{bundle, c.clock.Now()})
	return true, nil
}

// round lets each replica look, the second one some seconds after the first, and has all API servers call all replicas after each.
func (c *cluster) round() {
	c.t.Helper()
	for _, replica := range c.replicas {
		if err := replica.Ensure(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		c.call()
		c.clock.Step(maxInterval / time.Duration(len(c.replicas)))
		c.call()
	}
}

// call verifies what each replica serves by each bundle that an API server may still trust.
func (c *cluster) call() {
	c.t.Helper()
	now := c.clock.Now()
	for i, trusted := range c.trusted {
		if i+1 < len(c.trusted) && !c.trusted[i+1].from.After(now.Add(-c.lag)) {
			continue // all API servers have seen the one after it
		}
		for n, replica := range c.replicas {
			leaf, _ := replica.CurrentCertKeyContent()
			this := call{string(trusted.bundle), string(leaf), now.Truncate(day)}
			if leaf == nil || c.verified[this] {
				continue // it has not started, or this was tried
			}
			c.verified[this] = true
			if err := handshake(replica, trusted.bundle, replica.opts.names()[0], c.clock.Now); err != nil {
				c.t.Fatalf("%s after the start, replica %d by bundle %d of %d: %v", now.Sub(start), n, i, len(c.trusted)-1, err)
			}
		}
	}
}

// authorities is how many CAs are in the bundle that is in place.
func (c *cluster) authorities() int {
	return bytes.Count(c.trusted[len(c.trusted)-1].bundle, []byte("BEGIN CERTIFICATE"))
}

func (c *cluster) secret() *corev1.Secret {
	c.t.Helper()
	got, err := c.client.CoreV1().Secrets(namespace).Get(c.t.Context(), secret, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c *cluster) change(change func(*corev1.Secret)) {
	c.t.Helper()
	got := c.secret()
	change(got)
	if _, err := c.client.CoreV1().Secrets(namespace).Update(c.t.Context(), got, metav1.UpdateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func ask(value string) func(*corev1.Secret) {
	return func(s *corev1.Secret) { s.Annotations = map[string]string{AnnotationRotate: value} }
}

func TestNoCallFailsThroughAChangeOfCA(t *testing.T) {
	for _, test := range []struct {
		name  string
		begin func(*cluster)
	}{
		{"asked for by the annotation", func(c *cluster) { c.change(ask("ca")) }},
		{"with a third of the CA's life left", func(c *cluster) {
			// The leaf is renewed on the way.
			for range 7 {
				c.clock.Step(365 * day)
				c.trusted[0].from = c.clock.Now()
				for _, replica := range c.replicas {
					mustEnsure(c.t, replica)
				}
			}
		}},
		{"after somebody emptied the Secret", func(c *cluster) { c.change(func(s *corev1.Secret) { s.Data = nil }) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t)
			c.round()
			old := c.secret().Data["ca.crt"]
			test.begin(c)
			var authorities []int
			for range 30 {
				c.round()
				authorities = append(authorities, c.authorities())
			}
			if got := slices.Compact(authorities); !slices.Equal(got, []int{2, 1}) {
				t.Errorf("CAs in the bundle, round by round: %v", authorities)
			}
			final := c.secret()
			if bytes.Equal(final.Data["ca.crt"], old) || len(final.Annotations) != 0 || len(final.Data) != 4 {
				t.Errorf("at the end the Secret has %d values and annotations %v, and a new CA: %t", len(final.Data), final.Annotations, !bytes.Equal(final.Data["ca.crt"], old))
			}
			for n, replica := range c.replicas {
				if served, _ := replica.CurrentCertKeyContent(); !bytes.Equal(served, final.Data["tls.crt"]) {
					t.Errorf("replica %d does not serve what the Secret holds", n)
				}
			}
		})
	}
}

func TestABundleThatIsTakenAwayMakesTheNewLeafWait(t *testing.T) {
	c := newCluster(t)
	c.round()
	leaf := c.secret().Data["tls.crt"]
	c.change(ask("ca"))
	for step := range 3 {
		// Somebody puts the old bundle back just before the wait is over, so the wait begins anew.
		for c.clock.Step(0); c.clock.Since(c.trusted[len(c.trusted)-1].from) < DefaultOverlap-2*maxInterval; {
			c.round()
		}
		c.trusted = append(c.trusted, trust{c.trusted[0].bundle, c.clock.Now()})
		c.round()
		if !bytes.Equal(c.secret().Data["tls.crt"], leaf) {
			t.Fatalf("step %d: a new leaf, though the bundle was in place for a moment only", step)
		}
	}
	for range 12 {
		c.round()
	}
	if bytes.Equal(c.secret().Data["tls.crt"], leaf) {
		t.Error("no new leaf after the bundle has stayed in place")
	}
}

func TestATimeThatMakesNoSenseMakesAStepBeginAnew(t *testing.T) {
	for _, since := range []string{"", "yesterday", "9999-12-31T23:59:59Z"} {
		t.Run(since, func(t *testing.T) {
			c := newCluster(t)
			c.round()
			c.change(ask("ca"))
			seen := map[string]bool{}
			for range 40 { // and no call fails
				c.round()
				step := "none"
				switch data := c.secret().Data; {
				case data["ca-next.crt"] != nil:
					step = "next"
				case data["ca-previous.crt"] != nil:
					step = "previous"
				}
				if !seen[step] {
					c.change(func(s *corev1.Secret) { set(&s.Annotations, annotationSince, since, step == "none") })
				}
				seen[step] = true
			}
			if len(seen) != 3 || c.authorities() != 1 {
				t.Errorf("went through %v, with %d CAs at the end", seen, c.authorities())
			}
		})
	}
}

func TestALeafIsMadeWhenAskedFor(t *testing.T) {
	c := newCluster(t)
	c.round()
	before := c.secret()
	c.change(ask("leaf"))
	c.round()
	after := c.secret()
	if bytes.Equal(before.Data["tls.crt"], after.Data["tls.crt"]) || !bytes.Equal(before.Data["ca.crt"], after.Data["ca.crt"]) {
		t.Error("want a new leaf of the same CA")
	}
	if len(after.Annotations) != 0 || c.authorities() != 1 {
		t.Errorf("annotations %v, %d CAs", after.Annotations, c.authorities())
	}
	c.change(ask("everything"))
	c.round()
	if got := c.secret(); got.Annotations[AnnotationRotate] != "everything" || !bytes.Equal(got.Data["tls.crt"], after.Data["tls.crt"]) {
		t.Error("a value that is not understood must stay, without effect")
	}
}

func TestACAThatHasExpiredIsReplacedAtOnce(t *testing.T) {
	c := newCluster(t)
	c.round()
	old := c.secret().Data["ca.crt"]
	c.clock.Step(caLife + day)
	c.trusted = nil
	c.replicas = c.replicas[:1]
	c.round()
	if bytes.Equal(c.secret().Data["ca.crt"], old) || c.authorities() != 1 {
		t.Error("want another CA alone")
	}
}

func TestAReplicaThatStartsDuringAChangeOfCATakesIt(t *testing.T) {
	c := newCluster(t)
	c.round()
	c.change(ask("ca"))
	for n := range 24 {
		c.round()
		c.replicas[n%2] = newKeeper(c.client, c.clock, c.inject) // what it knew is lost
	}
	if c.authorities() != 1 || len(c.secret().Annotations) != 0 {
		t.Errorf("%d CAs, annotations %v", c.authorities(), c.secret().Annotations)
	}
}

// FuzzSecretContent: whatever somebody writes into the Secret, a Keeper takes it whole or refuses it.
func FuzzSecretContent(f *testing.F) {
	names := Options{Namespace: namespace, Service: service}.names()
	made, err := first(names, start)
	if err != nil {
		f.Fatal(err)
	}
	good := emptySecret()
	made.write(good)
	ca, caKey := good.Data["ca.crt"], good.Data["ca.key"]
	f.Add(ca, caKey, []byte(nil), "ca", "2026-03-01T12:00:00Z")
	f.Add(ca, caKey, ca, "leaf", "yesterday")
	f.Add([]byte("x"), caKey, []byte("x"), "", "")
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}}), caKey, ca, strconv.Itoa(1), "9999-12-31T23:59:59Z")
	f.Fuzz(func(t *testing.T, next, nextKey, previous []byte, asked, since string) {
		spoilt := good.DeepCopy()
		spoilt.Data["ca-next.crt"], spoilt.Data["ca-next.key"], spoilt.Data["ca-previous.crt"] = next, nextKey, previous
		spoilt.Annotations = map[string]string{AnnotationRotate: asked, annotationSince: since}
		s, err := parse(spoilt, names)
		if err != nil {
			return
		}
		s.begins(true, start)
		if _, err := s.advance(names, start, DefaultOverlap); err != nil {
			t.Fatal(err)
		}
		again := emptySecret()
		s.write(again)
		if _, err := parse(again, names); err != nil {
			t.Errorf("what was written is not read back: %v", err)
		}
	})
}
