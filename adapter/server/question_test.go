package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"

	"github.com/flink-hpa/flink-hpa/adapter/provider"
)

// Whatever is asked, what is authorised is to list the metric in the namespace of the question, for its selector.
func FuzzQuestionOf(f *testing.F) {
	for _, path := range []string{explainPath, metricInShop, metricInShop + "/", "/apis/external.metrics.k8s.io/v1beta1/namespaces/a/b/flink_desired_taskmanagers"} {
		for _, query := range []string{
			"", "namespace=shop&selector=app%3Dflink&format=text", "labelSelector=a+in+(b,c)&explain=json&timeout=3s", "explain=text&watch=true",
			"namespace=%2E%2E/x", "namespace=shop&namespace=bank", "selector=%", "explain&fieldSelector=metadata.name=x", "namespace=status&selector=!a", "explain=json&history", "namespace=shop&history=0",
		} {
			f.Add(path, query, "text/plain;q=0.5, */*")
		}
	}
	resolver := &request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}
	f.Fuzz(func(t *testing.T, path, query, accept string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: path, RawQuery: query}
		r.Header.Set("Accept", accept)
		asked, asks, err := questionOf(r)
		if !asks || err != nil {
			if err != nil && (!asks || err.Error() == "") {
				t.Errorf("asks is %t, with error %v", asks, err)
			}
			return
		}
		r.URL = asked.metric
		info, err := resolver.NewRequestInfo(r)
		if err != nil {
			t.Fatal(err)
		}
		if !info.IsResourceRequest || info.Verb != "list" || info.APIGroup != "external.metrics.k8s.io" || info.APIVersion != "v1beta1" ||
			info.Resource != provider.DesiredTaskManagers || info.Subresource != "" || info.Name != "" || info.FieldSelector != "" ||
			info.Namespace != asked.namespace {
			t.Errorf("authorised is %+v for namespace %s", info, asked.namespace)
		}
		again, asks, err := questionOf(r)
		if !asks || err != nil || again.namespace != asked.namespace || again.selector.String() != asked.selector.String() || again.format != asked.format || again.history != asked.history {
			t.Errorf("%s asks %+v (%t, %v), want %+v", asked.metric, again, asks, err, asked)
		}
	})
}
