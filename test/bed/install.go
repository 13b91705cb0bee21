package bed

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/flink-hpa/flink-hpa/test/image"
	"github.com/flink-hpa/flink-hpa/test/load"
	"github.com/flink-hpa/flink-hpa/test/node"
)

//go:embed manifests
var manifests embed.FS

// Last numbers of the Services whose addresses are fixed; 1 is the API server's.
const (
	adapterAddress = 2
	webhookAddress = 3
	kafkaAddress   = 4
)

// What the sample's job reads.
const (
	Topic      = "input"
	Partitions = 12
)

const (
	installWithin = 3 * time.Minute
	clientAddress = "kafka.kafka.svc:9092" // what the manifests call the broker
)

// capacity is what the scheduler hands out. It is no measure of this machine: pods of the samples ask for what a real job
// would ask for, and use much less.
func capacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("16"),
		corev1.ResourceMemory: resource.MustParse("32Gi"),
		corev1.ResourcePods:   resource.MustParse("60"),
	}
}

// images are the stand-ins of the images that our manifests and tests name.
func (b *Bed) images() node.Images {
	own := func(name string) node.Image {
		return node.Image{Entrypoint: []string{b.layout.bin(name)}, Programs: map[string][]string{name: {b.layout.bin(name)}}}
	}
	images := node.Images{
		"flink:2.3.0":                   b.flinkImage("2.3.0", b.layout.flinkHome()),
		"flink-hpa/lag-job:dev":         b.flinkImage("2.3.0", b.layout.jobHome()),
		"flink-hpa/lag-job:" + jobFlink: b.flinkImage(jobFlink, b.layout.oldJobHome()),
		"flink-hpa/adapter:dev":         own("adapter"),
		"flink-hpa/webhook:dev":         own("webhook"),
		operatorImage:                   b.flinkOperatorImage(),
		"busybox:1":                     {HasShell: true},
		"apache/kafka:4.3.1": {
			Entrypoint: []string{b.layout.bin("bed"), "image", "kafka"}, HasShell: true,
			Env: map[string]string{image.KafkaLibsVariable: b.layout.kafkaLibs()},
		},
	}
	for _, version := range OldFlinks() {
		images["flink:"+version] = b.flinkImage(version, b.layout.oldFlinkHome(version))
	}
	return images
}

// install applies Kafka and flink-hpa and returns when both do their work.
func (b *Bed) install(ctx context.Context) error {
	values := map[string]string{"State": b.layout.state, "KafkaIP": b.network.service(kafkaAddress)}
	if err := b.render("kafka.yaml", "kafka/kafka.yaml", values); err != nil {
		return err
	}
	if _, err := b.Run(ctx, "apply", "-f", b.layout.manifests("kafka/kafka.yaml")); err != nil {
		return err
	}
	if err := b.ApplyOverlay(ctx, "default"); err != nil {
		return err
	}
	if err := b.createTopic(ctx); err != nil {
		return err
	}
	return b.until(ctx, installWithin, "flink-hpa is ready", b.serving)
}

// ApplyOverlay applies the overlay of that name in manifests/overlays, at the addresses of this bed. It doesn't wait for anything, and
// takes nothing away that another overlay has brought.
func (b *Bed) ApplyOverlay(ctx context.Context, name string) error {
	overlay, err := filepath.Rel(b.Overlay(name), filepath.Join(b.layout.root, "manifests", "overlays", name))
	if err != nil {
		return err
	}
	config, err := b.adapterConfig()
	if err != nil {
		return err
	}
	values := map[string]string{
		"Overlay": overlay, "AdapterConfig": config, "Profiles": b.profiles,
		"AdapterIP": b.network.service(adapterAddress), "WebhookIP": b.network.service(webhookAddress),
	}
	if err := b.render("flink-hpa.yaml", "flink-hpa-"+name+"/kustomization.yaml", values); err != nil {
		return err
	}
	_, err = b.Run(ctx, "apply", "-k", b.Overlay(name))
	return err
}

// Overlay is the folder with what ApplyOverlay applies.
func (b *Bed) Overlay(name string) string { return b.layout.manifests("flink-hpa-" + name) }

// adapterConfig is the config.yaml of the manifests with the broker's address in place of its name, which a local Go
// program has no DNS for.
func (b *Bed) adapterConfig() (string, error) {
	data, err := os.ReadFile(filepath.Join(b.layout.root, "manifests", "base", "adapter", "config.yaml"))
	if err != nil {
		return "", err
	}
	var configMap corev1.ConfigMap
	if err := yaml.UnmarshalStrict(data, &configMap); err != nil {
		return "", err
	}
	config := configMap.Data["config.yaml"]
	if !strings.Contains(config, clientAddress) {
		return "", fmt.Errorf("the adapter's config.yaml in the manifests names no broker %s", clientAddress)
	}
	if b.memory != "" {
		config += "flink: {memory: " + b.memory + "}\n"
	}
	return strings.ReplaceAll(config, clientAddress, b.Kafka), nil
}

func (b *Bed) render(from, to string, values map[string]string) error {
	functions := template.FuncMap{"indent": func(n int, text string) string {
		pad := strings.Repeat(" ", n)
		return pad + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+pad)
	}}
	t, err := template.New(from).Funcs(functions).ParseFS(manifests, "manifests/"+from)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, values); err != nil {
		return err
	}
	file := b.layout.manifests(to)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

// Run runs kubectl as an administrator and returns what it printed; an error has it too.
func (b *Bed) Run(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, b.Kubectl, args...)
	c.Env = append(os.Environ(), "KUBECONFIG="+b.Kubeconfig)
	output, err := c.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

func (b *Bed) createTopic(ctx context.Context) error {
	return b.until(ctx, installWithin, "the broker takes a topic", func(ctx context.Context) error {
		client, err := load.Connect([]string{b.Kafka})
		if err != nil {
			return err
		}
		return errors.Join(load.CreateTopic(ctx, client, Topic, Partitions), client.Close())
	})
}

// serving says what is still missing of flink-hpa.
func (b *Bed) serving(ctx context.Context) error {
	hook, err := b.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, "flink-hpa", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, entry := range hook.Webhooks {
		if len(entry.ClientConfig.CABundle) == 0 {
			return fmt.Errorf("webhook %s has no caBundle", entry.Name)
		}
	}
	deployment, err := b.Client.AppsV1().Deployments("flink-hpa").Get(ctx, "flink-hpa-webhook", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if deployment.Status.AvailableReplicas == 0 {
		return errors.New("the webhook's Deployment has no available pod")
	}
	return b.Client.Discovery().RESTClient().Get().AbsPath("/apis/external.metrics.k8s.io/v1beta1").Do(ctx).Error()
}
