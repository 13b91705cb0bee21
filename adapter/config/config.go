// Package config is the adapter's configuration: one YAML file, strict, complete after loading.
//
// Each part keeps its fields, its defaults and its validation beside each other. Whatever is wrong is reported at once,
// each with its path, its value and the way out.
package config

import (
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// Config is the whole file. A value of this type that came from Load or Parse is valid.
type Config struct {
	Kafka Kafka `json:"kafka"`
	Flink Flink `json:"flink"`
}

// Default is what an empty file means.
func Default() Config { return Config{Kafka: defaultKafka(), Flink: defaultFlink()} }

// Load reads the file at path. The error holds every mistake in it, not just the first.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	config, err := Parse(data)
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return config, nil
}

// Parse reads YAML over the defaults. Unknown and repeated keys are mistakes.
func Parse(data []byte) (Config, error) {
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return Config{}, err
	}
	config := Default()
	unknown, err := json.UnmarshalStrict(asJSON, &config)
	if err != nil {
		return Config{}, err
	}
	for i := range config.Kafka.Clusters {
		config.Kafka.Clusters[i].complete()
	}
	mistakes := unknown
	for _, mistake := range config.validate() {
		mistakes = append(mistakes, mistake)
	}
	if len(mistakes) > 0 {
		return Config{}, errors.Join(mistakes...)
	}
	return config, nil
}

func (c Config) validate() field.ErrorList {
	return append(c.Kafka.validate(field.NewPath("kafka")), c.Flink.validate(field.NewPath("flink"))...)
}

// polling checks the three times that every collector has, and that they fit together.
func polling(at *field.Path, interval, timeout, maxAge Duration) field.ErrorList {
	mistakes := interval.positive(at.Child("interval"))
	mistakes = append(mistakes, timeout.positive(at.Child("timeout"))...)
	mistakes = append(mistakes, maxAge.positive(at.Child("maxAge"))...)
	if len(mistakes) > 0 {
		return mistakes
	}
	if interval.Duration < time.Second {
		mistakes = append(mistakes, field.Invalid(at.Child("interval"), interval.String(), "must be at least 1s"))
	}
	if timeout.Duration > interval.Duration {
		mistakes = append(mistakes, field.Invalid(at.Child("timeout"), timeout.String(),
			fmt.Sprintf("a round must end before the next one starts: at most interval (%s)", interval)))
	}
	if maxAge.Duration < interval.Duration+timeout.Duration {
		mistakes = append(mistakes, field.Invalid(at.Child("maxAge"), maxAge.String(),
			fmt.Sprintf("every sample would be too old before the next one comes: at least interval + timeout (%s)", interval.Duration+timeout.Duration)))
	}
	return mistakes
}
