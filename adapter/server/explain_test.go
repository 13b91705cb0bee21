package server

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/request/anonymous"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver"
	metrics "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/flink-hpa/flink-hpa/adapter/provider"
)

// reasons is the explanation of one job.
type reasons struct {
	Wanted float64  `json:"wanted"`
	Why    []string `json:"why"`
}

func (r reasons) Text() string {
	return fmt.Sprintf("%v TaskManagers: %s\n", r.Wanted, strings.Join(r.Why, ", "))
}

// jobs explains, and has the value of, what is asked for in namespace shop.
type jobs struct{}

func (jobs) Explain(_ context.Context, namespace string, selector labels.Selector, history bool) (reasons, error) {
	switch selector.String() {
	case "app=gone":
		return reasons{}, apierrors.NewServiceUnavailable("shop/gone: the job is FAILED; start it again")
	case "app=nan":
		return reasons{Wanted: math.NaN()}, nil
	}
	if history {
		return reasons{Wanted: 3, Why: []string{namespace, selector.String(), "after 2"}}, nil
	}
	return reasons{Wanted: 3, Why: []string{namespace, selector.String()}}, nil
}

func (jobs) GetExternalMetric(_ context.Context, namespace string, selector labels.Selector, info metrics.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{
		MetricName: info.Metric, MetricLabels: map[string]string{"asked": namespace + ": " + selector.String()}, Value: resource.MustParse("3"),
	}}}, nil
}

func (jobs) ListAllExternalMetrics() []metrics.ExternalMetricInfo {
	return []metrics.ExternalMetricInfo{{Metric: provider.DesiredTaskManagers}}
}

// rights remembers what it was asked, and answers: whoever's name is NAMESPACE-VERB may do that to the metric, there.
type rights struct {
	mu    sync.Mutex
	asked []string
}

func (r *rights) authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	selector, err := a.GetLabelSelector()
	fields, _ := a.GetFieldSelector()
	r.asked = append(r.asked, fmt.Sprintf("%s %s %s %s %s %q %q in %q, labels %v %v, fields %v", a.GetVerb(), a.GetPath(),
		a.GetAPIGroup(), a.GetAPIVersion(), a.GetResource(), a.GetSubresource(), a.GetName(), a.GetNamespace(), selector, err, fields))
	if a.GetAPIGroup() == external_metrics.GroupName && a.GetResource() == provider.DesiredTaskManagers && a.GetName() == "" &&
		a.GetUser().GetName() == a.GetNamespace()+"-"+a.GetVerb() {
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "", nil
}

// newAPIServer is the adapter's, with all its handlers. Each user's token is the user's name.
func newAPIServer(t *testing.T, build buildHandlerChain) (address string, authorized *rights) {
	t.Helper()
	tokens := map[string]*user.DefaultInfo{}
	for _, name := range []string{"shop-list", "shop-watch", "shop-get", "bank-list", "nobody"} {
		tokens[name] = &user.DefaultInfo{Name: name}
	}
	authorized = &rights{}
	config := genericapiserver.NewConfig(apiserver.Codecs)
	config.ExternalAddress = "adapter:443"
	config.LoopbackClientConfig = &rest.Config{}
	config.Authentication.Authenticator = union.NewFailOnError(authenticatorfactory.NewFromTokens(tokens, nil), anonymous.NewAuthenticator(nil))
	config.Authorization.Authorizer = authorizer.AuthorizerFunc(authorized.authorize)
	config.BuildHandlerChainFunc = build
	server, err := (&apiserver.Config{GenericConfig: config}).Complete(nil).New("adapter", nil, jobs{})
	if err != nil {
		t.Fatal(err)
	}
	http := httptest.NewServer(server.GenericAPIServer.Handler)
	t.Cleanup(http.Close)
	return http.URL, authorized
}

func explaining() buildHandlerChain {
	return withExplanations(genericapiserver.DefaultBuildHandlerChain, jobs{})
}

// do sends a request; an empty token is none, an empty accept is what kubectl sends.
func do(t *testing.T, method, url, token, accept string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept == "" {
		accept = "application/json, */*"
	}
	r.Header.Set("Accept", accept)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

const (
	metricInShop = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/flink_desired_taskmanagers"

	asText = "3 TaskManagers: shop, app=flink\n"
	asJSON = `{
  "wanted": 3,
  "why": [
    "shop",
    "app=flink"
  ]
}
`
)

func TestExplain(t *testing.T) {
	address, _ := newAPIServer(t, explaining())
	tests := []struct {
		name     string
		method   string // GET if empty
		path     string
		token    string
		accept   string
		code     int
		contains string
	}{
		{"who may list the metric gets JSON", "", "/explain?namespace=shop&selector=app%3Dflink", "shop-list", "", 200, asJSON},
		{"or text", "", "/explain?namespace=shop&selector=app%3Dflink&format=text", "shop-list", "", 200, asText},
		{"an unescaped = is no matter", "", "/explain?namespace=shop&selector=app=flink&format=text", "shop-list", "", 200, asText},
		{"text may be asked for by Accept", "", "/explain?namespace=shop&selector=app%3Dflink", "shop-list", "text/plain", 200, asText},
		{"the format goes before Accept", "", "/explain?namespace=shop&selector=app%3Dflink&format=json", "shop-list", "text/plain", 200, asJSON},
		{"without a selector all JobManagers are meant", "", "/explain?namespace=shop&format=text", "shop-list", "", 200, "3 TaskManagers: shop, \n"},
		{"a client may tell how long it waits", "", "/explain?namespace=shop&selector=app%3Dflink&format=text&timeout=5s", "shop-list", "", 200, asText},
		{"with its history", "", "/explain?namespace=shop&selector=app%3Dflink&format=text&history", "shop-list", "", 200, "3 TaskManagers: shop, app=flink, after 2\n"},
		{"without, if somebody says so", "", "/explain?namespace=shop&selector=app%3Dflink&format=text&history=false", "shop-list", "", 200, asText},
		{"through the kube-apiserver with its history", "", metricInShop + "?labelSelector=app%3Dflink&explain=text&history=true", "shop-list", "", 200, "after 2"},
		{"HEAD has no body", "HEAD", "/explain?namespace=shop&selector=app%3Dflink", "shop-list", "", 200, ""},
		{"through the kube-apiserver as text", "", metricInShop + "?labelSelector=app%3Dflink&explain=text", "shop-list", "", 200, asText},
		{"through the kube-apiserver as JSON", "", metricInShop + "?labelSelector=app%3Dflink&explain=json", "shop-list", "", 200, asJSON},
		{"through the kube-apiserver without a format", "", metricInShop + "?labelSelector=app%3Dflink&explain", "shop-list", "", 200, asJSON},

		{"without a token", "", "/explain?namespace=shop&selector=app%3Dflink", "", "", 403, `User \"system:anonymous\" cannot list resource`},
		{"with a wrong token", "", "/explain?namespace=shop&selector=app%3Dflink", "forged", "", 401, "Unauthorized"},
		{"without any right", "", "/explain?namespace=shop&selector=app%3Dflink", "nobody", "", 403,
			`User \"nobody\" cannot list resource \"flink_desired_taskmanagers\" in API group \"external.metrics.k8s.io\" in the namespace \"shop\"`},
		{"with the right in another namespace", "", "/explain?namespace=shop&selector=app%3Dflink", "bank-list", "", 403, `in the namespace \"shop\"`},
		{"with the right to watch only", "", "/explain?namespace=shop&selector=app%3Dflink", "shop-watch", "", 403, "cannot list resource"},
		{"through the kube-apiserver without any right", "", metricInShop + "?labelSelector=app%3Dflink&explain=text", "nobody", "", 403, "cannot list resource"},

		{"watch doesn't change what is authorised", "", metricInShop + "?explain=text&watch=true", "shop-watch", "", 400, `parameter watch=\"true\" has no meaning here`},
		{"nor does a field selector", "", metricInShop + "?explain=text&fieldSelector=metadata.name%3Dx", "shop-get", "", 400, `parameter fieldSelector=\"metadata.name=x\" has no meaning`},
		{"POST", "POST", "/explain?namespace=shop&selector=app%3Dflink", "shop-list", "", 405, "method POST has no meaning for an explanation; read it with GET"},
		{"POST through the kube-apiserver", "POST", metricInShop + "?explain=text", "shop-list", "", 405, "read it with GET"},
		{"no namespace", "", "/explain?selector=app%3Dflink", "shop-list", "", 400, "parameter namespace is missing; give the namespace of the job's JobManager"},
		{"no namespace in the path", "", "/apis/external.metrics.k8s.io/v1beta1/namespaces//flink_desired_taskmanagers?explain=text", "shop-list", "", 400, "parameter namespace is missing"},
		{"a namespace that leads elsewhere", "", "/explain?namespace=..%2Fbank&selector=app%3Dflink", "shop-list", "", 400, `namespace \"../bank\" can't exist`},
		{"two namespaces", "", "/explain?namespace=shop&namespace=bank", "shop-list", "", 400, `parameter namespace stands there more than once, as [\"shop\" \"bank\"]`},
		{"a wrong selector", "", "/explain?namespace=shop&selector=app%3D%28", "shop-list", "", 400, `parameter selector is \"app=(\":`},
		{"a wrong selector through the kube-apiserver", "", metricInShop + "?labelSelector=%3D&explain=text", "shop-list", "", 400, `parameter labelSelector is \"=\":`},
		{"a format that there is not", "", "/explain?namespace=shop&selector=app%3Dflink&format=xml", "shop-list", "", 400, `parameter format is \"xml\"; possible are json and text`},
		{"the same through the kube-apiserver", "", metricInShop + "?explain=xml", "shop-list", "", 400, `parameter explain is \"xml\"; possible are json and text`},
		{"a history that there is not", "", "/explain?namespace=shop&history=all", "shop-list", "", 400, `parameter history is \"all\"; possible are true and false`},
		{"the metric's parameter", "", "/explain?namespace=shop&labelSelector=app%3Dflink", "shop-list", "", 400,
			`parameter labelSelector=\"app=flink\" has no meaning here; possible are namespace, selector, format, history, timeout`},
		{"a malformed query", "", "/explain?namespace=shop;selector=a", "shop-list", "", 400, "the query is malformed: invalid semicolon separator in query"},

		{"the provider's error, whatever the format", "", "/explain?namespace=shop&selector=app%3Dgone&format=text", "shop-list", "", 503, `"message": "shop/gone: the job is FAILED; start it again"`},
		{"an explanation that JSON has no words for", "", "/explain?namespace=shop&selector=app%3Dnan", "shop-list", "", 500, "explanation as JSON: json: unsupported value: NaN"},

		{"the metric without explain", "", metricInShop + "?labelSelector=app%3Dflink", "shop-list", "", 200, `"asked":"shop: app=flink"`},
		{"the metric without explain and without a right", "", metricInShop + "?labelSelector=app%3Dflink", "bank-list", "", 403, "cannot list resource"},
		{"what only begins with the address", "", "/explained?namespace=shop", "shop-list", "", 403, `cannot get path \"/explained\"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, body := do(t, test.method, address+test.path, test.token, test.accept)
			if response.StatusCode != test.code || !strings.Contains(body, test.contains) {
				t.Errorf("got %s with %s, want %d with %s", response.Status, body, test.code, test.contains)
			}
			contentType := "application/json"
			if test.contains == asText || strings.HasPrefix(test.contains, "3 ") || strings.Contains(test.path, "explain=text&history=true") {
				contentType = "text/plain; charset=utf-8"
			}
			if got := response.Header.Get("Content-Type"); got != contentType {
				t.Errorf("the content type is %q, want %q", got, contentType)
			}
			if asks := strings.HasPrefix(test.path, "/explain?") || strings.Contains(test.path, "explain="); asks && response.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control is %q", response.Header.Get("Cache-Control"))
			}
		})
	}
}

func TestAnExplanationIsAuthorisedAsTheMetricIs(t *testing.T) {
	address, authorized := newAPIServer(t, explaining())
	for _, selector := range []string{"app%3Dflink", "app+in+%28a%2Cb%29%2Cc", ""} {
		for _, path := range []string{
			metricInShop + "?labelSelector=" + selector, // first
			metricInShop + "?explain=text&labelSelector=" + selector,
			"/explain?namespace=shop&selector=" + selector,
		} {
			do(t, http.MethodGet, address+path, "shop-list", "")
		}
	}
	if len(authorized.asked) != 9 {
		t.Fatalf("authorized %d times", len(authorized.asked))
	}
	for i, asked := range authorized.asked {
		if asked != authorized.asked[i/3*3] {
			t.Errorf("asked %s, and for the metric %s", asked, authorized.asked[i/3*3])
		}
	}
}

func TestWhatElseIsServedStaysAsItIs(t *testing.T) {
	with, _ := newAPIServer(t, explaining())
	without, _ := newAPIServer(t, genericapiserver.DefaultBuildHandlerChain)
	for _, path := range []string{"/", "/apis", "/apis/external.metrics.k8s.io/v1beta1", "/explain/", metricInShop, metricInShop + "/?explain=text", metricInShop + "/x?explain=text"} {
		_, got := do(t, http.MethodGet, with+path, "shop-list", "")
		_, want := do(t, http.MethodGet, without+path, "shop-list", "")
		if got != want {
			t.Errorf("%s answers %s, and %s without explanations", path, got, want)
		}
	}
}
