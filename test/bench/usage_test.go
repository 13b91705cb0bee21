package bench

import (
	"os"
	"testing"
	"time"
)

func TestPolls(t *testing.T) {
	const page = `# TYPE flink_hpa_poll_duration_seconds histogram
flink_hpa_poll_duration_seconds_bucket{source="flink",le="+Inf"} 4
flink_hpa_poll_duration_seconds_sum{source="flink"} 2.5
flink_hpa_poll_duration_seconds_count{source="flink"} 4
flink_hpa_poll_duration_seconds_sum{source="kafka/bench"} 9
flink_hpa_poll_duration_seconds_count{source="kafka/bench"} 7
`
	if got, err := parsePolls([]byte(page)); err != nil || got != (polls{rounds: 4, took: 2500 * time.Millisecond}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, page := range []string{"", "flink_hpa_poll_duration_seconds_sum{source=\"flink\"} 2.5\n", "flink_hpa_poll_duration_seconds_sum{source=\"flink\"} x\n"} {
		if got, err := parsePolls([]byte(page)); err == nil {
			t.Errorf("%q is read as %+v", page, got)
		}
	}
}

func TestProcessorTime(t *testing.T) {
	got, err := parseProcessorTime("123 (a b) c)) S 1 123 123 0 -1 4194560 1 2 3 4 250 75 9 9 20 0 1 0\n")
	if err != nil || got != 3250*time.Millisecond {
		t.Errorf("got %v, %v; want 3.25s", got, err)
	}
	for _, stat := range []string{"", "1 (a) S 1", "1 (a) S 1 1 1 0 -1 1 1 2 3 4 x 75"} {
		if got, err := parseProcessorTime(stat); err == nil {
			t.Errorf("%q is read as %v", stat, got)
		}
	}
	if spent, err := processorTime(os.Getpid()); err != nil || spent < 0 {
		t.Errorf("our own: %v, %v", spent, err)
	}
}
