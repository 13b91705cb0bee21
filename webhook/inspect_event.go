package webhook

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
)

const (
	// eventController is the author of our Events.
	eventController = "flink-hpa.dev/webhook"
	// ReasonSettings is the reason of the Event that tells what is wrong with a Flink pod.
	ReasonSettings = "FlinkSettings"
	// newsFor is for how long after its creation a pod is told of: as long as API servers keep Events (their flag --event-ttl).
	// Within it the Event's name keeps us from telling twice, and an older pod was told of when it was new.
	newsFor = time.Hour
	// maxNote is what the API takes of an Event's note, in bytes.
	maxNote = 1024
)

// teller writes one Event for a pod.
type teller struct {
	client   kubernetes.Interface
	clock    clock.PassiveClock
	instance string
}

// tell writes what is wrong with pod into an Event, whose name is made of the pod's UID: another replica, or this one after a
// restart, finds it there.
func (t teller) tell(ctx context.Context, pod *corev1.Pod, problems []string) error {
	now := t.clock.Now()
	if len(problems) == 0 || now.Sub(pod.CreationTimestamp.Time) > newsFor {
		return nil
	}
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: pod.Namespace, Name: "flink-hpa." + string(pod.UID)},
		EventTime:           metav1.NewMicroTime(now),
		ReportingController: eventController,
		ReportingInstance:   t.instance,
		Type:                corev1.EventTypeWarning,
		Reason:              ReasonSettings,
		Action:              "Check",
		Note:                note(problems),
		Regarding: corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
		},
	}
	_, err := t.client.EventsV1().Events(pod.Namespace).Create(ctx, event, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("write the Event of Pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}

// note is as many of the problems as fit, at least the start of the first one, and how many more there are.
func note(problems []string) string {
	for n := len(problems); n > 1; n-- {
		text := strings.Join(problems[:n], "\n")
		if left := len(problems) - n; left > 0 {
			text += fmt.Sprintf("\n%d more", left)
		}
		if len(text) <= maxNote {
			return text
		}
	}
	return strings.ToValidUTF8(problems[0][:min(len(problems[0]), maxNote)], "")
}
