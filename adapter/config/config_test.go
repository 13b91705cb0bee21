package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

func seconds(n time.Duration) Duration { return Duration{Duration: n * time.Second} }

func TestParse(t *testing.T) {
	cluster := KafkaCluster{
		Name: "main", BootstrapServers: []string{"kafka.kafka.svc:9092"}, Namespaces: []string{"*"}, MetadataMaxAge: seconds(60),
		Lag: Lag{
			UncommittedPartition: Earliest, UncommittedGroup: Error, BeforeLogStart: Earliest, PastLogEnd: Error, DeletedTopic: Error,
			IsolationLevel: ReadUncommitted,
		},
	}
	full := Default()
	full.Kafka.Clusters = []KafkaCluster{{
		Name: "main", BootstrapServers: []string{"kafka:9092"}, Namespaces: []string{"shop"}, MetadataMaxAge: seconds(300),
		Lag: Lag{
			UncommittedPartition: Latest, UncommittedGroup: Earliest, BeforeLogStart: Error, PastLogEnd: Latest, DeletedTopic: Ignore,
			IsolationLevel: ReadCommitted, DeadBand: 2,
		},
		Aliases: []Alias{{Name: "a", Group: "a/b", Topics: []string{"x"}}, {Name: "b", TopicPattern: "x.*"}},
	}}
	custom := Default()
	custom.Kafka.Interval, custom.Kafka.Clusters, custom.Flink.Window = seconds(10), []KafkaCluster{cluster}, seconds(60)
	flinks := Default()
	flinks.Flink.Hold, flinks.Flink.TLS = seconds(600), &TLS{CAFile: "/ca.crt", CertFile: "/tls.crt", KeyFile: "/tls.key"}
	flinks.Flink.Desired = Desired{
		Utilization: 0.6, UtilizationMin: 0.5, UtilizationMax: 0.9,
		CatchUp: seconds(600), Restart: seconds(60), ScaleDownDelay: seconds(0), IneffectiveFor: seconds(0),
	}
	flinks.Flink.Memory = Memory{Window: seconds(7200), Factor: 3, StepEvery: seconds(3600), BackOff: seconds(86400)}
	tests := []struct {
		name string
		yaml string
		want Config
	}{
		{"an empty file means the defaults", "", Default()},
		{"an empty object means the defaults", "{}", Default()},
		{"null leaves the default", "flink: {settle: null}", Default()},
		{"what the file sets replaces the defaults, the rest stays", `
kafka:
  interval: 10s
  clusters:
  - name: main
    bootstrapServers: ["kafka.kafka.svc:9092"]
    namespaces: ["*"]
flink:
  window: 1m
`, custom},
		{"all of Flink's", `
flink:
  hold: 10m
  tls: {caFile: /ca.crt, certFile: /tls.crt, keyFile: /tls.key}
  desired: {utilization: 0.6, utilizationMin: 0.5, utilizationMax: 0.9, catchUp: 10m, restart: 1m, scaleDownDelay: 0s, ineffectiveFor: 0s}
  memory: {window: 2h, factor: 3, stepEvery: 1h, backOff: 24h}
`, flinks},
		{"a cluster with all that is not plain", `
kafka:
  clusters:
  - name: main
    bootstrapServers: ["kafka:9092"]
    namespaces: [shop]
    metadataMaxAge: 5m
    lag:
      uncommittedPartition: latest
      uncommittedGroup: earliest
      beforeLogStart: error
      pastLogEnd: latest
      deletedTopic: ignore
      isolationLevel: read_committed
      deadBand: 2
    aliases:
    - {name: a, group: a/b, topics: [x]}
    - {name: b, topicPattern: "x.*"}
`, full},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse([]byte(test.yaml))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(Duration{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name string
		yaml string
		want []string // one part of the message for each mistake
	}{
		{"an unknown key, with its path", "kafka: {intervall: 5s}", []string{`unknown field "kafka.intervall"`}},
		{"a key in the wrong case", "kafka: {maxage: 5s}", []string{`unknown field "kafka.maxage"`}},
		{"a repeated key", "flink: {window: 20s, window: 30s}", []string{`key "window" already set`}},
		{"text that is no YAML", "kafka: [", []string{"yaml"}},
		{"a number without a unit", "kafka: {interval: 5}", []string{`kafka.interval: Invalid value: "5": must be a duration`}},
		{"an empty time", "flink: {settle: ''}", []string{`flink.settle: Invalid value: "": must be a duration`}},
		{"a time that is no duration", "flink: {settle: soon}", []string{`flink.settle: Invalid value: "soon": must be a duration`}},
		{"a negative settle", "flink: {settle: -1s}", []string{`flink.settle: Invalid value: "-1s": must not be below zero`}},
		{"a zero interval", "kafka: {interval: 0s}", []string{`kafka.interval: Invalid value: "0s": must be above zero`}},
		{"an interval below a second", "kafka: {interval: 10ms, timeout: 5ms}", []string{`kafka.interval: Invalid value: "10ms": must be at least 1s`}},
		{"a round longer than the interval", "kafka: {timeout: 6s}", []string{"kafka.timeout: Invalid value: \"6s\": a round must end before the next one starts"}},
		{"samples too old before the next", "kafka: {maxAge: 8s}", []string{`kafka.maxAge: Invalid value: "8s": every sample would be too old`}},
		{"Flink asked too seldom", "flink: {interval: 11s}", []string{`flink.interval: Invalid value: "11s": Flink renews its metrics only while`}},
		{"a window shorter than Flink's own rhythm", "flink: {window: 14s}", []string{`flink.window: Invalid value: "14s": Flink's metrics may stand still`}},
		{"a hold that is no duration", "flink: {hold: long}", []string{`flink.hold: Invalid value: "long": must be a duration`}},
		{"a negative hold", "flink: {hold: -1m}", []string{`flink.hold: Invalid value: "-1m0s": must not be below zero`}},
		{"a server's name for all JobManagers", "flink: {tls: {serverName: flink}}", []string{`flink.tls.serverName: Forbidden: each pod's annotation`}},
		{"a client certificate without its key", "flink: {tls: {certFile: /a}}", []string{`flink.tls.keyFile: Required`}},
		{"a utilization in per cent", "flink: {desired: {utilization: 70}}", []string{`flink.desired.utilization: Invalid value: "70": must be above 0 and at most 1`}},
		{"a band that lies above", "flink: {desired: {utilizationMin: 0.75}}", []string{`flink.desired.utilizationMin: Invalid value: "0.75": must be above 0 and at most utilization`}},
		{"a band that lies below", "flink: {desired: {utilizationMax: 0.65}}", []string{`flink.desired.utilizationMax: Invalid value: "0.65": must be at least utilization`}},
		{"times of the desired number that are none", "flink: {desired: {catchUp: 0s, restart: x, scaleDownDelay: -1s, ineffectiveFor: -1s}}", []string{
			`flink.desired.catchUp: Invalid value: "0s": must be above zero`, `flink.desired.restart: Invalid value: "x"`, "flink.desired.scaleDownDelay:", "flink.desired.ineffectiveFor:"}},
		{"a window of memory that is too short for samples", "flink: {memory: {window: 15m}}", []string{
			`flink.memory.window: Invalid value: "15m0s": must be from 16m0s to a week: it is looked at in 24 parts, each of which takes some samples`}},
		{"one that is longer than a week", "flink: {memory: {window: 169h}}", []string{`flink.memory.window: Invalid value: "169h0m0s": must be from 16m0s to a week`}},
		{"a heap that leaves the collector no room", "flink: {memory: {factor: 1.4}}", []string{`flink.memory.factor: Invalid value: "1.4": must be from 1.5 to 10: how many times what is live the heap is to be`}},
		{"a factor that is too large", "flink: {memory: {factor: 10.5}}", []string{`flink.memory.factor: Invalid value: "10.5": must be from 1.5 to 10`}},
		{"times of memory that are none", "flink: {memory: {window: x, stepEvery: 0s, backOff: -1s}}", []string{
			`flink.memory.window: Invalid value: "x"`, `flink.memory.stepEvery: Invalid value: "0s": must be above zero`, `flink.memory.backOff: Invalid value: "-1s": must be above zero`}},
		{"a cluster without anything", "kafka: {clusters: [{}]}", []string{
			"kafka.clusters[0].name: Required", "kafka.clusters[0].bootstrapServers: Required", "kafka.clusters[0].namespaces: Required"}},
		{"words that a field doesn't take", inCluster(`lag: {uncommittedPartition: newest, uncommittedGroup: ignore, beforeLogStart: latest, pastLogEnd: x, deletedTopic: w, isolationLevel: z, deadBand: -1}`), []string{
			`lag.uncommittedPartition: Unsupported value: "newest": supported values: "earliest", "latest", "error"`, "lag.uncommittedGroup:", "lag.beforeLogStart:",
			"lag.pastLogEnd:", "lag.deletedTopic:", "lag.isolationLevel:", "lag.deadBand: Invalid value: -1: must not be below zero"}},
		{"metadata that is never believed", inCluster("metadataMaxAge: 0s"), []string{`kafka.clusters[0].metadataMaxAge: Invalid value: "0s": must be above zero`}},
		{"aliases that stand for nothing, or for too much", inCluster(`aliases: [{name: a}, {name: a, group: g}, {name: b/c, group: g}, {group: g}, {name: d, topics: [x, x, "y z"], topicPattern: "["}]`), []string{
			"aliases[0]: Required value: give a group, topics or a topicPattern", `aliases[1].name: Invalid value: "a": is the name of aliases[0] too`, `aliases[2].name: Invalid value: "b/c"`,
			"aliases[3].name: Required", `aliases[4].topicPattern: Invalid value: "[": topics are given too`, `aliases[4].topics[1]: Duplicate value: "x"`,
			`aliases[4].topics[2]: Invalid value: "y z": is no name for a topic`, `aliases[4].topicPattern: Invalid value: "[": is no regular expression`}},
		{"every mistake at once", `
kafka:
  timeout: 9s
  colour: red
  clusters:
  - {name: a/b, bootstrapServers: [kafka, ":9092", "kafka:0"], namespaces: [Upper]}
  - {name: main, bootstrapServers: ["kafka:9092"], namespaces: [shop]}
  - {name: main, bootstrapServers: ["kafka:9092"], namespaces: [shop]}
flink: {window: -1s}
`, []string{
			`unknown field "kafka.colour"`, "kafka.timeout:", `kafka.clusters[0].name: Invalid value: "a/b"`,
			`kafka.clusters[0].bootstrapServers[0]: Invalid value: "kafka"`, `kafka.clusters[0].bootstrapServers[1]: Invalid value: ":9092"`,
			`kafka.clusters[0].bootstrapServers[2]: Invalid value: "kafka:0"`, `kafka.clusters[0].namespaces[0]: Invalid value: "Upper"`,
			`kafka.clusters[2].name: Invalid value: "main": is the name of clusters[1] too`, "flink.window:"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.yaml))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message lacks %q:\n%v", want, err)
				}
			}
			if got := strings.Count(err.Error(), "\n") + 1; len(test.want) > 1 && got != len(test.want) {
				t.Errorf("%d mistakes reported, want %d:\n%v", got, len(test.want), err)
			}
		})
	}
}

// inCluster is a file whose only cluster has this too.
func inCluster(text string) string {
	return "kafka: {clusters: [{name: main, bootstrapServers: [\"k:1\"], namespaces: [shop], " + text + "}]}"
}

func TestAPatternIsForWholeNames(t *testing.T) {
	tests := []struct {
		name    string
		pattern string
		topic   string
		want    bool
	}{
		{"the whole name", "orders-.*", "orders-eu", true},
		{"not a part at the start", "orders", "orders-eu", false},
		{"not a part at the end", "eu", "orders-eu", false},
		{"alternatives stay together", "a|b", "ab", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pattern, err := Alias{TopicPattern: test.pattern}.Pattern()
			if err != nil || pattern.MatchString(test.topic) != test.want {
				t.Errorf("%v, %v", !test.want, err)
			}
		})
	}
	if _, err := (Alias{TopicPattern: ")("}).Pattern(); err == nil {
		t.Error("parentheses reach out")
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("kafka: {interval: x}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a wrong file: %v", err)
	}
}

func TestAdmits(t *testing.T) {
	tests := []struct {
		name       string
		namespaces []string
		want       bool
	}{
		{"a listed namespace is admitted", []string{"crm", "shop"}, true},
		{"a star admits all", []string{"*"}, true},
		{"another namespace is not", []string{"crm"}, false},
		{"a part of a name is not", []string{"shop-eu", "sho"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := (KafkaCluster{Namespaces: test.namespaces}).Admits("shop"); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("kafka: {clusters: [{name: main, bootstrapServers: [\"k:1\"], namespaces: [\"*\"]}]}"))
	f.Add([]byte(inCluster("lag: {deadBand: 2}, aliases: [{name: a, topicPattern: 'x.*'}]")))
	f.Add([]byte("flink: {interval: 5, settle: -1s}"))
	f.Add([]byte("kafka: null"))
	f.Add([]byte("- a\n- b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := Parse(data)
		if err == nil && len(config.validate()) > 0 {
			t.Errorf("accepted a configuration that is not valid: %+v", config)
		}
	})
}

func TestMemoryRules(t *testing.T) {
	if got := defaultMemory().Rules(); got != sizing.DefaultRules() {
		t.Errorf("by default: %+v", got)
	}
	want := sizing.Rules{Window: time.Hour, Factor: 4, StepEvery: 2 * time.Hour, BackOff: 3 * time.Hour}
	if got := (Memory{Window: seconds(3600), Factor: 4, StepEvery: seconds(7200), BackOff: seconds(10800)}).Rules(); got != want {
		t.Errorf("got %+v", got)
	}
}
