package bed

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOneBedForEachState(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	lock, err := claimState(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claimState(t.Context(), state); err == nil || !strings.Contains(err.Error(), "a bed is running in "+state) {
		t.Errorf("a second bed got the state: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "old"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lock, err = claimState(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := os.Stat(filepath.Join(state, "old")); !os.IsNotExist(err) {
		t.Errorf("what an earlier bed left is still there: %v", err)
	}
}

func TestDownEndsWhatAKilledBedLeftAndNothingElse(t *testing.T) {
	state := t.TempDir()
	lock, err := claimState(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil { // as the kernel does for a bed that was killed
		t.Fatal(err)
	}
	start := func(mark string) (*exec.Cmd, <-chan struct{}) {
		c := exec.Command("sleep", "3600")
		c.Env = []string{Variable + "=" + mark}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = c.Wait(); close(ended) }()
		t.Cleanup(func() { _ = c.Process.Kill() })
		return c, ended
	}
	_, ours := start(state)
	_, others := start(state + "-other")
	ended, err := Down(t.Context(), state)
	if err != nil || !ended {
		t.Fatalf("Down says %v, %v", ended, err)
	}
	select {
	case <-ours:
	case <-time.After(10 * time.Second):
		t.Error("a process of the killed bed lives on")
	}
	select {
	case <-others:
		t.Error("a process of another bed was ended")
	default:
	}
	if ended, err := Down(t.Context(), state); ended || err != nil {
		t.Errorf("a second Down says %v, %v", ended, err)
	}
}

func TestBedsGetNetworksOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		n, err := claimNetwork("the same state")
		if err != nil {
			t.Fatal(err)
		}
		defer n.claim.Close()
		if seen[n.prefix] {
			t.Errorf("network %s was given twice", n.prefix)
		}
		seen[n.prefix] = true
	}
}
