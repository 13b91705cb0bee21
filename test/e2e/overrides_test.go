//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/test/bed"
)

// The annotation of the sample's JobManager is made to claim what the job doesn't run with, as after an image whose entrypoint
// overrides it.
func TestTheAdapterTellsWhatIsNotInForce(t *testing.T) {
	holdAt(t, 1)
	pod, err := podOf(t.Context(), bed.SampleNamespace, "component=jobmanager")
	if err != nil {
		t.Fatal(err)
	}
	annotate := func(ctx context.Context, injected string) {
		t.Helper()
		if _, err := cluster.Run(ctx, "annotate", "--overwrite", "pod", "-n", pod.Namespace, pod.Name, "flink-hpa.dev/injected="+injected); err != nil {
			t.Fatal(err)
		}
	}
	injected := pod.Annotations["flink-hpa.dev/injected"]
	t.Cleanup(func() { annotate(context.WithoutCancel(t.Context()), injected) })
	annotate(t.Context(), injected+",heartbeat.timeout=9999")
	holdAt(t, 2) // what is in force is compared once in each epoch of a job
	eventually(t, time.Minute, "the pod has an Event that tells it", func(ctx context.Context) error {
		if _, err := raw(ctx, bed.SampleNamespace, busyMetric, "app%3Dflink%2Ccomponent%3Djobmanager"); err != nil && ctx.Err() != nil {
			return err
		} // asked for, so polled; whether there is a ratio yet is another matter
		events, err := cluster.Client.EventsV1().Events(pod.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, event := range events.Items {
			if event.Regarding.UID == pod.UID && event.Reason == "FlinkSettingsNotInForce" &&
				strings.Contains(event.Note, `heartbeat.timeout=9999 is injected, and "8000" in force`) {
				return nil
			}
		}
		return fmt.Errorf("none of its %d Events does", len(events.Items))
	})
}
