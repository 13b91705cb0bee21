package webhook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
)

const (
	// readTimeout is for all that a pod names together: half of what the API server waits for us (timeoutSeconds in the manifest).
	readTimeout = 1500 * time.Millisecond
	// objectAge is how long an object that was read is used. Many pods that start at once need no read each; an edit and the rollout
	// after it, in one kubectl apply, must both count.
	objectAge = time.Second
	// lookAgain is the time between two looks for an object that is about to come.
	lookAgain = 100 * time.Millisecond
)

// readerRole is the ClusterRole that lets us read ConfigMaps where the owner of a namespace binds it.
const readerRole = "flink-hpa-webhook-reader"

var errLate = errors.New("the API server did not answer in time; the next pod is tried again")

// objectReader reads the ConfigMaps and Secrets that pods take settings from. It never fails: what can't be read says why.
// Safe for concurrent use.
type objectReader struct {
	client  kubernetes.Interface
	account string // NAMESPACE:NAME of our service account
	metrics *Metrics
	cached  *cache.Expiring
	flights singleflight.Group
}

func newObjectReader(client kubernetes.Interface, account string, clock clock.Clock, metrics *Metrics) *objectReader {
	return &objectReader{client: client, account: account, metrics: metrics, cached: cache.NewExpiringWithClock(clock)}
}

// objectID is an object of any namespace.
type objectID struct {
	namespace string
	ObjectKey
}

func (id objectID) String() string { return id.namespace + " " + id.ObjectKey.String() }

// read returns the objects of that namespace. It asks for all of them at once, and waits readTimeout at most.
func (r *objectReader) read(ctx context.Context, namespace string, keys []ObjectKey) Objects {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	answers := make([]<-chan singleflight.Result, len(keys))
	for i, key := range keys {
		id := objectID{namespace, key}
		answers[i] = r.flights.DoChan(id.String(), func() (any, error) { return r.fresh(ctx, id), nil })
	}
	objects := Objects{}
	for i, key := range keys {
		objects[key] = await(ctx, answers[i])
	}
	return objects
}

// readComing is read for objects that whoever made the pod makes after it: one that is missing is looked for again, as long as readTimeout allows.
func (r *objectReader) readComing(ctx context.Context, namespace string, keys []ObjectKey) Objects {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	objects := r.read(ctx, namespace, keys)
	for {
		missing := slices.DeleteFunc(slices.Clone(keys), func(key ObjectKey) bool { return !objects[key].Missing })
		if len(missing) == 0 {
			return objects
		}
		next := time.NewTimer(lookAgain)
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			return objects
		}
		for key, object := range r.read(ctx, namespace, missing) {
			if !errors.Is(object.Err, errLate) { // that it was missing says more
				objects[key] = object
			}
		}
	}
}

func await(ctx context.Context, answer <-chan singleflight.Result) Object {
	select {
	case result := <-answer:
		return result.Val.(Object)
	case <-ctx.Done():
	}
	select {
	case result := <-answer: // it came while another was waited for
		return result.Val.(Object)
	default:
		return Object{Err: errLate}
	}
}

// fresh is the object as it was at most objectAge ago. Only what was read is kept: a permission or an object that was missing counts
// as soon as it is there.
func (r *objectReader) fresh(ctx context.Context, id objectID) Object {
	if object, found := r.cached.Get(id); found {
		return object.(Object)
	}
	// Others may wait for this read too, so it doesn't end with the request that began it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	data, err := r.get(ctx, id)
	switch {
	case err == nil:
		r.metrics.reads.WithLabelValues("read").Inc()
		object := Object{Data: data}
		r.cached.Set(id, object, objectAge)
		return object
	case apierrors.IsNotFound(err):
		r.metrics.reads.WithLabelValues("missing").Inc()
		return Object{Missing: true}
	case apierrors.IsForbidden(err):
		r.metrics.reads.WithLabelValues("forbidden").Inc()
		return Object{Err: r.forbidden(id)}
	case errors.Is(err, context.DeadlineExceeded):
		err = errLate
	}
	r.metrics.reads.WithLabelValues("failed").Inc()
	return Object{Err: err}
}

// forbidden tells who owns the namespace how to admit us.
func (r *objectReader) forbidden(id objectID) error {
	if id.Kind == KindSecret { // no ClusterRole of ours has those: it would open all that a namespace keeps
		return fmt.Errorf("bind a Role with get on it to the service account %s", r.account)
	}
	return fmt.Errorf("allow it by kubectl create rolebinding %s -n %s --clusterrole=%[1]s --serviceaccount=%[3]s", readerRole, id.namespace, r.account)
}

// get asks etcd, not a cache of the API server that may not have the object yet.
func (r *objectReader) get(ctx context.Context, id objectID) (map[string]string, error) {
	data := map[string]string{}
	switch id.Kind {
	case KindConfigMap:
		object, err := r.client.CoreV1().ConfigMaps(id.namespace).Get(ctx, id.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for key, value := range object.BinaryData {
			data[key] = string(value)
		}
		maps.Copy(data, object.Data)
	case KindSecret:
		object, err := r.client.CoreV1().Secrets(id.namespace).Get(ctx, id.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for key, value := range object.Data {
			data[key] = string(value)
		}
	}
	return data, nil
}
