package bench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"k8s.io/client-go/rest"
	externalmetrics "k8s.io/metrics/pkg/client/external_metrics"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/test/bench/fleet"
)

func TestRequestsPerJob(t *testing.T) {
	o := observation{requests: []int64{6, 6, 8, 10, 99}, rounds: 2, wall: 3 * time.Second, cpu: time.Second}
	if got := o.perJob(span{0, 2}); got != 3 {
		t.Errorf("of the first two: %v, want 3", got)
	}
	if got := o.perJob(span{2, 4}); got != 4.5 {
		t.Errorf("of the next two: %v, want 4.5", got)
	}
	want := []Result{
		{Name: "flink_poll_ms", Case: "jobs=1000", Unit: "ms", Value: 1500},
		{Name: "flink_poll_cpu_ms", Case: "jobs=1000", Unit: "ms", Value: 500},
	}
	if got := o.results(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	const table = `
 busy                                       3.00

A round of 1000 jobs asked for desired: 1500 ms. From one round to the next the adapter's whole process used 500 ms of the core.`
	if got := flinkTable([]Result{requestsPerJob("busy", 3)}, o); !strings.Contains(got, table) {
		t.Errorf("the table is\n%s", got)
	}
}

func TestARoundEndsWhenNothingIsAsked(t *testing.T) {
	quiet, asked := []int64{0, 0}, []int64{1, 2}
	for _, test := range []struct {
		name  string
		looks [][]int64
		ended bool
		want  []int64
	}{
		{"nothing yet", slices.Repeat([][]int64{quiet}, 3*quietLooks), false, []int64{0, 0}},
		{"under way", [][]int64{quiet, asked, asked}, false, []int64{2, 4}},
		{"a pause within", append(append([][]int64{asked}, slices.Repeat([][]int64{quiet}, quietLooks-1)...), asked, quiet), false, []int64{2, 4}},
		{"over", append([][]int64{quiet, asked, asked}, slices.Repeat([][]int64{quiet}, quietLooks)...), true, []int64{2, 4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r round
			ended := false
			for _, look := range test.looks {
				ended = r.look(look)
			}
			if ended != test.ended || !slices.Equal(r.requests, test.want) {
				t.Errorf("ended %v, requests %v; want %v, %v", ended, r.requests, test.ended, test.want)
			}
		})
	}
}

func TestJobManagersInAProcessOfTheirOwn(t *testing.T) {
	managers, err := startJobManagers(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		answer, err := http.Get(fmt.Sprintf("http://%s:%d/jobs/overview", fleet.Address(1), managers.port))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	for _, want := range [][]int64{{0, 3}, {0, 0}} {
		if got, err := managers.take(); err != nil || !slices.Equal(got, want) {
			t.Errorf("requests %v, %v; want %v", got, err, want)
		}
	}
	if err := managers.close(); err != nil {
		t.Error(err)
	}
	if _, err := managers.take(); err == nil {
		t.Error("a process that has ended still answers")
	}
}

func TestWhereLogsEnd(t *testing.T) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.SetVersion(7)
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = "t"
	for partition, timestamp := range []int64{-1, -2} {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = int32(partition), timestamp
		topic.Partitions = append(topic.Partitions, p)
	}
	request.Topics = append(request.Topics, topic)
	answer := ends(request, 42)
	if len(answer.Topics) != 1 || answer.Topics[0].Topic != "t" || len(answer.Topics[0].Partitions) != 2 {
		t.Fatalf("answered %+v", answer)
	}
	for partition, want := range []int64{42, 0} {
		if got := answer.Topics[0].Partitions[partition]; got.Partition != int32(partition) || got.Offset != want || got.ErrorCode != 0 {
			t.Errorf("partition %d: %+v, want offset %d", partition, got, want)
		}
	}
}

func TestQuestionsWithoutAnAnswer(t *testing.T) {
	const answer = `{"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "items": [%s]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch selector := r.URL.Query().Get("labelSelector"); {
		case r.URL.Path == "/apis/external.metrics.k8s.io/v1beta1/namespaces/jobs-00/flink_busy_ratio" && selector == "job=job-00000":
			fmt.Fprintf(w, answer, `{"metricName": "m", "value": "3"}`)
		case selector == "job=job-00001":
			fmt.Fprintf(w, answer, "")
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	client, err := externalmetrics.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	questions := questionsOf(busyMetric, span{0, 3})
	unanswered, last, err := askOnce(t.Context(), client, questions)
	if err != nil || len(unanswered) != 2 || last == nil {
		t.Errorf("%d of 3 are without an answer, such as %v; %v; want 2", len(unanswered), last, err)
	}
	var seen float64
	questions[0].check = func(value float64) error { seen = value; return fmt.Errorf("wrong") }
	if _, _, err := askOnce(t.Context(), client, questions[:1]); err == nil || seen != 3 {
		t.Errorf("a wrong answer, %v: %v", seen, err)
	}
}

func TestTheAdapterTakesTheConfigurations(t *testing.T) {
	c := &cluster{addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}}
	for _, text := range []string{c.configuration(), c.configuration() + soon, jobsConfiguration} {
		if _, err := config.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
