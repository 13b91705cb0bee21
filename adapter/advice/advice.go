// Package advice keeps what is known of the memory of jobs whose TaskManagers are to have the memory that is advised (package sizing): in MemoryAdvices, from
// which the webhook reads what TaskManagers get that start.
//
// One replica of the adapter writes them, the one that decides ScalingRules too. They hold what was seen in the last day, so that another replica,
// or this one after a restart, goes on from there.
package advice

import (
	"context"
	"errors"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/flink"
	"github.com/flink-hpa/flink-hpa/adapter/objects"
	"github.com/flink-hpa/flink-hpa/adapter/rule/v1alpha1"
	"github.com/flink-hpa/flink-hpa/adapter/sizing"
	"github.com/flink-hpa/flink-hpa/adapter/taskmanagers"
)

const (
	// Label on a TaskManager pod, with the value Enabled, asks for the memory that is advised.
	Label = "flink-hpa.dev/memory"
	// Enabled is that value.
	Enabled = "enabled"
	// option is what is injected.
	option = "taskmanager.memory.process.size"
)

const (
	// interval is the time between the starts of two rounds.
	interval = 10 * time.Second
	// within is how long the requests of a round may take. What is left is for the next.
	within = 8 * time.Second
	// maxAge is how long what a job told counts.
	maxAge = time.Minute
	// rightFor is how long it is known that pods of a namespace may be evicted, and noRightFor that they may not.
	rightFor   = 10 * time.Minute
	noRightFor = 30 * time.Second
)

// Options of an Adviser.
type Options struct {
	Dynamic    dynamic.Interface
	Client     kubernetes.Interface
	Resources  func(ctx context.Context, version string) (*metav1.APIResourceList, error) // of an API group and version, as discovery has them
	Namespaces []string                                                                   // whose jobs are advised; none: all
	Workloads  func(flink.Cluster) []taskmanagers.Workload                                // the TaskManagers' that an HPA scales by what that job needs
	Pods       func(taskmanagers.Workload) []taskmanagers.Pod
	Leads      func() bool // whether this replica decides
	Clock      clock.Clock

	// Told hears what somebody should read about a job's memory: reason is one word. It must not wait.
	Told func(job flink.Cluster, reason, note string, warning bool)
}

// Reasons for which Told is called.
const (
	ReasonAdvised = "TaskManagerMemoryAdvised" // the advice is more than a fifth away
	ReasonStep    = "TaskManagerMemoryStep"    // another size is injected
	ReasonFailed  = "TaskManagerOutOfMemory"   // what the owner says is injected again
)

// Adviser keeps MemoryAdvices. It is safe for concurrent use.
type Adviser struct {
	opts    Options
	watch   *objects.Watch
	told    map[flink.Cluster]int64          // the newest advice that was told of; of the loop alone, as the next
	written map[types.NamespacedName]*object // by this replica
	may     map[string]right                 // by namespace
	trouble map[taskmanagers.Workload]string // why a MemoryAdvice could not be kept in the last round

	mu         sync.RWMutex
	sized      map[flink.Cluster]heard
	remembered map[flink.Cluster][]sizing.Part // as MemoryAdvices had it last
}

// heard is what a job told, and when.
type heard struct {
	flink.Sized
	at time.Time
}

// right is whether pods of a namespace may be evicted.
type right struct {
	err   error // why not
	until time.Time
}

// New returns an Adviser that knows nothing until Run. It needs list, watch and create on memoryadvices, and update on their status; and where
// memory is to be injected, create on pods/eviction.
func New(opts Options) *Adviser {
	return &Adviser{
		opts: opts, told: map[flink.Cluster]int64{}, written: map[types.NamespacedName]*object{}, may: map[string]right{}, trouble: map[taskmanagers.Workload]string{},
		sized: map[flink.Cluster]heard{}, remembered: map[flink.Cluster][]sizing.Part{},
		watch: objects.New(objects.Options{
			Dynamic: opts.Dynamic, Resources: opts.Resources, Namespaces: opts.Namespaces, Of: v1alpha1.MemoryAdviceGVR(), Named: "MemoryAdvices", Clock: opts.Clock,
		}),
	}
}

// Sized takes in what is known of a job's memory.
func (a *Adviser) Sized(s flink.Sized) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sized[s.Cluster] = heard{s, a.opts.Clock.Now()}
}

// Remembered is what was seen of a job's memory before, by this replica or another one, as far as it is known by now.
func (a *Adviser) Remembered(cluster flink.Cluster) []sizing.Part {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if told, ok := a.sized[cluster]; ok && len(told.Parts) > 0 {
		return told.Parts
	}
	return a.remembered[cluster]
}

// Run keeps MemoryAdvices until ctx ends. Where the cluster doesn't know what one is, advice is told all the same.
func (a *Adviser) Run(ctx context.Context) {
	reading := make(chan bool, 1)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	tasks.Go(func() {
		if a.watch.Defined(ctx, func() {}) && a.watch.Start(ctx) {
			reading <- true
			<-ctx.Done()
		}
		a.watch.Shutdown()
	})
	read := false
	for {
		next := a.opts.Clock.NewTimer(interval)
		select {
		case <-next.C():
		case read = <-reading:
			a.recall(a.there())
		case <-ctx.Done():
			next.Stop()
			return
		}
		next.Stop()
		a.round(ctx, read)
	}
}

// recall takes over what was seen of each job.
func (a *Adviser) recall(there map[types.NamespacedName]*object) {
	remembered := map[flink.Cluster][]sizing.Part{}
	for key, found := range there {
		of := found.status.JobManager
		remembered[flink.Cluster{Namespace: key.Namespace, Kind: of.Kind, Name: of.Name}] = partsOf(found.status.Parts)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remembered = remembered
}

// round tells of advice, and keeps the MemoryAdvices of those who have asked for them, once they can be read.
func (a *Adviser) round(ctx context.Context, read bool) {
	now := a.opts.Clock.Now()
	jobs := a.fresh(now)
	if !a.opts.Leads() {
		clear(a.written) // whoever leads writes
		return
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var there map[types.NamespacedName]*object
	if read {
		there = a.there()
		a.recall(there)
	}
	for _, s := range jobs {
		a.tell(s)
		for _, workload := range a.opts.Workloads(s.Cluster) {
			pods := a.asking(workload)
			if len(pods) == 0 {
				continue
			}
			a.note(ctx, workload, a.keep(ctx, s, workload, pods, there, now))
		}
	}
}

// note logs why a MemoryAdvice can't be kept, when that is another reason than before.
func (a *Adviser) note(ctx context.Context, workload taskmanagers.Workload, err error) {
	if err == nil {
		delete(a.trouble, workload)
		return
	}
	if ctx.Err() == nil && a.trouble[workload] != err.Error() {
		a.trouble[workload] = err.Error()
		klog.FromContext(ctx).Error(err, "MemoryAdvice not kept, will try again", "workload", workload)
	}
}

// fresh are the jobs that told something lately. The others are forgotten.
func (a *Adviser) fresh(now time.Time) []flink.Sized {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []flink.Sized
	for cluster, s := range a.sized {
		if now.Sub(s.at) > maxAge {
			delete(a.sized, cluster)
			continue
		}
		all = append(all, s.Sized)
	}
	return all
}

// asking are the pods of a workload that ask for the memory that is advised.
func (a *Adviser) asking(workload taskmanagers.Workload) []taskmanagers.Pod {
	var asking []taskmanagers.Pod
	for _, pod := range a.opts.Pods(workload) {
		if pod.Labels[Label] == Enabled {
			asking = append(asking, pod)
		}
	}
	return asking
}

// tell tells of advice that is more than a fifth away, and again when it has changed by a tenth.
func (a *Adviser) tell(s flink.Sized) {
	if s.Err != nil || !s.Advice.Notable() || s.Advice.Watched < s.Rules.Watches().Seconds() {
		return
	}
	before := a.told[s.Cluster]
	if change := s.Advice.Process - before; before != 0 && 10*max(change, -change) < before {
		return
	}
	a.told[s.Cluster] = s.Advice.Process
	a.opts.Told(s.Cluster, ReasonAdvised, s.Advice.Text(), false)
}

var errNoDefinition = errors.New("the cluster has no definition of MemoryAdvices; apply manifests/base/crd")

// mayEvict is nil when pods of the namespace may be evicted: without that, nobody would replace one that has too little memory.
func (a *Adviser) mayEvict(ctx context.Context, namespace string, now time.Time) error {
	if known, ok := a.may[namespace]; ok && now.Before(known.until) {
		return known.err
	}
	err := askToEvict(ctx, a.opts.Client, namespace)
	switch {
	case err == nil:
		a.may[namespace] = right{nil, now.Add(rightFor)}
	case errors.Is(err, errMayNotEvict):
		a.may[namespace] = right{err, now.Add(noRightFor)}
	}
	return err
}

var errMayNotEvict = errors.New("the adapter may not evict pods, so it could not replace one that runs out of memory, and nothing is injected; add manifests/components/memory")
