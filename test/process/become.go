package process

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Become replaces this program, which Start started, by another one that is looked for on the PATH; line[0] is its name. It
// returns only with an error. The kernel's promise to end the program with its parent holds for the thread that was
// started, not for whichever thread of a Go program calls exec, so it is made anew.
func Become(line, env []string) error {
	program, err := exec.LookPath(line[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("end with the parent: %w", err)
	}
	return syscall.Exec(program, line, env)
}
