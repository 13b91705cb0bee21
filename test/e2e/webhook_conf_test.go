//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// profilesWithin is more than the node takes to bring a changed ConfigMap into a pod, and the webhook to look at it.
const profilesWithin = 90 * time.Second

func TestTheWebhooksConfiguration(t *testing.T) {
	apply(t, "webhook-conf.yaml")
	t.Run("settings in a ConfigMap count", settingsCount)
	t.Run("kubectl apply warns of pods that go wrong", applyWarns)
	t.Run("and of StatefulSets and Jobs", applyWarnsOfOtherWorkloads)
	t.Run("profiles are taken without a restart", profilesChange)
}

func settingsCount(t *testing.T) {
	for _, test := range []struct{ name, namespace, injected, not, warning string }{
		{"what the ConfigMap says is left to it, and gets what fits", "conf-read", "heartbeat.interval=", "heartbeat.timeout=", ""},
		{"a ConfigMap that can't be read leaves what can't conflict, and says who can allow it", "conf-unread", "scheduler-mode=reactive", "heartbeat.",
			"kubectl create rolebinding flink-hpa-webhook-reader -n conf-unread --clusterrole=flink-hpa-webhook-reader --serviceaccount=flink-hpa:flink-hpa-webhook"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pod, warnings := tryPod(t, test.namespace, standaloneJob())
			injected := pod.Annotations["flink-hpa.dev/injected"]
			if !strings.Contains(injected, test.injected) || strings.Contains(injected, test.not) {
				t.Errorf("injected is %q, want %s in it and no %s", injected, test.injected, test.not)
			}
			if told := strings.Join(warnings, "\n"); !strings.Contains(told, test.warning) || test.warning == "" && strings.Contains(told, "can't be read") {
				t.Errorf("the warnings are %q, want %q", warnings, test.warning)
			}
		})
	}
}

func applyWarns(t *testing.T) {
	const mistake = "Warning: flink-hpa: "
	for _, test := range []struct {
		name, namespace string
		warned          bool
	}{
		{"in a labelled namespace", "conf-read", true},
		{"in one that is not", "conf-other", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := cluster.Run(t.Context(), "apply", "-n", test.namespace, "-f", "testdata/bad-taskmanager.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if warned := strings.Contains(output, mistake) && strings.Contains(output, "heartbeat.timeout"); warned != test.warned {
				t.Errorf("kubectl prints %q, want a warning: %v", output, test.warned)
			}
			if !strings.Contains(output, "deployment.apps/bad-taskmanager created") {
				t.Errorf("kubectl prints %q, want the Deployment created", output)
			}
			output, err = cluster.Run(t.Context(), "label", "-n", test.namespace, "deployment/bad-taskmanager", "touched=yes")
			if err != nil || strings.Contains(output, mistake) {
				t.Errorf("a change of the Deployment's own labels prints %q: %v", output, err)
			}
		})
	}
}

// By the template's own label, so in a namespace that has none.
func applyWarnsOfOtherWorkloads(t *testing.T) {
	output, err := cluster.Run(t.Context(), "apply", "-n", "conf-other", "-f", "testdata/bad-workloads.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Warning: flink-hpa: heartbeat.timeout", "statefulset.apps/bad-taskmanager created",
		"Warning: flink-hpa: restart-strategy is none", "job.batch/bad-jobmanager created",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("kubectl prints %q, without %q", output, want)
		}
	}
}

func profilesChange(t *testing.T) {
	before := onlyWebhookPod(t)
	configMap, err := cluster.Client.CoreV1().ConfigMaps(hpaNamespace).Get(t.Context(), webhookName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { setProfiles(t, configMap.Data["profiles.yaml"]) })

	interval := func(want string) func(context.Context) error {
		return func(context.Context) error {
			pod, _ := tryPod(t, "conf-read", standaloneJob())
			if got := pod.Annotations["flink-hpa.dev/injected"]; !slices.Contains(strings.Split(got, ","), "execution.checkpointing.interval="+want) {
				return fmt.Errorf("injected is %q", got)
			}
			return nil
		}
	}
	successful := func(want string) func(context.Context) error {
		return func(ctx context.Context) error {
			metrics, err := webhookMetrics(ctx)
			if err == nil && !strings.Contains(metrics, "\nflink_hpa_webhook_profiles_last_reload_successful "+want+"\n") {
				err = fmt.Errorf("the metrics do not say %s", want)
			}
			return err
		}
	}
	setProfiles(t, "namespaces: {conf-read: {standalone-job: {execution.checkpointing.interval: 17s}}}")
	eventually(t, profilesWithin, "the changed profile is injected", interval("17s"))
	setProfiles(t, "namespaces: {conf-read: {standalone-job: {execution.checkpointing.interval: soon}}}")
	eventually(t, profilesWithin, "the mistake shows in the metrics", successful("0"))
	if err := interval("17s")(t.Context()); err != nil {
		t.Errorf("after the mistake: %v", err)
	}
	setProfiles(t, "")
	eventually(t, profilesWithin, "the defaults are injected again", interval("30s"))
	if err := successful("1")(t.Context()); err != nil {
		t.Error(err)
	}
	after, err := podOf(t.Context(), hpaNamespace, "app.kubernetes.io/name="+webhookName)
	if err != nil {
		t.Fatal(err)
	}
	if after.UID != before.UID || container(after).RestartCount != container(before).RestartCount {
		t.Errorf("the webhook was started anew: %s, then %s", before.Name, after.Name)
	}
}

// standaloneJob is a pod whose conf folder is ConfigMap flink-config.
func standaloneJob() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "flink-"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "flink", Image: "flink:2.3.0", Args: []string{"standalone-job"},
				VolumeMounts: []corev1.VolumeMount{{Name: "conf", MountPath: "/opt/flink/conf"}},
			}},
			Volumes: []corev1.Volume{{Name: "conf", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "flink-config"},
			}}}},
		},
	}
}

// tryPod returns the pod as it would be created, and what its author would be told. It is admitted, and not kept.
func tryPod(t *testing.T, namespace string, pod *corev1.Pod) (*corev1.Pod, []string) {
	t.Helper()
	var told warnings
	config := rest.CopyConfig(cluster.Config)
	config.WarningHandler = &told
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Fatal(err)
	}
	return created, told.texts
}

// warnings collects those of the API server.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

// setProfiles also works in a cleanup, when the test's own context has ended.
func setProfiles(t *testing.T, content string) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"data": map[string]string{"profiles.yaml": content}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cluster.Client.CoreV1().ConfigMaps(hpaNamespace).Patch(context.WithoutCancel(t.Context()), webhookName, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// onlyWebhookPod is the webhook's pod, after all others have ended, so that it is known who answers. They are back after the test.
func onlyWebhookPod(t *testing.T) (only corev1.Pod) {
	t.Helper()
	scale(t, hpaNamespace, "deployment/"+webhookName, 1)
	t.Cleanup(func() {
		scale(t, hpaNamespace, "deployment/"+webhookName, 2)
		rolledOut(context.WithoutCancel(t.Context()), t)
	})
	eventually(t, time.Minute, "the webhook has one pod", func(ctx context.Context) error {
		pods, err := cluster.Client.CoreV1().Pods(hpaNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + webhookName})
		if err == nil && len(pods.Items) != 1 {
			err = fmt.Errorf("it has %d", len(pods.Items))
		}
		if err == nil {
			only = pods.Items[0]
		}
		return err
	})
	return only
}

// webhookMetrics is what the webhook tells Prometheus.
func webhookMetrics(ctx context.Context) (string, error) {
	address, trust, _, err := reachWebhook(ctx)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
