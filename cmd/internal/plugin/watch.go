package plugin

import (
	"context"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// pause is how long changes that come together are waited for before the table is written again.
const pause = time.Second

// watch writes the table, and again whenever an HPA changes, until ctx ends.
func (a asker) watch(ctx context.Context, namespace string, out io.Writer) error {
	if _, err := a.hpas(ctx, namespace); err != nil { // said at once, where a watch would try again
		return err
	}
	changed := make(chan struct{}, 1)
	tell := func() {
		select {
		case changed <- struct{}{}:
		default: // it is going to be looked at anyway
		}
	}
	factory := informers.NewSharedInformerFactoryWithOptions(a.client, 0, informers.WithNamespace(namespace))
	if _, err := factory.Autoscaling().V2().HorizontalPodAutoscalers().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { tell() }, UpdateFunc: func(any, any) { tell() }, DeleteFunc: func(any) { tell() },
	}); err != nil {
		return fmt.Errorf("watch the HPAs: %w", err)
	}
	factory.StartWithContext(ctx)
	tell() // for a namespace without any
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		settled := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			settled.Stop()
			return nil
		case <-settled.C:
		}
		if _, err := fmt.Fprintf(out, "\n%s\n", time.Now().Format(time.TimeOnly)); err != nil {
			return err
		}
		if err := a.status(ctx, namespace, out); err != nil && ctx.Err() == nil {
			return err
		}
	}
}
