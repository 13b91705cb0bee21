// Package events writes the Events of both programs.
package events

import (
	"context"
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"
)

// MaxNote is what the API takes of an Event's note, in bytes.
const MaxNote = 1024

// Writer writes Events of one author. It needs create on events, in namespace default for objects without a namespace.
type Writer struct {
	Client     kubernetes.Interface
	Clock      clock.PassiveClock
	Controller string // which program, as PREFIX/NAME
	Instance   string // which pod of it
}

// Warning is what somebody should read about an object.
type Warning struct {
	Regarding corev1.ObjectReference
	Reason    string // one word in CamelCase
	Action    string // what the author was doing, likewise
	Note      string // MaxNote bytes at most
	// Once has one Event written about the object, whatever it says; otherwise each note has one.
	Once bool
}

// Warn writes the Event. Its name is made of the object and of what it says, so that another replica, or this one after a restart, finds
// it there and writes no second one.
func (w Writer) Warn(ctx context.Context, warning Warning) error {
	about := warning.Regarding
	namespace := about.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	name := "flink-hpa." + string(about.UID)
	if !warning.Once {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(warning.Note)) // never fails
		name = fmt.Sprintf("%s.%08x", name, hash.Sum32())
	}
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: namespace, Name: name},
		EventTime:           metav1.NewMicroTime(w.Clock.Now()),
		ReportingController: w.Controller,
		ReportingInstance:   w.Instance,
		Type:                corev1.EventTypeWarning,
		Reason:              warning.Reason,
		Action:              warning.Action,
		Note:                warning.Note,
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
