//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
	"github.com/flink-hpa/flink-hpa/test/bed"
)

const (
	kedaNamespace = "keda"
	kedaService   = "flink-hpa-keda" // and the adapter's Secret
	kedaClient    = "flink-hpa-client"
)

// An adapter as the component keda makes it, beside those that serve the API, is asked by the generated client of KEDA's protocol, with
// the certificates that certificates.sh makes. KEDA itself isn't on the bed.
func TestKEDAGetsWhatTheMetricsAPIGives(t *testing.T) {
	someRecords(t) // without any, the group has committed nothing
	makeKEDACertificates(t)
	address := runKEDAsAdapter(t)
	client := dialAsKEDA(t, address, clientCertificate(t))
	for _, test := range []struct{ metric, selector string }{
		{desiredMetric, jobManagerLabels},
		{"flink_taskmanagers", jobManagerLabels},
		{lagMetric, "group=" + bed.SampleGroup},
	} {
		t.Run(test.metric, func(t *testing.T) {
			// Both are asked until they agree: the two adapters poll at different moments.
			eventually(t, 3*time.Minute, "KEDA gets the same value", func(ctx context.Context) error {
				trigger := kedaTrigger(test.metric, test.selector, "1")
				response, err := client.GetMetrics(ctx, &externalscaler.GetMetricsRequest{ScaledObjectRef: trigger, MetricName: test.metric})
				if err != nil {
					return err
				}
				want, err := fromTheAPI(ctx, test.metric, test.selector)
				if err != nil {
					return err
				}
				if values := response.GetMetricValues(); len(values) != 1 || values[0].GetMetricValueFloat() != want {
					return fmt.Errorf("KEDA gets %v, and the metrics API gives %v", values, want)
				}
				return nil
			})
		})
	}

	active := kedaTrigger("flink_taskmanagers", jobManagerLabels, "1")
	stream, err := client.StreamIsActive(t.Context(), active)
	if err != nil {
		t.Fatal(err)
	}
	if first, err := stream.Recv(); err != nil || !first.GetResult() {
		t.Errorf("a job with TaskManagers is active: %v, %v", first, err)
	}
	idle := kedaTrigger("flink_taskmanagers", jobManagerLabels, "1")
	idle.ScalerMetadata["activationValue"] = "1k"
	if answer, err := client.IsActive(t.Context(), idle); err != nil || answer.GetResult() {
		t.Errorf("it is not above its activation value: %v, %v", answer, err)
	}

	said, err := raw(t.Context(), bed.SampleNamespace, desiredMetric, "app=absent")
	if err == nil {
		t.Fatalf("the metric of no JobManager is %s", said)
	}
	_, err = client.IsActive(t.Context(), kedaTrigger(desiredMetric, "app=absent", "1"))
	if s := status.Convert(err); s.Code() != codes.NotFound || !strings.Contains(said, s.Message()) {
		t.Errorf("of no JobManager KEDA is told %v, and the metrics API says %s", err, said)
	}
	if _, err := dialAsKEDA(t, address).IsActive(t.Context(), active); status.Code(err) != codes.Unavailable {
		t.Errorf("without a certificate: %v", err)
	}
}

// kedaTrigger is a trigger of a ScaledObject in the sample's namespace, as KEDA passes it on.
func kedaTrigger(metric, selector, target string) *externalscaler.ScaledObjectRef {
	return &externalscaler.ScaledObjectRef{Name: bed.SampleTaskManager, Namespace: bed.SampleNamespace, ScalerMetadata: map[string]string{
		"scalerAddress": kedaService + "." + adapterNamespace + ".svc:6444", "metric": metric, "selector": selector, "targetValue": target,
	}}
}

func fromTheAPI(ctx context.Context, metric, selector string) (float64, error) {
	text, err := raw(ctx, bed.SampleNamespace, metric, selector)
	if err != nil {
		return 0, err
	}
	var list v1beta1.ExternalMetricValueList
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return 0, fmt.Errorf("%w in %s", err, text)
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("there is not one value in %s", text)
	}
	return list.Items[0].Value.AsApproximateFloat64(), nil
}

// makeKEDACertificates runs the component's script.
func makeKEDACertificates(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl on the PATH, which makes the certificates")
	}
	if _, err := cluster.Run(t.Context(), "create", "namespace", kedaNamespace); err != nil {
		t.Fatal(err)
	}
	removeWithTheTest(t, kedaNamespace)
	script := exec.CommandContext(t.Context(), filepath.Join(cluster.root, "manifests", "components", "keda", "certificates.sh"), kedaNamespace)
	script.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig, "PATH="+filepath.Dir(cluster.Kubectl)+":"+os.Getenv("PATH"))
	if output, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	t.Cleanup(func() {
		if err := cluster.Client.CoreV1().Secrets(adapterNamespace).Delete(context.WithoutCancel(t.Context()), kedaService, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// runKEDAsAdapter runs one pod of the adapter's Deployment as the component keda changes it, with the configuration of the bed, and
// returns where it answers KEDA. No Service leads to it.
func runKEDAsAdapter(t *testing.T) (address string) {
	t.Helper()
	template := adapterWithKEDA(t).Spec.Template.Spec
	pods := cluster.Client.CoreV1().Pods(adapterNamespace)
	pod, err := pods.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "keda-"}, Spec: template}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pods.Delete(context.WithoutCancel(t.Context()), pod.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	eventually(t, time.Minute, "the adapter answers KEDA", func(ctx context.Context) error {
		now, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if now.Status.PodIP == "" {
			return fmt.Errorf("the pod's status is %+v", now.Status)
		}
		address = net.JoinHostPort(now.Status.PodIP, "6444")
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
	return address
}

// adapterWithKEDA is the adapter's Deployment with the component.
func adapterWithKEDA(t *testing.T) appsv1.Deployment {
	t.Helper()
	overlay := t.TempDir()
	manifests, err := filepath.Rel(overlay, filepath.Join(cluster.root, "manifests"))
	if err != nil {
		t.Fatal(err)
	}
	content := "resources: [" + manifests + "/base]\ncomponents: [" + manifests + "/components/keda]\n"
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	rendered, err := cluster.Run(t.Context(), "kustomize", overlay)
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var deployment appsv1.Deployment
		if err := yaml.Unmarshal([]byte(document), &deployment); err == nil && deployment.Kind == "Deployment" && deployment.Name == adapterConfig {
			return deployment
		}
	}
	t.Fatalf("the component renders no Deployment %s", adapterConfig)
	return appsv1.Deployment{}
}

// clientCertificate is what KEDA would find in its namespace.
func clientCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	data := kedaSecret(t)
	pair, err := tls.X509KeyPair(data["tls.crt"], data["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func kedaSecret(t *testing.T) map[string][]byte {
	t.Helper()
	secret, err := cluster.Client.CoreV1().Secrets(kedaNamespace).Get(t.Context(), kedaClient, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Data
}

func dialAsKEDA(t *testing.T, address string, certificates ...tls.Certificate) externalscaler.ExternalScalerClient {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(kedaSecret(t)["ca.crt"]) {
		t.Fatal("no CA is in KEDA's Secret")
	}
	secure := credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: kedaService + "." + adapterNamespace + ".svc", Certificates: certificates})
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(secure))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
	})
	return externalscaler.NewExternalScalerClient(connection)
}
