// Package rules has ScalingRules evaluated (package rule), keeps what they say for whoever answers requests, and writes it into their status.
//
// One replica of the adapter decides: two that watch the same load a moment apart would find different numbers, and an HPA that asks now the one and
// now the other would go to and fro. The others ask the same questions, so that they could go on at once, and serve what the status says.
package rules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/objects"
	"github.com/flink-hpa/flink-hpa/adapter/rule"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/snapshot"
)

const (
	// interval is the time between the starts of two rounds.
	interval = 5 * time.Second
	// maxAge is how long a number counts that this replica has found itself.
	maxAge = 30 * time.Second
)

var (
	errNotRead  = errors.New("the ScalingRules have not been read from Kubernetes yet")
	errNotYet   = errors.New("no replica of the adapter has evaluated the rule yet")
	errOutdated = errors.New("the rule was not evaluated lately; the log of the adapter's replicas says why")
)

// Options of Rules.
type Options struct {
	Dynamic    dynamic.Interface
	Resources  func(ctx context.Context, version string) (*metav1.APIResourceList, error) // of an API group and version, as discovery has them
	Namespaces []string                                                                   // whose rules are read; none: all
	Serves     func(metric string) bool                                                   // whether a metric is one of the adapter's own
	Peek       func(namespace string, q rule.Question) snapshot.Sample[any]               // what an HPA in the namespace would be answered, without waiting
	Leads      func() bool                                                                // whether this replica decides
	Clock      clock.Clock

	// Changed hears on the replica that decides that a rule serves another number than before, and why. It must not wait. Without it, nobody hears.
	Changed func(rule types.NamespacedName, from, to int32, reason string, at time.Time)
}

// Rules knows the ScalingRules and what they say. It is safe for concurrent use.
type Rules struct {
	opts    Options
	watch   *objects.Watch
	entries map[types.NamespacedName]*entry // of the loop alone, as the next
	led     bool                            // whether this replica decided in the last round

	mu     sync.RWMutex
	state  state
	turned time.Time // when the last round began
	says   map[types.NamespacedName]said
}

// state is how far the reading of rules has come.
type state int

const (
	unread  state = iota // not known whether there are any
	absent               // the cluster doesn't know what a ScalingRule is
	reading              // the first list is on its way
	read
)

// said is what a rule says.
type said struct {
	sample    snapshot.Sample[int32]
	evaluated time.Time       // when it was found
	maxAge    time.Duration   // for which it counts
	unknown   error           // what this replica would need to find it, and doesn't know
	job       labels.Selector // of the job that the rule is about; nil: none
}

// New returns Rules that know none until Run. They need list and watch on scalingrules, and update on scalingrules/status.
func New(opts Options) *Rules {
	if opts.Changed == nil {
		opts.Changed = func(types.NamespacedName, int32, int32, string, time.Time) {}
	}
	watch := objects.New(objects.Options{
		Dynamic: opts.Dynamic, Resources: opts.Resources, Namespaces: opts.Namespaces, Of: v1alpha1.GroupVersionResource(), Named: "ScalingRules", Clock: opts.Clock,
	})
	return &Rules{opts: opts, watch: watch, entries: map[types.NamespacedName]*entry{}, says: map[types.NamespacedName]said{}}
}

// Value is the newest sample of a rule, or an error in it; ok is false when there is no such rule.
func (r *Rules) Value(namespace, name string) (sample snapshot.Sample[int32], ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.state == unread || r.state == reading {
		return snapshot.Fail[int32](errNotRead), true
	}
	s, ok := r.says[types.NamespacedName{Namespace: namespace, Name: name}]
	return s.at(r.opts.Clock.Now()), ok
}

// Known is why this replica could not find the value of a rule itself now; nil: it could.
func (r *Rules) Known(namespace, name string) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.says[types.NamespacedName{Namespace: namespace, Name: name}].unknown
}

// Jobs are the rules that are about a job, each with the selector by which metrics are asked of that.
func (r *Rules) Jobs() map[types.NamespacedName]labels.Selector {
	r.mu.RLock()
	defer r.mu.RUnlock()
	jobs := map[types.NamespacedName]labels.Selector{}
	for key, says := range r.says {
		if says.job != nil {
			jobs[key] = says.job
		}
	}
	return jobs
}

// at is what counts of it at now.
func (s said) at(now time.Time) snapshot.Sample[int32] {
	if now.Sub(s.evaluated) > s.maxAge {
		return snapshot.Fail[int32](errOutdated)
	}
	return s.sample
}

// Names lists the rules of a namespace, sorted.
func (r *Rules) Names(namespace string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var names []string
	for key := range r.says {
		if key.Namespace == namespace {
			names = append(names, key.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Alive complains when rounds have not turned for long: the loop hangs, and only a restart helps.
func (r *Rules) Alive() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if limit := 4*interval + writeWithin; !r.turned.IsZero() && r.opts.Clock.Since(r.turned) > limit {
		return fmt.Errorf("the rules loop has not turned for more than %s", limit)
	}
	return nil
}

// Run evaluates the rules until ctx ends. Where the cluster doesn't know what a ScalingRule is, it says so once and looks for that now and then.
func (r *Rules) Run(ctx context.Context) {
	if !r.watch.Defined(ctx, func() { r.set(absent) }) {
		return
	}
	r.set(reading)
	defer r.watch.Shutdown()
	if !r.watch.Start(ctx) {
		return
	}
	for {
		r.round(ctx)
		next := r.opts.Clock.NewTimer(interval)
		select {
		case <-next.C():
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

func (r *Rules) set(s state) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = s
}
