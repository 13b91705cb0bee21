package image

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/flink-hpa/flink-hpa/test/mount"
	"github.com/flink-hpa/flink-hpa/test/node"
)

// defaultConfig is what the official images say in conf/config.yaml, as far as it matters without Docker.
const defaultConfig = `jobmanager:
  bind-host: 0.0.0.0
  rpc: {address: localhost, port: 6123}
  memory: {process: {size: 1600m}}
taskmanager:
  bind-host: 0.0.0.0
  numberOfTaskSlots: 1
  memory: {process: {size: 1728m}}
blob: {server: {port: 6124}}
rest: {address: 0.0.0.0, bind-address: 0.0.0.0}
`

// defaultLegacyConfig is the same in flink-conf.yaml, whose lines are keys and values and nothing else.
const defaultLegacyConfig = `jobmanager.bind-host: 0.0.0.0
jobmanager.rpc.address: localhost
jobmanager.rpc.port: 6123
jobmanager.memory.process.size: 1600m
taskmanager.bind-host: 0.0.0.0
taskmanager.numberOfTaskSlots: 1
taskmanager.memory.process.size: 1728m
blob.server.port: 6124
rest.address: 0.0.0.0
rest.bind-address: 0.0.0.0
`

const defaultLogging = `rootLogger.level = INFO
rootLogger.appenderRef.console.ref = ConsoleAppender
appender.console.name = ConsoleAppender
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
`

const (
	confFile       = "config.yaml"
	legacyConfFile = "flink-conf.yaml"
	loggingFile    = "log4j-console.properties"
)

// readsLegacyAlone says whether a version knows flink-conf.yaml and no config.yaml: 1.18 and older. 1.19 and 1.20 know both
// and take flink-conf.yaml where there is one; their images have a config.yaml.
func readsLegacyAlone(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major == 1 && minor < 19
}

// configure makes Flink's conf folder under root, as the image's entrypoint leaves it: the mounted conf folder where there
// is one, and then FLINK_PROPERTIES are lost, since ConfigMap mounts are read-only; otherwise the image's own
// config with the entrypoint's variables and FLINK_PROPERTIES. Paths into mounts are rewritten.
func configure(root string, table mount.Table, getenv func(string) string) (string, error) {
	conf := filepath.Join(root, ".flink-conf")
	if err := os.MkdirAll(conf, 0o755); err != nil {
		return "", err
	}
	content, err := mounted(filepath.Join(root, "opt/flink/conf"))
	if err != nil {
		return "", err
	}
	if len(content) == 0 {
		name, text := confFile, defaultConfig
		if readsLegacyAlone(getenv(FlinkVersionVariable)) {
			name, text = legacyConfFile, defaultLegacyConfig
		}
		content[name] = text + properties(getenv)
	}
	if _, ok := content[loggingFile]; !ok {
		content[loggingFile] = defaultLogging
	}
	for name, text := range content {
		if err := os.WriteFile(filepath.Join(conf, name), []byte(table.Rewrite(text)), 0o644); err != nil {
			return "", err
		}
	}
	return conf, nil
}

// mounted is the files of a folder by name; none when it isn't there.
func mounted(dir string) (map[string]string, error) {
	content := map[string]string{}
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return content, nil
	}
	if err != nil {
		return nil, fmt.Errorf("conf folder: %w", err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "..") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("conf folder: %w", err)
		}
		content[entry.Name()] = string(data)
	}
	return content, nil
}

// properties is what the entrypoint appends to the config. A flat key there wins over the nested one, or the line, before it.
func properties(getenv func(string) string) string {
	var out strings.Builder
	add := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&out, "%s: %s\n", key, value)
		}
	}
	address := getenv("JOB_MANAGER_RPC_ADDRESS")
	if address == "" {
		address = getenv("HOSTNAME")
	}
	add("jobmanager.rpc.address", address)
	add("taskmanager.numberOfTaskSlots", getenv("TASK_MANAGER_NUMBER_OF_TASK_SLOTS"))
	out.WriteString(strings.TrimSpace(getenv("FLINK_PROPERTIES")))
	out.WriteString("\n")
	return out.String()
}

// bind are the options that keep a Flink process on its pod's own address, where a container would have a network of its
// own. They stand first, so that anything the pod says itself wins.
func bind(getenv func(string) string) []string {
	ip := getenv(node.PodIPVariable)
	var out []string
	for _, option := range []string{"jobmanager.bind-host", "rest.bind-address", "taskmanager.bind-host", "taskmanager.host"} {
		out = append(out, "-D", option+"="+ip)
	}
	return append(out, "-D", "io.tmp.dirs="+getenv("TMPDIR"))
}
