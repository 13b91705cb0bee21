package webhook

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/yaml"
)

// Contents of a file with profiles.
const (
	slowProfiles = "defaults: {taskmanager: {heartbeat.timeout: 20000}}"
	fastProfiles = "namespaces: {jobs: {taskmanager: {heartbeat.timeout: 6000}}}"
	badProfiles  = "defaults: {taskmanager: {heartbeat.timeout: 1000}}" // shorter than the interval
)

func TestAFileOfProfilesCountsWhenItIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "profiles.yaml")
		write := func(content string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write(slowProfiles)
		clock, metrics := clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), NewMetrics(prometheus.NewRegistry())
		file, err := openProfiles(path, clock, metrics)
		if err != nil {
			t.Fatal(err)
		}
		var log ktesting.BufferTL
		ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), ktesting.NewLogger(&log, ktesting.NewConfig())))
		defer cancel()
		go file.run(ctx)
		synctest.Wait()
		hash := func(content string) string {
			profiles, err := ParseProfiles([]byte(content))
			if err != nil {
				t.Fatal(err)
			}
			return profiles.For("jobs").Hash()
		}
		slow, fast := hash(slowProfiles), hash(fastProfiles)
		remove := func() {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			name    string
			change  func()
			want    string
			success float64
			since   time.Duration // when what is in force was read
			refused int           // lines in the log so far
		}{
			{"as it was", func() {}, slow, 1, 0, 0},
			{"other profiles", func() { write(fastProfiles) }, fast, 1, 2 * reloadEvery, 0},
			{"a mistake", func() { write(badProfiles) }, fast, 0, 2 * reloadEvery, 1},
			{"the same mistake", func() {}, fast, 0, 2 * reloadEvery, 1},
			{"no file", remove, fast, 0, 2 * reloadEvery, 2},
			{"still no file", func() {}, fast, 0, 2 * reloadEvery, 2},
			{"what was good before", func() { write(fastProfiles) }, fast, 1, 7 * reloadEvery, 2},
			{"an empty one", func() { write("") }, DefaultProfiles().For("jobs").Hash(), 1, 8 * reloadEvery, 2},
		} {
			step.change()
			clock.Step(reloadEvery)
			synctest.Wait()
			if got := file.profiles().For("jobs").Hash(); got != step.want {
				t.Errorf("%s: profile %s is in force, want %s", step.name, got, step.want)
			}
			if got := testutil.ToFloat64(metrics.reloaded); got != step.success {
				t.Errorf("%s: successful is %v, want %v", step.name, got, step.success)
			}
			if got, want := testutil.ToFloat64(metrics.reloadedAt), 1_000_000+step.since.Seconds(); got != want {
				t.Errorf("%s: the time of success is %v, want %v", step.name, got, want)
			}
			if got := strings.Count(log.String(), "Profiles refused"); got != step.refused {
				t.Errorf("%s: %d refusals are logged, want %d:\n%s", step.name, got, step.refused, log.String())
			}
		}
	})
}

func TestNoProfilesNoStart(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "profiles.yaml")
	if err := os.WriteFile(bad, []byte(badProfiles), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"a file with a mistake", bad, "profiles " + bad + ": "},
		{"no such file", bad + ".none", "read the profiles: open " + bad + ".none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := openProfiles(c.path, clocktesting.NewFakeClock(time.Unix(0, 0)), NewMetrics(prometheus.NewRegistry()))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// The manifest has the defaults as comments.
func TestTheManifestSpellsOutTheDefaults(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join("..", "manifests", "base", "webhook", "profiles.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var configMap corev1.ConfigMap
	if err := yaml.UnmarshalStrict(manifest, &configMap); err != nil {
		t.Fatal(err)
	}
	content := configMap.Data["profiles.yaml"]
	if profiles, err := ParseProfiles([]byte(content)); err != nil || profiles.For("team-a").Hash() != DefaultProfiles().For("").Hash() {
		t.Errorf("as it is it means profile %s, %v; want the built-in one", profiles.For("team-a").Hash(), err)
	}
	_, commented, _ := strings.Cut(content, "\n#\n")
	commented = strings.ReplaceAll("\n"+commented, "\n#", "\n")
	if _, err := ParseProfiles([]byte(commented)); err != nil {
		t.Errorf("without the comment signs: %v", err)
	}
	var written profilesFile
	if err := yaml.UnmarshalStrict([]byte(commented), &written); err != nil {
		t.Fatal(err)
	}
	got, mistakes := written.Defaults.over(Profile{}, field.NewPath("defaults"))
	if diff := cmp.Diff(DefaultProfiles().For("").settings(), got.settings()); diff != "" || len(mistakes) > 0 {
		t.Errorf("the comments (-built in +written):\n%s%v", diff, mistakes)
	}
}
