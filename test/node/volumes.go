package node

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// files are a volume's files by their path in it.
type files map[string][]byte

// volume makes the pod's volume under its folder and returns where it is. Called again, it brings the contents up to
// date. An error becomes the event FailedMount.
func (n *Node) volume(ctx context.Context, pod *corev1.Pod, volume corev1.Volume) (string, error) {
	dir := filepath.Join(n.podDir(pod), "volumes", volume.Name)
	var content files
	var err error
	switch source := volume.VolumeSource; {
	case source.EmptyDir != nil:
		return dir, os.MkdirAll(dir, 0o777)
	case source.HostPath != nil:
		if kind := source.HostPath.Type; kind != nil && *kind == corev1.HostPathDirectoryOrCreate {
			err = os.MkdirAll(source.HostPath.Path, 0o755)
		}
		return source.HostPath.Path, err
	case source.ConfigMap != nil:
		content, err = n.configMapFiles(ctx, pod.Namespace, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
	case source.Secret != nil:
		content, err = n.secretFiles(ctx, pod.Namespace, source.Secret.SecretName, source.Secret.Items, source.Secret.Optional)
	case source.DownwardAPI != nil:
		content, err = n.downwardFiles(pod, source.DownwardAPI.Items)
	case source.Projected != nil:
		content, err = n.projectedFiles(ctx, pod, source.Projected.Sources)
	default:
		err = fmt.Errorf("this node mounts ConfigMap, Secret, emptyDir, hostPath, projected and downwardAPI volumes alone")
	}
	if err != nil {
		return "", fmt.Errorf("volume %s: %w", volume.Name, err)
	}
	return dir, write(dir, content)
}

// live says whether the volume's contents may change while the pod runs.
func live(volume corev1.Volume) bool {
	return volume.ConfigMap != nil || volume.Secret != nil || volume.DownwardAPI != nil || volume.Projected != nil
}

func (n *Node) configMapFiles(ctx context.Context, namespace, name string, items []corev1.KeyToPath, optional *bool) (files, error) {
	data, err := n.configMap(ctx, namespace, name, optional)
	if err != nil {
		return nil, err
	}
	return chosen(data, items, "ConfigMap "+name, optional)
}

func (n *Node) secretFiles(ctx context.Context, namespace, name string, items []corev1.KeyToPath, optional *bool) (files, error) {
	data, err := n.secret(ctx, namespace, name, optional)
	if err != nil {
		return nil, err
	}
	return chosen(data, items, "Secret "+name, optional)
}

// chosen is the data under the paths that items give it; all of it, by its keys, without items.
func chosen(data map[string][]byte, items []corev1.KeyToPath, where string, optional *bool) (files, error) {
	if len(items) == 0 {
		return data, nil
	}
	out := files{}
	for _, item := range items {
		value, found := data[item.Key]
		if !found && (optional == nil || !*optional) {
			return nil, fmt.Errorf("%s has no key %s", where, item.Key)
		}
		if found {
			out[item.Path] = value
		}
	}
	return out, nil
}

func (n *Node) downwardFiles(pod *corev1.Pod, items []corev1.DownwardAPIVolumeFile) (files, error) {
	out := files{}
	for _, item := range items {
		if item.FieldRef == nil {
			return nil, fmt.Errorf("file %s: this node gives fieldRef alone", item.Path)
		}
		value, err := n.field(pod, item.FieldRef.FieldPath)
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", item.Path, err)
		}
		out[item.Path] = []byte(value)
	}
	return out, nil
}

func (n *Node) projectedFiles(ctx context.Context, pod *corev1.Pod, sources []corev1.VolumeProjection) (files, error) {
	out := files{}
	for _, source := range sources {
		var part files
		var err error
		switch {
		case source.ServiceAccountToken != nil:
			part, err = n.tokenFile(ctx, pod, source.ServiceAccountToken)
		case source.ConfigMap != nil:
			part, err = n.configMapFiles(ctx, pod.Namespace, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
		case source.Secret != nil:
			part, err = n.secretFiles(ctx, pod.Namespace, source.Secret.Name, source.Secret.Items, source.Secret.Optional)
		case source.DownwardAPI != nil:
			part, err = n.downwardFiles(pod, source.DownwardAPI.Items)
		default:
			err = fmt.Errorf("this node projects serviceAccountToken, configMap, secret and downwardAPI alone")
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(out, part)
	}
	return out, nil
}

// tokenFile asks the API server for a token that is bound to the pod, as the kubelet does.
func (n *Node) tokenFile(ctx context.Context, pod *corev1.Pod, projection *corev1.ServiceAccountTokenProjection) (files, error) {
	var audiences []string
	if projection.Audience != "" {
		audiences = []string{projection.Audience}
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences:         audiences,
		ExpirationSeconds: projection.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	answer, err := n.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("token of service account %s/%s: %w", pod.Namespace, pod.Spec.ServiceAccountName, err)
	}
	return files{projection.Path: []byte(answer.Status.Token)}, nil
}

// write replaces the contents of dir at once, as the kubelet does: readers see the old files or the new ones, through
// dir/NAME -> ..data/NAME and ..data -> a folder that is never changed again.
func write(dir string, content files) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	version, err := os.MkdirTemp(dir, "..version-")
	if err != nil {
		return err
	}
	if err := os.Chmod(version, 0o755); err != nil {
		return err
	}
	for path, data := range content {
		file := filepath.Join(version, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o444); err != nil {
			return err
		}
	}
	data := filepath.Join(dir, "..data")
	old, _ := os.Readlink(data)
	if err := replaceLink(filepath.Base(version), data); err != nil {
		return err
	}
	tops, err := os.ReadDir(version)
	if err != nil {
		return err
	}
	for _, top := range tops {
		if err := replaceLink(filepath.Join("..data", top.Name()), filepath.Join(dir, top.Name())); err != nil {
			return err
		}
	}
	if old == "" {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
		return err
	}
	return dropDangling(dir)
}

// dropDangling removes the links of keys that are no longer there.
func dropDangling(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if _, err := os.Stat(path); os.IsNotExist(err) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func replaceLink(target, link string) error {
	next := link + ".next"
	if err := os.Symlink(target, next); err != nil {
		return err
	}
	return os.Rename(next, link)
}
