package heartbeat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func aResult() result {
	return result{
		DurationS: 300, Load: "step:from=300,to=300,at=1s", TaskManagers: 3, Comeback: comeback{AtS: 2, Defaults: new(71.5), Injected: new(29.0)},
		Losses: []loss{{
			Name: "falls silent", Signal: "SIGSTOP", AtS: 1,
			Defaults: recovers{RunningAfterS: new(55.1), LagBackAfterS: new(90.0), LagMax: 21000, LagBefore: 3300},
			Injected: recovers{RunningAfterS: new(8.3), LagMax: 6000, LagBefore: 3200},
		}},
		Moments: []moment{
			{T: 0, Jobs: [2]state{{Lag: new(int64(7)), Parallelism: 3, TaskManagers: 3}, {Parallelism: 2, TaskManagers: 2}}},
			{T: 0.5, Jobs: [2]state{{Lag: new(int64(9)), TaskManagers: 3}, {Lag: new(int64(0)), Parallelism: 2, TaskManagers: 2}}},
		},
	}
}

func TestWriteLeavesTheThreeFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if err := write(dir, aResult()); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := "t_s,defaults_lag,defaults_parallelism,defaults_taskmanagers,injected_lag,injected_parallelism,injected_taskmanagers\n" +
		"0.0,7,3,3,,2,2\n0.5,9,0,3,0,2,2\n"
	if got := read("series.csv"); got != want {
		t.Errorf("series.csv is\n%s, want\n%s", got, want)
	}
	var summary struct {
		Losses []struct {
			Signal             string
			Defaults, Injected map[string]*float64
		}
	}
	if err := json.Unmarshal([]byte(read("summary.json")), &summary); err != nil {
		t.Fatal(err)
	}
	l := summary.Losses[0]
	if l.Signal != "SIGSTOP" || *l.Defaults["running_after_s"] != 55.1 || l.Injected["lag_back_after_s"] != nil || *l.Injected["lag_max"] != 6000 {
		t.Errorf("summary.json has the loss as %+v", l)
	}
	if page := read("report.html"); !strings.Contains(page, "<td>55.1 s</td><td>8.3 s</td>") || !strings.Contains(page, "<td>never</td>") ||
		!strings.Contains(page, "<td>71.5 s</td><td>29.0 s</td>") {
		t.Error("report.html lacks the table")
	}
}

func TestTableAndRowLineUp(t *testing.T) {
	lines := strings.Split(aResult().table().Text(), "\n")
	if len(lines) != 5 {
		t.Fatalf("the table is %q", lines)
	}
	for _, line := range lines {
		if len(line) != len(lines[0]) {
			t.Errorf("line %q is %d wide, the header %d", line, len(line), len(lines[0]))
		}
	}
	columns := strings.Split(header(), "\n")
	for _, m := range aResult().Moments {
		if got := row(m); len(got) != len(columns[1]) {
			t.Errorf("row %q does not fit the header %q", got, columns[1])
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		name               string
		defaults, injected *float64
		want               string // in the error; empty for none
	}{
		{"injected settings are faster", new(17.0), new(4.0), ""},
		{"injected settings are not faster", new(17.0), new(18.0), "ran again after 18.0 s, the one with defaults after 17.0 s"},
		{"the job with injected settings did not recover", new(17.0), nil, "ran again after never"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := verdict([]loss{{Name: "is killed", Defaults: recovers{RunningAfterS: test.defaults}, Injected: recovers{RunningAfterS: test.injected}}})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("verdict is %v, want %q", err, test.want)
			}
		})
	}
}
