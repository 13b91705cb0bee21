package keda

import (
	"errors"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/adapter/keda/externalscaler"
)

// trigger is one of ScaledObject shop/orders, with metadata as key and value in turn.
func trigger(metadata ...string) *externalscaler.ScaledObjectRef {
	ref := &externalscaler.ScaledObjectRef{Name: "orders", Namespace: "shop", ScalerMetadata: map[string]string{}}
	for i := 0; i < len(metadata); i += 2 {
		ref.ScalerMetadata[metadata[i]] = metadata[i+1]
	}
	return ref
}

// whole is a trigger that lacks nothing, with what is put into its place or beside it.
func whole(metadata ...string) *externalscaler.ScaledObjectRef {
	return trigger(append([]string{"metric", "flink_busy_ratio", "selector", "app=flink", "targetValue", "700m"}, metadata...)...)
}

func TestATriggerIsAQuestion(t *testing.T) {
	for _, test := range []struct {
		name               string
		ref                *externalscaler.ScaledObjectRef
		selector           string
		target, activation float64
	}{
		{"with the least that it takes", trigger("metric", "flink_busy_ratio", "targetValue", "1"), "", 1, 0},
		{"with a target in thousandths", whole(), "app=flink", 0.7, 0},
		{"with a target as a decimal", whole("targetValue", "0.7"), "app=flink", 0.7, 0},
		{"with the smallest target", whole("targetValue", "1m"), "app=flink", 0.001, 0},
		{"with a target in the largest unit", whole("targetValue", "0.0001E"), "app=flink", 1e14, 0},
		{"with a target with an exponent", whole("targetValue", "7e-1"), "app=flink", 0.7, 0},
		{"with the largest one", whole("targetValue", "1P"), "app=flink", 1e15, 0},
		{"with an activation value", whole("activationValue", "5k"), "app=flink", 0.7, 5000},
		{"with a selector of several labels", whole("selector", "group=g,topic in (a,b)"), "group=g,topic in (a,b)", 0.7, 0},
		{"with KEDA's own keys beside it", whole("scalerAddress", "a:1", "enableTLS", "true", "unsafeSsl", "false"), "app=flink", 0.7, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			q, err := questionOf(test.ref)
			if err != nil {
				t.Fatal(err)
			}
			if q.namespace != "shop" || q.metric != "flink_busy_ratio" || q.selector.String() != test.selector || q.target != test.target || q.activation != test.activation {
				t.Errorf("got %+v with selector %q", q, q.selector)
			}
		})
	}
}

func TestAWrongTriggerIsRefused(t *testing.T) {
	elsewhere := whole()
	elsewhere.Namespace = "Shop/x"
	for _, test := range []struct {
		name string
		ref  *externalscaler.ScaledObjectRef
		says string
	}{
		{"no metric", trigger("targetValue", "1"), "metadata metric is missing; name a metric"},
		{"no target", trigger("metric", "m"), "metadata targetValue is missing; give a number"},
		{"no namespace", &externalscaler.ScaledObjectRef{Name: "orders"}, `namespace "" can't exist`},
		{"no trigger at all", nil, `namespace "" can't exist`},
		{"a namespace that can't exist", elsewhere, `namespace "Shop/x" can't exist`},
		{"a selector that can't be read", whole("selector", "app=flink=x"), `metadata selector is "app=flink=x": `},
		{"a target that is no number", whole("targetValue", "many"), `metadata targetValue is "many", which is no number`},
		{"an empty target", whole("targetValue", ""), `metadata targetValue is "", which is no number`},
		{"a target of nothing", whole("targetValue", "0"), `metadata targetValue is "0"; it must be 1m`},
		{"a negative target", whole("targetValue", "-1"), `metadata targetValue is "-1"; it must be 1m`},
		{"a target that KEDA would take for 0", whole("targetValue", "100u"), `metadata targetValue is "100u"; it must be 1m`},
		{"a target beyond all counting", whole("targetValue", "2P"), `metadata targetValue is "2P"; it must be 1P or less`},
		{"a target of many digits", whole("targetValue", "123456789012345678901"), `metadata targetValue is "123456789012345678901", which is longer than any number here`},
		{"a target with a large exponent, which would take minutes to read", whole("targetValue", "1e-999999999"), `metadata targetValue is "1e-999999999", which is longer than any number here`},
		{"a target beyond counting by its exponent", whole("targetValue", "1E99"), `metadata targetValue is "1E99"; it must be 1P or less`},
		{"a target that is next to nothing by its exponent", whole("targetValue", "1e-99"), `metadata targetValue is "1e-99"; it must be 1m`},
		{"an activation value that is no number", whole("activationValue", "yes"), `metadata activationValue is "yes", which is no number`},
		{"a negative activation value", whole("activationValue", "-1"), `metadata activationValue is "-1"; it must not be negative`},
		{"a key that is misspelt", whole("activationvalue", "5"), `metadata activationvalue is "5" and has no meaning; possible are metric, selector, targetValue, activationValue, scalerAddress`},
		{"a key from a container's environment", whole("selectorFromEnv", "app=x"), `metadata selectorFromEnv is "app=x" and has no meaning`},
		{"a target's type, which isn't metadata", whole("metricType", "Value"), `metadata metricType is "Value" and has no meaning here; it stands beside metadata`},
		{"a CA, which isn't metadata", whole("caCert", "PEM"), "metadata caCert has no meaning; KEDA takes it from a TriggerAuthentication alone"},
		{"a value that is long", whole("note", strings.Repeat("x", 100)), `metadata note is "` + strings.Repeat("x", 64) + `" and more and has no meaning`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := questionOf(test.ref)
			if !errors.Is(err, errQuestion) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

func TestARefusalNamesTheScaledObjectAndNoSecret(t *testing.T) {
	_, err := questionOf(whole("tlsClientKey", "secret"))
	if err == nil || !strings.HasPrefix(err.Error(), "wrong trigger of ScaledObject shop/orders: metadata tlsClientKey ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func FuzzQuestion(f *testing.F) {
	f.Add("shop", "flink_busy_ratio", "app=flink", "700m", "0", "unsafeSsl", "true")
	f.Add("", "m", "a in (b,c),!d", "1e15", "-1", "metric", "x")
	f.Add("a.b", "", "a==b", "1e-999999999", "1E99999999", "", "")
	f.Fuzz(func(t *testing.T, namespace, metric, selector, target, activation, key, value string) {
		ref := trigger("metric", metric, "selector", selector, "targetValue", target, "activationValue", activation, key, value)
		ref.Namespace = namespace
		q, err := questionOf(ref)
		if err != nil {
			if !errors.Is(err, errQuestion) {
				t.Errorf("%v is no refusal of a question", err)
			}
			return
		}
		if q.namespace != namespace || q.metric == "" || q.selector == nil || !(q.target >= least && q.target <= maxNumber) || !(q.activation >= 0 && q.activation <= maxNumber) {
			t.Errorf("%v is taken for %+v", ref, q)
		}
	})
}
