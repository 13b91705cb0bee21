package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	jobID    = "e3d710fa11e09b97a749299b3a25aa86"
	vertexID = "c3919b0b80c770dcaba928458d2e49b0"
)

// metrics are one component's, by name. Flink keeps them as text.
type metrics map[string]string

// jobManager answers as Flink's does: recorded or given answers by path, and metrics as they are asked for.
type jobManager struct {
	*httptest.Server
	answers      map[string]string  // path -> body
	subtasks     []metrics          // of the one vertex
	taskManagers map[string]metrics // by id

	mu          sync.Mutex
	asked       []string        // URIs
	connections map[string]bool // by the client's end
}

func newJobManager(t testing.TB) *jobManager {
	j := &jobManager{answers: map[string]string{}, connections: map[string]bool{}}
	j.Server = httptest.NewServer(j)
	t.Cleanup(j.Close)
	return j
}

func (j *jobManager) target() Target { return Target{Address: j.Listener.Addr().String()} }

func (j *jobManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	j.asked = append(j.asked, r.RequestURI)
	j.connections[r.RemoteAddr] = true
	j.mu.Unlock()
	id, ofOne := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/taskmanagers/"), "/metrics")
	body, given := j.answers[r.URL.Path]
	switch {
	case len("GET "+r.RequestURI+" HTTP/1.1") > 4096:
		w.WriteHeader(http.StatusRequestURITooLong)
	case given:
		fmt.Fprint(w, body)
	case r.URL.Path == metricsPath(jobID, vertexID):
		from, to, ok := strings.Cut(r.FormValue("subtasks"), "-")
		first, _ := strconv.Atoi(from)
		last, err := strconv.Atoi(to)
		if !ok || err != nil {
			first, last = 0, len(j.subtasks)-1
		}
		writeMetrics(w, r, j.subtasks[first:min(last+1, len(j.subtasks))])
	case r.URL.Path == "/taskmanagers/metrics":
		writeMetrics(w, r, slices.Collect(maps.Values(j.taskManagers)))
	case ofOne && j.taskManagers[id] != nil:
		list := []map[string]string{}
		for name := range strings.SplitSeq(r.FormValue("get"), ",") {
			if value, ok := j.taskManagers[id][name]; ok {
				list = append(list, map[string]string{"id": name, "value": value})
			}
		}
		_ = json.NewEncoder(w).Encode(list)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"errors":["Not found: %s"]}`, r.URL.Path)
	}
}

// writeMetrics lists the components' metrics, or aggregates those that are asked for: none at all if one is in no component.
func writeMetrics(w http.ResponseWriter, r *http.Request, components []metrics) {
	list := []map[string]any{}
	defer func() { _ = json.NewEncoder(w).Encode(list) }()
	if r.FormValue("get") == "" {
		union := metrics{}
		for _, component := range components {
			maps.Copy(union, component)
		}
		for name := range union {
			list = append(list, map[string]any{"id": name})
		}
		return
	}
	for name := range strings.SplitSeq(r.FormValue("get"), ",") {
		var values []float64
		for _, component := range components {
			if text, ok := component[name]; ok {
				value, _ := strconv.ParseFloat(text, 64)
				values = append(values, value)
			}
		}
		if len(values) == 0 {
			list = list[:0]
			return
		}
		var sum float64
		for _, value := range values {
			sum += value
		}
		all := map[string]float64{"min": slices.Min(values), "max": slices.Max(values), "sum": sum, "avg": sum / float64(len(values))}
		metric := map[string]any{"id": name}
		for aggregation := range strings.SplitSeq(r.FormValue("agg"), ",") {
			if metric[aggregation] = all[aggregation]; math.IsNaN(all[aggregation]) {
				metric[aggregation] = "NaN"
			}
		}
		list = append(list, metric)
	}
}

// recorded is what a real JobManager has answered.
func recorded(t testing.TB, version, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", version, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
