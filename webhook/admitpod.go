package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	kjson "sigs.k8s.io/json"
)

// pod answers for a new pod: with the patch that injects, and with what is wrong.
func (a *Admission) pod(ctx context.Context, request *admissionv1.AdmissionRequest, response *admissionv1.AdmissionResponse) {
	logger := klog.FromContext(ctx)
	if request.Operation != admissionv1.Create || request.Kind != (metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}) || request.SubResource != "" {
		logger.V(2).Info("Left alone: not a new pod", "operation", request.Operation, "kind", request.Kind)
		return
	}
	var pod corev1.Pod
	if err := kjson.UnmarshalCaseSensitivePreserveInts(request.Object.Raw, &pod); err != nil {
		logger.Error(err, "Pod left alone: not decoded")
		warn(response, "nothing is injected: the pod could not be read")
		a.metrics.admitted(failed, "")
		return
	}
	logger = klog.LoggerWithValues(logger, "pod", cmp.Or(pod.Name, pod.GenerateName))
	changed, report := Mutate(&pod, a.comingFacts(ctx, request.Namespace, &pod))
	warn(response, report.Warnings...)
	if len(report.Injected) == 0 {
		logger.V(levelOf(report.Warnings)).Info("Pod left alone", "role", report.Role, "reason", report.Reason, "warnings", report.Warnings)
		a.metrics.admitted(unchanged, report.Role)
		return
	}
	patch, err := diff(&pod, changed)
	if err != nil {
		logger.Error(err, "Pod left alone: no patch")
		warn(response, "nothing is injected: the change could not be written")
		a.metrics.admitted(failed, report.Role)
		return
	}
	logger.Info("Injected into a pod", "role", report.Role, "injected", report.Injected, "warnings", report.Warnings)
	a.metrics.admitted(injected, report.Role)
	patchType := admissionv1.PatchTypeJSONPatch
	response.Patch, response.PatchType = patch, &patchType
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
