//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/test/bed"
)

func TestTheDesiredNumberIsExplained(t *testing.T) {
	explain := func(ctx context.Context, selector, format string) (string, error) {
		return raw(ctx, bed.SampleNamespace, desiredMetric, selector+"&explain="+format)
	}
	eventually(t, 3*time.Minute, "its reasons as text", func(ctx context.Context) error {
		text, err := explain(ctx, jobManagerLabels, "text")
		if err == nil && !(strings.Contains(text, " desired, ") && strings.Contains(text, "\nreasons:\n- ")) {
			err = fmt.Errorf("it says %s", text)
		}
		return err
	})
	eventually(t, time.Minute, "its reasons as JSON", func(ctx context.Context) error {
		answer, err := explain(ctx, jobManagerLabels, "json")
		if err != nil {
			return err
		}
		var explanation flink.Explanation
		if err := json.Unmarshal([]byte(answer), &explanation); err != nil {
			return fmt.Errorf("%w in %s", err, answer)
		}
		if explanation.Decision.TaskManagers < 1 || len(explanation.Decision.Reasons) == 0 || len(explanation.Decision.Vertices) == 0 {
			return fmt.Errorf("it says %s", answer)
		}
		return nil
	})

	said, err := raw(t.Context(), bed.SampleNamespace, desiredMetric, "app=absent")
	if err == nil || !strings.Contains(said, "app=absent") {
		t.Fatalf("the metric of no JobManager is %s, with error %v", said, err)
	}
	for _, format := range []string{"text", "json"} {
		if why, err := explain(t.Context(), "app=absent", format); err == nil || why != said {
			t.Errorf("why there is no metric is %q, with error %v; the metric's own error is %q", why, err, said)
		}
	}
	if why, err := explain(t.Context(), jobManagerLabels, "xml"); err == nil || !strings.Contains(why, `parameter explain is "xml"; possible are json and text`) {
		t.Errorf("an explanation as XML is %q, with error %v", why, err)
	}
}

func TestAMetricAndItsExplanationAreForWhoMayListTheMetric(t *testing.T) {
	reader, stranger := serviceAccount(t, "explain-reader"), serviceAccount(t, "explain-stranger")
	mayListMetric(t, "explain-reader")
	adapter, err := adapterItself(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	metric := func(namespace string) string {
		return "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + namespace + "/" + desiredMetric + "?labelSelector=" + jobManagerLabels
	}
	explained := func(namespace string) string { return metric(namespace) + "&explain=text" }
	for _, way := range []struct {
		name     string
		server   *rest.Config
		question func(namespace string) string
		says     string
	}{
		{"the metric, through the kube-apiserver", cluster.Config, metric, `"metricName":"` + desiredMetric},
		{"the metric, on the adapter's own port", adapter, metric, `"metricName":"` + desiredMetric},
		{"its explanation, through the kube-apiserver", cluster.Config, explained, "\nreasons:\n- "},
		{"its explanation, on the adapter's own port", adapter, func(namespace string) string {
			return "/explain?namespace=" + namespace + "&selector=" + jobManagerLabels + "&format=text"
		}, "\nreasons:\n- "},
	} {
		t.Run(way.name, func(t *testing.T) {
			eventually(t, 3*time.Minute, "a service account with the right is told", func(ctx context.Context) error {
				text, err := ask(ctx, way.server, reader, way.question(bed.SampleNamespace))
				if err == nil && !strings.Contains(text, way.says) {
					err = fmt.Errorf("it says %s", text)
				}
				return err
			})
			if _, err := ask(t.Context(), way.server, reader, way.question(adapterNamespace)); !apierrors.IsForbidden(err) {
				t.Errorf("it is told of another namespace: %v", err)
			}
			if _, err := ask(t.Context(), way.server, stranger, way.question(bed.SampleNamespace)); !apierrors.IsForbidden(err) {
				t.Errorf("a service account without the right: %v", err)
			}
			if _, err := ask(t.Context(), way.server, "", way.question(bed.SampleNamespace)); !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) {
				t.Errorf("without a token: %v", err)
			}
			if _, err := ask(t.Context(), way.server, "forged", way.question(bed.SampleNamespace)); !apierrors.IsUnauthorized(err) {
				t.Errorf("with a forged token: %v", err)
			}
		})
	}
}

// ask reads from a server with nothing but a token.
func ask(ctx context.Context, server *rest.Config, token, uri string) (string, error) {
	config := rest.AnonymousClientConfig(server)
	config.BearerToken = token
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	answer, err := client.CoreV1().RESTClient().Get().RequestURI(uri).Do(ctx).Raw()
	return string(answer), err
}

// serviceAccount makes one in the sample's namespace, and returns a token of it.
func serviceAccount(t *testing.T, name string) string {
	t.Helper()
	accounts := cluster.Client.CoreV1().ServiceAccounts(bed.SampleNamespace)
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := accounts.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	request, err := accounts.CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

// mayListMetric gives the service account of that name the right to the metric, and no other.
func mayListMetric(t *testing.T, name string) {
	t.Helper()
	rbac := cluster.Client.RbacV1()
	meta := metav1.ObjectMeta{Name: name}
	if _, err := rbac.Roles(bed.SampleNamespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"external.metrics.k8s.io"}, Resources: []string{desiredMetric}, Verbs: []string{"list"},
	}}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := rbac.RoleBindings(bed.SampleNamespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: bed.SampleNamespace}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := rbac.RoleBindings(bed.SampleNamespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := rbac.Roles(bed.SampleNamespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// adapterItself is the adapter's own server, as its pod serves it.
func adapterItself(ctx context.Context) (*rest.Config, error) {
	pod, err := podOf(ctx, adapterNamespace, "app.kubernetes.io/name="+adapterConfig)
	if err != nil {
		return nil, err
	}
	secret, err := cluster.Client.CoreV1().Secrets(adapterNamespace).Get(ctx, "flink-hpa-adapter-tls", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return &rest.Config{Host: "https://" + pod.Status.PodIP + ":6443", TLSClientConfig: rest.TLSClientConfig{
		CAData: secret.Data["ca.crt"], ServerName: adapterConfig + "." + adapterNamespace + ".svc",
	}}, nil
}

func TestThePluginOfKubectlTellsWhy(t *testing.T) {
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "kubectl-flink_hpa"), "./cmd/kubectl-flink_hpa")
	build.Dir = cluster.root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")) // where kubectl looks for plugins
	scaleOn(t, desiredTarget())
	holdReplicas(t)
	var why string
	eventually(t, 3*time.Minute, "its reasons", func(ctx context.Context) (err error) {
		why, err = cluster.Run(ctx, "flink-hpa", "explain", bed.SampleTaskManager, "-n", bed.SampleNamespace, "--history")
		if err == nil && !(strings.Contains(why, "\nreasons:\n- ") && strings.Contains(why, "\nchanges, the newest first:\n")) {
			err = fmt.Errorf("it says %s", why)
		}
		return err
	})
	_, reasons, _ := strings.Cut(why, "\nreasons:\n- ")
	first, _, _ := strings.Cut(reasons, "\n")
	_, first, _ = strings.Cut(first, ": ") // behind its code
	eventually(t, time.Minute, "the table has them too", func(ctx context.Context) error {
		table, err := cluster.Run(ctx, "flink-hpa", "-n", bed.SampleNamespace)
		if err == nil && !(strings.Contains(table, "deployment/"+bed.SampleTaskManager) && strings.Contains(table, desiredMetric+" ") && strings.Contains(table, first)) {
			err = fmt.Errorf("%q is not in %s", first, table)
		}
		return err
	})
}
