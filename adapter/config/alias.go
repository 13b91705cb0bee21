package config

import (
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Alias is a name that fits into a selector for names that don't: a label value has at most 63 characters and few that are no letters.
// It stands for a group, for topics, or for both; a selector gives what it doesn't say.
type Alias struct {
	// Name is what an HPA selects with the label alias. A label value, unique in the cluster.
	Name string `json:"name"`
	// Group is a consumer group.
	Group string `json:"group"`
	// Topics are topics by name.
	Topics []string `json:"topics"`
	// TopicPattern is a regular expression (RE2) for the whole name of topics, among those that the group has committed.
	TopicPattern string `json:"topicPattern"`
}

// topicName is what Kafka allows.
const topicName = `^[a-zA-Z0-9._-]{1,249}$`

func (a Alias) validate(at *field.Path) field.ErrorList {
	var mistakes field.ErrorList
	if a.Name == "" {
		mistakes = append(mistakes, field.Required(at.Child("name"), "HPAs select the alias by it"))
	}
	for _, reason := range validation.IsValidLabelValue(a.Name) {
		mistakes = append(mistakes, field.Invalid(at.Child("name"), a.Name, reason))
	}
	if a.Group == "" && len(a.Topics) == 0 && a.TopicPattern == "" {
		mistakes = append(mistakes, field.Required(at, "give a group, topics or a topicPattern for the alias to stand for"))
	}
	if len(a.Topics) > 0 && a.TopicPattern != "" {
		mistakes = append(mistakes, field.Invalid(at.Child("topicPattern"), a.TopicPattern, "topics are given too: keep one of the two"))
	}
	legal := regexp.MustCompile(topicName)
	for i, topic := range a.Topics {
		if !legal.MatchString(topic) {
			mistakes = append(mistakes, field.Invalid(at.Child("topics").Index(i), topic,
				"is no name for a topic: 1 to 249 letters, digits, '.', '_' and '-'"))
		}
		if slices.Index(a.Topics, topic) < i {
			mistakes = append(mistakes, field.Duplicate(at.Child("topics").Index(i), topic))
		}
	}
	if _, err := a.Pattern(); err != nil {
		mistakes = append(mistakes, field.Invalid(at.Child("topicPattern"), a.TopicPattern, err.Error()))
	}
	return mistakes
}

// Pattern is TopicPattern for whole names; nil when it is empty.
func (a Alias) Pattern() (*regexp.Regexp, error) {
	if a.TopicPattern == "" {
		return nil, nil
	}
	// On its own first, so that parentheses can't reach out of the ones around it.
	if _, err := regexp.Compile(a.TopicPattern); err != nil {
		return nil, fmt.Errorf("is no regular expression: %w", err)
	}
	return regexp.Compile(`\A(?:` + a.TopicPattern + `)\z`)
}

func validateAliases(at *field.Path, aliases []Alias) field.ErrorList {
	var mistakes field.ErrorList
	names := map[string]int{}
	for i, alias := range aliases {
		mistakes = append(mistakes, alias.validate(at.Index(i))...)
		mistakes = append(mistakes, unique(names, alias.Name, at.Index(i), i, "aliases", "each alias of a cluster")...)
	}
	return mistakes
}

// unique refuses the name of element i of a list, which is at, when one before it has it too. names are those before it, with their
// places, and has this one from then on.
func unique(names map[string]int, name string, at *field.Path, i int, list, each string) field.ErrorList {
	if first, taken := names[name]; taken && name != "" {
		return field.ErrorList{field.Invalid(at.Child("name"), name, fmt.Sprintf("is the name of %s[%d] too; %s needs its own", list, first, each))}
	}
	names[name] = i
	return nil
}
