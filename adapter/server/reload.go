package server

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// lookEvery is how often the configuration file is looked at. A ConfigMap takes up to a minute to reach it anyway, and
// by a change of links, of which notifications are easily lost.
const lookEvery = 5 * time.Second

// configFile is the configuration file and what is in use of it. It is not safe for concurrent use.
type configFile struct {
	path    string
	clock   clock.Clock
	metrics *ownMetrics

	seen  string        // what the newest look found: a content, or why there is none
	inUse config.Config // the newest that was valid
	bad   bool          // seen was refused
}

// openConfig reads the file for the first time; what is wrong with it is an error.
func openConfig(path string, clock clock.Clock, metrics *ownMetrics) (*configFile, error) {
	conf, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	metrics.reloaded(clock.Now(), true)
	return &configFile{path: path, clock: clock, metrics: metrics, inUse: conf}, nil
}

// watch applies each valid change of the file until ctx ends. A content that is refused, by us or by apply, is logged
// with every mistake, once, and shown by a metric; the one before stays in use.
func (f *configFile) watch(ctx context.Context, apply func(config.Config) error) {
	for {
		next := f.clock.NewTimer(lookEvery)
		select {
		case <-next.C():
			f.look(klog.FromContext(ctx), apply)
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

func (f *configFile) look(logger klog.Logger, apply func(config.Config) error) {
	data, err := os.ReadFile(f.path)
	found := string(data)
	if err != nil {
		found = err.Error()
	}
	if found == f.seen {
		return
	}
	f.seen = found
	next := f.inUse
	if err == nil {
		next, err = config.Parse(data)
	}
	same := reflect.DeepEqual(next, f.inUse)
	if err == nil && !same {
		err = apply(next)
	}
	switch {
	case err != nil:
		logger.Error(fmt.Errorf("configuration %s: %w", f.path, err), "Configuration refused; the one before stays in use")
		f.metrics.reloaded(f.clock.Now(), false)
		f.bad = true
	case f.bad || !same:
		logger.Info("Configuration in use", "file", f.path)
		f.metrics.reloaded(f.clock.Now(), true)
		f.inUse, f.bad = next, false
	}
}
