package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	externalmetrics "k8s.io/metrics/pkg/client/external_metrics"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

const (
	readBlocks     = 6    // of each of the two, by turns
	readsInBlock   = 1000 // that count
	readsUncounted = 100  // before them
	switchedWithin = time.Minute
)

// readByTurns has the two serve external metrics by turns, and reads.
func readByTurns(ctx context.Context, b *bed.Bed, ours, baseline *server) (t timings, err error) {
	unlimited := rest.CopyConfig(b.Config)
	unlimited.QPS = -1
	client, err := externalmetrics.NewForConfig(unlimited)
	if err != nil {
		return t, err
	}
	r := registration{bed: b, client: client}
	// An adapter that keeps its CA in the APIService would contend for it.
	if _, err := b.Run(ctx, "scale", "deployment", "-n", "flink-hpa", "flink-hpa-adapter", "--replicas=0"); err != nil {
		return t, err
	}
	for range readBlocks {
		for _, turn := range []struct {
			of    *server
			value float64
			to    *[]float64
		}{{baseline, float64(theConstant), &t.without}, {ours, lag, &t.with}} {
			if err := r.serve(ctx, turn.of, turn.value); err != nil {
				return t, err
			}
			took, err := r.read(turn.value)
			if err != nil {
				return t, err
			}
			*turn.to = append(*turn.to, took...)
		}
	}
	return t, nil
}

// registration is which server the API server asks for external metrics.
type registration struct {
	bed    *bed.Bed
	client externalmetrics.ExternalMetricsClient
}

// serve has a server asked from now on, and returns when its value comes.
func (r registration) serve(ctx context.Context, s *server, value float64) error {
	name := fmt.Sprintf("port-%d", s.port)
	for _, args := range [][]string{
		{"delete", "service", "-n", "flink-hpa", name, "--ignore-not-found"},
		// What has no endpoints can be named by its address.
		{"create", "service", "externalname", "-n", "flink-hpa", name, "--external-name=127.0.0.1", fmt.Sprintf("--tcp=%d", s.port)},
		{"patch", "apiservice", "v1beta1.external.metrics.k8s.io", "--type=merge", "-p", fmt.Sprintf(
			`{"spec": {"caBundle": null, "insecureSkipTLSVerify": true, "service": {"namespace": "flink-hpa", "name": %q, "port": %d}}}`, name, s.port)},
	} {
		if _, err := r.bed.Run(ctx, args...); err != nil {
			return err
		}
	}
	last := errors.New("nothing was read")
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, switchedWithin, true, func(context.Context) (bool, error) {
		var got float64
		got, last = lagQuestions(1)[0].read(r.client)
		if last == nil && got != value {
			last = fmt.Errorf("the value is still %v", got)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the value %v through the API server: %w: %w", value, err, last)
	}
	return nil
}

// read reads a block, and returns how long each read took that counts, in milliseconds. Every value must be the one expected.
func (r registration) read(value float64) ([]float64, error) {
	q := lagQuestions(1)[0]
	var took []float64
	for i := range readsUncounted + readsInBlock {
		start := time.Now()
		got, err := q.read(r.client)
		ms := milliseconds(time.Since(start))
		if err != nil {
			return nil, err
		}
		if got != value {
			return nil, fmt.Errorf("%s is %v in place of %v", q, got, value)
		}
		if i >= readsUncounted {
			took = append(took, ms)
		}
	}
	return took, nil
}
