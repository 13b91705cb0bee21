package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	externalmetrics "k8s.io/metrics/pkg/client/external_metrics"
)

const (
	answeredWithin = 4 * time.Minute
	askAgainAfter  = 2 * time.Second
	readsAtOnce    = 100
)

// question is one that an HPA may ask.
type question struct {
	namespace, metric string
	selector          labels.Set
	check             func(value float64) error // refuses wrong answers; nil takes any
}

func (q question) String() string {
	return fmt.Sprintf("%s of %s in %s", q.metric, q.selector, q.namespace)
}

// read asks once.
func (q question) read(client externalmetrics.ExternalMetricsClient) (float64, error) {
	list, err := client.NamespacedMetrics(q.namespace).List(q.metric, labels.SelectorFromSet(q.selector))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", q, err)
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("%s: %d values in place of one", q, len(list.Items))
	}
	return list.Items[0].Value.AsApproximateFloat64(), nil
}

// askAll asks each question until there is an answer: what is new has to be polled first, and some of it for a while.
func askAll(ctx context.Context, server *rest.Config, questions []question) error {
	client, err := externalmetrics.NewForConfig(server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answeredWithin, fmt.Errorf("not within %s", answeredWithin))
	defer cancel()
	for {
		unanswered, last, err := askOnce(ctx, client, questions)
		if err != nil || len(unanswered) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("answers to all questions: %w; %d are without, such as %w", context.Cause(ctx), len(unanswered), last)
		case <-time.After(askAgainAfter):
			questions = unanswered
		}
	}
}

// askOnce returns the questions without an answer, and why the last of them has none. A wrong answer is an error.
func askOnce(ctx context.Context, client externalmetrics.ExternalMetricsClient, questions []question) (unanswered []question, last, err error) {
	var mu sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(readsAtOnce)
	for _, q := range questions {
		all.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			value, err := q.read(client)
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				unanswered, last = append(unanswered, q), err
				return nil
			}
			if q.check == nil {
				return nil
			}
			return q.check(value)
		})
	}
	err = all.Wait()
	return unanswered, last, err
}
