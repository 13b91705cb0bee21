package bench

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// usage is what an adapter has done since its start.
type usage struct {
	polls
	cpu time.Duration
}

func (s *server) usage(ctx context.Context) (u usage, err error) {
	if u.polls, err = s.flinkPolls(ctx); err != nil {
		return u, err
	}
	u.cpu, err = processorTime(s.PID())
	return u, err
}

// polls are the rounds of polling JobManagers that the adapter has counted, and how long they took in all.
type polls struct {
	rounds int
	took   time.Duration
}

// flinkPolls reads the adapter's own metrics.
func (s *server) flinkPolls(ctx context.Context) (polls, error) {
	page, err := s.get(ctx, "/metrics")
	if err != nil {
		return polls{}, fmt.Errorf("the adapter's metrics: %w", err)
	}
	return parsePolls(page)
}

func parsePolls(page []byte) (polls, error) {
	const name, ofFlink = "flink_hpa_poll_duration_seconds", `{source="flink"}`
	values := map[string]float64{name + "_count" + ofFlink: -1, name + "_sum" + ofFlink: -1}
	for line := range bytes.Lines(page) {
		series, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if _, wanted := values[series]; wanted {
			var err error
			if values[series], err = strconv.ParseFloat(value, 64); err != nil {
				return polls{}, fmt.Errorf("%s: %w", series, err)
			}
		}
	}
	rounds, seconds := values[name+"_count"+ofFlink], values[name+"_sum"+ofFlink]
	if rounds < 0 || seconds < 0 {
		return polls{}, fmt.Errorf("the adapter has no metric %s%s", name, ofFlink)
	}
	return polls{rounds: int(rounds), took: time.Duration(seconds * float64(time.Second))}, nil
}
