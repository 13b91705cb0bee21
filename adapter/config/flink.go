package config

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// MetricRefresh is how often a JobManager fetches its TaskManagers' metrics at most, and only when it is asked
// (metrics.fetcher.update-interval, 10 s by default): asked less often, each answer is from the round before.
const MetricRefresh = 10 * time.Second

// Flink configures how JobManagers are polled, and when their numbers count.
type Flink struct {
	Interval Duration `json:"interval"` // between the starts of two rounds, at most 10s
	Timeout  Duration `json:"timeout"`  // deadline of a round
	MaxAge   Duration `json:"maxAge"`   // a sample older than this is an error
	Settle   Duration `json:"settle"`   // after the job went RUNNING, before anything counts
	Window   Duration `json:"window"`   // ratios and rates are the growth over this, at least 10s and an interval
	Hold     Duration `json:"hold"`     // how long totals that were true before a restart or rescale are served after it
	// TLS is for JobManagers whose pods name a certificate by annotation; nil: the system's roots. The annotation takes the
	// place of serverName.
	TLS     *TLS    `json:"tls"`
	Desired Desired `json:"desired"`
	Memory  Memory  `json:"memory"`
}

func defaultFlink() Flink {
	return Flink{
		Interval: Duration{Duration: 5 * time.Second},
		Timeout:  Duration{Duration: 4 * time.Second},
		MaxAge:   Duration{Duration: 20 * time.Second},
		Settle:   Duration{Duration: 20 * time.Second},
		Window:   Duration{Duration: 20 * time.Second},
		Hold:     Duration{Duration: 5 * time.Minute},
		Desired:  defaultDesired(),
		Memory:   defaultMemory(),
	}
}

func (f Flink) validate(at *field.Path) field.ErrorList {
	mistakes := polling(at, f.Interval, f.Timeout, f.MaxAge)
	if f.Interval.Duration > MetricRefresh {
		mistakes = append(mistakes, field.Invalid(at.Child("interval"), f.Interval.String(),
			fmt.Sprintf("Flink renews its metrics only while it is asked for them: at most %s", MetricRefresh)))
	}
	mistakes = append(mistakes, f.Settle.notNegative(at.Child("settle"))...)
	mistakes = append(mistakes, f.Hold.notNegative(at.Child("hold"))...)
	wrong := f.Window.positive(at.Child("window"))
	mistakes = append(mistakes, wrong...)
	if least := MetricRefresh + f.Interval.Duration; wrong == nil && f.Window.Duration < least {
		mistakes = append(mistakes, field.Invalid(at.Child("window"), f.Window.String(),
			fmt.Sprintf("Flink's metrics may stand still that long: at least %s", least)))
	}
	mistakes = append(mistakes, f.TLS.validate(at.Child("tls"))...)
	if f.TLS != nil && f.TLS.ServerName != "" {
		mistakes = append(mistakes, field.Forbidden(at.Child("tls", "serverName"), "each pod's annotation names its certificate; remove it"))
	}
	mistakes = append(mistakes, f.Desired.validate(at.Child("desired"))...)
	return append(mistakes, f.Memory.validate(at.Child("memory"))...)
}
