package provider

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/kafka"
)

var (
	errSelector  = errors.New("wrong selector") // the question makes no sense
	errForbidden = errors.New("not admitted")   // the namespace may not ask it
	errNotFound  = errors.New("not found")      // what it is about isn't there

	errUnknown = fmt.Errorf("%w: there is no metric", errNotFound) // nor a rule of that name
)

// status turns any error into what the API answers. Whatever is not the asker's doing means that there is no true, fresh
// value now. RetryAfterSeconds stays unset: the HPA controller's client would sleep on it.
func status(err error) *apierrors.StatusError {
	code, reason := http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable
	switch {
	case errors.Is(err, errSelector):
		code, reason = http.StatusBadRequest, metav1.StatusReasonBadRequest
	case errors.Is(err, errForbidden):
		code, reason = http.StatusForbidden, metav1.StatusReasonForbidden
	case errors.Is(err, errNotFound), errors.Is(err, kafka.ErrNotFound), errors.Is(err, flink.ErrNotFound):
		code, reason = http.StatusNotFound, metav1.StatusReasonNotFound
	}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: err.Error(),
	}}
}

func (p *Provider) unknownMetric(namespace, name string) error {
	known := make([]string, len(p.names))
	for i, info := range p.names {
		known[i] = info.Metric
	}
	rules := "no ScalingRule"
	if names := p.rules.Names(namespace); len(names) > maxNamed {
		rules = fmt.Sprintf("%d ScalingRules", len(names))
	} else if len(names) > 0 {
		rules = "the ScalingRules " + strings.Join(names, ", ")
	}
	return fmt.Errorf("%w %q; there are %s; and in namespace %q %s", errUnknown, name, strings.Join(known, ", "), namespace, rules)
}
