package server

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/munnerz/goautoneg"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/metrics/pkg/apis/external_metrics"

	"github.com/flink-hpa/flink-hpa/adapter/provider"
)

const (
	explainPath = "/explain"
	metricsPath = "/apis/" + external_metrics.GroupName + "/v1beta1/namespaces/" // then NAMESPACE/METRIC

	historyParam = "history" // whether the changes that led there are told too
	timeoutParam = "timeout" // how long a client waits, which client-go may add to any request

	jsonFormat, jsonType = "json", "application/json"
	textFormat, textType = "text", "text/plain"
)

// question is what somebody wants explained, and how.
type question struct {
	namespace string
	selector  labels.Selector
	format    string // jsonFormat or textFormat
	history   bool
	metric    *url.URL // the same question at the metric's own address, with no parameters but a question's
}

// spelling is the names of a question's parameters.
type spelling struct {
	namespace string // empty: the namespace stands in the path
	selector  string
	format    string
}

func direct() spelling { return spelling{"namespace", "selector", "format"} }

func aggregated() spelling { return spelling{selector: "labelSelector", format: "explain"} }

// questionOf reads the question of a request that asks one: at explainPath, or at the metric's own address with the
// parameter explain, as the kube-apiserver passes it on. An error names the parameter, its value and what is possible.
func questionOf(r *http.Request) (asked question, asks bool, err error) {
	params, malformed := url.ParseQuery(r.URL.RawQuery)
	names := aggregated()
	namespace, ofMetric := namespaceIn(r.URL.Path)
	if r.URL.Path == explainPath {
		names = direct()
		namespace = params.Get(names.namespace)
	} else if !ofMetric || !params.Has(names.format) {
		return question{}, false, nil
	}
	if malformed != nil {
		return question{}, true, fmt.Errorf("the query is malformed: %w; percent-encode the values in it", malformed)
	}
	if err := names.check(params); err != nil {
		return question{}, true, err
	}
	asked, err = names.read(namespace, params, r.Header.Get("Accept"))
	return asked, true, err
}

// check refuses parameters that are not a question's. In the request for the metric they could change what is authorised,
// as watch=true does.
func (s spelling) check(params url.Values) error {
	possible := []string{s.selector, s.format, historyParam, timeoutParam}
	if s.namespace != "" {
		possible = append([]string{s.namespace}, possible...)
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(possible, name) {
			return fmt.Errorf("parameter %s=%q has no meaning here; possible are %s", name, params.Get(name), strings.Join(possible, ", "))
		}
		if values := params[name]; len(values) > 1 {
			return fmt.Errorf("parameter %s stands there more than once, as %q; give it once", name, values)
		}
	}
	return nil
}

func (s spelling) read(namespace string, params url.Values, accept string) (question, error) {
	if namespace == "" {
		return question{}, errors.New("parameter namespace is missing; give the namespace of the job's JobManager")
	}
	if wrong := validation.IsDNS1123Label(namespace); len(wrong) > 0 {
		return question{}, fmt.Errorf("namespace %q can't exist: %s", namespace, strings.Join(wrong, "; "))
	}
	selector, err := labels.Parse(params.Get(s.selector))
	if err != nil {
		return question{}, fmt.Errorf("parameter %s is %q: %w; give labels of the JobManager's pod, such as app=flink,component=jobmanager",
			s.selector, params.Get(s.selector), err)
	}
	format, err := formatOf(params.Get(s.format), accept)
	if err != nil {
		return question{}, fmt.Errorf("parameter %s is %w", s.format, err)
	}
	history, err := historyOf(params)
	if err != nil {
		return question{}, err
	}
	names, query := aggregated(), url.Values{}
	query.Set(names.format, format)
	for from, to := range map[string]string{s.selector: names.selector, historyParam: historyParam, timeoutParam: timeoutParam} {
		if params.Has(from) {
			query.Set(to, params.Get(from))
		}
	}
	metric := &url.URL{Path: metricsPath + namespace + "/" + provider.DesiredTaskManagers, RawQuery: query.Encode()}
	return question{namespace, selector, format, history, metric}, nil
}

// historyOf is whether the history is asked for: the parameter alone does, too.
func historyOf(params url.Values) (bool, error) {
	if !params.Has(historyParam) || params.Get(historyParam) == "" {
		return params.Has(historyParam), nil
	}
	history, err := strconv.ParseBool(params.Get(historyParam))
	if err != nil {
		return false, fmt.Errorf("parameter %s is %q; possible are true and false", historyParam, params.Get(historyParam))
	}
	return history, nil
}

// formatOf is the format that a parameter names, else the one that the header Accept prefers.
func formatOf(param, accept string) (string, error) {
	switch param {
	case jsonFormat, textFormat:
		return param, nil
	case "":
		if goautoneg.Negotiate(accept, []string{jsonType, textType}) == textType {
			return textFormat, nil
		}
		return jsonFormat, nil
	default:
		return "", fmt.Errorf("%q; possible are %s and %s", param, jsonFormat, textFormat)
	}
}

// namespaceIn is the namespace in the metric's path, if it is that.
func namespaceIn(path string) (string, bool) {
	namespace, under := strings.CutPrefix(path, metricsPath)
	namespace, ofMetric := strings.CutSuffix(namespace, "/"+provider.DesiredTaskManagers)
	return namespace, under && ofMetric
}
