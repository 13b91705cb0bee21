package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

var (
	// ErrNotFound is in the error of what the JobManager does not know, or not any more.
	ErrNotFound = errors.New("the JobManager does not know it")
	// ErrNoCheckpoints is in the error of a job that runs without checkpoints.
	ErrNoCheckpoints = errors.New("the job runs without checkpoints; set execution.checkpointing.interval")
	// ErrNames is in the error when metrics that were listed are gone: list them anew.
	ErrNames = errors.New("not all of the metrics that the JobManager listed are there now")

	errAnswer = errors.New("the answer is not what Flink's REST API sends")
)

// notFound tells by what a 404 says that checkpoints are off from that the job is gone. All versions begin the first
// with "Checkpointing", and go on in words of their own.
func notFound(body []byte) error {
	var answer struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil {
		for _, text := range answer.Errors {
			if strings.HasPrefix(text, "Checkpointing ") {
				return ErrNoCheckpoints
			}
		}
	}
	return fmt.Errorf("status 404 %s: %w", http.StatusText(http.StatusNotFound), ErrNotFound)
}

// lacking is the error of an answer without a field that all versions send.
func lacking(field string) error { return fmt.Errorf("%w: it has no %s", errAnswer, field) }
