package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// residentMemory is the most memory that a process has had resident (VmHWM), in MiB.
func residentMemory(pid int) (float64, error) {
	status, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if value, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New(procFile(pid, "status") + " has no VmHWM")
}

// resetMemory has residentMemory count anew from what is resident now. What 5 does is in proc_pid_clear_refs(5).
func resetMemory(pid int) error { return os.WriteFile(procFile(pid, "clear_refs"), []byte("5"), 0) }

func procFile(pid int, name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }
