package monitoring

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	rulesFile     = "../../manifests/components/prometheus/rules.yaml"
	dashboardFile = "../../manifests/monitoring/dashboard.json"
)

func read(t *testing.T) metrics {
	t.Helper()
	m, err := documented("../../docs/operations.md")
	if err != nil || len(m) < 30 {
		t.Fatalf("%d metrics are documented: %v", len(m), err)
	}
	return m
}

type rules struct {
	Spec struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	} `yaml:"spec"`
}

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []rule {
	t.Helper()
	data, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var file rules
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range file.Spec.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 10 {
		t.Fatalf("only %d alerts are found", len(all))
	}
	return all
}

var inTemplate = regexp.MustCompile(`\$labels\.([a-z_]+)`)

func TestEachAlertGoesByMetricsThatThereAreAndSaysWhatToDo(t *testing.T) {
	m := read(t)
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range alerts(t) {
		result, err := m.check(alert.Expr)
		if err != nil {
			t.Errorf("%s: %v", alert.Alert, err)
		}
		if alert.Annotations["summary"] == "" || len(alert.Annotations["description"]) < 100 || alert.Labels["severity"] == "" {
			t.Errorf("%s has no summary, description or severity", alert.Alert)
		}
		for _, label := range inTemplate.FindAllStringSubmatch(alert.Annotations["summary"]+alert.Annotations["description"], -1) {
			if !result[label[1]] {
				t.Errorf("%s tells of label %q, which its expression does not have", alert.Alert, label[1])
			}
		}
		if !strings.Contains(string(operations), "`"+alert.Alert+"`") {
			t.Errorf("%s is not in docs/operations.md", alert.Alert)
		}
	}
}

type dashboard struct {
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []struct {
		Type, Title string
		Targets     []struct {
			Datasource   struct{ UID string }
			Expr         string
			LegendFormat string
		}
	} `json:"panels"`
}

var (
	variable    = regexp.MustCompile(`\$\{?([a-zA-Z_]+)\}?`)
	inLegend    = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)
	labelValues = regexp.MustCompile(`^label_values\((.*), ([a-z_]+)\)$`)
)

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	data, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var board dashboard
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	return board
}

func TestTheDashboardShowsMetricsThatThereAre(t *testing.T) {
	m := read(t)
	board := readDashboard(t)
	variables := map[string]string{"__rate_interval": "2m"}
	for _, v := range board.Templating.List {
		variables[v.Name] = ".*"
	}
	filled := func(text string) string {
		return variable.ReplaceAllStringFunc(text, func(found string) string {
			value, known := variables[variable.FindStringSubmatch(found)[1]]
			if !known {
				t.Errorf("%q has a variable that there is not: %s", text, found)
			}
			return value
		})
	}
	for _, v := range board.Templating.List {
		if v.Definition == "" {
			continue
		}
		query := labelValues.FindStringSubmatch(v.Definition)
		if query == nil {
			t.Errorf("variable %s: %q is no label_values", v.Name, v.Definition)
			continue
		}
		if result, err := m.check(filled(query[1])); err != nil || !result[query[2]] {
			t.Errorf("variable %s: has label %s: %t, %v", v.Name, query[2], result[query[2]], err)
		}
	}
	shown := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			shown++
			result, err := m.check(filled(target.Expr))
			if err != nil {
				t.Errorf("panel %q: %v", panel.Title, err)
			}
			for _, label := range inLegend.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !result[label[1]] {
					t.Errorf("panel %q: the legend has label %q, which %q does not have", panel.Title, label[1], target.Expr)
				}
			}
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q has a data source of its own: %q", panel.Title, target.Datasource.UID)
			}
		}
	}
	if shown < 30 {
		t.Errorf("only %d expressions are found", shown)
	}
}

// unseen are metrics that the dashboard doesn't show, and why.
func unseen() map[string]string {
	const size, reason, since = "how large the adapter's work is, for those who look into it", "a message or an alert leads there", "the gauge beside it says what matters"
	return map[string]string{
		"flink_hpa_kafka_requests_total":                                   size,
		"flink_hpa_kafka_connections":                                      size,
		"flink_hpa_kafka_consumer_groups":                                  size,
		"flink_hpa_kafka_partitions":                                       size,
		"flink_hpa_flink_requests_total":                                   size,
		"flink_hpa_answers_not_shown_total":                                reason,
		"flink_hpa_flink_settings_not_in_force":                            reason,
		"flink_hpa_config_last_reload_success_timestamp_seconds":           since,
		"flink_hpa_webhook_profiles_last_reload_success_timestamp_seconds": since,
	}
}

func TestTheDashboardShowsAllThatMatters(t *testing.T) {
	board := readDashboard(t)
	var shown strings.Builder
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			shown.WriteString(target.Expr + "\n")
		}
	}
	for name := range read(t) {
		if _, left := unseen()[name]; strings.Contains(shown.String(), name) == left {
			t.Errorf("%s: a panel shows it or unseen says why not, and not both", name)
		}
	}
}

func TestWhatIsNotThereIsFound(t *testing.T) {
	m := read(t)
	for name, expression := range map[string]string{
		"a metric":                          `flink_hpa_renamed > 0`,
		"a histogram without its suffix":    `flink_hpa_poll_duration_seconds`,
		"a label that selects":              `flink_hpa_refused{reason="503"}`,
		"a label that groups":               `sum by (source) (flink_hpa_refused)`,
		"a label that was grouped away":     `sum by (group) (max by (topic) (flink_hpa_kafka_lost_records))`,
		"a label that matches":              `flink_hpa_refused and on (source) flink_hpa_served_value`,
		"a metric among several":            `{__name__=~"flink_hpa_refused|flink_hpa_gone"}`,
		"what is no expression":             `sum by (flink_hpa_refused`,
		"a metric inside of functions":      `rate(flink_hpa_answers[5m]) / 2`,
		"a label of a histogram's sum only": `sum by (le) (rate(flink_hpa_poll_duration_seconds_sum[5m]))`,
	} {
		if _, err := m.check(expression); err == nil {
			t.Errorf("%s: nothing is wrong with %s", name, expression)
		}
	}
}
