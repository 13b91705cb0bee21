package image

import "testing"

func TestKafkaVariablesOfTheStartScriptsAreNoPropertiesAndDashesSurvive(t *testing.T) {
	for _, test := range []struct{ name, variable, want string }{
		{"one underscore is a dot", "KAFKA_LOG_DIRS=/a", "log.dirs=/a\n"},
		{"two underscores are one", "KAFKA_A__B=x", "a_b=x\n"},
		{"three underscores are a dash", "KAFKA_SCRAM___SHA___512_SASL_JAAS_CONFIG=x required;", "scram-sha-512.sasl.jaas.config=x required;\n"},
		{"options of the JVM are none of the broker's", "KAFKA_OPTS=-Dx=y", "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := kafkaProperties([]string{test.variable}); got != test.want {
				t.Errorf("properties are %q, want %q", got, test.want)
			}
		})
	}
}
