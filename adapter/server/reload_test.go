package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/klog/v2/ktesting"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

func TestReload(t *testing.T) {
	const (
		start   = "flink: {settle: 1s}"
		other   = "flink: {settle: 2s}"
		bad     = "flink: {settle: soon, window: 1s}"
		removed = "-"
		unfit   = "flink: {settle: 66s}" // valid, and refused by the test's apply
	)
	type look struct {
		content string
		applied string // the settle that is applied in this look, "" for none
		logged  string // part of what is logged in this look, "" for nothing
		valid   float64
		since   float64 // the second of the newest success
	}
	tests := []struct {
		name  string
		looks []look // one each second
	}{
		{"nothing happens while nothing changes", []look{{start, "", "", 1, 0}, {start, "", "", 1, 0}}},
		{"a change of the text alone is none", []look{{"# x\n" + start, "", "", 1, 0}}},
		{"a change is applied once", []look{{other, "2s", "Configuration in use", 1, 1}, {other, "", "", 1, 1}}},
		{"a bad content is told once, with every mistake, and the old one stays",
			[]look{{bad, "", "flink.settle", 0, 0}, {bad, "", "", 0, 0}, {bad + "\n", "", "flink.window", 0, 0}}},
		{"back from a bad content nothing needs to be applied", []look{{bad, "", "refused", 0, 0}, {start, "", "in use", 1, 2}}},
		{"after that it is as if nothing had been", []look{{bad, "", "refused", 0, 0}, {start, "", "in use", 1, 2}, {"# x\n" + start, "", "", 1, 2}}},
		{"from a bad content to a good one", []look{{bad, "", "refused", 0, 0}, {other, "2s", "in use", 1, 2}}},
		{"a file that is missing is told once", []look{{removed, "", "no such file", 0, 0}, {removed, "", "", 0, 0}, {start, "", "in use", 1, 3}}},
		{"what can't be applied is refused", []look{{unfit, "1m6s", "unfit", 0, 0}, {unfit, "", "", 0, 0}, {start, "", "in use", 1, 3}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			own, _ := newTestMetrics(t)
			clock := clocktesting.NewFakeClock(time.Unix(0, 0))
			path := filepath.Join(t.TempDir(), "config.yaml")
			write(t, path, start)
			file, err := openConfig(path, clock, own)
			if err != nil {
				t.Fatal(err)
			}
			for i, look := range test.looks {
				clock.Step(time.Second)
				if write(t, path, look.content); look.content == removed {
					_ = os.Remove(path)
				}
				logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true)))
				applied := ""
				file.look(logger, func(conf config.Config) error {
					applied = conf.Flink.Settle.String()
					if applied == "1m6s" {
						return errors.New("unfit")
					}
					return nil
				})
				logged := logger.GetSink().(ktesting.Underlier).GetBuffer().String()
				if applied != look.applied || look.logged == "" && logged != "" || !strings.Contains(logged, look.logged) {
					t.Errorf("look %d: applied %q, logged %q; want %q, %q", i, applied, logged, look.applied, look.logged)
				}
				if valid, since := testutil.ToFloat64(own.reloadSuccessful), testutil.ToFloat64(own.reloadTime); valid != look.valid || since != look.since {
					t.Errorf("look %d: successful %v at %v, want %v at %v", i, valid, since, look.valid, look.since)
				}
			}
		})
	}
}

func TestABadFileEndsTheStart(t *testing.T) {
	own, _ := newTestMetrics(t)
	path := filepath.Join(t.TempDir(), "config.yaml")
	for _, content := range []string{"", "flink: {settle: soon}"} {
		if content != "" {
			write(t, path, content)
		}
		if _, err := openConfig(path, clocktesting.NewFakeClock(time.Unix(0, 0)), own); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("content %q: %v", content, err)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
