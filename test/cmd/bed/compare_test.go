package main

import (
	"strings"
	"testing"
)

func TestPoliciesToCompare(t *testing.T) {
	for _, test := range []struct {
		name     string
		policies []string
		want     string // in the error; empty for none
	}{
		{"all of them", []string{"lag", "busy", "desired"}, ""},
		{"some, in another order", []string{"desired", "lag"}, ""},
		{"one is no comparison", []string{"lag"}, `"lag": give two or more of lag, busy, desired`},
		{"nor is none", nil, `"": give two or more`},
		{"one that there isn't", []string{"lag", "cpu"}, `--policies has "cpu": use lag, busy, desired`},
		{"one twice", []string{"lag", "busy", "lag"}, `--policies has "lag" twice`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := knownPolicies(test.policies)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("knownPolicies() = %v, want %q", err, test.want)
			}
		})
	}
}
