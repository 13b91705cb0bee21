package config

import (
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Duration is a time such as 5s or 1m30s. Text that is none is kept until validation, which knows its path.
type Duration struct {
	time.Duration
	given bool    // whether it stands in the file
	wrong *string // what stands there instead
}

// UnmarshalJSON never fails: see validation.
func (d *Duration) UnmarshalJSON(data []byte) error {
	if string(data) == "null" { // by convention no value at all: the default stays
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		text = string(data)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		*d = Duration{given: true, wrong: &text}
		return nil
	}
	*d = Duration{Duration: parsed, given: true}
	return nil
}

// positive refuses what is no duration, and what is not above zero.
func (d Duration) positive(at *field.Path) field.ErrorList {
	if mistakes := d.parsed(at); mistakes != nil {
		return mistakes
	}
	if d.Duration <= 0 {
		return field.ErrorList{field.Invalid(at, d.String(), "must be above zero")}
	}
	return nil
}

// notNegative refuses what is no duration, and what is below zero.
func (d Duration) notNegative(at *field.Path) field.ErrorList {
	if mistakes := d.parsed(at); mistakes != nil {
		return mistakes
	}
	if d.Duration < 0 {
		return field.ErrorList{field.Invalid(at, d.String(), "must not be below zero")}
	}
	return nil
}

func (d Duration) parsed(at *field.Path) field.ErrorList {
	if d.wrong != nil {
		return field.ErrorList{field.Invalid(at, *d.wrong, "must be a duration such as 5s or 1m30s")}
	}
	return nil
}
