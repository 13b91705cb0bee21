package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	externalmetrics "k8s.io/metrics/pkg/client/external_metrics"

	"github.com/flink-hpa/flink-hpa/test/bed"
	"github.com/flink-hpa/flink-hpa/test/process"
)

const (
	askedGroups  = 1000
	roundsServed = 5 // before memory is read
	readsAtOnce  = 50
	adapterReady = time.Minute
	noGroups     = "before any group was asked for"
)

// AdapterMemory measures the memory of the adapter itself, all of it, beside a bed's own: first idle, then with groups that
// are polled because somebody asked for them.
func AdapterMemory(ctx context.Context, b *bed.Bed, root string) (results []Result, err error) {
	c, err := startCluster()
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.addGroups(ctx, askedGroups); err != nil {
		return nil, err
	}
	p, client, err := startAdapter(ctx, b, filepath.Join(root, ".cache", "bin", "adapter"), c.addrs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Stop(5*time.Second)) }()
	idle, err := residentMemory(p.PID())
	if err != nil {
		return nil, err
	}
	if err := readAll(ctx, client); err != nil {
		return nil, fmt.Errorf("%w; the adapter's log is in %s", err, b.Logs)
	}
	if err := c.waitForRounds(ctx, roundsServed); err != nil {
		return nil, err
	}
	asked, err := residentMemory(p.PID())
	if err != nil {
		return nil, err
	}
	b.Line("\nThe adapter's memory at its peak: %.0f MiB idle, %.0f MiB with %d consumer groups.", idle, asked, askedGroups)
	return []Result{{
		Name: "adapter_rss_mib", Case: fmt.Sprintf("groups=%d", askedGroups), Unit: "MiB", Value: asked, Baseline: &idle, BaselineName: noGroups,
	}}, nil
}

// startAdapter runs the adapter as a program of its own, and returns when it answers, with what a client of it needs.
func startAdapter(ctx context.Context, b *bed.Bed, program string, brokers []string) (_ *process.Process, _ *rest.Config, err error) {
	config := filepath.Join(b.Dir("bench"), "adapter.yaml")
	text := fmt.Sprintf("kafka: {clusters: [{name: bench, namespaces: ['*'], bootstrapServers: ['%s']}]}\n", strings.Join(brokers, "', '"))
	if err := errors.Join(os.MkdirAll(filepath.Dir(config), 0o755), os.WriteFile(config, []byte(text), 0o644)); err != nil {
		return nil, nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	p, err := process.Start(process.Spec{
		Path: program, Log: filepath.Join(b.Logs, "bench-adapter.log"), Dir: filepath.Dir(config),
		Args: []string{"--config=" + config, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--cert-dir=" + b.Dir("bench")},
		Env:  []string{"KUBECONFIG=" + b.Kubeconfig, bed.Variable + "=" + b.Dir("")},
	})
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Stop(0))
		}
	}()
	conf := rest.CopyConfig(b.Config)
	conf.Host, conf.QPS = fmt.Sprintf("https://127.0.0.1:%d", port), -1
	conf.CAData, conf.CAFile, conf.Insecure = nil, "", true // it made its certificate itself, a moment ago
	client, err := discovery.NewDiscoveryClientForConfig(conf)
	if err != nil {
		return nil, nil, err
	}
	err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, adapterReady, true, func(ctx context.Context) (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("the adapter ended with code %d; its log is in %s", p.Exit().Code, b.Logs)
		default:
			return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
		}
	})
	return p, conf, err
}

// readAll asks for each group's lag until the adapter has it: at first, when all are new, a few may have to ask again.
func readAll(ctx context.Context, conf *rest.Config) error {
	client, err := externalmetrics.NewForConfig(conf)
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(readsAtOnce)
	for group := range askedGroups {
		all.Go(func() error {
			selector := labels.SelectorFromSet(labels.Set{"group": groupName(group)})
			var last error
			err := wait.PollUntilContextTimeout(ctx, time.Second, adapterReady, true, func(context.Context) (bool, error) {
				var list *v1beta1.ExternalMetricValueList
				if list, last = client.NamespacedMetrics(namespace).List("kafka_consumergroup_lag", selector); last != nil {
					return false, nil
				}
				if len(list.Items) != 1 {
					return false, fmt.Errorf("group %s: %d values in place of one", groupName(group), len(list.Items))
				}
				return true, check(groupName(group), list.Items[0].Value.Value(), nil)
			})
			return errors.Join(err, last)
		})
	}
	return all.Wait()
}

// waitForRounds returns when the brokers have seen that many more polls of all groups.
func (c *cluster) waitForRounds(ctx context.Context, rounds int) error {
	c.take()
	requests := 0
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, adapterReady, false, func(context.Context) (bool, error) {
		requests += c.take().requests
		return requests >= rounds*2*brokers, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %d polls, after %d requests: %w", rounds, requests, err)
	}
	return nil
}

// freePort is a port that was free a moment ago.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}
