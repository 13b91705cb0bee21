package server

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/flink-hpa/flink-hpa/adapter/apiservice"
)

func TestWhatTheKEDAMeterHears(t *testing.T) {
	own, registry := newTestMetrics(t)
	meter := kedaMeter{own}
	meter.Answered("GetMetrics", "OK")
	meter.Answered("GetMetrics", "OK")
	meter.Answered("IsActive", "Unavailable")
	wantMetrics(t, registry, `
		flink_hpa_keda_requests_total{code="OK",method="GetMetrics"} 2
		flink_hpa_keda_requests_total{code="Unavailable",method="IsActive"} 1`, "flink_hpa_keda_requests_total")
}

func TestKEDAIsNotAnsweredUnlessItIsAskedFor(t *testing.T) {
	own, registry := newTestMetrics(t)
	if server, err := parse(t).newKEDA(nil, own, registry); server != nil || err != nil {
		t.Errorf("got %v, %v", server, err)
	}
	wantMetrics(t, registry, "", "flink_hpa_keda_requests_total")
}

func TestKEDAWithoutItsFilesIsAnErrorOfTheStart(t *testing.T) {
	own, _ := newTestMetrics(t)
	absent := filepath.Join(t.TempDir(), "absent")
	o := parse(t, "--keda-bind-address=127.0.0.1:0", "--keda-cert-file="+absent, "--keda-key-file="+absent, "--keda-client-ca-file="+absent)
	_, err := o.newKEDA(nil, own, prometheus.NewRegistry())
	if err == nil || !strings.HasPrefix(err.Error(), "--keda-cert-file: open "+absent) {
		t.Errorf("got %v", err)
	}
}

func TestNoAPIServiceIsToldOfACertificateWhereThereIsNone(t *testing.T) {
	for _, test := range []struct {
		name, apiService string
		fails            bool
	}{
		{"none is wanted", "", false},
		{"one is wanted that isn't there", "v1beta1.external.metrics.k8s.io", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := parse(t, "--tls-secret=s", "--service=svc", "--namespace=ns", "--apiservice="+test.apiService)
			client := fake.NewClientset(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "s"}})
			registration := apiservice.New(dynamicfake.NewSimpleDynamicClient(runtime.NewScheme()), o.APIService, types.NamespacedName{Namespace: "ns", Name: "svc"})
			if _, err := o.keeper(t.Context(), client, registration); (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOneServerThatFailsEndsTheOthers(t *testing.T) {
	broken := errors.New("broken")
	answered := false
	err := serveAll(t.Context(),
		func(context.Context) error { return broken },
		func(ctx context.Context) error {
			<-ctx.Done()
			answered = true
			return nil
		})
	if !errors.Is(err, broken) || !answered {
		t.Errorf("got %v; the other one has answered what it was asked: %v", err, answered)
	}
}
