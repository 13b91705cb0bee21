package keda

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

// Keys of a trigger's metadata.
const (
	metricKey     = "metric"
	selectorKey   = "selector"
	targetKey     = "targetValue"
	activationKey = "activationValue"
)

// maxShown is how much of a wrong value is shown, in bytes.
const maxShown = 64

var errQuestion = errors.New("wrong trigger")

// question is what a trigger of a ScaledObject asks.
type question struct {
	namespace  string
	metric     string
	selector   labels.Selector
	target     float64 // of the HPA that KEDA makes; above 0
	activation float64 // the value has to be above it for the trigger to be active
}

// questionOf reads a trigger. The error names the key, its value and what is possible.
func questionOf(ref *externalscaler.ScaledObjectRef) (question, error) {
	q, err := read(ref)
	if err != nil {
		return question{}, fmt.Errorf("%w of ScaledObject %s/%s: %w", errQuestion, ref.GetNamespace(), ref.GetName(), err)
	}
	return q, nil
}

func read(ref *externalscaler.ScaledObjectRef) (question, error) {
	if wrong := validation.IsDNS1123Label(ref.GetNamespace()); len(wrong) > 0 {
		return question{}, fmt.Errorf("namespace %s can't exist: %s", shown(ref.GetNamespace()), strings.Join(wrong, "; "))
	}
	metadata := ref.GetScalerMetadata()
	if err := checkKeys(metadata); err != nil {
		return question{}, err
	}
	q := question{namespace: ref.GetNamespace(), metric: metadata[metricKey]}
	if q.metric == "" {
		return question{}, fmt.Errorf("metadata %s is missing; name a metric, such as flink_desired_taskmanagers", metricKey)
	}
	var err error
	if q.selector, err = labels.Parse(metadata[selectorKey]); err != nil {
		return question{}, fmt.Errorf("metadata %s is %s: %w; write labels as for kubectl, such as app=flink,component=jobmanager",
			selectorKey, shown(metadata[selectorKey]), err)
	}
	if q.target, err = number(metadata, targetKey); err != nil {
		return question{}, err
	}
	if q.target < least {
		return question{}, fmt.Errorf("metadata %s is %s; it must be 1m, which is 0.001, or more", targetKey, shown(metadata[targetKey]))
	}
	if _, there := metadata[activationKey]; !there {
		return q, nil
	}
	if q.activation, err = number(metadata, activationKey); err != nil {
		return question{}, err
	}
	if q.activation < 0 {
		return question{}, fmt.Errorf("metadata %s is %s; it must not be negative; for a trigger that doesn't let go of the last replica set the ScaledObject's minReplicaCount to 1",
			activationKey, shown(metadata[activationKey]))
	}
	return q, nil
}

const (
	// least is the smallest target: KEDA has three decimals.
	least = 0.001
	// maxNumber is far above what anything is counted in here, and far below where KEDA's and Kubernetes' numbers end.
	maxNumber = 1e15
	// maxDigits and maxExponent, in characters, keep away from quantities that take Kubernetes minutes to read, such as 1e-999999999.
	maxDigits   = 20
	maxExponent = 3
)

// number reads a quantity, as an HPA's targets are written.
func number(metadata map[string]string, key string) (float64, error) {
	value, there := metadata[key]
	if !there {
		return 0, fmt.Errorf("metadata %s is missing; give a number, such as 1 or 700m", key)
	}
	if _, exponent, _ := strings.Cut(strings.ToLower(value), "e"); len(value) > maxDigits || len(exponent) > maxExponent {
		return 0, fmt.Errorf("metadata %s is %s, which is longer than any number here; write it as in an HPA, such as 1 or 700m", key, shown(value))
	}
	quantity, err := resource.ParseQuantity(value)
	if err != nil {
		return 0, fmt.Errorf("metadata %s is %s, which is no number; write it as in an HPA, such as 1 or 700m", key, shown(value))
	}
	if math.Abs(quantity.AsApproximateFloat64()) > maxNumber {
		return 0, fmt.Errorf("metadata %s is %s; it must be 1P or less", key, shown(value))
	}
	return exactly(quantity)
}

// exactly is the number that is nearest to a quantity. What Kubernetes calls approximate makes 0.7000000000000001 of 700m.
func exactly(quantity resource.Quantity) (float64, error) {
	return strconv.ParseFloat(quantity.AsDec().String(), 64)
}

// checkKeys refuses keys that nobody reads: what is misspelt would count for its default.
func checkKeys(metadata map[string]string) error {
	ours := []string{metricKey, selectorKey, targetKey, activationKey}
	kedas := []string{"scalerAddress", "enableTLS", "unsafeSsl"} // KEDA passes on all metadata
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		switch key {
		case "caCert", "tlsClientCert", "tlsClientKey":
			// The value may be a secret, and errors are logged.
			return fmt.Errorf("metadata %s has no meaning; KEDA takes it from a TriggerAuthentication alone, to which authenticationRef leads", key)
		case "metricType":
			return fmt.Errorf("metadata %s is %s and has no meaning here; it stands beside metadata, not in it", key, shown(metadata[key]))
		}
		if !slices.Contains(ours, key) && !slices.Contains(kedas, key) {
			return fmt.Errorf("metadata %s is %s and has no meaning; possible are %s", key, shown(metadata[key]), strings.Join(slices.Concat(ours, kedas), ", "))
		}
	}
	return nil
}

// shown is a value in quotes, without its end where that is far away.
func shown(value string) string {
	if len(value) > maxShown {
		return fmt.Sprintf("%q and more", value[:maxShown])
	}
	return fmt.Sprintf("%q", value)
}
