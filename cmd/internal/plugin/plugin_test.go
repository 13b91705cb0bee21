package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	hpasPath    = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
	rulesPath   = "/apis/flink-hpa.dev/v1alpha1/namespaces/shop/scalingrules"
	explainPath = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/flink_desired_taskmanagers"
)

type autoscaler = autoscalingv2.HorizontalPodAutoscaler

// orders is an HPA on the desired number, as a cluster shows it. change makes it another one.
func orders(change func(*autoscaler)) autoscaler {
	h := autoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "orders-taskmanager"},
			MinReplicas:    ptr.To[int32](2), MaxReplicas: 8,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: desiredMetric, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "orders"}}},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: new(resource.MustParse("1"))},
			}}},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			CurrentReplicas: 3, DesiredReplicas: 4,
			CurrentMetrics: []autoscalingv2.MetricStatus{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricStatus{
				Metric:  autoscalingv2.MetricIdentifier{Name: desiredMetric},
				Current: autoscalingv2.MetricValueStatus{AverageValue: new(resource.MustParse("1334m"))},
			}}},
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue, Message: "recommended size matches current size"},
				{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Message: "it has its metrics"},
			},
		},
	}
	if change != nil {
		change(&h)
	}
	return h
}

func lag(h *autoscaler) {
	h.Spec.Metrics[0].External.Metric = autoscalingv2.MetricIdentifier{Name: "kafka_consumergroup_lag"}
	h.Status.CurrentMetrics = nil
}

// paced is the metric of the one ScalingRule that there is.
func paced(h *autoscaler) {
	h.Spec.Metrics[0].External.Metric = autoscalingv2.MetricIdentifier{Name: "paced"}
}

const (
	pacedRule = `{"metadata": {"namespace": "shop", "name": "paced"}, "status": {"value": 4, "reason": "limits.stepUp, 6 wanted", "error": "generation 3 can't be used"}}`
	rules     = `{"items": [` + pacedRule + `, {"metadata": {"namespace": "shop", "name": "other"}}]}`
)

// server answers as an API server with these HPAs, and one explanation.
func server(t *testing.T, hpas []autoscaler, explain http.HandlerFunc) (kubeconfig string) {
	t.Helper()
	answer := func(w http.ResponseWriter, object any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(object); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+hpasPath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, autoscalingv2.HorizontalPodAutoscalerList{Items: hpas})
	})
	mux.HandleFunc("GET "+hpasPath+"/orders", func(w http.ResponseWriter, _ *http.Request) { answer(w, hpas[0]) })
	mux.HandleFunc("GET "+hpasPath+"/{other}", refused)
	mux.HandleFunc("GET "+explainPath, explain)
	mux.HandleFunc("GET "+rulesPath+"/{other}", refused)
	mux.HandleFunc("GET "+rulesPath+"/paced", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(pacedRule))
	})
	mux.HandleFunc("GET "+rulesPath, func(w http.ResponseWriter, r *http.Request) {
		if hpas[0].Spec.Metrics == nil || hpas[0].Spec.Metrics[0].External.Metric.Name == desiredMetric {
			refused(w, r) // a cluster that doesn't know them
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(rules))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: it, contexts: [{name: it, context: {cluster: it, namespace: shop}}],
		clusters: [{name: it, cluster: {server: %q}}]}`, s.URL)
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

// explained answers questions about job orders in both forms.
func explained(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if selector := r.URL.Query().Get("labelSelector"); selector != "app=orders" {
			t.Errorf("the selector is %q", selector)
		}
		if r.URL.Query().Get("explain") == "json" {
			_, _ = w.Write([]byte(`{"held": "the job restarts", "decision": {"reasons": [{"text": "vertex map is busy"}, {"text": "partitions limit it"}]}}`))
			return
		}
		_, _ = w.Write([]byte("orders in words, history " + r.URL.Query().Get("history") + "\n"))
	}
}

// refused answers as the adapter does of a job that isn't there.
func refused(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not found: no running pod", "reason": "NotFound", "code": 404}`))
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		args    []string
		hpas    []autoscaler
		explain http.HandlerFunc // else explained
		want    []string
		not     string
	}{
		{"a line for each HPA, with why", nil, []autoscaler{orders(nil)}, nil,
			[]string{"HPA", "orders", "deployment/orders-taskmanager", "flink_desired_taskmanagers 1334m/1", "held: the job restarts; vertex map is busy; partitions limit it"}, "NAMESPACE"},
		{"an HPA that has no metric says so itself", []string{"status"}, []autoscaler{orders(func(h *autoscaler) {
			h.Status.Conditions[1].Status, h.Status.Conditions[1].Message = corev1.ConditionFalse, "unable to get external metric"
		})}, nil, []string{"unable to get external metric"}, "vertex map"},
		{"an explanation that is refused", nil, []autoscaler{orders(nil)}, refused, []string{"not found: no running pod"}, "vertex map"},
		{"an HPA on lag has its own word, and no value yet", nil, []autoscaler{orders(lag)}, nil,
			[]string{"kafka_consumergroup_lag ?/1", "recommended size matches current size"}, "vertex map"},
		{"an HPA on a ScalingRule has the rule's word", nil, []autoscaler{orders(paced)}, nil,
			[]string{"paced ?/1", "limits.stepUp, 6 wanted; generation 3 can't be used"}, "vertex map"},
		{"which is what is explained of it", []string{"explain", "orders"}, []autoscaler{orders(paced)}, nil,
			[]string{"ScalingRule shop/paced\n", "limits.stepUp, 6 wanted\n", "generation 3 can't be used\n"}, "other"},
		{"also as JSON", []string{"explain", "orders", "-o", "json"}, []autoscaler{orders(paced)}, nil, []string{`"value": 4`}, "other"},
		{"a ScalingRule itself", []string{"explain", "scalingrule/paced"}, []autoscaler{orders(nil)}, nil, []string{"ScalingRule shop/paced\n", "limits.stepUp, 6 wanted\n"}, "orders"},
		{"by its short name, as JSON", []string{"explain", "srule/paced", "-o", "json"}, []autoscaler{orders(nil)}, nil, []string{`"scalingRule": "paced"`, `"value": 4`}, "orders"},
		{"other HPAs are none of ours", nil, []autoscaler{orders(func(h *autoscaler) { h.Spec.Metrics = nil })}, nil,
			[]string{"No HPA in namespace shop goes by a metric of flink-hpa."}, "orders"},
		{"an explanation in words", []string{"explain", "hpa/orders"}, []autoscaler{orders(nil)}, nil, []string{"orders in words"}, "held"},
		{"and with its history", []string{"explain", "orders", "--history"}, []autoscaler{orders(nil)}, nil, []string{"orders in words, history true"}, "held"},
		{"the same as JSON", []string{"explain", "orders", "-o", "json"}, []autoscaler{orders(nil)}, nil, []string{`"held": "the job restarts"`}, "in words"},
		{"help", []string{"--help"}, nil, nil, []string{"kubectl flink-hpa explain HPA", "--namespace"}, "error"},
		{"the version", []string{"--version"}, nil, nil, []string{"kubectl-flink_hpa "}, "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.explain == nil {
				c.explain = explained(t)
			}
			var out bytes.Buffer
			if err := Run(t.Context(), append(c.args, "--kubeconfig", server(t, c.hpas, c.explain)), &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in:\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), c.not) {
				t.Errorf("%q is in:\n%s", c.not, out.String())
			}
		})
	}
}

func TestWrongQuestionsAreRefusedWithTheWayOut(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"an unknown command", []string{"scale"}, `command "scale" is none of status, explain and watch`},
		{"nothing to explain", []string{"explain"}, "explain needs the name of one HPA, or scalingrule/NAME"},
		{"an argument too many", []string{"status", "orders"}, `status takes no arguments, and got "orders"`},
		{"an unknown format", []string{"explain", "orders", "-o", "yaml"}, "--output=yaml: possible are text and json"},
		{"an unknown flag", []string{"--nmespace=shop"}, "unknown flag: --nmespace; see kubectl flink-hpa --help"},
		{"an explanation of all", []string{"explain", "orders", "-A"}, "--all-namespaces: explain is about one HPA"},
		{"an HPA that isn't there", []string{"explain", "paced"}, "read the HPA: not found: no running pod; a ScalingRule is explained as scalingrule/paced"},
		{"a ScalingRule that isn't there", []string{"explain", "scalingrules/orders"}, "read the ScalingRule: not found: no running pod"},
		{"the history of a ScalingRule", []string{"explain", "scalingrule/paced", "--history"}, "--history: ScalingRules have none; their changes are Events"},
		{"another kind", []string{"explain", "deployment/orders"}, `"deployment/orders": explained are hpa/NAME and scalingrule/NAME`},
		{"a kind without a name", []string{"explain", "scalingrule/"}, `"scalingrule/": is no name`},
		{"a name with a namespace", []string{"explain", "scalingrule/shop/paced"}, `"scalingrule/shop/paced": is no name`},
		{"an HPA on something else", []string{"explain", "orders"}, "HPA shop/orders goes neither by flink_desired_taskmanagers nor by a ScalingRule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			err := Run(t.Context(), append(c.args, "--kubeconfig", server(t, []autoscaler{orders(lag)}, refused)), &out)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestAWatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	wrote := writer(func(p []byte) {
		if bytes.Contains(p, []byte("vertex map is busy")) {
			cancel()
		}
	})
	if err := Run(ctx, []string{"watch", "--kubeconfig", server(t, []autoscaler{orders(nil)}, explained(t))}, wrote); err != nil {
		t.Error(err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
