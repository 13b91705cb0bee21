package webhook

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	kjson "sigs.k8s.io/json"
)

// maxBody is more than twice what the API server accepts for an object and its old version together.
const maxBody = 7 << 20

// Handler answers AdmissionReviews at /mutate, and at /healthz and /readyz that it is there.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", mutate)
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /readyz", ok)
	return mux
}

func mutate(w http.ResponseWriter, r *http.Request) {
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
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Response: admit(klog.LoggerWithValues(logger, "uid", request.UID, "namespace", request.Namespace), request),
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(review); err != nil {
		logger.V(1).Info("Answer not sent", "err", err)
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

// admit always allows: a pod that can't be changed starts as it was written, with a warning to its author.
func admit(logger klog.Logger, request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	response := &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}
	if request.Operation != admissionv1.Create || request.Kind != (metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}) || request.SubResource != "" {
		logger.V(2).Info("Left alone: not a new pod", "operation", request.Operation, "kind", request.Kind)
		return response
	}
	var pod corev1.Pod
	if err := kjson.UnmarshalCaseSensitivePreserveInts(request.Object.Raw, &pod); err != nil {
		logger.Error(err, "Pod left alone: not decoded")
		response.Warnings = []string{"flink-hpa: nothing is injected: the pod could not be read"}
		return response
	}
	logger = klog.LoggerWithValues(logger, "pod", cmp.Or(pod.Name, pod.GenerateName))
	changed, report := Mutate(&pod)
	for _, warning := range report.Warnings {
		response.Warnings = append(response.Warnings, "flink-hpa: "+warning)
	}
	if len(report.Injected) == 0 {
		logger.V(2).Info("Pod left alone", "role", report.Role, "reason", report.Reason, "warnings", report.Warnings)
		return response
	}
	patch, err := diff(&pod, changed)
	if err != nil {
		logger.Error(err, "Pod left alone: no patch")
		response.Warnings = append(response.Warnings, "flink-hpa: nothing is injected: the change could not be written")
		return response
	}
	logger.Info("Injected into a pod", "role", report.Role, "injected", report.Injected, "warnings", report.Warnings)
	patchType := admissionv1.PatchTypeJSONPatch
	response.Patch, response.PatchType = patch, &patchType
	return response
}

// diff is the JSON patch from before to after. Both went through our types, so what these don't know is on neither side, and stays
// in the pod.
func diff(before, after *corev1.Pod) ([]byte, error) {
	old, err := json.Marshal(before)
	if err != nil {
		return nil, fmt.Errorf("encode the pod as it was: %w", err)
	}
	changed, err := json.Marshal(after)
	if err != nil {
		return nil, fmt.Errorf("encode the changed pod: %w", err)
	}
	operations, err := jsonpatch.CreatePatch(old, changed)
	if err != nil {
		return nil, fmt.Errorf("compare the pods: %w", err)
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return nil, fmt.Errorf("encode the patch: %w", err)
	}
	return patch, nil
}
