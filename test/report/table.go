package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is rows of text below a header. The first cell of each row names it.
type Table struct {
	Header []string
	Rows   [][]string
	// Best are the cells of each row that stand out, by their place in it, where a row has some.
	Best map[int][]int
}

// Stands says whether a cell stands out.
func (t Table) Stands(row, cell int) bool { return slices.Contains(t.Best[row], cell) }

// bestMark is put before a cell that stands out, where there is no colour.
const bestMark = "* "

// narrowest is the width of a column for a number.
const narrowest = 12

// Text is the table for a terminal: the rows' names to the left, all else to the right, without a newline at the end.
func (t Table) Text() string {
	lines := [][]string{t.Header}
	for i, row := range t.Rows {
		line := slices.Clone(row)
		for cell := range line {
			if t.Stands(i, cell) {
				line[cell] = bestMark + line[cell]
			}
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(t.Header))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for i, line := range lines {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "  %-*s", widths[0], line[0])
		for n, cell := range line[1:] {
			fmt.Fprintf(&out, "%*s", max(narrowest, widths[n+1]+2), cell)
		}
	}
	return out.String()
}
