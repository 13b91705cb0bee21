package rest

// Request is a kind of GET.
type Request string

// The kinds of GETs.
const (
	RequestOverview         Request = "overview"
	RequestJobs             Request = "jobs"
	RequestJob              Request = "job"
	RequestVertex           Request = "vertex"
	RequestGauges           Request = "gauges"
	RequestNames            Request = "names"
	RequestSource           Request = "source"
	RequestCheckpoints      Request = "checkpoints"
	RequestCheckpointConfig Request = "checkpoint_config"
	RequestTaskManagers     Request = "taskmanagers"
	RequestMemory           Request = "memory"
	RequestConfig           Request = "config"
	RequestExceptions       Request = "exceptions"
)

// Meter is told of each GET. It is called by many goroutines at once.
type Meter interface {
	// Requested is told before it is sent.
	Requested(request Request)
	// Failed is told when there was no answer, or none that could be used.
	Failed(request Request)
}

// unmetered is the Meter of a client that has none.
type unmetered struct{}

func (unmetered) Requested(Request) {}
func (unmetered) Failed(Request)    {}
