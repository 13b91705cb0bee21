package mount

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRewrite(t *testing.T) {
	table := Table{"/opt/flink/conf": "/v/conf", "/opt/flink/conf-more": "/v/more", "/tmp": "/v/tmp"}
	for _, test := range []struct{ name, text, want string }{
		{"a path into a mount goes to the volume", "--config=/opt/flink/conf/config.yaml", "--config=/v/conf/config.yaml"},
		{"the mount itself does too", "/tmp", "/v/tmp"},
		{"a URL does", "file:///tmp/x", "file:///v/tmp/x"},
		{"the longer of two mounts wins", "/opt/flink/conf-more/a", "/v/more/a"},
		{"a longer name is another path", "/tmpfiles /opt/flink/conf.d", "/tmpfiles /opt/flink/conf.d"},
		{"a path that only ends alike is another path", "/var/tmp", "/var/tmp"},
		{"several paths in one text", "/tmp:/opt/flink/conf", "/v/tmp:/v/conf"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := table.Rewrite(test.text); got != test.want {
				t.Errorf("Rewrite(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestLinkMakesMountsVisibleBelowTheRoot(t *testing.T) {
	root, volume := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(volume, "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a container's restart makes the links again
		table, err := Link(root, map[string]string{"/etc/app/": volume})
		if err != nil {
			t.Fatal(err)
		}
		if table["/etc/app"] != volume {
			t.Errorf("table is %v", table)
		}
	}
	if data, err := os.ReadFile(filepath.Join(root, "etc/app/f")); err != nil || string(data) != "x" {
		t.Errorf("the file reads %q (%v)", data, err)
	}
}

func TestLinkRefusesAMountInsideAMount(t *testing.T) {
	_, err := Link(t.TempDir(), map[string]string{"/a": "/x", "/a/b": "/y"})
	if err == nil || !strings.Contains(err.Error(), "/a/b lies inside mount /a") {
		t.Errorf("error is %v", err)
	}
}
