package webhook

import (
	"strings"
	"testing"
	"time"
)

func TestOptionsThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		name string
		opts Options
		want string
	}{
		{"a delay that is over before it begins", Options{ShutdownDelay: -time.Second}, "--shutdown-delay-duration=-1s: must not be negative"},
		{"a namespace that can't exist", Options{Namespaces: []string{"shop", "Team_B"}}, `--namespaces=shop,Team_B: namespace "Team_B" can't exist`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := Run(t.Context(), test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
