package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/process"
)

// The kubelet's: a container that ran this long starts with a fresh back-off, which never exceeds the maximum.
const (
	backoffReset = 10 * time.Minute
	backoffMax   = 5 * time.Minute
)

// restartOf says whether a container that ended with a code starts again.
func restartOf(policy corev1.RestartPolicy, init bool) func(code int) bool {
	return func(code int) bool {
		switch policy {
		case corev1.RestartPolicyNever:
			return false
		case corev1.RestartPolicyOnFailure:
			return code != 0
		}
		return !init || code != 0
	}
}

// runContainer starts the container, and again after it ended where restart says so, until ctx ends.
func (w *worker) runContainer(ctx context.Context, c *containerStatus, restart func(code int) bool) {
	backoff := time.Duration(0)
	for ctx.Err() == nil {
		started := time.Now()
		code, err := w.runOnce(ctx, c)
		again := err != nil || restart(code)
		if !again || ctx.Err() != nil {
			w.update(c, func(c *containerStatus) { c.final = true })
			return
		}
		if time.Since(started) > backoffReset {
			backoff = 0
		}
		if backoff > 0 {
			w.event(corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s", c.spec.Name)
			w.waitFor(c, "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s", backoff, c.spec.Name), err)
			if !sleep(ctx, backoff) {
				break
			}
		}
		backoff = min(max(w.node.opts.Backoff, 2*backoff), backoffMax)
	}
	w.update(c, func(c *containerStatus) {
		if c.state.Terminated == nil && c.last.Terminated != nil {
			c.state = c.last
		}
		c.final = c.state.Terminated != nil
	})
}

// waitFor shows a container between two starts. When it could not be started at all, the reason of that is left to stand.
func (w *worker) waitFor(c *containerStatus, reason, message string, startError error) {
	if startError != nil {
		return
	}
	w.update(c, func(c *containerStatus) {
		c.last = c.state
		c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	})
}

// runOnce starts the container's process, probes it, and waits for its end; it ends it when ctx ends or a liveness
// probe fails. An error means that it was never started.
func (w *worker) runOnce(ctx context.Context, c *containerStatus) (int, error) {
	spec, reason, err := w.prepare(ctx, &c.spec)
	var running *process.Process
	if err == nil {
		reason = "RunContainerError"
		running, err = process.Start(spec.Spec)
	}
	if err != nil {
		w.event(corev1.EventTypeWarning, "Failed", "Error: %v", err)
		w.update(c, func(c *containerStatus) {
			c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: err.Error()}}
		})
		return 0, err
	}
	began := metav1.Now()
	w.event(corev1.EventTypeNormal, "Started", "Started container %s", c.spec.Name)
	w.update(c, func(c *containerStatus) {
		if c.state.Terminated != nil {
			c.last = c.state
		}
		if c.last.Terminated != nil {
			c.restarts++
		}
		c.state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}
		c.started = c.spec.StartupProbe == nil
		c.ready = c.started && c.spec.ReadinessProbe == nil
	})
	probing, stopProbing := context.WithCancel(ctx)
	defer stopProbing()
	unhealthy := w.probeContainer(probing, c, spec)
	select {
	case <-running.Done():
	case <-ctx.Done():
	case <-unhealthy:
		w.event(corev1.EventTypeNormal, "Killing", "Container %s failed liveness probe, will be restarted", c.spec.Name)
	}
	stopProbing()
	if ctx.Err() != nil {
		w.event(corev1.EventTypeNormal, "Killing", "Stopping container %s", c.spec.Name)
	}
	if err := running.Stop(w.graceNow(ctx)); err != nil {
		w.event(corev1.EventTypeWarning, "FailedKillPod", "%v", err)
	}
	exit := running.Exit()
	w.update(c, func(c *containerStatus) {
		c.ready, c.started = false, false
		c.state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: int32(exit.Code), Signal: int32(exit.Signal), Reason: endReason(exit.Code),
			StartedAt: began, FinishedAt: metav1.NewTime(exit.At),
		}}
	})
	return exit.Code, nil
}

// graceNow is what a process has between SIGTERM and SIGKILL: the pod's own period while it lives, the deletion's when
// it is deleted, little when the node stops.
func (w *worker) graceNow(ctx context.Context) time.Duration {
	if period := w.pod.Spec.TerminationGracePeriodSeconds; ctx.Err() == nil && period != nil {
		return time.Duration(*period) * time.Second
	}
	return time.Duration(w.grace.Load())
}

func endReason(code int) string {
	if code == 0 {
		return "Completed"
	}
	return "Error"
}
