package flink

// Key is a question about the job of one Flink cluster.
type Key struct {
	Cluster Cluster
	Needs   Needs
	// Kafka names the Kafka cluster whose log ends the job's positions are compared with; empty: none is known.
	Kafka string
}

// Needs is what a question takes beyond the three GETs that every job costs.
type Needs uint8

// What a question may need.
const (
	NeedSources      Needs = 1 << iota // a GET for each source
	NeedTaskManagers                   // one GET for all TaskManagers' JVMs
	NeedDesired                        // one GET for the busiest vertex, and two for checkpoints when the number would fall
	NeedMemory                         // one GET every ten seconds, and a list of TaskManagers each minute; more when the job or a TaskManager is new
)

// NeedNothing is what the plain ratios take.
const NeedNothing Needs = 0

func (n Needs) has(need Needs) bool { return n&need != 0 }

// String is for logs.
func (k Key) String() string { return k.Cluster.String() }

// questions are all keys about one cluster.
type questions struct {
	keys  []Key
	needs Needs
}

func byCluster(keys []Key) map[Cluster]*questions {
	clusters := map[Cluster]*questions{}
	for _, key := range keys {
		q := clusters[key.Cluster]
		if q == nil {
			q = &questions{}
			clusters[key.Cluster] = q
		}
		q.keys = append(q.keys, key)
		q.needs |= key.Needs
	}
	return clusters
}
