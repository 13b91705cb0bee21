package webhook

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// Facts are what a pod doesn't say itself. Mutate and Check look at nothing else.
type Facts struct {
	// Objects holds what References named for the pod. One that isn't there counts as not read.
	Objects Objects
	// Profile of the namespace. The zero Profile has no defaults to inject.
	Profile Profile
	// Advice is the memory that is advised for a pod that asks for it.
	Advice Advice
}

// ObjectKey names a ConfigMap or Secret in the pod's namespace.
type ObjectKey struct {
	Kind string // KindConfigMap or KindSecret
	Name string
}

// Kinds of objects that a Flink container takes settings from.
const (
	KindConfigMap = "ConfigMap"
	KindSecret    = "Secret"
)

func (k ObjectKey) String() string { return k.Kind + " " + k.Name }

// Object is what is known of a ConfigMap or Secret: its data, that there is none, or why that is unknown.
type Object struct {
	Data    map[string]string
	Missing bool
	Err     error // a sentence with the way out: it becomes part of a warning
}

// Objects is what was read for a pod.
type Objects map[ObjectKey]Object

// References names the ConfigMaps and Secrets that the pod's Flink container takes settings from, sorted, each once. A pod that
// Mutate leaves alone anyway has none.
func References(pod *corev1.Pod) []ObjectKey {
	container, _, ok := flinkContainerOf(pod)
	if !ok {
		return nil
	}
	asked := map[ObjectKey]bool{}
	readSettings(pod, container, flinkconf.Version{}, func(key ObjectKey) Object {
		asked[key] = true
		return Object{Err: errNotRead}
	})
	return slices.SortedFunc(maps.Keys(asked), func(a, b ObjectKey) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
}

// reader gives the object of that name.
type reader func(ObjectKey) Object

var errNotRead = errors.New("it was not asked for")

// reader gives what was read, and no more.
func (o Objects) reader() reader {
	return func(key ObjectKey) Object {
		if object, read := o[key]; read {
			return object
		}
		return Object{Err: errNotRead}
	}
}

// data is what the object holds, or why that is unknown. An optional object that isn't there holds nothing.
func (r reader) data(key ObjectKey, optional *bool) (data map[string]string, why string) {
	object := r(key)
	switch {
	case object.Err != nil:
		return nil, fmt.Sprintf("%s can't be read: %v", key, object.Err)
	case object.Missing && (optional == nil || !*optional):
		return nil, fmt.Sprintf("%s isn't there yet: create it before the pod", key)
	}
	return object.Data, ""
}
