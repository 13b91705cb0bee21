package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
)

// again is this program in a process of its own, which is told what to do and replies. It ends with close, and when this process
// ends, since it reads no more.
type again struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader
}

func runAgain(ctx context.Context, args ...string) (again, error) {
	program, err := os.Executable()
	if err != nil {
		return again{}, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return again{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return again{}, err
	}
	return again{cmd, stdin, stdout}, cmd.Start()
}

func (a again) close() error { return errors.Join(a.stdin.Close(), a.cmd.Wait()) }
