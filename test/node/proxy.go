package node

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
)

// listenRetry is how long an address waits that could not be listened on.
const listenRetry = 5 * time.Second

// proxy answers at the addresses of Services and keeps the names of Services up to date, until ctx ends. It is a
// kube-proxy in user space: a Service without ready pods refuses connections.
func (n *Node) proxy(ctx context.Context) {
	open := map[string]*frontend{}
	defer func() {
		for _, f := range open {
			f.close()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.changed:
		}
		services, pods := n.snapshot()
		if err := n.writeHosts(services, pods); err != nil {
			klog.FromContext(ctx).Error(err, "The names of Services were not written")
		}
		wanted := routes(services, pods, func(ip string) bool { return strings.HasPrefix(ip, n.opts.Network+".") })
		for address, f := range open {
			if len(wanted[address]) == 0 {
				f.close()
				delete(open, address)
			}
		}
		for address, backends := range wanted {
			if f, ok := open[address]; ok {
				f.backends.Store(&backends)
				continue
			}
			f, err := listen(ctx, address, backends)
			if err != nil {
				klog.FromContext(ctx).Error(err, "A Service is not proxied", "address", address)
				time.AfterFunc(listenRetry, n.poke)
				continue
			}
			open[address] = f
		}
	}
}

// snapshot is all Services and pods, in a lasting order.
func (n *Node) snapshot() ([]*corev1.Service, []*corev1.Pod) {
	// A lister over an informer's memory has no way to fail.
	services, _ := n.services.List(labels.Everything())
	pods, _ := n.pods.List(labels.Everything())
	slices.SortFunc(services, func(a, b *corev1.Service) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	slices.SortFunc(pods, func(a, b *corev1.Pod) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return services, pods
}

func (n *Node) hostsFile(namespace string) string {
	return filepath.Join(n.opts.Dir, "hosts", namespace)
}

// writeHosts writes the file of each namespace that has pods. A reader sees the old file or the new one.
func (n *Node) writeHosts(services []*corev1.Service, pods []*corev1.Pod) error {
	machine, err := os.Hostname()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.hostsFile(""), 0o755); err != nil {
		return err
	}
	done := map[string]bool{}
	for _, pod := range pods {
		if done[pod.Namespace] {
			continue
		}
		done[pod.Namespace] = true
		file := n.hostsFile(pod.Namespace)
		if err := os.WriteFile(file+".next", []byte(hosts(pod.Namespace, machine, services, pods)), 0o644); err != nil {
			return err
		}
		if err := os.Rename(file+".next", file); err != nil {
			return err
		}
	}
	return nil
}

// frontend is one address of a Service.
type frontend struct {
	listener net.Listener
	backends atomic.Pointer[[]string]
	turn     atomic.Uint64
}

func listen(ctx context.Context, address string, backends []string) (*frontend, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	f := &frontend{listener: listener}
	f.backends.Store(&backends)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go f.serve(ctx, client)
		}
	}()
	return f, nil
}

func (f *frontend) close() { f.listener.Close() }

// serve joins a connection to the next backend, until either side or the node ends it.
func (f *frontend) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	backends := *f.backends.Load()
	backend, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", backends[f.turn.Add(1)%uint64(len(backends))])
	if err != nil {
		return
	}
	defer backend.Close()
	stop := context.AfterFunc(ctx, func() { client.Close(); backend.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { forward(backend, client) })
	both.Go(func() { forward(client, backend) })
	both.Wait()
}

// forward copies till the end of from, and passes the end on, so that half-closed connections work.
func forward(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if tcp, ok := to.(*net.TCPConn); ok && err == nil {
		_ = tcp.CloseWrite()
		return
	}
	to.Close()
	from.Close()
}
