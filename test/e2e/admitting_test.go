//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// admitting is a namespace in which pods ask for admission that need not start: JobManagers whose settings the webhook has
// to read.
type admitting struct {
	name     string
	client   kubernetes.Interface // an administrator's
	creators []rest.Interface     // in turn
	turn     *atomic.Uint64
}

// creators is how many service accounts create the pods. The API server lets some of their requests in at a time and has up to 300
// of each wait before admission. An administrator's would all be let in, and share its cores till each takes too long. The webhook
// is a service account too: without a priority level of its own, its reads of the ConfigMap would wait behind these.
const creators = 10

// admissions is the function admits of a namespace that is gone after the test.
func admissions(t *testing.T) func(context.Context) error {
	t.Helper()
	return admittingNamespace(t).admits
}

// admittingNamespace makes a namespace that is gone after the test.
func admittingNamespace(t *testing.T) admitting {
	t.Helper()
	client := cluster.Client
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "admitting-", Labels: map[string]string{"flink-hpa.dev/inject": "enabled"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), namespace.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	if _, err := client.RbacV1().RoleBindings(namespace.Name).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "flink-hpa-webhook-reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "flink-hpa-webhook-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: webhookName, Namespace: hpaNamespace}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().ConfigMaps(namespace.Name).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "flink-config"},
		Data:       map[string]string{"config.yaml": "heartbeat: {timeout: 5000}\n"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	a := admitting{name: namespace.Name, client: client, turn: &atomic.Uint64{}}
	accounts := "system:serviceaccounts:" + namespace.Name
	if _, err := client.RbacV1().RoleBindings(namespace.Name).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "creators"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "edit"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: accounts}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range creators {
		config := rest.CopyConfig(cluster.Config)
		config.QPS = -1 // as fast as it can
		// Over a connection of its own, which takes 100 requests at a time. A thousand over one would open hundreds, at once.
		config.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
		config.Impersonate = rest.ImpersonationConfig{
			UserName: fmt.Sprintf("system:serviceaccount:%s:creator-%d", namespace.Name, i),
			Groups:   []string{"system:serviceaccounts", accounts, "system:authenticated"},
		}
		as, err := kubernetes.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		a.creators = append(a.creators, as.CoreV1().RESTClient())
	}
	for range a.creators { // the namespace needs its service account, and the API server has to see the binding
		eventually(t, time.Minute, "a pod is injected into", a.admits)
	}
	return a
}

// next is the creator whose turn it is.
func (a admitting) next() rest.Interface { return a.creators[a.turn.Add(1)%uint64(len(a.creators))] }

// admits creates a pod, through the API server and all its admission but without keeping it, and says what is wrong unless
// the pod came back with what the webhook injects. A pod that is not injected into is no error to the API server:
// failurePolicy is Ignore. The answer is not decoded: a thousand of these may share two cores with all who have to answer.
func (a admitting) admits(ctx context.Context) error {
	const pod = `{"metadata": {"generateName": "jobmanager-"}, "spec": {
		"containers": [{"name": "jobmanager", "image": "flink:2.3.0", "args": ["standalone-job", "--job-classname", "demo.LagJob"],
			"volumeMounts": [{"name": "conf", "mountPath": "/opt/flink/conf"}]}],
		"volumes": [{"name": "conf", "configMap": {"name": "flink-config"}}]}}`
	data, err := a.next().Post().Namespace(a.name).Resource("pods").Param("dryRun", metav1.DryRunAll).
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").Body([]byte(pod)).Do(ctx).Raw()
	if err != nil {
		return err
	}
	switch answer := string(data); {
	case !strings.Contains(answer, `"scheduler-mode=reactive"`):
		return errors.New("nothing was injected")
	case !strings.Contains(answer, `"heartbeat.interval=1250"`):
		return errors.New("the interval that fits the ConfigMap's timeout was not injected")
	case strings.Contains(answer, "heartbeat.timeout="):
		return errors.New("a timeout was injected, which the ConfigMap sets")
	}
	return nil
}

// unmutated is content when the webhook's metric has counted that many pods in the namespace.
func (a admitting) unmutated(want int) func(context.Context) error {
	return func(ctx context.Context) error {
		address, trust, _, err := reachWebhook(ctx)
		if err != nil {
			return err
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", nil)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		got := 0 // a namespace without Flink pods has no line
		if _, after, ok := strings.Cut(string(text), fmt.Sprintf("flink_hpa_webhook_unmutated_pods{namespace=%q} ", a.name)); ok {
			if _, err := fmt.Sscan(after, &got); err != nil {
				return err
			}
		}
		if got != want {
			return fmt.Errorf("it counts %d pods, not %d", got, want)
		}
		return nil
	}
}
