package image

import (
	"os"
	"path/filepath"

	"github.com/flink-hpa/flink-hpa/test/mount"
	"github.com/flink-hpa/flink-hpa/test/node"
	"github.com/flink-hpa/flink-hpa/test/process"
)

// FlinkOperator becomes Flink's operator, as its official image does. Its configuration is the conf folder that is mounted, as in
// Flink's images. It returns only with an error.
func FlinkOperator() error {
	table, err := mount.FromEnvironment()
	if err != nil {
		return err
	}
	conf, err := configure(os.Getenv(node.RootVariable), table, os.Getenv)
	if err != nil {
		return err
	}
	line := append([]string{"java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}, opens()...)
	line = append(line,
		"-Djdk.net.hosts.file="+os.Getenv(node.HostsVariable),
		"-Dlog4j.configurationFile="+filepath.Join(conf, loggingFile),
		"-Djava.io.tmpdir="+os.Getenv("TMPDIR"),
		"-cp", filepath.Join(os.Getenv(FlinkHomeVariable), "lib", "*"), "org.apache.flink.kubernetes.operator.FlinkOperator")
	return process.Become(line, append(os.Environ(), "FLINK_CONF_DIR="+conf))
}
