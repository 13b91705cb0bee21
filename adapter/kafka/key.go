package kafka

import (
	"slices"
	"strings"
)

// Key is a question about one consumer group, or, without one, about the logs of some topics.
type Key struct {
	Group string // empty: where the topics' logs end is asked for
	// Topics are those asked for by name, sorted, with a comma between two; they are looked at even where the group has committed nothing.
	// Empty: those that the group has committed.
	Topics string
	// Age is whether the age of the oldest unread record is asked for, which may take look-ups by timestamp.
	Age bool
}

// NewKey asks for a group's lag on these topics, or on all that it has committed.
func NewKey(group string, topics ...string) Key {
	names := slices.Clone(topics)
	slices.Sort(names)
	return Key{Group: group, Topics: strings.Join(slices.Compact(names), ",")} // no topic's name has a comma
}

// LogsKey asks where the logs of these topics end, whoever reads them. A topic's name is Kafka's or the one in Flink's metrics.
func LogsKey(topics ...string) Key { return NewKey("", topics...) }

// WithAge asks for the age of the oldest unread record too.
func (k Key) WithAge() Key {
	k.Age = true
	return k
}

// String is for logs.
func (k Key) String() string {
	switch {
	case k.Group == "":
		return "logs of " + k.Topics
	case k.Topics == "":
		return k.Group
	}
	return k.Group + " on " + k.Topics
}

func (k Key) names() []string {
	if k.Topics == "" {
		return nil
	}
	return strings.Split(k.Topics, ",")
}

// questions are all keys about one group.
type questions struct {
	keys  []Key
	names map[string]bool // topics that any of them names
	age   bool            // whether any of them asks for it
}

// byGroup sorts the keys by group. logs are those without any, and names all that these name.
func byGroup(keys []Key) (groups map[string]*questions, logs []Key, names map[string]bool) {
	groups, names = map[string]*questions{}, map[string]bool{}
	for _, key := range keys {
		if key.Group == "" {
			logs = append(logs, key)
			for _, name := range key.names() {
				names[name] = true
			}
			continue
		}
		q := groups[key.Group]
		if q == nil {
			q = &questions{names: map[string]bool{}}
			groups[key.Group] = q
		}
		q.keys = append(q.keys, key)
		q.age = q.age || key.Age
		for _, name := range key.names() {
			q.names[name] = true
		}
	}
	return groups, logs, names
}
