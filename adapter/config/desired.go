package config

import (
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/flink-hpa/flink-hpa/adapter/flink/desired"
)

// Desired configures how many TaskManagers a job is said to need. Utilizations are busy shares of subtasks, 0 to 1.
type Desired struct {
	// Utilization is what each subtask of the busiest vertex is to be busy. Between UtilizationMin and UtilizationMax nothing
	// changes.
	Utilization    float64 `json:"utilization"`
	UtilizationMin float64 `json:"utilizationMin"`
	UtilizationMax float64 `json:"utilizationMax"`
	// CatchUp is the time in which a backlog, and what comes while the job restarts, is to be worked off.
	CatchUp Duration `json:"catchUp"`
	// Restart is how long a rescale is taken to interrupt the job until one of its own was measured.
	Restart Duration `json:"restart"`
	// ScaleDownDelay is how long after a start, restart or rescale nothing is asked away.
	ScaleDownDelay Duration `json:"scaleDownDelay"`
	// IneffectiveFor is how long no more is asked for after a scale-up that brought next to nothing.
	IneffectiveFor Duration `json:"ineffectiveFor"`
}

func defaultDesired() Desired {
	rules := desired.DefaultRules()
	return Desired{
		Utilization: rules.Utilization, UtilizationMin: rules.UtilizationMin, UtilizationMax: rules.UtilizationMax,
		CatchUp: Duration{Duration: rules.CatchUp}, Restart: Duration{Duration: rules.Restart},
		ScaleDownDelay: Duration{Duration: rules.ScaleDownDelay}, IneffectiveFor: Duration{Duration: rules.IneffectiveFor},
	}
}

// Rules are what it means for the arithmetic.
func (d Desired) Rules() desired.Rules {
	return desired.Rules{
		Utilization: d.Utilization, UtilizationMin: d.UtilizationMin, UtilizationMax: d.UtilizationMax,
		CatchUp: d.CatchUp.Duration, Restart: d.Restart.Duration,
		ScaleDownDelay: d.ScaleDownDelay.Duration, IneffectiveFor: d.IneffectiveFor.Duration,
	}
}

func (d Desired) validate(at *field.Path) field.ErrorList {
	var mistakes field.ErrorList
	wrong := func(name string, value float64, detail string) {
		mistakes = append(mistakes, field.Invalid(at.Child(name), strconv.FormatFloat(value, 'g', -1, 64), detail))
	}
	switch {
	case d.Utilization <= 0 || d.Utilization > 1:
		wrong("utilization", d.Utilization, "must be above 0 and at most 1: the share of its time that a subtask is to be busy")
	case d.UtilizationMin <= 0 || d.UtilizationMin > d.Utilization:
		wrong("utilizationMin", d.UtilizationMin, "must be above 0 and at most utilization")
	case d.UtilizationMax < d.Utilization || d.UtilizationMax > 1:
		wrong("utilizationMax", d.UtilizationMax, "must be at least utilization and at most 1")
	}
	mistakes = append(mistakes, d.CatchUp.positive(at.Child("catchUp"))...)
	mistakes = append(mistakes, d.Restart.notNegative(at.Child("restart"))...)
	mistakes = append(mistakes, d.ScaleDownDelay.notNegative(at.Child("scaleDownDelay"))...)
	return append(mistakes, d.IneffectiveFor.notNegative(at.Child("ineffectiveFor"))...)
}
