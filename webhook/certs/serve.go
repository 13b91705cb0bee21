package certs

import (
	"bytes"
	"crypto/tls"
	"errors"
	"slices"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// serve makes the leaf of s the certificate that is served, and tells the listeners when it is another than before.
func (k *Keeper) serve(s state) {
	k.mu.Lock()
	same := k.known != nil && bytes.Equal(k.known.leaf.certPEM, s.leaf.certPEM)
	k.known = &s
	listeners := slices.Clone(k.listeners)
	k.mu.Unlock()
	if same {
		return
	}
	for _, listener := range listeners {
		listener.Enqueue()
	}
}

// latest is what was read or written last; nil before Ensure has succeeded. Nobody may change it.
func (k *Keeper) latest() *state {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.known
}

// GetCertificate is for tls.Config: the certificate as it is now, so a renewed one is served without a restart. It fails only
// before Ensure has succeeded for the first time.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	known := k.latest()
	if known == nil {
		return nil, errors.New("no serving certificate yet: it is still being read from " + k.Name())
	}
	return &known.leaf.Certificate, nil
}

// Name says where the certificate comes from.
func (k *Keeper) Name() string { return "Secret " + k.opts.Namespace + "/" + k.opts.Secret }

// CurrentCertKeyContent is the served certificate and its key in PEM; both nil before Ensure has succeeded.
func (k *Keeper) CurrentCertKeyContent() (cert, key []byte) {
	known := k.latest()
	if known == nil {
		return nil, nil
	}
	return known.leaf.certPEM, known.leaf.keyPEM
}

// AddListener has listener told of each new certificate.
func (k *Keeper) AddListener(listener dynamiccertificates.Listener) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.listeners = append(k.listeners, listener)
}
