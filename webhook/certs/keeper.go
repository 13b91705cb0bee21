// Package certs keeps serving certificates in one Secret that all replicas of a program share, and puts the CA's bundle where the
// API server looks for it. The Secret is expected to exist, empty at first, so that get and update on its name are all it needs.
package certs

import (
	"context"
	"errors"
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
)

// Keys of the Secret. The first two are corev1.TLSCertKey and corev1.TLSPrivateKeyKey.
const (
	caCertKey = "ca.crt"
	caKeyKey  = "ca.key"
)

const (
	interval = 10 * time.Minute
	// retryAfter is the wait after a failure: a bundle that isn't in place fails every call.
	retryAfter = 15 * time.Second
	// patience is how long one round may take.
	patience = 30 * time.Second
)

// Options of a Keeper. All are required.
type Options struct {
	Namespace string // of the Secret and the Service
	Secret    string // its name
	Service   string // its name; the certificate is for SERVICE.NAMESPACE.svc and SERVICE.NAMESPACE.svc.cluster.local
	Clock     clock.Clock
}

func (o Options) names() []string {
	host := o.Service + "." + o.Namespace + ".svc"
	return []string{host, host + ".cluster.local"}
}

// Injector puts caBundle, PEM, where the API server looks for it. It writes nothing when the bundle is there already.
type Injector func(ctx context.Context, caBundle []byte) error

// Keeper serves the certificate that the Secret holds, and sees to it that there is one. Safe for concurrent use.
type Keeper struct {
	client kubernetes.Interface
	opts   Options
	inject Injector

	mu        sync.RWMutex
	served    *pair
	listeners []dynamiccertificates.Listener
}

var (
	_ dynamiccertificates.CertKeyContentProvider = (*Keeper)(nil)
	_ dynamiccertificates.Notifier               = (*Keeper)(nil)
)

// New makes a Keeper. It serves nothing before Ensure has succeeded.
func New(client kubernetes.Interface, opts Options, inject Injector) *Keeper {
	return &Keeper{client: client, opts: opts, inject: inject}
}

// Ensure reads the certificate from the Secret, or makes it: a CA of ten years when the Secret is empty, and a leaf of one year when
// there is none or a third of its life is left. Then it injects the CA's bundle. An error names the Secret; content that is not ours
// is never overwritten. After an error the Keeper still serves what it served before.
func (k *Keeper) Ensure(ctx context.Context) error {
	// Another replica that wrote first makes a conflict of our write; what it wrote is then what to take.
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		leaf, bundle, err := k.load(ctx)
		if err != nil {
			return err
		}
		k.serve(leaf)
		if err := k.inject(ctx, bundle); err != nil {
			return fmt.Errorf("put the CA bundle in place: %w", err)
		}
		return nil
	})
}

// Run calls Ensure every ten minutes until ctx ends, and sooner after a failure, which it logs.
func (k *Keeper) Run(ctx context.Context) {
	wait := interval
	for {
		timer := k.opts.Clock.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		}
		wait = interval
		if err := k.round(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Certificate not checked, will try again", "after", retryAfter)
			wait = retryAfter
		}
	}
}

func (k *Keeper) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return k.Ensure(ctx)
}

// load returns the leaf to serve and the CA bundle that verifies it, after writing to the Secret what it lacked.
func (k *Keeper) load(ctx context.Context) (leaf pair, bundle []byte, err error) {
	secrets := k.client.CoreV1().Secrets(k.opts.Namespace)
	secret, err := secrets.Get(ctx, k.opts.Secret, metav1.GetOptions{})
	if err != nil {
		return pair{}, nil, fmt.Errorf("read Secret %s/%s: %w", k.opts.Namespace, k.opts.Secret, err)
	}
	ca, leaf, changed, err := k.complete(secret.Data)
	if err != nil {
		return pair{}, nil, fmt.Errorf("Secret %s/%s: %w; delete its data to have new certificates made", k.opts.Namespace, k.opts.Secret, err)
	}
	if !changed {
		return leaf, ca.certPEM, nil
	}
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	secret.Data[caCertKey], secret.Data[caKeyKey] = ca.certPEM, ca.keyPEM
	secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey] = leaf.certPEM, leaf.keyPEM
	if _, err := secrets.Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
		return pair{}, nil, fmt.Errorf("write Secret %s/%s: %w", k.opts.Namespace, k.opts.Secret, err)
	}
	klog.FromContext(ctx).Info("Made a serving certificate", "secret", klog.KObj(secret), "names", k.opts.names(), "until", leaf.Leaf.NotAfter)
	return leaf, ca.certPEM, nil
}

// complete returns the CA and the leaf that data holds, makes those that are missing or due, and says whether it made any.
func (k *Keeper) complete(data map[string][]byte) (ca, leaf pair, changed bool, err error) {
	now, names := k.opts.Clock.Now(), k.opts.names()
	if empty(data) {
		if ca, err = newCA("flink-hpa CA of "+names[0], now); err != nil {
			return pair{}, pair{}, false, err
		}
		leaf, err = newLeaf(ca, names, now)
		return ca, leaf, true, err
	}
	if ca, err = parsePair(data[caCertKey], data[caKeyKey]); err != nil {
		return pair{}, pair{}, false, fmt.Errorf("ca.crt and ca.key: %w", err)
	}
	if leaf, err = parsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey]); err != nil {
		return pair{}, pair{}, false, fmt.Errorf("tls.crt and tls.key: %w", err)
	}
	if err := errors.Join(checkCA(ca, now), checkLeaf(leaf, ca, names)); err != nil {
		return pair{}, pair{}, false, err
	}
	if !due(leaf, now) {
		return ca, leaf, false, nil
	}
	leaf, err = newLeaf(ca, names, now)
	return ca, leaf, true, err
}

// empty says whether data holds none of our four values.
func empty(data map[string][]byte) bool {
	for _, key := range []string{caCertKey, caKeyKey, corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
		if len(data[key]) > 0 {
			return false
		}
	}
	return true
}
