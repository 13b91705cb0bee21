package node

import (
	"context"
	"fmt"
	"maps"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// variables is a container's environment, in no order.
type variables map[string]string

func (v variables) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// list is the environment as the kernel takes it, sorted.
func (v variables) list() []string {
	list := make([]string, 0, len(v))
	for name, value := range v {
		list = append(list, name+"="+value)
	}
	sort.Strings(list)
	return list
}

// environment is what the container's env and envFrom say, on top of base. An error names the variable and what is
// missing; it becomes the reason CreateContainerConfigError.
func (n *Node) environment(ctx context.Context, pod *corev1.Pod, container *corev1.Container, base variables) (variables, error) {
	env := variables{}
	maps.Copy(env, base)
	for _, from := range container.EnvFrom {
		data, err := n.envFrom(ctx, pod.Namespace, from)
		if err != nil {
			return nil, err
		}
		for name, value := range data {
			env[from.Prefix+name] = value
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			env[variable.Name] = expand(variable.Value, env.lookup)
			continue
		}
		value, found, err := n.envValue(ctx, pod, variable.ValueFrom)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", variable.Name, err)
		}
		if found {
			env[variable.Name] = value
		}
	}
	return env, nil
}

func (n *Node) envFrom(ctx context.Context, namespace string, from corev1.EnvFromSource) (map[string]string, error) {
	switch {
	case from.ConfigMapRef != nil:
		data, err := n.configMap(ctx, namespace, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		return asStrings(data), err
	case from.SecretRef != nil:
		data, err := n.secret(ctx, namespace, from.SecretRef.Name, from.SecretRef.Optional)
		return asStrings(data), err
	}
	return nil, fmt.Errorf("envFrom names neither a ConfigMap nor a Secret")
}

func (n *Node) envValue(ctx context.Context, pod *corev1.Pod, from *corev1.EnvVarSource) (string, bool, error) {
	switch {
	case from.FieldRef != nil:
		value, err := n.field(pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := n.configMap(ctx, pod.Namespace, ref.Name, ref.Optional)
		return pick(data, ref.Key, "ConfigMap "+ref.Name, ref.Optional, err)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := n.secret(ctx, pod.Namespace, ref.Name, ref.Optional)
		return pick(data, ref.Key, "Secret "+ref.Name, ref.Optional, err)
	}
	return "", false, fmt.Errorf("this node gives values from fieldRef, configMapKeyRef and secretKeyRef alone")
}

func pick(data map[string][]byte, key, where string, optional *bool, err error) (string, bool, error) {
	if err != nil {
		return "", false, err
	}
	value, found := data[key]
	if !found && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s", key, where)
	}
	return string(value), found, nil
}

// configMap is the ConfigMap's data, both forms; nothing when it is optional and missing.
func (n *Node) configMap(ctx context.Context, namespace, name string, optional *bool) (map[string][]byte, error) {
	object, err := n.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ConfigMap %s/%s: %w", namespace, name, err)
	}
	data := map[string][]byte{}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	maps.Copy(data, object.BinaryData)
	return data, nil
}

// secret is the Secret's data; nothing when it is optional and missing.
func (n *Node) secret(ctx context.Context, namespace, name string, optional *bool) (map[string][]byte, error) {
	object, err := n.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("Secret %s/%s: %w", namespace, name, err)
	}
	return object.Data, nil
}

// asStrings keeps the keys that can be names of variables, as the kubelet does.
func asStrings(data map[string][]byte) map[string]string {
	out := map[string]string{}
	for key, value := range data {
		if len(validation.IsEnvVarName(key)) == 0 {
			out[key] = string(value)
		}
	}
	return out
}

// field is the downward API: what a pod may ask about itself.
func (n *Node) field(pod *corev1.Pod, path string) (string, error) {
	if key, found := strings.CutPrefix(path, "metadata.labels['"); found {
		return pod.Labels[strings.TrimSuffix(key, "']")], nil
	}
	if key, found := strings.CutPrefix(path, "metadata.annotations['"); found {
		return pod.Annotations[strings.TrimSuffix(key, "']")], nil
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return quoted(pod.Labels), nil
	case "metadata.annotations":
		return quoted(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return n.opts.HostIP, nil
	case "status.podIP", "status.podIPs":
		return n.addresses.of(pod.UID), nil
	}
	return "", fmt.Errorf("fieldPath %q is none that the downward API has", path)
}

// quoted is the downward API's form of a map: key="value" lines, sorted.
func quoted(m map[string]string) string {
	lines := make([]string, 0, len(m))
	for key, value := range m {
		lines = append(lines, fmt.Sprintf("%s=%q", key, value))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
