package report

import "testing"

func TestTableText(t *testing.T) {
	table := Table{
		Header: []string{"", "lag", "a longer header"},
		Rows:   [][]string{{"cost", "2,316", "1,905"}, {"a name of some length", "–", "0"}},
		Best:   map[int][]int{0: {2}},
	}
	want := "" +
		"                                lag  a longer header\n" +
		"  cost                        2,316          * 1,905\n" +
		"  a name of some length           –                0"
	if got := table.Text(); got != want {
		t.Errorf("Text:\n%s\nwant\n%s", got, want)
	}
	if !table.Stands(0, 2) || table.Stands(0, 1) || table.Stands(1, 2) {
		t.Error("other cells stand out than those of Best")
	}
	if got := table.Rows[0][2]; got != "1,905" {
		t.Errorf("Text changed the table: %q", got)
	}
}
