package image

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/flink-hpa/flink-hpa/test/node"
	"github.com/flink-hpa/flink-hpa/test/process"
)

// KafkaLibsVariable names the folder with the broker's jars.
const KafkaLibsVariable = "FLINKHPA_KAFKA_LIBS"

const kafkaLogging = `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = STDOUT
appender.console.name = STDOUT
appender.console.type = Console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
`

// Kafka becomes a broker, as the official image's entrypoint does: variables KAFKA_A_B become properties a.b, CLUSTER_ID
// names the cluster, KAFKA_OPTS are for the JVM, and the log folder is formatted when it is new. It returns only with an
// error.
func Kafka(ctx context.Context) error {
	root := os.Getenv(node.RootVariable)
	server, logging := filepath.Join(root, "server.properties"), filepath.Join(root, "log4j2.properties")
	settings := kafkaProperties(os.Environ())
	if err := os.WriteFile(server, []byte(settings), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(logging, []byte(kafkaLogging), 0o644); err != nil {
		return err
	}
	jvm := append(strings.Fields(os.Getenv("KAFKA_OPTS")),
		"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
		"-Djdk.net.hosts.file="+os.Getenv(node.HostsVariable), "-Dlog4j2.configurationFile="+logging,
		"-cp", filepath.Join(os.Getenv(KafkaLibsVariable), "*"))
	if _, err := os.Stat(filepath.Join(os.Getenv("KAFKA_LOG_DIRS"), "meta.properties")); os.IsNotExist(err) {
		args := append(append([]string{"-Xmx128m"}, jvm...),
			"kafka.tools.StorageTool", "format", "-t", os.Getenv("CLUSTER_ID"), "-c", server)
		if output, err := exec.CommandContext(ctx, "java", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("format the log folder: %w\n%s", err, output)
		}
	}
	line := append([]string{"java"}, strings.Fields(os.Getenv("KAFKA_HEAP_OPTS"))...)
	line = append(append(line, jvm...), "kafka.Kafka", server)
	return process.Become(line, os.Environ())
}

// kafkaProperties turns KAFKA_LOG_DIRS=x into log.dirs=x and so on, sorted; two underscores stand for one, three for a
// dash. Variables of the start scripts are no properties.
func kafkaProperties(environment []string) string {
	letters := strings.NewReplacer("___", "-", "__", "_", "_", ".")
	var lines []string
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		key, ok := strings.CutPrefix(name, "KAFKA_")
		if !ok || name == "KAFKA_HEAP_OPTS" || name == "KAFKA_OPTS" {
			continue
		}
		lines = append(lines, strings.ToLower(letters.Replace(key))+"="+value)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}
