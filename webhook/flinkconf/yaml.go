package flinkconf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseStandardFile reads a config.yaml: YAML, with nested keys joined by dots; of a key that is there both nested and flat, the later
// one counts. The error says what Flink doesn't start with.
func ParseStandardFile(text string) (Settings, error) {
	settings := Settings{}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document, another yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return settings, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&another); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the first YAML document")
	}
	root := document.Content[0]
	if isNull(root) {
		return settings, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: no map of options", root.Line)
	}
	if err := flatten(settings, "", root); err != nil {
		return nil, err
	}
	return settings, nil
}

// flatten adds what is under prefix.
func flatten(settings Settings, prefix string, node *yaml.Node) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		// Flink takes a number or a word such as true for no name.
		if name.Kind != yaml.ScalarNode || name.Tag != "!!str" && name.Tag != "!!merge" {
			return fmt.Errorf("line %d: the key %.40q is no text", name.Line, name.Value)
		}
		if seen[name.Value] {
			return fmt.Errorf("line %d: the key %.40q is there twice", name.Line, name.Value)
		}
		seen[name.Value] = true
		if err := add(settings, prefix+name.Value, value); err != nil {
			return err
		}
	}
	return nil
}

func add(settings Settings, key string, value *yaml.Node) error {
	if value.Kind == yaml.AliasNode {
		// What an alias can repeat without end is not worth reading: no configuration needs it.
		if value.Alias.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: %.80s is an alias of more than a value", value.Line, key)
		}
		value = value.Alias
	}
	switch {
	case isNull(value):
		return fmt.Errorf("line %d: %.80s has no value", value.Line, key)
	case value.Kind == yaml.MappingNode:
		return flatten(settings, key+".", value)
	case value.Kind == yaml.SequenceNode:
		text, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("line %d: %.80s: %w", value.Line, key, err)
		}
		settings[key] = strings.TrimSpace(string(text))
	default:
		settings[key] = value.Value
	}
	return nil
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }
