// Package image holds what stands in for the container images of Flink and Kafka: programs that take the arguments and
// variables that the official images' entrypoints take, and become the real thing.
package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/flink-hpa/flink-hpa/test/mount"
	"github.com/flink-hpa/flink-hpa/test/node"
	"github.com/flink-hpa/flink-hpa/test/process"
)

// Variables of the Flink stand-in's image.
const (
	FlinkHomeVariable    = "FLINK_HOME"             // folder with lib and, for an image that holds a job, usrlib
	FlinkVersionVariable = "FLINKHPA_FLINK_VERSION" // of the image, such as 1.17.2
	MemoryVariable       = "FLINKHPA_MEMORY_CACHE"  // folder that remembers Flink's memory arithmetic, which costs a JVM each time
)

// role is what a Flink process is.
type role struct {
	class     string // its main class
	resources string // the command of Flink's BashJavaUtils that works out its memory
}

func roles() map[string]role {
	const entrypoint = "org.apache.flink.runtime.entrypoint."
	return map[string]role{
		"standalone-job": {"org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint", "GET_JM_RESOURCE_PARAMS"},
		"jobmanager":     {entrypoint + "StandaloneSessionClusterEntrypoint", "GET_JM_RESOURCE_PARAMS"},
		"taskmanager":    {"org.apache.flink.runtime.taskexecutor.TaskManagerRunner", "GET_TM_RESOURCE_PARAMS"},
	}
}

// Flink becomes the Flink process that args name, as the official image's entrypoint does. It returns only with an error.
func Flink(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("the image needs one of the commands standalone-job, jobmanager or taskmanager")
	}
	r, ok := roles()[args[0]]
	if !ok {
		return fmt.Errorf("command %q is none of standalone-job, jobmanager and taskmanager, nor a program: %w",
			args[0], process.Become(args, os.Environ()))
	}
	table, err := mount.FromEnvironment()
	if err != nil {
		return err
	}
	conf, err := configure(os.Getenv(node.RootVariable), table, os.Getenv)
	if err != nil {
		return err
	}
	options := append(bind(os.Getenv), args[1:]...)
	jvm, dynamic, err := memory(ctx, r.resources, conf, options)
	if err != nil {
		return err
	}
	home := os.Getenv(FlinkHomeVariable)
	line := []string{"java"}
	line = append(line, jvm...)
	line = append(line, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
	line = append(line, opens()...)
	line = append(line,
		"-Djdk.net.hosts.file="+os.Getenv(node.HostsVariable),
		"-Dlog4j.configurationFile="+filepath.Join(conf, loggingFile),
		"-Djava.io.tmpdir="+os.Getenv("TMPDIR"),
		"-cp", filepath.Join(home, "lib", "*"), r.class, "--configDir", conf)
	line = append(line, dynamic...)
	line = append(line, options...)
	env := append(os.Environ(), "FLINK_LIB_DIR="+filepath.Join(home, "lib"), "FLINK_CONF_DIR="+conf,
		"FLINK_PLUGINS_DIR="+filepath.Join(home, "plugins"))
	return process.Become(line, env)
}

// memory is what Flink's own start scripts pass on: options of the JVM, and dynamic options that say how the memory was
// divided.
func memory(ctx context.Context, command, conf string, options []string) (jvm, dynamic []string, err error) {
	home := os.Getenv(FlinkHomeVariable)
	sizes := []string{command, home}
	for _, name := range []string{confFile, legacyConfFile} {
		config, err := os.ReadFile(filepath.Join(conf, name))
		if err != nil && !os.IsNotExist(err) {
			return nil, nil, err
		}
		sizes = append(sizes, string(config))
	}
	for _, option := range options {
		if strings.Contains(option, ".memory.") {
			sizes = append(sizes, option)
		}
	}
	key := sha256.Sum256([]byte(strings.Join(sizes, "\x00")))
	file := filepath.Join(os.Getenv(MemoryVariable), hex.EncodeToString(key[:]))
	var known [2][]string
	if data, err := os.ReadFile(file); err == nil && json.Unmarshal(data, &known) == nil {
		return known[0], known[1], nil
	}
	args := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", filepath.Join(home, "lib", "*"),
		"org.apache.flink.runtime.util.bash.BashJavaUtils", command, "--configDir", conf}
	if command == "GET_TM_RESOURCE_PARAMS" {
		args = append(args, options...)
	}
	output, err := exec.CommandContext(ctx, "java", args...).CombinedOutput()
	lines := results(output)
	if err != nil || len(lines) == 0 {
		return nil, nil, fmt.Errorf("memory of the process: %w\n%s", err, output)
	}
	known[0] = strings.Fields(lines[0])
	if len(lines) > 1 {
		known[1] = strings.Fields(lines[1])
	}
	return known[0], known[1], remember(file, known)
}

// results are the lines that BashJavaUtils marks as its answer, among the log.
func results(output []byte) []string {
	var lines []string
	for line := range bytes.Lines(output) {
		if rest, ok := strings.CutPrefix(string(line), "BASH_JAVA_UTILS_EXEC_RESULT:"); ok {
			lines = append(lines, rest)
		}
	}
	return lines
}

func remember(file string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	next := fmt.Sprintf("%s.%d", file, os.Getpid())
	if err := os.WriteFile(next, data, 0o644); err != nil {
		return err
	}
	return os.Rename(next, file)
}

// opens are the modules of the JDK that Flink needs opened, as the images' config lists them, and sun.net.util for the
// versions before 1.18, whose images have an older JDK.
func opens() []string {
	var out []string
	for _, module := range []string{"java.base/sun.net.util", "java.rmi/sun.rmi.registry", "jdk.compiler/com.sun.tools.javac.api", "java.security.jgss/sun.security.krb5"} {
		out = append(out, "--add-exports="+module+"=ALL-UNNAMED")
	}
	for _, module := range []string{
		"java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text", "java.time",
		"java.util", "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks",
	} {
		out = append(out, "--add-opens=java.base/"+module+"=ALL-UNNAMED")
	}
	return out
}
