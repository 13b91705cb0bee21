// Package certs keeps serving certificates in one Secret that all replicas of a program share, and puts the CA's bundle where the
// API server looks for it. The Secret is expected to exist, empty at first, so that get and update on its name are all it needs.
//
// A leaf is renewed by the same CA, so nobody notices. A change of CA takes a detour, so that no call fails: the next CA is trusted
// beside the present one first, then signs the leaf that is served, and only then is the previous one no longer trusted. Between
// two of these steps lies Options.Overlap: time for API servers to see the bundle, and for replicas to see the leaf.
//
// It is our own, on the library's certificate functions, since none that we found does this with one Secret: cert-controller
// replaces its CA at once, and calls fail until all replicas have caught up; controller-runtime makes no certificates; OpenShift's
// certrotation keeps each CA, bundle and leaf in an object of its own, with the right to create them; kube-admission-webhook wants
// an elected leader. Whoever runs cert-manager uses that instead, and not this package.
package certs

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/webhook/pulse"
)

// DefaultOverlap is far more than API servers take to see a bundle, and replicas a leaf.
const DefaultOverlap = 5 * time.Minute

// maxInterval is the longest time between two looks at the Secret, each of which may take as long.
const maxInterval = 30 * time.Second

// missedTurns is how many turns of Run may be missing before Alive complains.
const missedTurns = 4

// Options of a Keeper. All but Overlap are required.
type Options struct {
	Namespace string // of the Secret and the Service
	Secret    string // its name
	Service   string // its name; the certificate is for SERVICE.NAMESPACE.svc and SERVICE.NAMESPACE.svc.cluster.local
	Clock     clock.Clock

	// Overlap is how long each step of a change of CA lasts, in which both CAs are trusted; 0 for DefaultOverlap. It is the same for all
	// replicas.
	Overlap time.Duration
}

func (o Options) names() []string {
	host := o.Service + "." + o.Namespace + ".svc"
	return []string{host, host + ".cluster.local"}
}

// interval leaves time for several looks in a step.
func (o Options) interval() time.Duration { return min(maxInterval, o.Overlap/4) }

// Keeper serves the certificate that the Secret holds, and sees to it that there is one. Safe for concurrent use.
type Keeper struct {
	client kubernetes.Interface
	opts   Options
	inject Injector
	pulse  *pulse.Pulse

	mu        sync.RWMutex
	known     *state // what was read or written last
	listeners []dynamiccertificates.Listener
}

var (
	_ dynamiccertificates.CertKeyContentProvider = (*Keeper)(nil)
	_ dynamiccertificates.Notifier               = (*Keeper)(nil)
)

// New makes a Keeper. It serves nothing before Ensure has succeeded.
func New(client kubernetes.Interface, opts Options, inject Injector) *Keeper {
	if opts.Overlap <= 0 {
		opts.Overlap = DefaultOverlap
	}
	// A turn is a wait and a look, and each takes an interval at most.
	turns := pulse.New("that keeps the certificate", missedTurns*2*opts.interval(), opts.Clock)
	return &Keeper{client: client, opts: opts, inject: inject, pulse: turns}
}

// Ensure reads the certificate from the Secret, or makes it: a CA of ten years and a leaf of one year when the Secret is empty or the
// CA has expired, and a new leaf when a third of its life is left. It injects the bundle of the CAs to trust, and then takes the step
// that is due of a change of CA, which begins when a third of the CA's life is left. A Secret that was emptied gets back what it held,
// and a change of CA, so that even then no call fails. An error names the Secret; content that is not ours is never overwritten. After
// an error the Keeper still serves what it served before.
func (k *Keeper) Ensure(ctx context.Context) error {
	// Another replica that wrote first makes a conflict of our write; what it wrote is then what to take.
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		for again := true; again; {
			var err error
			if again, err = k.step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Run calls Ensure every 30 seconds until ctx ends, more often with a short overlap, and logs what fails.
func (k *Keeper) Run(ctx context.Context) {
	for {
		k.pulse.Beat()
		timer := k.opts.Clock.NewTimer(k.opts.interval())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		}
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Certificate not checked, will try again", "after", k.opts.interval())
		}
	}
}

// Alive complains when Run hangs.
func (k *Keeper) Alive() error { return k.pulse.Alive() }

func (k *Keeper) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.opts.interval())
	defer cancel()
	return k.Ensure(ctx)
}

// step does what is due now, and says whether that has to be put into effect by another step.
func (k *Keeper) step(ctx context.Context) (again bool, err error) {
	now, names := k.opts.Clock.Now(), k.opts.names()
	secret, s, err := k.load(ctx, now)
	if err != nil {
		return false, err
	}
	k.serve(s)
	written, err := k.inject(ctx, s.bundle())
	if err != nil {
		return false, fmt.Errorf("put the CA bundle in place: %w", err)
	}
	if s.begins(written, now) {
		s.since = now
		return false, k.write(ctx, secret, s, "Two CAs are trusted from now on")
	}
	done, err := s.advance(names, now, k.opts.Overlap)
	if err != nil || done == "" {
		return false, err
	}
	return true, k.write(ctx, secret, s, done)
}

// load reads the Secret, after writing to it what it lacked.
func (k *Keeper) load(ctx context.Context, now time.Time) (*corev1.Secret, state, error) {
	secret, err := k.client.CoreV1().Secrets(k.opts.Namespace).Get(ctx, k.opts.Secret, metav1.GetOptions{})
	if err != nil {
		return nil, state{}, fmt.Errorf("read %s: %w", k.Name(), err)
	}
	s, done, err := k.complete(secret, now)
	if err != nil {
		return nil, state{}, fmt.Errorf("%s: %w; delete its data to have new certificates made", k.Name(), err)
	}
	if s.asked != "" && s.asked != rotateCA && s.asked != rotateLeaf {
		klog.FromContext(ctx).Info("Annotation not understood: want ca or leaf", "secret", klog.KObj(secret), AnnotationRotate, s.asked)
	}
	if done != "" {
		err = k.write(ctx, secret, s, done)
	}
	return secret, s, err
}

// complete is what secret holds, with what it lacks; done says what that was, and is empty for nothing.
func (k *Keeper) complete(secret *corev1.Secret, now time.Time) (s state, done string, err error) {
	names := k.opts.names()
	if empty(secret) {
		if known := k.latest(); known != nil {
			s = *known
			s.asked = rotateCA
			return s, "Put back what was deleted, and will change the CA", nil
		}
		s, err = first(names, now)
		return s, "Made the first CA and serving certificate", err
	}
	if s, err = parse(secret, names); err != nil {
		return state{}, "", err
	}
	if now.After(s.ca.Leaf.NotAfter) { // nobody trusts it any more, so there is nothing to keep
		s, err = first(names, now)
		return s, "The CA has expired: made another CA and serving certificate", err
	}
	done, err = s.renew(names, now)
	return s, done, err
}

// write puts s into secret, which is then the one that the API server holds.
func (k *Keeper) write(ctx context.Context, secret *corev1.Secret, s state, done string) error {
	s.write(secret)
	updated, err := k.client.CoreV1().Secrets(k.opts.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("write %s: %w", k.Name(), err)
	}
	*secret = *updated
	klog.FromContext(ctx).Info(done, "secret", klog.KObj(secret), "names", k.opts.names(), "until", s.leaf.Leaf.NotAfter, "caUntil", s.ca.Leaf.NotAfter)
	return nil
}
