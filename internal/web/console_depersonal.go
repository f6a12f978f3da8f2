package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kelisim/internal/depersonal"
	"kelisim/internal/fault"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

// depersonalisedPage is what is left of the data of one purpose, of everybody
// together.
type depersonalisedPage struct {
	ID, Purpose string
	Columns     []depersonalColumn
	Groups      []depersonalGroup
	K, Withheld int
	Until       string // the last month that is in it, in words; empty for none
	Others      []aim  // purposes that leave such data too
}

type depersonalColumn struct{ Name, Method string }

type depersonalGroup struct {
	Cells   []string
	Records int
}

// depersonalised shows one purpose; each look is journaled before it is shown.
func (p *Pages) depersonalised(w http.ResponseWriter, v *visit) error {
	q := v.URL.Query()
	o, err := p.Parties.Reload(v.Context(), v.Desk.Org.ID)
	if err != nil {
		return err
	}
	if o.Register == nil {
		return p.render(w, v, "console-depersonalised", "register", &depersonalisedPage{})
	}
	b := &depersonalisedPage{ID: q.Get("purpose")}
	purposes := o.Register.Description.Purposes
	for i := range purposes {
		if x := &purposes[i]; !x.Depersonalise.IsZero() && x.ID != b.ID {
			b.Others = append(b.Others, newAim(v.Lang, o.Register, x))
		}
	}
	if b.ID == "" {
		return p.render(w, v, "console-depersonalised", "register", b)
	}
	r, _, err := p.Guard.Statistics(v.Context(), o, b.ID, v.Desk.actor())
	if fault.Is(err, "purpose-unknown") {
		return fault.New(fault.NotFound, "not-found")
	}
	if err != nil {
		return err
	}
	if q.Get("format") == "csv" {
		return sendCSV(w, r)
	}
	b.fill(v.Lang, o.Register, r)
	return p.render(w, v, "console-depersonalised", "register", b)
}

func sendCSV(w http.ResponseWriter, r *depersonal.Released) error {
	text, err := r.CSV()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="depersonalised.csv"`)
	_, _ = w.Write(text)
	return nil
}

func (b *depersonalisedPage) fill(lang locale.Lang, reg *register.Register, r *depersonal.Released) {
	b.Purpose, b.K, b.Withheld = purposeName(reg, lang, b.ID), r.K, r.Withheld
	if month, err := time.Parse("2006-01", r.Until); err == nil {
		b.Until = locale.Date(lang, month.AddDate(0, 1, -1))
	}
	columns, methods := r.Columns(), map[string]depersonal.Method{}
	for _, id := range columns {
		name, method := id, ""
		rule := reg.Purpose(b.ID).Depersonalise
		if i := slices.IndexFunc(rule.Columns, func(c depersonal.Column) bool { return c.ID == id }); i >= 0 { // may be an earlier version's
			c := &rule.Columns[i]
			methods[id] = c.Method
			method = locale.Text(lang, "depersonal.method."+string(c.Method))
			if name = categoryName(reg, lang, c.Category); c.Field != "" {
				name += " (" + c.Field + ")"
			}
		}
		b.Columns = append(b.Columns, depersonalColumn{name, method})
	}
	for _, g := range r.Groups {
		row := depersonalGroup{Records: g.Records}
		for _, c := range columns {
			row.Cells = append(row.Cells, cellText(lang, methods[c], g.Cells[c]))
		}
		b.Groups = append(b.Groups, row)
	}
}

// cellText says a cell in words. A value of the operator's own list stands as it is.
func cellText(lang locale.Lang, m depersonal.Method, v string) string {
	decade := func(v string) string {
		if from, ok := strings.CutSuffix(v, "s"); ok {
			return locale.Text(lang, "depersonal.value.decade", "from", from)
		}
		return v
	}
	switch {
	case v == "":
		return "–"
	case m == depersonal.Keep && v == depersonal.Other:
		return locale.Text(lang, "depersonal.value.other")
	case m == depersonal.Decade:
		return decade(v)
	case m == depersonal.SexDecade:
		if sex, born, ok := strings.Cut(v, ", "); ok {
			return locale.Text(lang, "depersonal.value."+sex) + ", " + decade(born)
		}
	case m == depersonal.Region && locale.Has("depersonal.region."+v):
		return locale.Text(lang, "depersonal.region."+v)
	case m == depersonal.Band || m == depersonal.AgeBand:
		if low, high, ok := strings.Cut(v, "-"); ok {
			if low == high {
				return low
			}
			return digits(low) + "–" + digits(high)
		}
	}
	return v
}

// digits parts the thousands of a long number.
func digits(n string) string {
	if _, err := strconv.Atoi(n); err != nil {
		return n
	}
	for i := len(n) - 3; i > 0; i -= 3 {
		n = n[:i] + "\u00a0" + n[i:]
	}
	return n
}
