package webhook

import (
	"context"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
	kjson "sigs.k8s.io/json"
)

// workload answers for a Deployment, Job or StatefulSet with warnings about the pods that it will make: nobody reads those of the
// pods themselves, which controllers create.
func (a *Admission) workload(ctx context.Context, request *admissionv1.AdmissionRequest, response *admissionv1.AdmissionResponse) {
	logger := klog.FromContext(ctx)
	if request.SubResource != "" || request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		logger.V(2).Info("Not checked: neither made nor changed", "operation", request.Operation, "subresource", request.SubResource)
		return
	}
	template, workload, err := decodeWorkload(request)
	if err != nil {
		logger.Error(err, "Not checked: not decoded", "kind", request.Kind)
		return
	}
	if template == nil {
		logger.V(2).Info("Not checked: another kind", "kind", request.Kind)
		return
	}
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	facts := a.Facts(ctx, request.Namespace, pod)
	warn(response, Check(template, workload, facts, a.peers.Peers(ctx, request.Namespace, workload))...)
	logger.V(levelOf(response.Warnings)).Info("Checked", "kind", workload.Kind, "name", workload.Name, "warnings", response.Warnings)
}

// decodeWorkload returns the template of the request's object; none for a kind that isn't checked.
func decodeWorkload(request *admissionv1.AdmissionRequest) (*corev1.PodTemplateSpec, Workload, error) {
	workload := Workload{Kind: request.Kind.Kind, Name: request.Name}
	decode := func(into any) error { return kjson.UnmarshalCaseSensitivePreserveInts(request.Object.Raw, into) }
	switch schema.GroupVersionKind(request.Kind) {
	case appsv1.SchemeGroupVersion.WithKind("Deployment"):
		var object appsv1.Deployment
		err := decode(&object)
		workload.Replicas = ptr.Deref(object.Spec.Replicas, 1)
		return &object.Spec.Template, workload, err
	case appsv1.SchemeGroupVersion.WithKind("StatefulSet"):
		var object appsv1.StatefulSet
		err := decode(&object)
		workload.Replicas = ptr.Deref(object.Spec.Replicas, 1)
		return &object.Spec.Template, workload, err
	case batchv1.SchemeGroupVersion.WithKind("Job"):
		var object batchv1.Job
		err := decode(&object)
		workload.Replicas = ptr.Deref(object.Spec.Parallelism, 1)
		return &object.Spec.Template, workload, err
	default:
		return nil, workload, nil
	}
}
