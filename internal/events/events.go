// Package events writes the Events of both programs.
package events

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
)

// Authors of Events, as a Writer's Controller.
const (
	Adapter = "flink-hpa.dev/adapter"
	Webhook = "flink-hpa.dev/webhook"
)

// MaxNote is what the API takes of an Event's note, in bytes.
const MaxNote = 1024

// Writer writes Events of one author. It needs create on events, in namespace default for objects without a namespace.
type Writer struct {
	Client     kubernetes.Interface
	Clock      clock.PassiveClock
	Controller string // which program: Adapter or Webhook
	Instance   string // which pod of it
}

// Event is what somebody should read about an object.
type Event struct {
	Regarding corev1.ObjectReference
	Type      string // corev1.EventTypeNormal or corev1.EventTypeWarning
	Reason    string // one word in CamelCase
	Action    string // what the author was doing, likewise
	Note      string // MaxNote bytes at most
	// Of is when what it tells of happened, where it may happen again; else the same note is written once.
	Of time.Time
	// Once has one Event written about the object, whatever it says.
	Once bool
}

// name is made of the object and of what is said, so that another replica, or this one after a restart, finds the Event there and writes
// no second one.
func (e Event) name() string {
	name := "flink-hpa." + string(e.Regarding.UID)
	if e.Once {
		return name
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(e.Note)) // never fails
	if !e.Of.IsZero() {
		_, _ = hash.Write([]byte(e.Of.UTC().Format(time.RFC3339Nano)))
	}
	return fmt.Sprintf("%s.%08x", name, hash.Sum32())
}

// Write writes the Event, unless it is there already.
func (w Writer) Write(ctx context.Context, e Event) error {
	about := e.Regarding
	namespace := about.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: namespace, Name: e.name()},
		EventTime:           metav1.NewMicroTime(w.Clock.Now()),
		ReportingController: w.Controller,
		ReportingInstance:   w.Instance,
		Type:                e.Type,
		Reason:              e.Reason,
		Action:              e.Action,
		Note:                e.Note,
		Regarding:           about,
	}
	_, err := w.Client.EventsV1().Events(namespace).Create(ctx, event, metav1.CreateOptions{})
	if err == nil || apierrors.IsAlreadyExists(err) {
		return nil
	}
	if about.Namespace != "" {
		return fmt.Errorf("write the Event of %s %s/%s: %w", about.Kind, about.Namespace, about.Name, err)
	}
	return fmt.Errorf("write the Event of %s %s: %w", about.Kind, about.Name, err)
}
