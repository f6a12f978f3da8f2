package store_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// Many joined at once are who they would be one by one, whatever they have in
// common, whoever else knows them, and whosever data was destroyed.
func TestJoinAllIsJoinOneByOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			rows := rapid.SliceOfN(rapid.Custom(drawRow), 1, 12).Draw(rt, "rows")
			for i := range rows[:len(rows)/2] { // who is there before
				rows[i].before = true
				rows[i].elsewhere = rapid.Bool().Draw(rt, "elsewhere")
				rows[i].destroyed = rapid.Bool().Draw(rt, "destroyed")
			}
			one := newTwin(w, fmt.Sprintf("%d/one/", round))
			one.play(rows, one.byOne)
			all := newTwin(w, fmt.Sprintf("%d/all/", round))
			all.play(rows, all.atOnce)
			if !slices.Equal(one.told, all.told) {
				rt.Fatalf("one by one %q\nat once    %q", one.told, all.told)
			}
		})
	})
}

// row is a registration by small numbers, 0 for none.
type row struct {
	iin, document, phone         int
	before, elsewhere, destroyed bool
}

func drawRow(t *rapid.T) row {
	r := row{
		iin: rapid.IntRange(0, 3).Draw(t, "iin"), document: rapid.IntRange(0, 2).Draw(t, "document"), phone: rapid.IntRange(0, 3).Draw(t, "phone"),
	}
	if r.iin+r.document == 0 {
		r.phone = max(r.phone, 1)
	}
	return r
}

// twin is two organizations with identifiers of their own, so that the same can
// be played twice in one database.
type twin struct {
	*world
	salt       string
	org, other ident.ID
	who        map[ident.ID]int // the row that made a subject
	told       []string
}

func newTwin(w *world, salt string) *twin {
	return &twin{world: w, salt: salt, org: w.newOrg(salt + "org"), other: w.newOrg(salt + "other"), who: map[ident.ID]int{}}
}

func (w *twin) registration(i int, r row, org ident.ID) *party.Registration {
	var hashes []party.Hash
	add := func(kind ident.Kind, n int, scope ident.ID) {
		if n > 0 {
			hashes = append(hashes, party.Hash{Kind: kind, Scope: scope, Sum: sum(fmt.Sprintf("%s%s%d%x", w.salt, kind, n, scope[12:]))})
		}
	}
	add(ident.IIN, r.iin, ident.ID{})
	add(ident.Document, r.document, ident.ID{})
	add(ident.Phone, r.phone, org)
	reg := registration(org, hashes...)
	w.who[reg.Subject] = i
	return reg
}

func (w *twin) play(rows []row, join func(first int, rows []row)) {
	n := 0
	for ; n < len(rows) && rows[n].before; n++ {
		org := w.org
		if rows[n].elsewhere {
			org = w.other
		}
		j, err := w.Join(w.t.Context(), w.registration(n, rows[n], org), w.finish(org))
		if err != nil || j.Known || !rows[n].destroyed {
			continue
		}
		c := &vault.Change{Subject: j.Subject, Org: org, Destroy: true, At: now}
		r := w.record(j.Subject, org)
		r.Guard.Subject = w.version(j.Subject)
		if out, err := w.Change(w.t.Context(), c, r); err != nil || out.Stale {
			w.t.Fatal(out, err)
		}
	}
	join(n, rows[n:])
}

func (w *twin) tell(j party.Joined, admitted bool, err error) {
	switch {
	case err != nil && fault.KindOf(err) != fault.Conflict:
		w.t.Fatal(err)
	case err != nil:
		w.told = append(w.told, err.Error())
	default:
		w.told = append(w.told, fmt.Sprintf("row %d, known %v, destroyed %v, admitted %v", w.who[j.Subject], j.Known, j.Tombstone, admitted))
	}
}

func (w *twin) byOne(first int, rows []row) {
	for i, r := range rows {
		admitted := false
		j, err := w.Join(w.t.Context(), w.registration(first+i, r, w.org), func(j party.Joined) (*party.Holding, *journal.Record, error) {
			admitted = true
			return holding(j.Subject, w.org), w.record(j.Subject, w.org), nil
		})
		w.tell(j, admitted, err)
	}
}

func (w *twin) atOnce(first int, rows []row) {
	regs := make([]*party.Registration, len(rows))
	for i, r := range rows {
		regs[i] = w.registration(first+i, r, w.org)
	}
	admitted := map[int]bool{}
	joined, refused, err := w.JoinAll(w.t.Context(), regs, func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error) {
		admitted[i] = true
		return holding(j.Subject, w.org), nil, w.record(j.Subject, w.org), nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range regs {
		w.tell(joined[i], admitted[i], refused[i])
	}
}
