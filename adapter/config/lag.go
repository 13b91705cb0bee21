package config

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Choice is one of a few words; which ones a field takes is said there.
type Choice string

// What the fields of Lag may say.
const (
	Earliest Choice = "earliest" // count from the log start offset
	Latest   Choice = "latest"   // count nothing: a consumer would start at the log end offset
	Error    Choice = "error"    // serve no value
	Ignore   Choice = "ignore"   // leave it out

	ReadUncommitted Choice = "read_uncommitted" // up to the high watermark
	ReadCommitted   Choice = "read_committed"   // up to the last stable offset
)

// Lag says how lag is counted where a committed offset and a log end offset alone don't say it.
type Lag struct {
	// UncommittedPartition is for a partition on which a group that has committed elsewhere has committed nothing, as one
	// that was added: earliest (as Flink's Kafka source starts), latest or error.
	UncommittedPartition Choice `json:"uncommittedPartition"`
	// UncommittedGroup is for a group that has never committed: error, or earliest or latest on the topics that are asked for by name.
	UncommittedGroup Choice `json:"uncommittedGroup"`
	// BeforeLogStart is for a committed offset whose record is gone, deleted before it was read: earliest or error.
	BeforeLogStart Choice `json:"beforeLogStart"`
	// PastLogEnd is for a committed offset that the log hasn't reached, as on a topic created anew: error, earliest or latest.
	PastLogEnd Choice `json:"pastLogEnd"`
	// DeletedTopic is for a topic that a group has committed and that is no more: error, or ignore while other topics are left.
	DeletedTopic Choice `json:"deletedTopic"`
	// IsolationLevel is the consumers' isolation.level: read_uncommitted or read_committed.
	IsolationLevel Choice `json:"isolationLevel"`
	// DeadBand is the number of offsets of a partition up to which its lag counts as 0. Each transaction ends with a marker
	// that takes an offset and is no record: a consumer that has read everything stays one or two offsets behind for ever.
	DeadBand int64 `json:"deadBand"`
}

// choices lists each field's words, the default first.
func (l *Lag) choices() []choice {
	return []choice{
		{"uncommittedPartition", &l.UncommittedPartition, []Choice{Earliest, Latest, Error}},
		{"uncommittedGroup", &l.UncommittedGroup, []Choice{Error, Earliest, Latest}},
		{"beforeLogStart", &l.BeforeLogStart, []Choice{Earliest, Error}},
		{"pastLogEnd", &l.PastLogEnd, []Choice{Error, Earliest, Latest}},
		{"deletedTopic", &l.DeletedTopic, []Choice{Error, Ignore}},
		{"isolationLevel", &l.IsolationLevel, []Choice{ReadUncommitted, ReadCommitted}},
	}
}

type choice struct {
	name  string
	value *Choice
	words []Choice
}

func (l *Lag) complete() {
	for _, c := range l.choices() {
		if *c.value == "" {
			*c.value = c.words[0]
		}
	}
}

func (l Lag) validate(at *field.Path) field.ErrorList {
	var mistakes field.ErrorList
	for _, c := range l.choices() {
		if !slices.Contains(c.words, *c.value) {
			mistakes = append(mistakes, field.NotSupported(at.Child(c.name), *c.value, c.words))
		}
	}
	if l.DeadBand < 0 {
		mistakes = append(mistakes, field.Invalid(at.Child("deadBand"), l.DeadBand, "must not be below zero"))
	}
	return mistakes
}

// DefaultLag is what an empty lag section means.
func DefaultLag() Lag {
	var l Lag
	l.complete()
	return l
}
