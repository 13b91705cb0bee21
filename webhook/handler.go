package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	kjson "sigs.k8s.io/json"
)

// maxBody is more than twice what the API server accepts for an object and its old version together.
const maxBody = 7 << 20

// Probes say what is wrong with the program, or nil.
type Probes struct {
	Ready func() error // whether it may be asked
	Alive func() error // whether a restart would help
}

// Handler answers AdmissionReviews of pods at /mutate and of what makes pods at /validate, at /livez and /readyz what probes say, and at
// /metrics what registry has.
func Handler(admission *Admission, registry prometheus.Gatherer, probes Probes) http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]answerer{mutatePath: admission.pod, validatePath: admission.workload} {
		mux.Handle("POST "+path, reviews{path: path, answer: answer, metrics: admission.metrics})
	}
	mux.HandleFunc("GET /livez", probe(probes.Alive))
	mux.HandleFunc("GET /readyz", probe(probes.Ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func probe(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// answerer fills in response, which allows the request already.
type answerer func(ctx context.Context, request *admissionv1.AdmissionRequest, response *admissionv1.AdmissionResponse)

// reviews is what is the same for all AdmissionReviews.
type reviews struct {
	path    string
	answer  answerer
	metrics *Metrics
}

func (h reviews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logger := klog.FromContext(r.Context())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "the request is larger than 7 MiB", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		logger.V(1).Info("Request not read", "err", err)
		return // there is nobody to answer
	}
	request, err := decodeReview(body)
	if err != nil {
		logger.Error(err, "Request refused")
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	logger = klog.LoggerWithValues(logger, "uid", request.UID, "namespace", request.Namespace)
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: h.respond(klog.NewContext(r.Context(), logger), request),
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(review); err != nil {
		logger.V(1).Info("Answer not sent", "err", err)
	}
}

// respond always allows: what can't be changed or judged starts as it was written. A mistake of ours that panics is no reason to hold
// up a pod either.
func (h reviews) respond(ctx context.Context, request *admissionv1.AdmissionRequest) (response *admissionv1.AdmissionResponse) {
	timer := prometheus.NewTimer(h.metrics.duration.WithLabelValues(h.path))
	defer func() {
		if cause := recover(); cause != nil {
			klog.FromContext(ctx).Error(fmt.Errorf("panic: %v", cause), "Left alone: a mistake in flink-hpa", "stack", string(debug.Stack()))
			h.metrics.panics.WithLabelValues(h.path).Inc()
			response = allow(request)
		}
		h.metrics.warnings.WithLabelValues(h.path).Add(float64(len(response.Warnings)))
		timer.ObserveDuration()
	}()
	response = allow(request)
	h.answer(ctx, request, response)
	return response
}

func allow(request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}
}

// warn adds warnings to response, each with our name before it.
func warn(response *admissionv1.AdmissionResponse, warnings ...string) {
	for _, warning := range warnings {
		response.Warnings = append(response.Warnings, "flink-hpa: "+warning)
	}
}

func decodeReview(body []byte) (*admissionv1.AdmissionRequest, error) {
	var review admissionv1.AdmissionReview
	if err := kjson.UnmarshalCaseSensitivePreserveInts(body, &review); err != nil {
		return nil, fmt.Errorf("decode the AdmissionReview: %w", err)
	}
	if review.APIVersion != admissionv1.SchemeGroupVersion.String() || review.Kind != "AdmissionReview" {
		return nil, fmt.Errorf("got %s %s, want an AdmissionReview of %s", review.APIVersion, review.Kind, admissionv1.SchemeGroupVersion)
	}
	if review.Request == nil {
		return nil, errors.New("the AdmissionReview has no request")
	}
	return review.Request, nil
}
