package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestBuildInfoSaysWhichBuildItIs(t *testing.T) {
	released := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123abcd"}},
	}
	for name, c := range map[string]struct {
		info                    *debug.BuildInfo
		wantVersion, wantCommit string
	}{
		"a release":            {released, "v1.2.3", "0123abcd"},
		"no build information": {&debug.BuildInfo{}, "(devel)", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			want := fmt.Sprintf("# HELP flink_hpa_build_info 1, with the program's version, its commit and the Go version that it was built with.\n"+
				"# TYPE flink_hpa_build_info gauge\nflink_hpa_build_info{goversion=%q,program=\"adapter\",revision=%q,version=%q} 1\n",
				runtime.Version(), c.wantCommit, c.wantVersion)
			if err := testutil.CollectAndCompare(buildInfo("adapter", c.info), strings.NewReader(want)); err != nil {
				t.Error(err)
			}
		})
	}
	if problems, err := testutil.CollectAndLint(BuildInfo("webhook")); err != nil || len(problems) != 0 {
		t.Errorf("Prometheus' own rules: %v, %v", problems, err)
	}
}

// content is what an API server's certificate provider returns.
type content []byte

func (c content) CurrentCertKeyContent() (cert, key []byte) { return c, nil }

func TestCertificateExpiry(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	leaf := server.Certificate()
	got := func(certificate tls.Certificate, err error) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certificate, err }
	}
	there := fmt.Sprint(float64(leaf.NotAfter.Unix()))
	for name, c := range map[string]struct {
		certificate Certificate
		want        string
	}{
		"of a parsed certificate":                   {FromTLS(got(tls.Certificate{Leaf: leaf}, nil)), there},
		"of one that nobody has parsed":             {FromTLS(got(tls.Certificate{Certificate: [][]byte{leaf.Raw}}, nil)), there},
		"of one in PEM":                             {FromPEM(content(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}))), there},
		"absent while there is none":                {FromTLS(got(tls.Certificate{}, nil)), ""},
		"absent while it can't be read":             {FromTLS(got(tls.Certificate{}, errors.New("no such file"))), ""},
		"absent while there is nothing in PEM":      {FromPEM(content(nil)), ""},
		"absent when what is there can't be parsed": {func() (*x509.Certificate, error) { return x509.ParseCertificate(nil) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			registry.MustRegister(CertificateExpiry("webhook", c.certificate))
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			found := ""
			for _, family := range families {
				metric := family.GetMetric()[0]
				found = fmt.Sprint(metric.GetGauge().GetValue())
				if label := metric.GetLabel()[0]; label.GetName() != "program" || label.GetValue() != "webhook" {
					t.Errorf("label %v", label)
				}
			}
			if found != c.want {
				t.Errorf("got %q, want %q", found, c.want)
			}
		})
	}
}
