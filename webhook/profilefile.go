package webhook

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/webhook/pulse"
)

const (
	// reloadEvery is between two looks at the file. The kubelet brings a changed ConfigMap into a pod within about a minute.
	reloadEvery = 5 * time.Second
	// reloadHangs is when a look has taken so long that it hangs.
	reloadHangs = time.Minute
)

// profileFile is the file with the profiles, which may change while we run. Safe for concurrent use, but for run.
type profileFile struct {
	path    string // empty: the built-in profiles
	clock   clock.WithTicker
	metrics *Metrics
	inForce atomic.Pointer[Profiles]
	pulse   *pulse.Pulse
	judged  string // the content, or why there was none, that was taken or refused last
}

// openProfiles reads the file. One that is wrong is an error, so the program ends: without an older one to go by, the built-in
// profiles could inject just what the owner took out of them. A pod that starts as it was written meanwhile is one that its author
// knows, and a replica that already runs keeps its profiles.
func openProfiles(path string, clock clock.WithTicker, metrics *Metrics) (*profileFile, error) {
	f := &profileFile{path: path, clock: clock, metrics: metrics, pulse: pulse.New("that reads the profiles", reloadHangs, clock)}
	if path == "" {
		f.take(DefaultProfiles())
		return f, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the profiles: %w", err)
	}
	profiles, err := ParseProfiles(content)
	if err != nil {
		return nil, fmt.Errorf("profiles %s: %w", path, err)
	}
	f.judged = string(content)
	f.take(profiles)
	return f, nil
}

// profiles are those in force.
func (f *profileFile) profiles() Profiles { return *f.inForce.Load() }

func (f *profileFile) take(profiles Profiles) {
	f.inForce.Store(&profiles)
	f.metrics.profilesTaken(f.clock.Now())
}

// run looks at the file again and again until ctx ends.
func (f *profileFile) run(ctx context.Context) {
	if f.path == "" {
		return
	}
	ticker := f.clock.NewTicker(reloadEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			f.pulse.Beat()
			f.reload(klog.FromContext(ctx))
		}
	}
}

// reload takes the file's profiles when they changed. One that is wrong is told once, and the profiles in force stay.
func (f *profileFile) reload(logger klog.Logger) {
	content, err := os.ReadFile(f.path)
	judged := string(content)
	if err != nil {
		judged = err.Error()
	}
	if judged == f.judged {
		return
	}
	f.judged = judged
	var profiles Profiles
	if err == nil {
		profiles, err = ParseProfiles(content)
	}
	if err != nil {
		f.metrics.profilesRefused()
		logger.Error(err, "Profiles refused, the older ones stay", "file", f.path)
		return
	}
	f.take(profiles)
	logger.Info("Profiles taken", "file", f.path)
}
