package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of the times in /proc on Linux (USER_HZ).
const clockTick = 10 * time.Millisecond

// processorTime is what all threads of a process have spent on processors, in user and kernel mode.
func processorTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0, err
	}
	spent, err := parseProcessorTime(string(stat))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", procFile(pid, "stat"), err)
	}
	return spent, nil
}

// parseProcessorTime reads utime and stime; see proc_pid_stat(5). The program's name, in brackets, may hold anything.
func parseProcessorTime(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	const user, system = 14 - 3, 15 - 3 // counted from the third field, which is the first after the name
	if len(fields) <= system {
		return 0, errors.New("too few fields")
	}
	utime, err := strconv.Atoi(fields[user])
	stime, err2 := strconv.Atoi(fields[system])
	return time.Duration(utime+stime) * clockTick, errors.Join(err, err2)
}
