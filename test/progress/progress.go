// Package progress tells somebody who waits what is going on.
package progress

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Log prints a line when a step has ended and, in between, what is still running: on a terminal in one line that changes
// every second, elsewhere in a new line every 15 s.
type Log struct {
	out      io.Writer
	terminal bool

	mu      sync.Mutex
	running []*step
	shown   time.Time // when the running steps were last printed
	stop    chan struct{}
	done    sync.WaitGroup
}

type step struct {
	name  string
	start time.Time
}

const elsewhereEvery = 15 * time.Second

// New starts a log. Close ends it.
func New(out io.Writer) *Log {
	l := &Log{out: out, stop: make(chan struct{}), shown: time.Now()}
	if file, ok := out.(*os.File); ok {
		l.terminal = term.IsTerminal(int(file.Fd()))
	}
	l.done.Go(l.tick)
	return l
}

// Close stops printing.
func (l *Log) Close() {
	close(l.stop)
	l.done.Wait()
}

// Step runs do, whose name says what it does ("fetch Kafka"), and prints how long it took. A failure is left for the caller
// to report.
func (l *Log) Step(name string, do func() error) error {
	s := &step{name: name, start: time.Now()}
	l.mu.Lock()
	l.running = append(l.running, s)
	l.show()
	l.mu.Unlock()
	err := do()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = slices.DeleteFunc(l.running, func(other *step) bool { return other == s })
	if err == nil {
		l.line(fmt.Sprintf("  %-58s %s", name, seconds(time.Since(s.start))))
	}
	l.show()
	return err
}

// Line prints one line as it is.
func (l *Log) Line(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(fmt.Sprintf(format, args...))
	l.show()
}

func (l *Log) line(text string) {
	if l.terminal {
		fmt.Fprint(l.out, "\r\033[K")
	}
	fmt.Fprintln(l.out, text)
}

// show prints the running steps on a terminal.
func (l *Log) show() {
	if !l.terminal {
		return
	}
	fmt.Fprint(l.out, "\r\033[K")
	if len(l.running) > 0 {
		fmt.Fprint(l.out, l.status())
	}
}

func (l *Log) status() string {
	var names []string
	for _, s := range l.running {
		names = append(names, s.name+" "+seconds(time.Since(s.start)))
	}
	return "  ... " + strings.Join(names, ", ")
}

func (l *Log) tick() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
		l.mu.Lock()
		switch {
		case l.terminal:
			l.show()
		case len(l.running) == 0:
			l.shown = time.Now()
		case time.Since(l.shown) >= elsewhereEvery:
			l.shown = time.Now()
			fmt.Fprintln(l.out, l.status())
		}
		l.mu.Unlock()
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
