package rule

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// maxTaskManagers is the largest number that a rule may say, as the resource's schema has it too.
const maxTaskManagers = 100_000

// number evaluates a formula whose result is a number of TaskManagers, rounded up. at is when the oldest of the numbers that it uses was
// true; now, when it uses none.
func (f formula) number(known Readings, now time.Time) (taskManagers int32, at time.Time, err error) {
	result, err := f.evaluate(known, now)
	if err != nil {
		return 0, time.Time{}, err
	}
	var number float64
	switch n := result.(type) {
	case float64:
		number = n
	case int64:
		number = float64(n)
	case uint64:
		number = float64(n)
	default:
		return 0, time.Time{}, fmt.Errorf("the result is %v, and must be a number", result)
	}
	// To thousandths first, as metrics are: what is left over of a sum is no TaskManager more.
	number = math.Ceil(math.Round(number*1000) / 1000)
	if !(number >= 0 && number <= maxTaskManagers) { // NaN too
		return 0, time.Time{}, fmt.Errorf("the result is %v, and must be 0 to %d", result, maxTaskManagers)
	}
	return int32(number), f.oldest(known, now), nil
}

// condition evaluates a formula whose result is true or false.
func (f formula) condition(known Readings, now time.Time) (bool, error) {
	result, err := f.evaluate(known, now)
	if err != nil {
		return false, err
	}
	holds, ok := result.(bool)
	if !ok {
		return false, fmt.Errorf("the result is %v, and must be true or false", result)
	}
	return holds, nil
}

// evaluate fails when the result depends on a number that has no value. What the expression guards with has(), and what makes no difference to the
// result, may have none.
func (f formula) evaluate(known Readings, now time.Time) (any, error) {
	result, _, err := f.program.Eval(f.variables(known, now))
	if err == nil {
		return result.Value(), nil
	}
	// CEL's own error wouldn't say why a number is missing. One that is guarded and missing too may be named beside the cause.
	if missing := f.missing(known); len(missing) > 0 {
		return nil, inOneLine(missing)
	}
	return nil, fmt.Errorf("can't be evaluated: %w", err)
}

// inOneLine joins errors for a status, which shows one line.
func inOneLine(all []error) error {
	joined := all[0]
	for _, err := range all[1:] {
		joined = fmt.Errorf("%w; %w", joined, err)
	}
	return joined
}

func (f formula) variables(known Readings, now time.Time) map[string]any {
	objects := map[string]map[string]any{inputs: {}, job: {}}
	variables := map[string]any{Now: now, inputs: objects[inputs], job: objects[job]}
	for name, sample := range known {
		object, field, in := strings.Cut(name, ".")
		switch {
		case sample.Err != nil:
		case in:
			objects[object][field] = sample.Value
		default:
			variables[name] = sample.Value
		}
	}
	return variables
}

// missing says for each number that the formula uses and that has no value, why.
func (f formula) missing(known Readings) []error {
	var missing []error
	for _, name := range f.uses {
		if sample, ok := known[name]; !ok {
			missing = append(missing, fmt.Errorf("%s has no value: nobody has looked", name))
		} else if sample.Err != nil {
			missing = append(missing, fmt.Errorf("%s has no value: %w", name, sample.Err))
		}
	}
	return missing
}

func (f formula) oldest(known Readings, now time.Time) time.Time {
	oldest := now
	for _, name := range f.uses {
		if sample := known[name]; sample.Err == nil && !sample.Time.IsZero() && sample.Time.Before(oldest) {
			oldest = sample.Time
		}
	}
	return oldest
}
