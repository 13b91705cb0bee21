package image

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/test/mount"
)

func TestConfigureLeavesConfAsTheOfficialEntrypointDoes(t *testing.T) {
	const own = "jobmanager.rpc.address: jm\nexecution.checkpointing.dir: file:///opt/ckp/a\n"
	for _, test := range []struct {
		name, version string
		mounted       string
		file          string // which must hold what is wanted
		want          []string
		not           []string
	}{
		{"without a mount the image's config gets the variables", "2.3.0", "", confFile,
			[]string{"jobmanager.rpc.address: pod-1", "heartbeat.timeout: 9000", "bind-host: 0.0.0.0"}, nil},
		{"before 1.19 the image's config is flat", "1.18.1", "", legacyConfFile,
			[]string{"jobmanager.rpc.address: pod-1", "heartbeat.timeout: 9000", "jobmanager.bind-host: 0.0.0.0"}, []string{"{"}},
		{"from 1.19 on the image has a config.yaml", "1.19.0", "", confFile, []string{"heartbeat.timeout: 9000"}, nil},
		{"a mounted config loses FLINK_PROPERTIES", "2.3.0", own, confFile,
			[]string{"jobmanager.rpc.address: jm", "file:///volumes/ckp/a"}, []string{"heartbeat.timeout"}},
		{"a mounted flat config loses them too", "1.13.6", own, legacyConfFile,
			[]string{"jobmanager.rpc.address: jm", "file:///volumes/ckp/a"}, []string{"heartbeat.timeout"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := map[string]string{
				"HOSTNAME": "pod-1", "FLINK_PROPERTIES": "heartbeat.timeout: 9000\n", FlinkVersionVariable: test.version,
			}
			root := t.TempDir()
			if test.mounted != "" {
				conf := filepath.Join(root, "opt/flink/conf")
				if err := os.MkdirAll(conf, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(conf, test.file), []byte(test.mounted), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dir, err := configure(root, mount.Table{"/opt/ckp": "/volumes/ckp"}, func(name string) string { return env[name] })
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, test.file))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(string(data), want) {
					t.Errorf("config lacks %q:\n%s", want, data)
				}
			}
			for _, not := range test.not {
				if strings.Contains(string(data), not) {
					t.Errorf("config has %q:\n%s", not, data)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, loggingFile)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKafkaVariablesBecomeProperties(t *testing.T) {
	got := kafkaProperties([]string{"PATH=/bin", "KAFKA_NODE_ID=1", "KAFKA_HEAP_OPTS=-Xmx1g", "KAFKA_LOG_DIRS=/a=b", "CLUSTER_ID=x"})
	if want := "log.dirs=/a=b\nnode.id=1\n"; got != want {
		t.Errorf("properties are %q, want %q", got, want)
	}
}

func TestResultsAreTheMarkedLines(t *testing.T) {
	output := "INFO [] - Loading\nBASH_JAVA_UTILS_EXEC_RESULT:-Xmx1 -Xms1\nBASH_JAVA_UTILS_EXEC_RESULT:-D a=b\n"
	got := results([]byte(output))
	if len(got) != 2 || strings.TrimSpace(got[0]) != "-Xmx1 -Xms1" || strings.TrimSpace(got[1]) != "-D a=b" {
		t.Errorf("results are %q", got)
	}
}
