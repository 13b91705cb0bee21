//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
)

// The last of these tests: files are taken by name.
func TestWhenItIsRemovedNothingIsLeftAndTheJobGoesOn(t *testing.T) {
	holdAt(t, 2)
	if _, err := cluster.Run(t.Context(), "delete", "-k", cluster.Overlay("default"), "--timeout=2m"); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "nothing of flink-hpa is left", func(ctx context.Context) error {
		left, err := leftovers(ctx)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("left: %s", strings.Join(left, ", "))
		}
		return err
	})
	eventually(t, time.Minute, "the HPA says that nobody answers", scalingInactive(lagMetric))
	if err := runsAt(2)(t.Context()); err != nil {
		t.Error(err)
	}
	if err := wants(2, 2)(t.Context()); err != nil {
		t.Error(err)
	}
}

// leftovers are the objects that flink-hpa's manifests and programs made, of all kinds that there are. What a user made for a job is none.
func leftovers(ctx context.Context) ([]string, error) {
	client, err := metadata.NewForConfig(cluster.Config)
	if err != nil {
		return nil, err
	}
	kinds, err := discovery.ServerPreferredResources(cluster.Client.Discovery())
	if err != nil {
		return nil, fmt.Errorf("which kinds of objects there are: %w", err)
	}
	var left []string
	for _, group := range kinds {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, kind := range group.APIResources {
			if !slices.Contains(kind.Verbs, "list") || kind.Name == "events" { // which tell what was, and go by themselves
				continue
			}
			objects, err := client.Resource(version.WithResource(kind.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", kind.Name, err)
			}
			for _, object := range objects.Items {
				made := object.Labels["app.kubernetes.io/part-of"] == "flink-hpa" || strings.HasPrefix(object.Name, "flink-hpa") || object.Namespace == hpaNamespace
				if made && (object.Namespace == "" || object.Namespace == hpaNamespace || object.Namespace == metav1.NamespaceSystem) {
					left = append(left, kind.Name+" "+object.Namespace+"/"+object.Name)
				}
			}
		}
	}
	return left, nil
}
