package monitoring

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// targetLabels are those that Prometheus adds.
func targetLabels() map[string]bool {
	return map[string]bool{"instance": true, "job": true, "namespace": true, "pod": true, "service": true, "endpoint": true, "container": true}
}

// check parses an expression, and returns the labels that its result can have. The error has all that isn't there.
func (m metrics) check(expression string) (map[string]bool, error) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", expression, err)
	}
	var wrong []error
	result := m.labels(parsed, func(err error) { wrong = append(wrong, fmt.Errorf("%q: %w", expression, err)) })
	return result, errors.Join(wrong...)
}

func (m metrics) labels(node parser.Node, complain func(error)) map[string]bool {
	switch e := node.(type) {
	case *parser.VectorSelector:
		return m.selected(e, complain)
	case *parser.AggregateExpr:
		inner := m.labels(e.Expr, complain)
		outer := map[string]bool{}
		for _, label := range e.Grouping {
			if !inner[label] {
				complain(fmt.Errorf("%s groups by %q, which what it groups does not have", e.Op, label))
			}
			outer[label] = true
		}
		if e.Without {
			maps.DeleteFunc(inner, func(label string, _ bool) bool { return outer[label] })
			return inner
		}
		return outer
	case *parser.BinaryExpr:
		left, right := m.labels(e.LHS, complain), m.labels(e.RHS, complain)
		if e.VectorMatching != nil {
			for _, label := range e.VectorMatching.MatchingLabels {
				if !left[label] || !right[label] {
					complain(fmt.Errorf("%s matches by %q, which one side does not have", e.Op, label))
				}
			}
		}
		switch {
		case e.LHS.Type() == parser.ValueTypeScalar:
			return right
		case e.Op == parser.LOR:
			maps.Copy(left, right)
		}
		return left
	}
	all := map[string]bool{}
	for child := range parser.ChildrenIter(node) {
		maps.Copy(all, m.labels(child, complain))
	}
	return all
}

// selected are the labels of what a selector selects.
func (m metrics) selected(e *parser.VectorSelector, complain func(error)) map[string]bool {
	names := []string{e.Name}
	var matchers []*labels.Matcher
	for _, matcher := range e.LabelMatchers {
		switch {
		case matcher.Name != model.MetricNameLabel:
			matchers = append(matchers, matcher)
		case matcher.Type == labels.MatchRegexp: // names, with | between them
			names = strings.Split(matcher.Value, "|")
		}
	}
	all := targetLabels()
	for _, name := range names {
		found, err := m.of(name)
		if err != nil {
			complain(err)
			continue
		}
		maps.Copy(all, found.labels)
		for _, matcher := range matchers {
			if !found.labels[matcher.Name] && !targetLabels()[matcher.Name] {
				complain(fmt.Errorf("%s has no label %q, but %q", name, matcher.Name, slices.Sorted(maps.Keys(found.labels))))
			}
		}
	}
	return all
}
