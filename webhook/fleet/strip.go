package fleet

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// strip keeps of a pod what its Flink settings follow from, and of a pod that doesn't matter the name. A cluster may have many.
func (p *Pods) strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	small := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion}}
	if !p.opts.Keep(pod) {
		return small, nil
	}
	small.CreationTimestamp, small.DeletionTimestamp = pod.CreationTimestamp, pod.DeletionTimestamp
	small.Labels, small.OwnerReferences = pod.Labels, pod.OwnerReferences
	small.Annotations = p.ours(pod.Annotations)
	small.Spec.Volumes = pod.Spec.Volumes
	for _, c := range pod.Spec.Containers {
		small.Spec.Containers = append(small.Spec.Containers, corev1.Container{
			Name: c.Name, Image: c.Image, Command: c.Command, Args: c.Args, Env: c.Env, EnvFrom: c.EnvFrom, VolumeMounts: c.VolumeMounts,
		})
	}
	small.Status.Phase = pod.Status.Phase
	return small, nil
}

// ours are the annotations with the prefix that the label has.
func (p *Pods) ours(annotations map[string]string) map[string]string {
	prefix, _, _ := strings.Cut(p.opts.Label, "/")
	kept := maps.Clone(annotations)
	maps.DeleteFunc(kept, func(name, _ string) bool { return !strings.HasPrefix(name, prefix+"/") })
	return kept
}

// nameOnly keeps a namespace's name.
func nameOnly(object any) (any, error) {
	namespace, ok := object.(*corev1.Namespace)
	if !ok {
		return object, nil
	}
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace.Name, UID: namespace.UID, ResourceVersion: namespace.ResourceVersion}}, nil
}

// key is `namespace/name` of a pod, or the name of a namespace, also of one that was found to be gone.
func key(object any) string {
	name, _ := cache.DeletionHandlingMetaNamespaceKeyFunc(object) // fails only for what is no object
	return name
}
