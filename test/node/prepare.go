package node

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	volumeRetry   = 2 * time.Second // between two tries to make a pod's volumes
	volumeRefresh = 5 * time.Second // how old ConfigMaps, Secrets and tokens in a pod may get
)

// findImages says whether there is a stand-in for each of the pod's images; each that has none shows in its container's
// status.
func (w *worker) findImages() bool {
	found := true
	for _, c := range append(append([]*containerStatus{}, w.init...), w.main...) {
		if _, err := w.node.opts.Images.find(c.spec.Image); err != nil {
			found = false
			w.event(corev1.EventTypeWarning, "Failed", "Failed to pull image %q: %v", c.spec.Image, err)
			w.update(c, func(c *containerStatus) {
				c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: err.Error()}}
			})
		}
	}
	return found
}

// mountVolumes tries until all volumes are there, which may wait for a ConfigMap or Secret.
func (w *worker) mountVolumes(ctx context.Context) bool {
	reported := ""
	for {
		err := w.makeVolumes(ctx, func(corev1.Volume) bool { return true })
		if err == nil {
			return true
		}
		if text := err.Error(); text != reported && ctx.Err() == nil {
			reported = text
			w.event(corev1.EventTypeWarning, "FailedMount", "%v", err)
		}
		if !sleep(ctx, volumeRetry) {
			return false
		}
	}
}

func (w *worker) makeVolumes(ctx context.Context, which func(corev1.Volume) bool) error {
	paths := map[string]string{}
	for _, volume := range w.pod.Spec.Volumes {
		if !which(volume) {
			continue
		}
		path, err := w.node.volume(ctx, w.pod, volume)
		if err != nil {
			return err
		}
		paths[volume.Name] = path
	}
	if w.volumes == nil {
		w.volumes = paths
	}
	return nil
}

func (w *worker) refreshVolumes(ctx context.Context) {
	for sleep(ctx, volumeRefresh) {
		if err := w.makeVolumes(ctx, live); err != nil && ctx.Err() == nil {
			w.event(corev1.EventTypeWarning, "FailedMount", "%v", err)
		}
	}
}
