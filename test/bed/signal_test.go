package bed

import (
	"os/exec"
	"slices"
	"testing"
)

func TestProcessesAreFoundByAllTheirVariables(t *testing.T) {
	start := func(environment ...string) int {
		c := exec.Command("sleep", "3600")
		c.Env = environment
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill()
			_ = c.Wait()
		})
		return c.Process.Pid
	}
	mark := "FLINKHPA_TEST_BED=" + t.TempDir()
	want := start(mark, "IP=127.1.0.5", "OTHER=x")
	start(mark, "IP=127.1.0.50")
	start("IP=127.1.0.5")
	got, err := processes(mark, "IP=127.1.0.5")
	if err != nil || !slices.Equal(got, []int{want}) {
		t.Errorf("processes are %v (%v), want %d alone", got, err, want)
	}
}
