package webhook

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/flink-hpa/flink-hpa/webhook/flinkconf"
)

// Peer is another Flink pod of the same namespace, as far as Check compares it.
type Peer struct {
	Name    string // of the pod
	Role    Role
	Cluster string // what its cluster is known by; empty: unknown
	// Settings are the ones in force, for options that have to agree within a cluster; one whose value can't be seen is missing.
	Settings flinkconf.Settings
}

// PeerOf says what Check has to know of pod when another one is checked. It is false for a pod that doesn't run Flink.
func PeerOf(pod *corev1.Pod, facts Facts) (Peer, bool) {
	subject, _, ok := examine(pod, facts)
	if !ok {
		return Peer{}, false
	}
	return subject.peer(pod), true
}

// peer is the pod as it is, with nothing more to be injected.
func (s subject) peer(pod *corev1.Pod) Peer {
	peer := Peer{Name: pod.Name, Role: s.container.role, Cluster: s.cluster(pod), Settings: flinkconf.Settings{}}
	for key, byDefault := range map[string]string{
		flinkconf.HeartbeatTimeout:  "50000",
		flinkconf.HeartbeatInterval: "10000",
		flinkconf.TaskSlots:         "1",
	} {
		value, set := s.own.inForce.Lookup(key)
		switch {
		case !set && (s.own.says(key) || len(s.own.unseen) > 0):
			continue // Flink may or may not read it
		case !set:
			value = byDefault
		}
		if ms, err := flinkconf.ParseMillis(value); err == nil && key != flinkconf.TaskSlots {
			value = strconv.FormatInt(ms, 10)
		}
		peer.Settings[key] = value
	}
	return peer
}

// cluster is what the pods of one Flink cluster have in common: the id for high availability, the JobManager's address, or the label
// app. An address that only one pod has is none.
func (s subject) cluster(pod *corev1.Pod) string {
	for _, key := range []string{"kubernetes.cluster-id", "high-availability.cluster-id"} {
		if id := s.own.inForce[key]; id != "" {
			return "id " + id
		}
	}
	address := s.own.inForce[flinkconf.JobManagerAddress]
	if address != "" && net.ParseIP(address) == nil && !strings.Contains(address, "$") {
		service, _, _ := strings.Cut(address, ".")
		return "address " + service
	}
	for _, label := range []string{"app.kubernetes.io/instance", "app"} {
		if value := pod.Labels[label]; value != "" {
			return label + " " + value
		}
	}
	return ""
}

// disagrees tells which settings of two pods of one cluster don't fit together.
func (p Peer) disagrees(other Peer) []string {
	if (p.Role == TaskManager) == (other.Role == TaskManager) {
		if p.Role == TaskManager && p.differs(other, flinkconf.TaskSlots) {
			return []string{fmt.Sprintf("%s is %.20s here and %.20s in other TaskManagers of the cluster, "+
				"so one more of them adds too much or too little: set the same everywhere",
				flinkconf.TaskSlots, p.Settings[flinkconf.TaskSlots], other.Settings[flinkconf.TaskSlots])}
		}
		return nil
	}
	for _, key := range []string{flinkconf.HeartbeatTimeout, flinkconf.HeartbeatInterval} {
		if p.differs(other, key) {
			return []string{fmt.Sprintf("%s is %.20s here and %.20s in the cluster's %s: JobManager and TaskManagers must agree, set the same in both",
				key, p.Settings[key], other.Settings[key], other.Role)}
		}
	}
	return nil
}

// differs says whether both have the option, and not the same.
func (p Peer) differs(other Peer, key string) bool {
	mine, set := p.Settings[key]
	theirs, otherSet := other.Settings[key]
	return set && otherSet && mine != theirs
}
