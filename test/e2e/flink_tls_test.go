//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/flink"
)

const restName = "flink-rest.flink-tls.svc"

// A JobManager alone is enough: it says over REST that it has no TaskManager. The collector runs in the test, as another configuration of the
// adapter would have it forget what the other tests' jobs did.
func TestRESTOverTLSIsReadWithTheCAAlone(t *testing.T) {
	t.Parallel()
	keystore, certificate := makeKeystore(t)
	j := startJob(t, jobSpec{Name: "flink-tls", Topic: "tls", RESTTLS: restName, Settings: []string{
		"security.ssl.rest.enabled=true", "security.ssl.rest.keystore=" + keystore,
		"security.ssl.rest.keystore-password=" + storePassword, "security.ssl.rest.key-password=" + storePassword,
	}})
	discovery := flink.NewDiscovery(cluster.Client)
	discovery.Start(t.Context())
	var key flink.Key
	eventually(t, startsWithin, "the JobManager is found", func(context.Context) error {
		selector, err := labels.Parse(jobManagerLabels)
		if err != nil {
			return err
		}
		key.Cluster, err = discovery.Find(j.Name, selector)
		return err
	})
	ask := func(tls *config.TLS) flink.Reading {
		collector := flink.NewCollector(flink.Options{TLS: tls, Clock: clock.RealClock{}, JobManagers: discovery.JobManagers})
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		return collector.Poll(ctx, []flink.Key{key})[key].Value.TaskManagers
	}
	eventually(t, startsWithin, "REST answers over TLS", func(context.Context) error { return ask(&config.TLS{CAFile: certificate}).Err })
	if err := ask(nil).Err; err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the CA: %v", err)
	}
	if _, err := j.flink.Job(t.Context()); err == nil {
		t.Error("it answers without TLS too")
	}
}

const storePassword = "changeit"

// makeKeystore makes a key and a certificate of its own for restName: as Flink takes it, and as the adapter does.
func makeKeystore(t *testing.T) (keystore, certificate string) {
	t.Helper()
	dir := t.TempDir()
	keystore, certificate = filepath.Join(dir, "rest.p12"), filepath.Join(dir, "rest.crt")
	for _, args := range [][]string{
		{"-genkeypair", "-keyalg", "EC", "-dname", "CN=" + restName, "-ext", "SAN=dns:" + restName},
		{"-exportcert", "-rfc", "-file", certificate},
	} {
		args = append(args, "-alias", "rest", "-keystore", keystore, "-storetype", "PKCS12", "-storepass", storePassword)
		if out, err := exec.CommandContext(t.Context(), "keytool", args...).CombinedOutput(); err != nil {
			t.Fatalf("keytool: %v: %s", err, out)
		}
	}
	if err := os.Chmod(keystore, 0o600); err != nil {
		t.Fatal(err)
	}
	return keystore, certificate
}
