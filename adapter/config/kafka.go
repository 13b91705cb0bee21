package config

import (
	"net"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// AllNamespaces in a cluster's namespaces admits every namespace.
const AllNamespaces = "*"

// Kafka configures how Kafka is polled.
type Kafka struct {
	Interval Duration       `json:"interval"` // between the starts of two rounds
	Timeout  Duration       `json:"timeout"`  // deadline of a round
	MaxAge   Duration       `json:"maxAge"`   // a sample older than this is an error
	Clusters []KafkaCluster `json:"clusters"` // may be empty: then each Kafka metric is an error that says so
}

// KafkaCluster is one cluster and who may ask for its lag.
type KafkaCluster struct {
	// Name is what an HPA selects with the label cluster. A label value, unique.
	Name string `json:"name"`
	// BootstrapServers are host:port of some brokers; the others are learned from them.
	BootstrapServers []string `json:"bootstrapServers"`
	// Namespaces whose HPAs may read this cluster; "*" admits all. There is no default: saying who may read is a decision.
	Namespaces []string `json:"namespaces"`
	// MetadataMaxAge is how long a topic's partitions and its log start offsets are believed: what was added, or deleted by
	// retention, counts after that. Leaders that moved are followed at once.
	MetadataMaxAge Duration `json:"metadataMaxAge"`
	// Lag says how lag is counted in the cases that aren't plain.
	Lag Lag `json:"lag"`
	// Aliases are names for what no label value can name.
	Aliases []Alias `json:"aliases"`
	// TLS is how connections are encrypted; nil: they aren't.
	TLS *TLS `json:"tls"`
	// SASL is how the adapter says who it is; nil: it doesn't.
	SASL *SASL `json:"sasl"`
}

// defaultMetadataMaxAge is shorter than a consumer's own (metadata.max.age.ms, 5 min).
const defaultMetadataMaxAge = time.Minute

func defaultKafka() Kafka {
	return Kafka{
		Interval: Duration{Duration: 5 * time.Second},
		Timeout:  Duration{Duration: 4 * time.Second},
		MaxAge:   Duration{Duration: 30 * time.Second},
	}
}

func (c *KafkaCluster) complete() {
	if !c.MetadataMaxAge.given {
		c.MetadataMaxAge.Duration = defaultMetadataMaxAge
	}
	c.Lag.complete()
}

// Admits tells whether HPAs in the namespace may read the cluster.
func (c KafkaCluster) Admits(namespace string) bool {
	return slices.Contains(c.Namespaces, AllNamespaces) || slices.Contains(c.Namespaces, namespace)
}

func (k Kafka) validate(at *field.Path) field.ErrorList {
	mistakes := polling(at, k.Interval, k.Timeout, k.MaxAge)
	clusters, names := at.Child("clusters"), map[string]int{}
	for i, cluster := range k.Clusters {
		mistakes = append(mistakes, cluster.validate(clusters.Index(i))...)
		mistakes = append(mistakes, unique(names, cluster.Name, clusters.Index(i), i, "clusters", "each cluster")...)
	}
	return mistakes
}

func (c KafkaCluster) validate(at *field.Path) field.ErrorList {
	var mistakes field.ErrorList
	if c.Name == "" {
		mistakes = append(mistakes, field.Required(at.Child("name"), "HPAs select the cluster by it"))
	}
	for _, reason := range validation.IsValidLabelValue(c.Name) {
		mistakes = append(mistakes, field.Invalid(at.Child("name"), c.Name, reason))
	}
	servers := at.Child("bootstrapServers")
	if len(c.BootstrapServers) == 0 {
		mistakes = append(mistakes, field.Required(servers, "list host:port of at least one broker"))
	}
	for i, server := range c.BootstrapServers {
		host, port, err := net.SplitHostPort(server)
		number, numberErr := strconv.Atoi(port)
		if err != nil || host == "" || numberErr != nil || number < 1 || number > 65535 {
			mistakes = append(mistakes, field.Invalid(servers.Index(i), server, "must be host:port"))
		}
	}
	mistakes = append(mistakes, c.MetadataMaxAge.positive(at.Child("metadataMaxAge"))...)
	mistakes = append(mistakes, c.Lag.validate(at.Child("lag"))...)
	mistakes = append(mistakes, validateAliases(at.Child("aliases"), c.Aliases)...)
	mistakes = append(mistakes, c.validateSecurity(at)...)
	namespaces := at.Child("namespaces")
	if len(c.Namespaces) == 0 {
		mistakes = append(mistakes, field.Required(namespaces, `list the namespaces whose HPAs may read this cluster, or "*" for all`))
	}
	for i, namespace := range c.Namespaces {
		if namespace == AllNamespaces {
			continue
		}
		for _, reason := range validation.IsDNS1123Label(namespace) {
			mistakes = append(mistakes, field.Invalid(namespaces.Index(i), namespace, reason))
		}
	}
	return mistakes
}
