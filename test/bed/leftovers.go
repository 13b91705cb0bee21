package bed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFile holds the process id of the bed whose state this is, and a lock as long as that process lives.
const pidFile = "pid"

// claimState makes an empty folder for the state of a bed, and returns the lock on it. It refuses when a bed runs there,
// and ends what one that was killed may have left.
func claimState(ctx context.Context, state string) (*os.File, error) {
	if err := os.MkdirAll(state, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(state, pidFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := func() error {
		if !tryLock(lock) {
			return fmt.Errorf("a bed is running in %s (process %s); end it first", state, pidIn(state))
		}
		if err := killMarked(ctx, state); err != nil {
			return err
		}
		if err := empty(state); err != nil {
			return err
		}
		if err := lock.Truncate(0); err != nil {
			return err
		}
		_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
		return err
	}(); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

func tryLock(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

func pidIn(state string) string {
	data, err := os.ReadFile(filepath.Join(state, pidFile))
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(data))
}

// empty removes everything in a folder but the pid file.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == pidFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Down ends the bed whose state lies there, if one runs, and whatever one that was killed left. It returns when all is
// gone, and says whether there was anything to end.
func Down(ctx context.Context, state string) (bool, error) {
	lock, err := os.OpenFile(filepath.Join(state, pidFile), os.O_RDWR, 0)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer lock.Close()
	running := !tryLock(lock)
	if running {
		pid, err := strconv.Atoi(pidIn(state))
		if err != nil {
			return false, fmt.Errorf("a bed runs in %s, but %s there names no process: %w", state, pidFile, err)
		}
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			return false, fmt.Errorf("end the bed, process %d: %w", pid, err)
		}
		const grace = 60 * time.Second
		for end := time.Now().Add(grace); !tryLock(lock); {
			if time.Now().After(end) {
				return false, fmt.Errorf("the bed, process %d, did not end within %s", pid, grace)
			}
			select {
			case <-ctx.Done():
				return false, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	left, err := processes(Variable + "=" + state)
	if err != nil {
		return false, err
	}
	return running || len(left) > 0, killMarked(ctx, state)
}

// killMarked ends every process that carries the mark of the bed in state.
func killMarked(ctx context.Context, state string) error {
	for {
		pids, err := processes(Variable + "=" + state)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
				return fmt.Errorf("end process %d of an earlier bed: %w", pid, err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
