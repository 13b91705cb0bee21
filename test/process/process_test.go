package process

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, script string) (*Process, string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "deep", "log")
	p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=" + os.Getenv("PATH"), "WORD=hello"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(0) })
	return p, log
}

// waitForLog returns once the program has written text.
func waitForLog(t *testing.T, log, text string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if data, _ := os.ReadFile(log); strings.Contains(string(data), text) {
			return
		}
	}
	t.Fatalf("the log never had %q", text)
}

func TestExitTellsHowAProgramEnded(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         Exit
	}{
		{"by itself", "exit 3", Exit{Code: 3}},
		{"by a signal", "kill -TERM $$", Exit{Code: 128 + 15, Signal: syscall.SIGTERM}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, _ := start(t, test.script)
			<-p.Done()
			if got := p.Exit(); got.Code != test.want.Code || got.Signal != test.want.Signal {
				t.Errorf("exit is %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestOutputAndEnvironment(t *testing.T) {
	p, log := start(t, "echo $WORD; echo $WORD >&2")
	<-p.Done()
	if data, err := os.ReadFile(log); err != nil || string(data) != "hello\nhello\n" {
		t.Errorf("log is %q (%v)", data, err)
	}
}

func TestStopLetsAProgramEndInItsOwnWay(t *testing.T) {
	p, log := start(t, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done")
	waitForLog(t, log, "up")
	if err := p.Stop(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if p.Exit().Code != 0 {
		t.Errorf("exit is %+v", p.Exit())
	}
	waitForLog(t, log, "bye")
}

func TestStopKillsAProgramThatDoesNotListenAndItsChildren(t *testing.T) {
	p, log := start(t, "trap '' TERM; sleep 3600 & echo child $!; echo up; while :; do sleep 0.01; done")
	waitForLog(t, log, "up")
	if err := p.Stop(10 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if p.Exit().Signal != syscall.SIGKILL {
		t.Errorf("exit is %+v", p.Exit())
	}
	// The whole group is gone once nobody in it takes a signal; the child may be a zombie for a moment.
	for deadline := time.Now().Add(10 * time.Second); syscall.Kill(-p.PID(), 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a child of the program lives on")
		}
	}
}
