package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/process"
)

const serverReady = time.Minute

// server is a metrics API server that runs as a program of its own beside a bed.
type server struct {
	*process.Process
	port   int
	client *rest.Config // of the server itself
}

// startAdapter runs the adapter with a configuration. What env adds is NAME=VALUE.
func startAdapter(ctx context.Context, b *bed.Bed, root, configuration string, env ...string) (*server, error) {
	file := filepath.Join(b.Dir("bench"), "adapter.yaml")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(configuration), 0o644)); err != nil {
		return nil, err
	}
	return startServer(ctx, b, "adapter", process.Spec{
		Path: filepath.Join(root, ".cache", "bin", "adapter"), Args: []string{"--config=" + file}, Env: append(env, "KUBECONFIG="+b.Kubeconfig),
	})
}

// startServer runs a server and returns when it is ready.
func startServer(ctx context.Context, b *bed.Bed, name string, spec process.Spec) (_ *server, err error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	spec.Dir, spec.Log = b.Dir(""), filepath.Join(b.Logs, "bench-"+name+".log")
	spec.Args = append(spec.Args, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--cert-dir="+filepath.Join(b.Dir("bench"), name))
	spec.Env = append(spec.Env, bed.Variable+"="+b.Dir(""))
	p, err := process.Start(spec)
	if err != nil {
		return nil, err
	}
	s := &server{Process: p, port: port, client: rest.CopyConfig(b.Config)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Stop(0))
		}
	}()
	s.client.Host, s.client.QPS = fmt.Sprintf("https://127.0.0.1:%d", port), -1
	s.client.CAData, s.client.CAFile, s.client.Insecure = nil, "", true // it made its certificate itself, a moment ago
	return s, wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, serverReady, true, func(ctx context.Context) (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("%s ended with code %d; its log is in %s", name, p.Exit().Code, b.Logs)
		default:
			_, err := s.get(ctx, "/readyz")
			return err == nil, nil
		}
	})
}

func (s *server) close() error { return s.Stop(5 * time.Second) }

func (s *server) get(ctx context.Context, path string) ([]byte, error) {
	client, err := discovery.NewDiscoveryClientForConfig(s.client)
	if err != nil {
		return nil, err
	}
	return client.RESTClient().Get().AbsPath(path).DoRaw(ctx)
}

// freePort is a port that was free a moment ago.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
