//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const webhookSecret = "flink-hpa-webhook-tls"

func TestNoAdmissionIsMissedWhenSomebodyEmptiesTheSecret(t *testing.T) {
	ask := admissions(t)
	rotateQuickly(t)
	before, err := serving(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	underLoad(t, ask)
	if _, err := cluster.Run(t.Context(), "patch", "-n", hpaNamespace, "secret/"+webhookSecret, "--type=json",
		"-p", `[{"op": "replace", "path": "/data", "value": {"tls.crt": "", "tls.key": ""}}]`); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the Secret is full again, with another CA", func(ctx context.Context) error {
		now, err := serving(ctx)
		if err != nil {
			t.Errorf("a handshake with what the API server trusts: %v", err)
			return err
		}
		secret, err := cluster.Client.CoreV1().Secrets(hpaNamespace).Get(ctx, webhookSecret, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(secret.Data) != 4 || secret.Annotations["flink-hpa.dev/rotate"] != "" || bytes.Equal(now.bundle, before.bundle) {
			return fmt.Errorf("the Secret has %d values and annotations %v; the bundle is another one: %t", len(secret.Data), secret.Annotations, !bytes.Equal(now.bundle, before.bundle))
		}
		return nil
	})
}

func TestABundleThatSomebodyTakesAwayIsPutBack(t *testing.T) {
	kinds := []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"}
	bundles := func(ctx context.Context, kind string) (string, error) {
		return cluster.Run(ctx, "get", kind, "flink-hpa", "-o", "jsonpath={.webhooks[*].clientConfig.caBundle}")
	}
	before := map[string]string{}
	for _, kind := range kinds {
		var err error
		if before[kind], err = bundles(t.Context(), kind); err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(before[kind]) == "" {
			t.Fatalf("the %s has no bundle", kind)
		}
		if _, err := cluster.Run(t.Context(), "patch", kind, "flink-hpa", "--type=json",
			"-p", `[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]`); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range kinds {
		eventually(t, time.Minute, "the bundle is back in the "+kind, func(ctx context.Context) error {
			now, err := bundles(ctx, kind)
			if err == nil && now != before[kind] {
				err = errors.New("it is not")
			}
			return err
		})
	}
}
