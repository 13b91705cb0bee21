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

func TestWhichWatchSeesANamespace(t *testing.T) {
	for _, test := range []struct {
		name      string
		served    []string
		namespace string
		want      string
		ok        bool
	}{
		{"all are seen by one", nil, "shop", "watch of ", true},
		{"one of those that are served", []string{"crm", "shop"}, "shop", "watch of shop", true},
		{"another one", []string{"crm", "shop"}, "bank", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			watches := map[string]string{}
			for _, namespace := range Watches(test.served) {
				watches[namespace] = "watch of " + namespace
			}
			if got, ok := Watch(watches, test.namespace); got != test.want || ok != test.ok {
				t.Errorf("got %q, %v; want %q, %v", got, ok, test.want, test.ok)
			}
		})
	}
}
