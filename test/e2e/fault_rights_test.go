//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/test/bed"
)

// ours selects what the manifests make.
const ours = "app.kubernetes.io/part-of=flink-hpa"

// It looks back at what all tests before it had the two programs do.
func TestWhenAllIsDoneEachRightHasBeenUsedAndNoneWasMissing(t *testing.T) {
	somethingWrong(t)
	apply(t, "scalingrule.yaml")
	eventually(t, time.Minute, "a ScalingRule has its status", ruleSays(func(status v1alpha1.ScalingRuleStatus) error {
		if status.Evaluated == nil {
			return fmt.Errorf("its status is %+v", status)
		}
		return nil
	}))
	askForMemory(t)
	used, refused := requests(t)
	for _, request := range refused {
		// Settings in a namespace whose owner has not bound the role to read them.
		if request != "flink-hpa-webhook: get configmaps" {
			t.Errorf("refused: %s", request)
		}
	}
	given := rights(t)
	if len(given) == 0 {
		t.Fatal("there are no rights")
	}
	for _, right := range given {
		// A client lists only where a server can't stream what there is at the beginning of a watch, as older ones can't.
		if !slices.Contains(used, right) && !slices.Contains(used, strings.Replace(right, ": list ", ": watch ", 1)) {
			t.Errorf("given, and never used: %s", right)
		}
	}
	t.Logf("used: %s", strings.Join(used, "; "))
}

// somethingWrong is a pod that the webhook tells of in an Event.
func somethingWrong(t *testing.T) {
	t.Helper()
	namespace := admittingNamespace(t)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "wrong", Annotations: map[string]string{"flink-hpa.dev/flink-version": "none"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "taskmanager", Image: "flink:2.3.0", Args: []string{"taskmanager"}}}},
	}
	if _, err := cluster.Client.CoreV1().Pods(namespace.name).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the webhook tells of the pod", func(ctx context.Context) error {
		events, err := cluster.Client.CoreV1().Events(namespace.name).List(ctx, metav1.ListOptions{FieldSelector: "reason=FlinkSettings"})
		if err == nil && len(events.Items) == 0 {
			err = fmt.Errorf("there is no Event")
		}
		return err
	})
}

// askForMemory has the TaskManagers of the sample's job ask for the memory that is advised.
func askForMemory(t *testing.T) {
	t.Helper()
	scaleOn(t, desiredTarget())
	label := []byte(`{"spec":{"template":{"metadata":{"labels":{"flink-hpa.dev/memory":"enabled"}}}}}`)
	deployments := cluster.Client.AppsV1().Deployments(bed.SampleNamespace)
	if _, err := deployments.Patch(t.Context(), bed.SampleTaskManager, types.StrategicMergePatchType, label, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, startsWithin, "the adapter keeps a MemoryAdvice", func(ctx context.Context) error {
		status, err := memoryOf(ctx, bed.SampleNamespace)
		if err == nil && status.Current == nil {
			err = fmt.Errorf("its status is %s", text(status))
		}
		return err
	})
}

// requests are the programs' so far, or those of some pods: the rights that they used, as `ROLE: VERB RESOURCE`, and what each was refused and never had, as
// `SERVICE ACCOUNT: VERB RESOURCE`. An API server that has just started refuses all until it knows the roles.
func requests(t *testing.T, of ...string) (used, refused []string) {
	t.Helper()
	file, err := os.Open(cluster.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	allowed := map[string]bool{}
	for lines.Scan() {
		var event struct {
			Verb string
			User struct {
				Username string
				Extra    map[string][]string
			}
			ObjectRef struct{ Resource, Subresource string }
			// The API server's own words: RBAC: allowed by RoleBinding "x/y" of Role "y" to ServiceAccount "z/x"
			Annotations map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if pod := event.User.Extra["authentication.kubernetes.io/pod-name"]; len(of) > 0 && (len(pod) != 1 || !slices.Contains(of, pod[0])) {
			continue
		}
		what := ": " + event.Verb + " " + event.ObjectRef.Resource
		if event.ObjectRef.Subresource != "" {
			what += "/" + event.ObjectRef.Subresource
		}
		who := strings.TrimPrefix(event.User.Username, "system:serviceaccount:flink-hpa:") + what
		switch event.Annotations["authorization.k8s.io/decision"] {
		case "allow":
			allowed[who] = true
			_, role, _ := strings.Cut(event.Annotations["authorization.k8s.io/reason"], " of ")
			role, _, _ = strings.Cut(role, " to ")
			used = append(used, strings.ReplaceAll(role, `"`, "")+what)
		case "forbid":
			refused = append(refused, who)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(used)
	slices.Sort(refused)
	refused = slices.DeleteFunc(slices.Compact(refused), func(who string) bool { return allowed[who] })
	return slices.Compact(used), refused
}

// rights are what the manifests' own roles give to the programs, in the same form.
func rights(t *testing.T) (all []string) {
	t.Helper()
	add := func(role string, rules []rbacv1.PolicyRule) {
		for _, rule := range rules {
			for _, verb := range rule.Verbs {
				for _, resource := range rule.Resources {
					all = append(all, role+": "+verb+" "+resource)
				}
			}
		}
	}
	clusterRoles, err := cluster.Client.RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{LabelSelector: ours})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range clusterRoles.Items {
		if role.Labels["rbac.authorization.k8s.io/aggregate-to-admin"] == "true" {
			continue // it is for people
		}
		add("ClusterRole "+role.Name, role.Rules)
	}
	roles, err := cluster.Client.RbacV1().Roles("").List(t.Context(), metav1.ListOptions{LabelSelector: ours})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range roles.Items {
		add("Role "+role.Name, role.Rules)
	}
	return all
}
