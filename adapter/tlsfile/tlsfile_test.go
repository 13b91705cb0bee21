package tlsfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flink-hpa/flink-hpa/adapter/config"
)

func TestMistakes(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text, empty, absent := write("text", "secret"), write("empty", ""), filepath.Join(folder, "absent")
	tests := []struct {
		name string
		tls  *config.TLS
		want string
	}{
		{"no settings", nil, ""},
		{"empty settings", &config.TLS{}, ""},
		{"a file that isn't there", &config.TLS{CAFile: absent}, "tls.caFile: open " + absent + ": no such file or directory"},
		{"an empty file", &config.TLS{CertFile: empty, KeyFile: text}, "tls.certFile: " + empty + ": the file is empty"},
		{"no certificate among the roots", &config.TLS{CAFile: text}, "tls.caFile: " + text + ": no certificate in PEM is in it"},
		{"no certificate to show", &config.TLS{CertFile: text, KeyFile: text}, "tls.certFile: " + text + " with tls.keyFile: " + text + ": "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files, err := Read(test.tls)
			if err == nil {
				_, err = files.Config(test.tls)
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the content stands in %q", err)
			}
		})
	}
}

func TestTheSameContentIsTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca")
	read := func(content string) Files {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := Read(&config.TLS{CAFile: path})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	if one := read("one"); one != read("one") || one == read("two") {
		t.Error("files don't compare by what stands in them")
	}
}
