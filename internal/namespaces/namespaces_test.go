package namespaces

import (
	"slices"
	"strings"
	"testing"
)

func TestGiven(t *testing.T) {
	for _, test := range []struct {
		name string
		flag []string
		want []string
		err  string
	}{
		{"none: all", nil, nil, ""},
		{"several", []string{"shop", "crm"}, []string{"crm", "shop"}, ""},
		{"one twice", []string{"shop", "crm", "shop"}, []string{"crm", "shop"}, ""},
		{"one that can't exist", []string{"shop", "Team_B"}, nil, `--namespaces=shop,Team_B: namespace "Team_B" can't exist: a lowercase`},
		{"an empty one", []string{"shop", ""}, nil, `--namespaces=shop,: namespace "" can't exist`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Given(test.flag)
			if !slices.Equal(got, test.want) || (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %q, %v; want %q, %q", got, err, test.want, test.err)
			}
		})
	}
}
