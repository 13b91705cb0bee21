package rest

import (
	"context"
	"strings"
)

// outOfMemory is the error of a JVM whose heap, metaspace or direct memory is full.
const outOfMemory = "java.lang.OutOfMemoryError"

// OutOfMemory is when a task of the job last failed for a JVM that was out of memory.
type OutOfMemory struct {
	Time   int64  // ms; 0: none has, as far back as the JobManager remembers
	Reason string // the JVM's own: "Java heap space"; empty when it doesn't tell
}

// OutOfMemory is GET /jobs/:id/exceptions, of which the newest that is of that kind.
func (c *Client) OutOfMemory(ctx context.Context, to Target, job string) (OutOfMemory, error) {
	return get(ctx, c, to, RequestExceptions, "/jobs/"+job+"/exceptions", "maxExceptions=5", exceptionsAnswer.outOfMemory)
}

type exceptionsAnswer struct {
	History struct {
		Entries []struct {
			Name       string `json:"exceptionName"`
			Stacktrace string `json:"stacktrace"` // with those of its causes
			Timestamp  int64  `json:"timestamp"`
		} `json:"entries"`
	} `json:"exceptionHistory"`
}

func (a exceptionsAnswer) outOfMemory() (found OutOfMemory, err error) {
	for _, entry := range a.History.Entries {
		_, after, is := strings.Cut(entry.Stacktrace, outOfMemory)
		if (is || entry.Name == outOfMemory) && entry.Timestamp > found.Time {
			found = OutOfMemory{Time: entry.Timestamp, Reason: reasonAfter(after)}
		}
	}
	return found, nil
}

// longestReason cuts off what no JVM says: it comes from outside, and goes into Events.
const longestReason = 80

// reasonAfter is the message that follows an exception's name on its line. Flink adds sentences of advice to some.
func reasonAfter(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line, _, _ = strings.Cut(line, ". ")
	reason := strings.ToValidUTF8(strings.TrimSpace(strings.TrimPrefix(line, ":")), "")
	if len(reason) > longestReason {
		reason = strings.ToValidUTF8(reason[:longestReason], "")
	}
	return reason
}
