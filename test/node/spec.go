package node

import (
	"context"
	"maps"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/test/mount"
	"github.com/flink-hpa/flink-hpa/test/process"
)

// prepared is a container's process before it starts.
type prepared struct {
	process.Spec
	mounts mount.Table
}

// prepare works out what to start: command line, environment, mounts. With an error comes the reason to show.
func (w *worker) prepare(ctx context.Context, container *corev1.Container) (prepared, string, error) {
	const configError, runError = "CreateContainerConfigError", "RunContainerError"
	image, err := w.node.opts.Images.find(container.Image)
	if err != nil {
		return prepared{}, "ErrImagePull", err
	}
	root := filepath.Join(w.node.podDir(w.pod), "root", container.Name)
	mounts := map[string]string{}
	for _, m := range container.VolumeMounts {
		mounts[m.MountPath] = filepath.Join(w.volumes[m.Name], m.SubPath)
	}
	table, err := mount.Link(root, mounts)
	if err != nil {
		return prepared{}, runError, err
	}
	base, err := w.baseEnvironment(image, table, root)
	if err != nil {
		return prepared{}, runError, err
	}
	env, err := w.node.environment(ctx, w.pod, container, base)
	if err != nil {
		return prepared{}, configError, err
	}
	// Only what the pod says speaks of paths in the container; the stand-in's own paths are this machine's.
	own := container.DeepCopy()
	for _, words := range [][]string{own.Command, own.Args} {
		for i := range words {
			words[i] = table.Rewrite(expand(words[i], env.lookup))
		}
	}
	for name, value := range env {
		if base[name] != value {
			env[name] = table.Rewrite(value)
		}
	}
	line, err := image.command(own)
	if err != nil {
		return prepared{}, runError, err
	}
	return prepared{mounts: table, Spec: process.Spec{
		Path: line[0], Args: line[1:], Env: env.list(), Dir: root,
		Log: w.node.logFile(w.pod, container.Name),
	}}, "", nil
}

// Variables that a stand-in for an image finds besides the container's own.
const (
	RootVariable  = "FLINKHPA_ROOT"   // folder that stands for the container's root
	PodIPVariable = "FLINKHPA_POD_IP" // address to listen on
	HostsVariable = "FLINKHPA_HOSTS"  // file with the names of Services, in the form of /etc/hosts
)

func (w *worker) baseEnvironment(image Image, table mount.Table, root string) (variables, error) {
	temp := filepath.Join(w.node.podDir(w.pod), "tmp")
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return nil, err
	}
	env := variables{
		"PATH": os.Getenv("PATH"), "HOME": temp, "TMPDIR": temp, "HOSTNAME": w.pod.Name,
		RootVariable: root, PodIPVariable: w.address, HostsVariable: w.node.hostsFile(w.pod.Namespace),
		mount.Variable: table.Encode(),
	}
	for _, more := range []map[string]string{w.node.opts.Env, image.Env} {
		maps.Copy(env, more)
	}
	if _, mounted := table[serviceAccount]; mounted {
		file := filepath.Join(root, "kubeconfig")
		if err := writeKubeconfig(file, w.node.opts.Server, table[serviceAccount]); err != nil {
			return nil, err
		}
		env["KUBECONFIG"] = file
	}
	return env, nil
}
