package config

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/flink-hpa/flink-hpa/adapter/sizing"
)

// Memory configures how much memory a TaskManager is advised to have.
type Memory struct {
	// Window is what is looked back on for the heap that is live.
	Window Duration `json:"window"`
	// Factor is how many times that the heap is to be.
	Factor float64 `json:"factor"`
	// StepEvery is how long after one step in the size that the webhook gives to TaskManagers that start the next one is taken, at the earliest.
	StepEvery Duration `json:"stepEvery"`
	// BackOff is how long after running out of memory none is taken away again.
	BackOff Duration `json:"backOff"`
}

func defaultMemory() Memory {
	rules := sizing.DefaultRules()
	return Memory{
		Window: Duration{Duration: rules.Window}, Factor: rules.Factor, StepEvery: Duration{Duration: rules.StepEvery}, BackOff: Duration{Duration: rules.BackOff},
	}
}

// Rules are what it means for the arithmetic.
func (m Memory) Rules() sizing.Rules {
	return sizing.Rules{Window: m.Window.Duration, Factor: m.Factor, StepEvery: m.StepEvery.Duration, BackOff: m.BackOff.Duration}
}

const (
	// leastPart is the shortest part of a window that a few renewals of Flink's metrics fall into.
	leastPart     = 4 * MetricRefresh
	longestWindow = 7 * 24 * time.Hour
	// leastFactor leaves the collector some room; one of less than that works all the time.
	leastFactor, mostFactor = 1.5, 10
)

func (m Memory) validate(at *field.Path) field.ErrorList {
	mistakes := m.Window.positive(at.Child("window"))
	if least := sizing.Parts * leastPart; mistakes == nil && (m.Window.Duration < least || m.Window.Duration > longestWindow) {
		mistakes = append(mistakes, field.Invalid(at.Child("window"), m.Window.String(),
			fmt.Sprintf("must be from %s to a week: it is looked at in %d parts, each of which takes some samples", least, sizing.Parts)))
	}
	if !(m.Factor >= leastFactor && m.Factor <= mostFactor) {
		mistakes = append(mistakes, field.Invalid(at.Child("factor"), strconv.FormatFloat(m.Factor, 'g', -1, 64),
			fmt.Sprintf("must be from %g to %d: how many times what is live the heap is to be", leastFactor, mostFactor)))
	}
	mistakes = append(mistakes, m.StepEvery.positive(at.Child("stepEvery"))...)
	return append(mistakes, m.BackOff.positive(at.Child("backOff"))...)
}
