package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
)

// maxBody is the largest answer that is read. /jobs/:id holds the job's plan, which for hundreds of vertices takes some
// hundred KiB.
const maxBody = 8 << 20

// The parts of Flink's REST answers that are used. Times are milliseconds since 1970 by the JobManager's clock.
type (
	// overview is GET /overview.
	overview struct {
		SlotsTotal int `json:"slots-total"`
	}
	// jobsOverview is GET /jobs/overview: fresh, while /jobs/:id comes from a cache of 3 s.
	jobsOverview struct {
		Jobs []jobSummary `json:"jobs"`
	}
	jobSummary struct {
		ID               string         `json:"jid"`
		State            string         `json:"state"`
		LastModification int64          `json:"last-modification"` // of the job's state or any subtask's
		Tasks            map[string]int `json:"tasks"`             // state in lower case -> subtasks in it; and "total"
	}
	// jobDetail is GET /jobs/:id. States, timestamps and parallelism may be 3 s old; Now and the metrics are of the
	// moment.
	jobDetail struct {
		State      string           `json:"state"`
		Now        int64            `json:"now"`
		Timestamps map[string]int64 `json:"timestamps"` // when each state was entered last; 0 for never
		Vertices   []vertex         `json:"vertices"`
	}
	vertex struct {
		ID             string         `json:"id"`
		SlotGroup      string         `json:"slotSharingGroupId"` // 1.20 and later; one group counts for all before
		MaxParallelism int            `json:"maxParallelism"`
		Parallelism    int            `json:"parallelism"`
		Tasks          map[string]int `json:"tasks"` // state -> subtasks in it
		Metrics        vertexMetrics  `json:"metrics"`
	}
	// vertexMetrics are sums over the vertex's subtasks, of milliseconds since they started.
	vertexMetrics struct {
		Busy, Idle, Backpressured *number // absent before 1.16; busy is NaN for sources of the old kind
		Complete                  bool    // every subtask's numbers are in the sums
	}
)

// UnmarshalJSON reads the accumulated times and folds all "...-complete" into one.
func (m *vertexMetrics) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	*m = vertexMetrics{Complete: true}
	for name, into := range map[string]**number{
		"accumulated-busy-time": &m.Busy, "accumulated-idle-time": &m.Idle, "accumulated-backpressured-time": &m.Backpressured,
	} {
		if value, ok := fields[name]; ok {
			if err := json.Unmarshal(value, into); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for name, value := range fields {
		if strings.HasSuffix(name, "-complete") && string(value) != "true" {
			m.Complete = false
		}
	}
	return nil
}

// number is a JSON number, or one of the strings that Flink writes for doubles: "1.5", "NaN", "Infinity".
type number float64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return errors.New("not a number")
	}
	*n = number(value)
	return nil
}

func (n *number) finite() bool {
	return n != nil && !math.IsNaN(float64(*n)) && !math.IsInf(float64(*n), 0)
}

// restClient gets JSON from JobManagers. It is safe for concurrent use.
type restClient struct{ http *http.Client }

func newRESTClient() restClient {
	return restClient{&http.Client{
		Transport: &http.Transport{ // no proxy: pods are near
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     time.Minute,
		},
		// A pod may not send us elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get reads path from the JobManager into an answer. The error names the path, and the status if there is one.
func (c restClient) get(ctx context.Context, address, path string, answer any) error {
	target := url.URL{Scheme: "http", Host: address, Path: path}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, collect.Cause(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return fmt.Errorf("GET %s: %w", path, collect.Cause(err))
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("GET %s: status %s", path, response.Status)
	case len(body) > maxBody:
		return fmt.Errorf("GET %s: the answer is larger than %d MiB", path, maxBody>>20)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("GET %s: the answer is not what Flink's REST API sends: %w", path, err)
	}
	return nil
}
