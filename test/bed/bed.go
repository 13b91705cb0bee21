package bed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"

	"github.com/flink-hpa/flink-hpa/test/node"
	"github.com/flink-hpa/flink-hpa/test/progress"
)

// Variable marks every process of a bed: its value is the folder of the bed's state.
const Variable = "FLINKHPA_BED"

// Options say which bed to make.
type Options struct {
	Root  string    // the checkout
	State string    // folder of this bed alone; what an earlier bed left there is removed
	Out   io.Writer // gets the progress
	// Profiles are the webhook's, instead of those in the manifests; see docs/webhook.md. Empty: the manifests'.
	Profiles string
	// Memory is flink.memory of the adapter's configuration, in YAML's flow style. Empty: as it is by default.
	Memory string
}

// Bed is a running bed.
type Bed struct {
	Kubeconfig string // file, for an administrator
	Kubectl    string // program
	Logs       string // folder: control plane as COMPONENT.log, pods as NAMESPACE/POD/CONTAINER.log
	Kafka      string // bootstrap address of the broker
	Config     *rest.Config
	Client     kubernetes.Interface

	layout    layout
	profiles  string
	memory    string
	lock      *os.File // on the state
	network   network
	progress  *progress.Log
	processes []component
	node      sync.WaitGroup
	stopNode  context.CancelFunc
}

// Start brings a bed up and returns when all of it is ready. A bed that could not be brought up leaves nothing behind.
// End it with Stop, also when ctx has ended.
func Start(ctx context.Context, opts Options) (_ *Bed, err error) {
	l, err := newLayout(opts.Root, opts.State)
	if err != nil {
		return nil, err
	}
	b := &Bed{
		Kubectl: l.bin("kubectl"), Logs: filepath.Join(l.state, "logs"),
		layout: l, profiles: opts.Profiles, memory: opts.Memory, progress: progress.New(opts.Out), stopNode: func() {},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Stop())
		}
	}()
	if err := b.locked(func() error { return b.build(ctx) }); err != nil {
		return nil, err
	}
	if b.lock, err = claimState(ctx, l.state); err != nil {
		return nil, err
	}
	if b.network, err = claimNetwork(l.state); err != nil {
		return nil, err
	}
	b.Kafka = b.network.service(kafkaAddress) + ":9092"
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"start the control plane and the node", func(ctx context.Context) error {
			if err := b.startControlPlane(ctx); err != nil {
				return err
			}
			return b.startNode(ctx)
		}},
		{"install Kafka and flink-hpa", b.install},
	} {
		if err := b.progress.Step(step.name, func() error { return step.do(ctx) }); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Stop ends every process of the bed, pods first.
func (b *Bed) Stop() error {
	b.stopNode()
	b.node.Wait()
	var errs []error
	for _, p := range slices.Backward(b.processes) {
		errs = append(errs, p.Stop(stopWithin))
	}
	if b.network.claim != nil {
		errs = append(errs, b.network.claim.Close())
	}
	if b.lock != nil {
		errs = append(errs, b.lock.Close())
	}
	b.progress.Close()
	return errors.Join(errs...)
}

// Step runs part of what the bed is for, with its progress shown.
func (b *Bed) Step(name string, do func() error) error { return b.progress.Step(name, do) }

// Line shows a line between the steps.
func (b *Bed) Line(format string, args ...any) { b.progress.Line(format, args...) }

// Dir is where a file or folder of the bed's state lies.
func (b *Bed) Dir(name string) string { return filepath.Join(b.layout.state, name) }

// locked builds or fetches something while no other bed of the checkout does.
func (b *Bed) locked(do func() error) error {
	if err := os.MkdirAll(b.layout.bin(""), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(b.layout.cache, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if !tryLock(lock) {
		err := b.progress.Step("wait for another build in this checkout", func() error {
			return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		})
		if err != nil {
			return err
		}
	}
	return do()
}

// startNode runs the node in this process. It lives until Stop, not until ctx ends, so that pods end in order.
func (b *Bed) startNode(ctx context.Context) error {
	n := node.New(b.Client, node.Options{
		Name: "local", Network: b.network.prefix, HostIP: b.network.host(),
		Dir: filepath.Join(b.layout.state, "node"), Logs: b.Logs, Server: b.network.url(apiserverPort),
		Capacity: capacity(), Images: b.images(), Env: map[string]string{Variable: b.layout.state},
		Backoff: 10 * time.Second,
	})
	log, err := os.Create(b.layout.log("node"))
	if err != nil {
		return err
	}
	logger := textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(log)))
	running, stop := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), logger))
	b.stopNode = stop
	ready, failed := make(chan struct{}), make(chan error, 1)
	b.node.Go(func() {
		defer log.Close()
		if err := n.Run(running, func() { close(ready) }); err != nil {
			failed <- err
		}
	})
	select {
	case <-ready:
		return nil
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until asks again and again till check is content, at most for limit. The error says what was waited for and what was
// wrong at last; it comes at once when a part of the control plane has ended.
func (b *Bed) until(ctx context.Context, limit time.Duration, what string, check func(context.Context) error) error {
	const every = 200 * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not within %s", limit))
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		for _, p := range b.processes {
			select {
			case <-p.Done():
				return fmt.Errorf("wait until %s: a part of the control plane ended with code %d; its log is in %s", what, p.Exit().Code, b.Logs)
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w; at last: %w; logs are in %s", what, context.Cause(ctx), err, b.Logs)
		case <-time.After(every):
		}
	}
}
