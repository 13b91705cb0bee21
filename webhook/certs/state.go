package certs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	certutil "k8s.io/client-go/util/cert"
)

// Keys of the Secret, beside corev1.TLSCertKey and corev1.TLSPrivateKeyKey.
const (
	caCertKey         = "ca.crt"
	caKeyKey          = "ca.key"
	nextCACertKey     = "ca-next.crt"
	nextCAKeyKey      = "ca-next.key"
	previousCACertKey = "ca-previous.crt"
)

// AnnotationRotate on the Secret asks for new certificates now: "ca" for a new CA and a leaf of it, "leaf" for a new leaf of the same
// CA. A Keeper takes it away when that is done.
const AnnotationRotate = "flink-hpa.dev/rotate"

const (
	rotateCA   = "ca"
	rotateLeaf = "leaf"
	// annotationSince is when the present step of a change of CA began, in RFC 3339.
	annotationSince = "flink-hpa.dev/rotation-since"
)

// state is what the Secret holds. ca has signed leaf, always. A change of CA goes in two steps:
//
//	next is set      next is trusted beside ca; Overlap after that bundle was seen in place, next becomes ca and signs a new leaf
//	previous is set  the CA before is still trusted; Overlap after the new leaf was made, it no longer is
type state struct {
	ca, leaf pair
	next     *pair     // the CA to come
	previous []byte    // certificate of the CA that was, PEM
	since    time.Time // when the step began; zero while the bundle with next has not been seen in place
	asked    string    // value of AnnotationRotate
}

// bundle is what must be trusted. Its bytes are the same before and after next becomes ca.
func (s state) bundle() []byte {
	all := [][]byte{s.previous, s.ca.certPEM}
	if s.next != nil {
		all = append(all, s.next.certPEM)
	}
	return bytes.Join(all, nil)
}

// parse reads secret, and refuses what is not ours: a CA and the leaf that it signed for names.
func parse(secret *corev1.Secret, names []string) (s state, err error) {
	data := secret.Data
	if s.ca, err = parseCA(data, caCertKey, caKeyKey); err != nil {
		return state{}, err
	}
	if s.leaf, err = parsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey]); err != nil {
		return state{}, fmt.Errorf("tls.crt and tls.key: %w", err)
	}
	if err := checkLeaf(s.leaf, s.ca, names); err != nil {
		return state{}, err
	}
	if len(data[nextCACertKey]) > 0 || len(data[nextCAKeyKey]) > 0 {
		next, err := parseCA(data, nextCACertKey, nextCAKeyKey)
		if err != nil {
			return state{}, err
		}
		s.next = &next
	}
	if s.previous = data[previousCACertKey]; len(s.previous) > 0 {
		if _, err := certutil.ParseCertsPEM(s.previous); err != nil {
			return state{}, fmt.Errorf("%s: %w", previousCACertKey, err)
		}
	}
	// A time that can't be read is none: the step begins anew.
	s.since, _ = time.Parse(time.RFC3339, secret.Annotations[annotationSince])
	s.asked = secret.Annotations[AnnotationRotate]
	return s, nil
}

func parseCA(data map[string][]byte, certKey, keyKey string) (pair, error) {
	ca, err := parsePair(data[certKey], data[keyKey])
	if err == nil && !ca.Leaf.IsCA {
		err = errors.New("not a CA's certificate")
	}
	if err != nil {
		return pair{}, fmt.Errorf("%s and %s: %w", certKey, keyKey, err)
	}
	return ca, nil
}

// write puts s into secret.
func (s state) write(secret *corev1.Secret) {
	next := pair{}
	if s.next != nil {
		next = *s.next
	}
	for key, value := range map[string][]byte{
		caCertKey: s.ca.certPEM, caKeyKey: s.ca.keyPEM,
		corev1.TLSCertKey: s.leaf.certPEM, corev1.TLSPrivateKeyKey: s.leaf.keyPEM,
		nextCACertKey: next.certPEM, nextCAKeyKey: next.keyPEM,
		previousCACertKey: s.previous,
	} {
		set(&secret.Data, key, value, len(value) == 0)
	}
	set(&secret.Annotations, annotationSince, s.since.UTC().Format(time.RFC3339), s.since.IsZero())
	set(&secret.Annotations, AnnotationRotate, s.asked, s.asked == "")
}

func set[V any](values *map[string]V, key string, value V, none bool) {
	switch {
	case none:
		delete(*values, key)
		return
	case *values == nil:
		*values = map[string]V{}
	}
	(*values)[key] = value
}

// empty says whether secret holds no certificate and no key.
func empty(secret *corev1.Secret) bool {
	keys := []string{caCertKey, caKeyKey, corev1.TLSCertKey, corev1.TLSPrivateKeyKey}
	return !slices.ContainsFunc(keys, func(key string) bool { return len(secret.Data[key]) > 0 })
}
