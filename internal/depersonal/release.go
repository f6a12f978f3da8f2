package depersonal

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Group is how many records of a month have the same cells, and of how many people
// they are at least: who has several counts once a purpose.
type Group struct {
	Month   string
	Cells   Cells
	Records int
	People  int // is never given out: between two answers it would tell who came again
}

// Released is what may be given out of a purpose.
type Released struct {
	K        int
	Until    string  // the last month that is in it; empty for none
	Groups   []Group // over all months, without one; the largest first
	Records  int     // in them
	Withheld int     // records of which nothing is given out yet
}

// Release lets out what does not lead back to anybody.
//
// Whoever is of a group smaller than k is withheld: there are too few to hide
// among. And a month is let out only when it is over, and only together with so
// many after it that k people came in them: whoever reads every day, and knows from
// the journal whose data was depersonalised meanwhile, would else see that one
// person in the difference of two answers.
func Release(all []Group, k int, now time.Time) *Released {
	byMonth := map[string]int{}
	total := 0
	for _, g := range all {
		byMonth[g.Month] += g.People
		total += g.Records
	}
	out := &Released{K: k, Groups: []Group{}}
	waiting := 0
	for _, m := range slices.Sorted(maps.Keys(byMonth)) {
		if m >= Month(now) {
			break
		}
		if waiting += byMonth[m]; waiting >= k {
			out.Until, waiting = m, 0
		}
	}
	sums := map[[32]byte]*Group{}
	for _, g := range all {
		if g.Month > out.Until {
			continue
		}
		name := g.Cells.Sum()
		if sums[name] == nil {
			sums[name] = &Group{Cells: g.Cells}
		}
		sums[name].People += g.People
		sums[name].Records += g.Records
	}
	for _, g := range sums {
		if g.People >= k {
			out.Groups = append(out.Groups, Group{Cells: g.Cells, Records: g.Records})
			out.Records += g.Records
		}
	}
	out.Withheld = total - out.Records
	slices.SortFunc(out.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(string(a.Cells.Text()), string(b.Cells.Text())))
	})
	return out
}

// Columns are those in which some group says something, in order.
func (r *Released) Columns() []string {
	names := []string{}
	for _, g := range r.Groups {
		for c := range g.Cells {
			if !slices.Contains(names, c) {
				names = append(names, c)
			}
		}
	}
	slices.Sort(names)
	return names
}

// CSV is a line a group. Cells are words that the description lists and spans, so
// none begins with what a spreadsheet would run.
func (r *Released) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	columns := r.Columns()
	rows := [][]string{append(slices.Clone(columns), "records")}
	for _, g := range r.Groups {
		row := make([]string, 0, len(columns)+1)
		for _, c := range columns {
			row = append(row, g.Cells[c])
		}
		rows = append(rows, append(row, strconv.Itoa(g.Records)))
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}
