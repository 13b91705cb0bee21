package webhook

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/internal/events"
)

const (
	// ReasonSettings is the reason of the Event that tells what is wrong with a Flink pod.
	ReasonSettings = "FlinkSettings"
	// newsFor is for how long after its creation a pod is told of: as long as API servers keep Events (their flag --event-ttl).
	// Within it the Event's name keeps us from telling twice, and an older pod was told of when it was new.
	newsFor = time.Hour
)

// teller writes one Event for a pod.
type teller struct{ events.Writer }

// tell writes what is wrong with pod.
func (t teller) tell(ctx context.Context, pod *corev1.Pod, problems []string) error {
	if len(problems) == 0 || t.Clock.Since(pod.CreationTimestamp.Time) > newsFor {
		return nil
	}
	return t.Write(ctx, events.Event{
		Regarding: corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
		},
		Type: corev1.EventTypeWarning, Reason: ReasonSettings, Action: "Check", Note: note(problems), Once: true,
	})
}

// note is as many of the problems as fit, at least the start of the first one, and how many more there are.
func note(problems []string) string {
	for n := len(problems); n > 1; n-- {
		text := strings.Join(problems[:n], "\n")
		if left := len(problems) - n; left > 0 {
			text += fmt.Sprintf("\n%d more", left)
		}
		if len(text) <= events.MaxNote {
			return text
		}
	}
	return strings.ToValidUTF8(problems[0][:min(len(problems[0]), events.MaxNote)], "")
}
