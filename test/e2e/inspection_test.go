//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAPodHasOneEventThatTellsWhatIsWrong(t *testing.T) {
	namespace := admittingNamespace(t)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "wrong"},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"flink-hpa.dev/nowhere": "true"}, // it need not start
			Containers:   []corev1.Container{{Name: "jobmanager", Image: "flink:2.3.0", Args: []string{"standalone-job", "-Drestart-strategy=none"}}},
		},
	}
	created, err := namespace.client.CoreV1().Pods(namespace.name).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told := func(ctx context.Context) ([]eventsv1.Event, error) {
		list, err := namespace.client.EventsV1().Events(namespace.name).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		var ours []eventsv1.Event
		for _, event := range list.Items {
			if event.Reason == "FlinkSettings" && event.Regarding.UID == created.UID {
				ours = append(ours, event)
			}
		}
		return ours, nil
	}
	eventually(t, 30*time.Second, "the pod has its Event", func(ctx context.Context) error {
		events, err := told(ctx)
		if err == nil && (len(events) != 1 || !strings.Contains(events[0].Note, "restart-strategy is none")) {
			err = fmt.Errorf("the Events are %v", events)
		}
		return err
	})
	description, err := cluster.Run(t.Context(), "describe", "pod", "-n", namespace.name, created.Name)
	if err != nil || !strings.Contains(description, "restart-strategy is none") {
		t.Errorf("kubectl describe says %s, %v", description, err)
	}
	if _, err := cluster.Run(t.Context(), "rollout", "restart", "-n", hpaNamespace, "deployment/"+webhookName); err != nil {
		t.Fatal(err)
	}
	rolledOut(t.Context(), t)
	always(t, 5*time.Second, "another webhook tells no more", func(ctx context.Context) error {
		events, err := told(ctx)
		if err == nil && len(events) != 1 {
			err = fmt.Errorf("%d Events", len(events))
		}
		return err
	})
}
