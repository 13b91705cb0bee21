package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probeContainer runs the container's probes until ctx ends. The channel gets one value when the container must be
// restarted: its startup or liveness probe has failed.
func (w *worker) probeContainer(ctx context.Context, c *containerStatus, spec prepared) <-chan struct{} {
	unhealthy := make(chan struct{}, 1)
	restart := func(ok bool) bool {
		if !ok {
			unhealthy <- struct{}{}
		}
		return ok
	}
	go func() {
		if probe := c.spec.StartupProbe; probe != nil {
			passed := false
			w.probe(ctx, c, "Startup", probe, spec, func(ok bool) bool {
				passed = restart(ok)
				return false
			})
			if !passed {
				return
			}
			w.update(c, func(c *containerStatus) { c.started, c.ready = true, c.spec.ReadinessProbe == nil })
		}
		if probe := c.spec.LivenessProbe; probe != nil {
			go w.probe(ctx, c, "Liveness", probe, spec, restart)
		}
		if probe := c.spec.ReadinessProbe; probe != nil {
			w.probe(ctx, c, "Readiness", probe, spec, func(ok bool) bool {
				w.update(c, func(c *containerStatus) { c.ready = ok && c.started })
				return true
			})
		}
	}()
	return unhealthy
}

// probe asks again and again, and calls turn whenever the thresholds say that the answer has changed; the first answer
// is a change. It goes on until ctx ends or turn returns false.
func (w *worker) probe(ctx context.Context, c *containerStatus, kind string, probe *corev1.Probe, spec prepared, turn func(ok bool) bool) {
	if !sleep(ctx, time.Duration(probe.InitialDelaySeconds)*time.Second) {
		return
	}
	inRow, last, reported := int32(0), false, (*bool)(nil)
	for {
		err := w.ask(ctx, c, probe, spec)
		if ctx.Err() != nil {
			return
		}
		ok := err == nil
		if !ok {
			w.event(corev1.EventTypeWarning, "Unhealthy", "%s probe failed: %v", kind, err)
		}
		if ok != last {
			inRow = 0
		}
		inRow, last = inRow+1, ok
		enough := ok && inRow >= probe.SuccessThreshold || !ok && inRow >= probe.FailureThreshold
		if enough && (reported == nil || *reported != ok) {
			reported = &ok
			if !turn(ok) {
				return
			}
		}
		if !sleep(ctx, time.Duration(probe.PeriodSeconds)*time.Second) {
			return
		}
	}
}

// ask does one probe.
func (w *worker) ask(ctx context.Context, c *containerStatus, probe *corev1.Probe, spec prepared) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(probe.TimeoutSeconds)*time.Second)
	defer cancel()
	switch {
	case probe.HTTPGet != nil:
		return w.askHTTP(ctx, c, probe.HTTPGet)
	case probe.TCPSocket != nil:
		address := net.JoinHostPort(orElse(probe.TCPSocket.Host, w.address), portOf(&c.spec, probe.TCPSocket.Port))
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	case probe.Exec != nil:
		return w.askExec(ctx, c, probe.Exec.Command, spec)
	}
	return fmt.Errorf("this node knows httpGet, tcpSocket and exec alone")
}

func (w *worker) askHTTP(ctx context.Context, c *containerStatus, get *corev1.HTTPGetAction) error {
	scheme := strings.ToLower(orElse(string(get.Scheme), "http"))
	url := scheme + "://" + net.JoinHostPort(orElse(get.Host, w.address), portOf(&c.spec, get.Port)) + "/" + strings.TrimPrefix(get.Path, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for _, header := range get.HTTPHeaders {
		request.Header.Add(header.Name, header.Value)
	}
	// The kubelet doesn't verify either: a probe asks whether somebody answers.
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 400 {
		return fmt.Errorf("HTTP probe failed with statuscode: %d", answer.StatusCode)
	}
	return nil
}

func (w *worker) askExec(ctx context.Context, c *containerStatus, line []string, spec prepared) error {
	image, err := w.node.opts.Images.find(c.spec.Image)
	if err != nil {
		return err
	}
	line = slices.Clone(line)
	for i := range line {
		line[i] = spec.mounts.Rewrite(line[i])
	}
	if line, err = image.resolve(line); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Env, command.Dir = spec.Env, spec.Dir
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// portOf is the number of a port that may be given by its name.
func portOf(container *corev1.Container, port intstr.IntOrString) string {
	if port.Type == intstr.String {
		for _, p := range container.Ports {
			if p.Name == port.StrVal {
				return fmt.Sprint(p.ContainerPort)
			}
		}
	}
	return port.String()
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
