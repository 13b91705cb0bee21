// Package process starts local programs so that none of them can outlive the one that started it.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Spec says what to start.
type Spec struct {
	Path string   // program, absolute
	Args []string // arguments after the program's name
	Env  []string // the whole environment, KEY=value
	Dir  string   // working folder; empty: the caller's
	Log  string   // file that stdout and stderr are appended to; its folder is made
}

// Process is one running program, the leader of a process group of its own.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu   sync.Mutex
	exit Exit
}

// Exit is how a program ended.
type Exit struct {
	Code   int            // exit code; 128 + signal for a signal, as a shell has it
	Signal syscall.Signal // 0: it exited by itself
	At     time.Time
}

// Start starts a program. The kernel ends it when this process dies, however it dies; a Ctrl-C in the terminal
// does not reach it, so that whoever started it decides the order.
func Start(spec Spec) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(spec.Log), 0o755); err != nil {
		return nil, fmt.Errorf("folder of the log of %s: %w", spec.Path, err)
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", spec.Path, err)
	}
	defer log.Close()
	cmd := exec.Command(spec.Path, spec.Args...) //nolint:noctx // Stop ends it, by signals and in the order that its owner decides
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = spec.Env, spec.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go p.wait()
	return p, nil
}

func (p *Process) wait() {
	// What Wait reports beyond the state (a failed copy of output) cannot happen: output goes to a file.
	_ = p.cmd.Wait()
	exit := Exit{At: time.Now(), Code: p.cmd.ProcessState.ExitCode()}
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Signal = status.Signal()
		exit.Code = 128 + int(exit.Signal)
	}
	p.mu.Lock()
	p.exit = exit
	p.mu.Unlock()
	close(p.done)
}

// PID is the process id, and the id of its group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit is how the program ended; it is the zero Exit before Done is closed.
func (p *Process) Exit() Exit {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// Signal sends a signal to the program and to what it started itself. A program that has ended is no error.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := syscall.Kill(-p.PID(), signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %v to process %d: %w", signal, p.PID(), err)
	}
	return nil
}

// Stop asks the program to end (SIGTERM), makes it end after the grace period (SIGKILL), and returns when it has.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	err := p.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		err = errors.Join(err, p.Signal(syscall.SIGKILL))
		<-p.done
	}
	// Whatever the program started and left behind is in its group.
	return errors.Join(err, p.Signal(syscall.SIGKILL))
}
