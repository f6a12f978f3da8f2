package request_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/order"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// told is what the journal of the year says.
type told struct {
	times map[string]map[string]int // reference → action → how often
	last  map[ident.ID]*last        // that was permitted with each person's data
	whole map[ident.ID]int          // how often all of a person's data was destroyed
}

// last is what became of data at the last moment at which something did. Of one
// moment the journal does not tell what came first on PostgreSQL; destroyed data
// stays so.
type last struct {
	at     int64
	states []string
}

func (l *last) add(at int64, state string) {
	switch {
	case at == l.at && slices.Contains(l.states, party.Destroyed):
	case at == l.at && state != party.Destroyed:
		l.states = append(l.states, state)
	default:
		l.at, l.states = at, []string{state}
	}
}

// read reads the whole journal of an organization, and plays the states of data
// back from it.
func (y *year) read(org *party.Organization) *told {
	y.t.Helper()
	type act struct {
		who              ident.ID
		id               ident.ID
		at               int64
		action, ref, say string
	}
	var acts []act
	f := journal.Filter{Org: org.ID, Limit: 1000}
	for {
		rows, list, err := y.Journal.List(y.t.Context(), f)
		if err != nil {
			y.t.Fatal(err)
		}
		for i, e := range list {
			acts = append(acts, act{rows[i].Subject, rows[i].ID, e.At, e.Action, e.Reference, e.Decision})
		}
		if len(rows) < f.Limit {
			break
		}
		f.Before = rows[len(rows)-1].ID
	}
	slices.Reverse(acts)
	out := &told{map[string]map[string]int{}, map[ident.ID]*last{}, map[ident.ID]int{}}
	whole := y.wholes(org)
	for _, a := range acts {
		if a.say != "deny" && a.ref != "" {
			if out.times[a.ref] == nil {
				out.times[a.ref] = map[string]int{}
			}
			out.times[a.ref][a.action]++
		}
		if a.say != "permit" {
			continue
		}
		if out.last[a.who] == nil {
			out.last[a.who] = &last{states: []string{party.Held}}
		}
		switch l := out.last[a.who]; {
		case a.action == "block":
			l.add(a.at, party.Blocked)
		case a.action == "unblock":
			l.add(a.at, party.Held)
		case a.action == "destroy" && whole[a.id]:
			l.add(a.at, party.Destroyed)
			out.whole[a.who]++
		}
	}
	return out
}

// wholes are the entries of destructions of all that was held of a person.
func (y *year) wholes(org *party.Organization) map[ident.ID]bool {
	y.t.Helper()
	out := map[ident.ID]bool{}
	for _, who := range y.all {
		acts, err := y.Store.Destructions(y.t.Context(), who, org.ID)
		if err != nil {
			y.t.Fatal(err)
		}
		for _, signed := range acts {
			c, err := vault.OpenCertificate(signed, y.Keys.JWKS)
			if err != nil {
				y.t.Fatal(err)
			}
			out[c.Entry] = c.Whole
		}
	}
	return out
}

// count reads the whole journal: each demand was taken in once and answered once,
// each order put once and carried out or taken back once, each act of either done
// once, and what became of the data is what the journal tells.
func (y *year) count() {
	y.t.Helper()
	j := y.read(y.org)
	in, out := 0, 0
	for ref, n := range j.times {
		in, out = in+n["request.receive"], out+n["request.answer"]+n["request.refuse"]
		if n["request.receive"] > 1 || n["request.answer"]+n["request.refuse"] != n["request.receive"] {
			y.t.Errorf("a demand: %v", n)
		}
		if strings.Contains(ref, "/") {
			for action, times := range n {
				if times != 1 {
					y.t.Errorf("an act of a demand, %s, stands there %d times", action, times)
				}
			}
		}
	}
	if in != *demands || out != *demands {
		y.t.Errorf("%d demands in the journal and %d answers, want %d", in, out, *demands)
	}
	branch := y.read(y.branch)
	for _, o := range y.kept {
		n := j.times[o.id.String()]
		if o.org == y.branch {
			n = branch.times[o.id.String()]
		}
		y.countOrder(o, n)
	}
	y.states(j)
	if n, err := y.Store.OverdueDemands(y.t.Context(), y.Now().AddDate(1, 0, 0)); n != 0 || err != nil {
		y.t.Errorf("%d are overdue, %v", n, err)
	}
	y.clock.Add(366 * 24 * 3600e9)
	y.listed("in the end", nil)
}

func (y *year) countOrder(o *ordering, n map[string]int) {
	y.t.Helper()
	got, _, err := y.Orders.One(y.t.Context(), y.authority, o.id)
	if err != nil {
		y.t.Fatal(err)
	}
	ended := map[order.Status]string{order.Executed: "order.execute", order.Cancelled: "order.cancel"}[got.Status]
	if n["order.issue"] != 1 || n[ended] != 1 || n["order.execute"]+n["order.cancel"] != 1 {
		y.t.Errorf("order to %s, %s: %v", o.kind, got.Status, n)
	}
	for action, kind := range map[string]order.Kind{"change": order.Clarify, "block": order.Block, "unblock": order.Unblock, "destroy": order.Destroy} {
		want := 0
		if o.kind == kind && got.Outcome == order.Done {
			want = 1
		}
		if action == "unblock" && o.kind == order.Destroy && n[action] == 1 {
			continue // it was blocked
		}
		if n[action] != want {
			y.t.Errorf("order to %s, %s: %d times %s, want %d", o.kind, got.Outcome, n[action], action, want)
		}
	}
}

// states compares what is held of each person with what the journal tells: all of
// it, or nothing with one act of destruction, and nothing between.
func (y *year) states(j *told) {
	y.t.Helper()
	destroyed := 0
	for _, who := range y.all {
		h, err := y.Store.Holding(y.t.Context(), who, y.org.ID)
		if err != nil {
			y.t.Fatal(err)
		}
		values, err := y.Store.Values(y.t.Context(), who, y.org.ID)
		if err != nil {
			y.t.Fatal(err)
		}
		want := j.last[who].states
		gone := slices.Contains(want, party.Destroyed)
		if !slices.Contains(want, h.State) || (h.DataKey == nil) != gone || (len(values) == 0) != gone || j.whole[who] > 1 {
			y.t.Errorf("data is %s with %d values, destroyed %d times; the journal tells %s", h.State, len(values), j.whole[who], want)
		}
		if gone {
			destroyed++
		}
	}
	y.p("of %d people the data of %d was destroyed", len(y.all), destroyed)
}

// copy makes a copy in the middle of the year, where the engine lets it.
func (y *year) copy() {
	y.t.Helper()
	if y.Database != "" {
		return
	}
	y.copied = filepath.Join(y.t.TempDir(), "copy")
	if _, err := y.Backup(y.t.Context(), y.copied, "test", true); err != nil {
		y.t.Fatal(err)
	}
}

// tombstones puts the copy back, with the ledger of the whole year: what was
// destroyed after it was made is destroyed in it again.
func (y *year) tombstones() {
	y.t.Helper()
	if y.copied == "" {
		return
	}
	ledger := filepath.Join(y.t.TempDir(), "destroyed")
	text, err := os.ReadFile(y.Ledger.Path)
	if err == nil {
		err = os.WriteFile(ledger, text, 0o600)
	}
	if err != nil {
		y.t.Fatal(err)
	}
	c := app.Config{Data: y.t.TempDir(), Now: y.Now, Log: y.Log}
	did, err := app.Restore(y.t.Context(), c, app.Restoring{From: y.copied, Destroyed: []string{ledger}})
	if err != nil {
		y.t.Fatal(err)
	}
	y.p("restored: %d destructions, %d known, %d done again, %d of people who came later", did.Acts, did.Known, did.Done, did.Absent)
	if lines, err := y.Ledger.Lines(); err != nil || did.Acts != len(lines) || did.Done == 0 {
		y.t.Errorf("%+v of %d lines, %v", did, len(lines), err)
	}
	a, err := app.Open(y.t.Context(), c)
	if err != nil {
		y.t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // all is durable
	for _, who := range y.all {
		now, err := y.Store.Holding(y.t.Context(), who, y.org.ID)
		if err != nil {
			y.t.Fatal(err)
		}
		then, err := a.Store.Holding(y.t.Context(), who, y.org.ID)
		if cannotBe(err) || now.State != party.Destroyed { // came later, or lives on
			continue
		}
		left, valuesErr := a.Store.Values(y.t.Context(), who, y.org.ID)
		if err != nil || valuesErr != nil || then.State != party.Destroyed || then.DataKey != nil || len(left) != 0 {
			y.t.Errorf("what was destroyed is back: %+v, %d values, %v %v", then, len(left), err, valuesErr)
		}
	}
	apptest.Clean(y.t, a)
}
