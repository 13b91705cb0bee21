package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestRecordedCheckpoints(t *testing.T) {
	for folder, want := range map[string]Checkpoints{
		flink1_13:  {Restored: 1795229047587},
		flink1_17:  {}, // rescales ended those that failed
		flink1_20:  {Completed: 1795228958012, Restored: 1795228961646},
		overloaded: {Completed: 1795228366676, Restored: 1795228328309},
		running:    {Completed: 1795227030972, Restored: 1795226860071},
	} {
		t.Run(folder, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobs/"+jobID+"/checkpoints"] = recorded(t, folder, "checkpoints")
			got, err := New(Options{}).Checkpoints(t.Context(), j.target(), jobID)
			if err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestFailedCheckpoints(t *testing.T) {
	failed := func(at int64, message string) string {
		return fmt.Sprintf(`{"status":"FAILED","is_savepoint":false,"trigger_timestamp":1,"failure_timestamp":%d,"failure_message":%q}`, at, message)
	}
	const completed = `{"status":"COMPLETED","is_savepoint":false,"trigger_timestamp":90}`
	expired, suspended := failed(20, "Checkpoint expired before completing."), failed(30, "Checkpoint Coordinator is suspending.")
	tests := []struct {
		name            string
		latest, history string
		want            Checkpoints
	}{
		{"the newest counts", expired, failed(10, "Checkpoint was declined.") + "," + expired, Checkpoints{Failed: 20, Failure: "Checkpoint expired before completing."}},
		{"one that a rescale ended is passed over", suspended, suspended + "," + completed + "," + expired, Checkpoints{Failed: 20, Failure: "Checkpoint expired before completing."}},
		{"and so is one whose task was lost", failed(30, "Task has failed."), "", Checkpoints{}},
		{"one that left the history is still the latest", expired, completed, Checkpoints{Failed: 20, Failure: "Checkpoint expired before completing."}},
		{"what names tasks and checkpoints is left out of the reason", "null",
			failed(20, "Could not complete snapshot 3 for operator work (1/2)#0. Failure reason: Asynchronous task checkpoint failed.\n\tat java.lang.Thread"),
			Checkpoints{Failed: 20, Failure: "Asynchronous task checkpoint failed."}},
		{"in front of an ending too", "null", failed(20, "Task work (1/2) is not running. Failure reason: Not all required tasks are currently running."), Checkpoints{}},
		{"a failed savepoint is its user's", "null", `{"is_savepoint":true,"failure_timestamp":20,"failure_message":"Checkpoint was declined."}`, Checkpoints{}},
		{"one without a message has failed as well", "null", `{"failure_timestamp":20,"failure_message":null}`, Checkpoints{Failed: 20}},
		{"there need be none", "null", "", Checkpoints{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := newJobManager(t)
			j.answers["/jobs/"+jobID+"/checkpoints"] = fmt.Sprintf(`{"latest":{"completed":null,"failed":%s,"restored":null},"history":[%s]}`, test.latest, test.history)
			got, err := New(Options{}).Checkpoints(t.Context(), j.target(), jobID)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestCheckpointConfig(t *testing.T) {
	for _, folder := range []string{flink1_13, flink1_17, flink1_20, overloaded} {
		t.Run(folder, func(t *testing.T) {
			testCheckpointConfig(t, recorded(t, folder, "checkpoint_config"), CheckpointConfig{Interval: 10 * time.Second, Timeout: 10 * time.Minute})
		})
	}
	for name, interval := range map[string]int64{"an interval that isn't set is none": math.MaxInt64, "and so is one of 0": 0, "and one longer than can be told": math.MaxInt64 / 1000} {
		t.Run(name, func(t *testing.T) {
			testCheckpointConfig(t, fmt.Sprintf(`{"interval":%d,"timeout":600000}`, interval), CheckpointConfig{Timeout: 10 * time.Minute})
		})
	}
	t.Run("a time-out that never ends", func(t *testing.T) {
		testCheckpointConfig(t, `{"interval":1,"timeout":9223372036854775807}`,
			CheckpointConfig{Interval: time.Millisecond, Timeout: time.Duration(longest) * time.Millisecond})
	})
}

func testCheckpointConfig(t *testing.T, answer string, want CheckpointConfig) {
	t.Helper()
	j := newJobManager(t)
	j.answers["/jobs/"+jobID+"/checkpoints/config"] = answer
	got, err := New(Options{}).CheckpointConfig(t.Context(), j.target(), jobID)
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAJobWithoutCheckpointsIsNotAJobThatIsGone(t *testing.T) {
	tests := []struct {
		name, body string
		want       error
	}{
		{"no statistics", `{"errors":["Checkpointing has not been enabled."]}`, ErrNoCheckpoints},
		{"no configuration", `{"errors":["Checkpointing is not enabled for this job (` + jobID + `)."]}`, ErrNoCheckpoints},
		{"no job", `{"errors":["org.apache.flink.runtime.rest.NotFoundException: Job ` + jobID + ` not found"]}`, ErrNotFound},
		{"no page", `{"errors":["Not found: /jobs/x/checkpoints"]}`, ErrNotFound},
		{"no JobManager of Flink's", `404 page not found`, ErrNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, test.body)
			}))
			defer server.Close()
			target := Target{Address: server.Listener.Addr().String()}
			if _, err := New(Options{}).Checkpoints(t.Context(), target, jobID); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if _, err := New(Options{}).CheckpointConfig(t.Context(), target, jobID); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func FuzzCheckpoints(f *testing.F) {
	f.Add(recorded(f, flink1_17, "checkpoints"))
	f.Add(`{"latest":{"failed":{"failure_timestamp":9,"failure_message":"Failure reason: Failure reason: "}},"history":[{}]}`)
	f.Fuzz(func(t *testing.T, data string) {
		var answer checkpointsAnswer
		if json.Unmarshal([]byte(data), &answer) != nil {
			return
		}
		got, err := answer.checkpoints()
		if err == nil && got.Failed == 0 && got.Failure != "" {
			t.Errorf("a reason for nothing: %+v", got)
		}
	})
}
