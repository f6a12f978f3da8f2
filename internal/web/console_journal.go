package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/register"
	"kelisim/verify"
)

// consoleJournalPage is the journal of the organization.
type consoleJournalPage struct {
	wish
	Lines   []line
	Actions []choiceOf
	Older   string // query of the next page, empty on the last
}

// choiceOf is an option of a list.
type choiceOf struct{ ID, Name string }

// wish is what the form asks for, as it was written.
type wish struct {
	Action, Decision, From, To, Subject string
	Wrong                               map[string]bool // fields that cannot be read
	Newer                               bool            // this is not the first page
	unsafe                              bool            // a person's number may have been written for an id
}

// Filtered reports whether anything was asked for.
func (s *wish) Filtered() bool {
	return s.Action+s.Decision+s.From+s.To+s.Subject != ""
}

// line is an entry as a list of the console shows it.
type line struct {
	ID       ident.ID
	At       time.Time
	Act      string
	Decision string // permit, deny; empty for an event
	Purpose  string
	Data     string
	Who      string
	Why      string // of a refusal
	Subject  ident.ID
}

const consoleLines = 50

// acts are what the journal can be asked for: first what is done with data, in
// the order of the Law, then what else happens.
func acts(lang locale.Lang) []choiceOf {
	var out []choiceOf
	for _, a := range register.AllActions() {
		out = append(out, choiceOf{a.String(), actName(lang, a.String())})
	}
	for _, id := range notify.Acts() {
		if _, handling := register.ParseAction(id); !handling {
			out = append(out, choiceOf{id, actName(lang, id)})
		}
	}
	return out
}

func (p *Pages) consoleJournal(w http.ResponseWriter, v *visit) error {
	b := consoleJournalPage{wish: wish{Wrong: map[string]bool{}}, Actions: acts(v.Lang)}
	f := b.read(v, b.Actions)
	if b.unsafe {
		return see(w, v, "/console/journal"+b.query(ident.ID{}))
	}
	if len(b.Wrong) > 0 {
		return p.write(w, v, http.StatusBadRequest, "console-journal", "journal", &b)
	}
	list, next, err := p.scan(v, f, consoleLines, func(e *journal.Opened) bool { return b.Decision == "" || e.Decision == b.Decision })
	if err != nil {
		return err
	}
	if b.Lines, err = p.told(v, list); err != nil {
		return err
	}
	if !next.IsZero() {
		b.Older = b.query(next)
	}
	return p.render(w, v, "console-journal", "journal", &b)
}

// Entries that are wanted are looked for in chunks, and no further than this
// many at once: the next page goes on where this one stopped.
const (
	chunk    = 200
	maxChunk = 15
)

// scan returns a page of entries and where the next one begins, zero if this was
// the last.
func (p *Pages) scan(v *visit, f journal.Filter, lines int, wanted func(*journal.Opened) bool) (list []*journal.Opened, next ident.ID, err error) {
	f.Limit = chunk
	for range maxChunk {
		_, some, err := p.Office.List(v.Context(), f)
		if err != nil {
			return nil, ident.ID{}, err
		}
		for _, e := range some {
			if !wanted(e) {
				continue
			}
			if len(list) == lines {
				return list, ident.ID(list[len(list)-1].ID), nil
			}
			list = append(list, e)
		}
		if len(some) < chunk {
			return list, ident.ID{}, nil
		}
		f.Before = ident.ID(some[len(some)-1].ID)
	}
	return list, f.Before, nil
}

// read turns the form into a filter. A choice that there is not is none; what a
// person wrote and cannot be read is told.
func (s *wish) read(v *visit, actions []choiceOf) journal.Filter {
	q := v.URL.Query()
	o := v.Desk.Org
	f := journal.Filter{Org: o.ID}
	if a := q.Get("action"); slices.ContainsFunc(actions, func(c choiceOf) bool { return c.ID == a }) {
		s.Action, f.Action = a, a
	}
	if d := q.Get("decision"); d == "permit" || d == "deny" {
		s.Decision = d
	}
	if from, ok := s.day("from", &s.From, q); ok {
		f.Since = ident.FirstID(from)
	}
	if to, ok := s.day("to", &s.To, q); ok { // that day too
		f.Before = ident.FirstID(to.AddDate(0, 0, 1))
	}
	if s.Subject = strings.TrimSpace(q.Get("subject")); s.Subject != "" {
		id, err := ident.ParseID(s.Subject)
		if err != nil {
			s.Subject, s.Wrong["subject"], s.unsafe = "", true, true
		}
		f.BySubject, f.Subject = true, o.Inside(id)
	}
	if q.Get("wrong") == "subject" {
		s.Wrong["subject"] = true
	}
	before, err := ident.ParseID(q.Get("before"))
	s.Newer = err == nil
	if s.Newer && (f.Before.IsZero() || bytes.Compare(before[:], f.Before[:]) < 0) {
		f.Before = before
	}
	return f
}

func (s *wish) day(name string, to *string, q url.Values) (time.Time, bool) {
	text := q.Get(name)
	if text == "" {
		return time.Time{}, false
	}
	t, ok := locale.ParseDay(text)
	if ok {
		*to = text
	} else {
		s.Wrong[name] = true
	}
	return t, ok
}

// query is the same wish further back. What cannot be read is told and not
// repeated, so that a number of a person leaves the address at once.
func (s *wish) query(before ident.ID) string {
	q := url.Values{}
	if !before.IsZero() {
		q.Set("before", before.String())
	}
	if s.Wrong["subject"] {
		q.Set("wrong", "subject")
	}
	for name, value := range map[string]string{"action": s.Action, "decision": s.Decision, "from": s.From, "to": s.To, "subject": s.Subject} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "?" + q.Encode()
}

// told tells entries in the words of the register of their time.
func (p *Pages) told(v *visit, list []*journal.Opened) ([]line, error) {
	out := make([]line, len(list))
	for i, e := range list {
		reg, err := p.registerOf(v.Context(), v.Desk.Org, e.Register)
		if err != nil {
			return nil, err
		}
		out[i] = newLine(v.Lang, e.Entry, reg)
	}
	return out, nil
}

func newLine(lang locale.Lang, e *verify.Entry, reg *register.Register) line {
	l := line{
		ID: ident.ID(e.ID), At: time.UnixMilli(e.At).UTC(), Act: actName(lang, e.Action), Decision: e.Decision,
		Who: who(lang, e.Actor), Subject: ident.ID(e.Subject),
		Purpose: strings.Join(named(lang, reg, purposesOf(e), purposeName), "; "),
		Data:    inBrief(lang, named(lang, reg, e.Categories, shortName)),
	}
	if e.Decision == "deny" && len(e.Reasons) > 0 {
		l.Why = reasonText(lang, e.Reasons[0].Code)
	}
	return l
}

// named turns ids into the names that the register has for them.
func named(lang locale.Lang, reg *register.Register, ids []string, name func(*register.Register, locale.Lang, string) string) []string {
	if reg == nil {
		return ids
	}
	return each(ids, func(id string) string { return name(reg, lang, id) })
}

// shortName is a kind of data as a list has room for it: shorter than in the
// catalogue, unless the organization has words of its own.
func shortName(reg *register.Register, lang locale.Lang, id string) string {
	name, short := categoryName(reg, lang, id), "notice.category."+id
	if locale.Has(short) && name == locale.Text(lang, "category."+id) {
		return locale.Text(lang, short)
	}
	return name
}

// inBrief names the first few and counts the rest.
func inBrief(lang locale.Lang, names []string) string {
	const most = 3
	if rest := len(names) - most; rest > 1 {
		return locale.Text(lang, "notice.part.more", "list", list(names[:most]), "more", rest)
	}
	return list(names)
}

// purposesOf are those that an entry names: a consent may be to several.
func purposesOf(e *verify.Entry) []string {
	switch {
	case e.Purpose != "":
		return []string{e.Purpose}
	case slices.Contains([]string{"consent.give", "consent.ask", "consent.refuse"}, e.Action) && e.Detail != "":
		return strings.Split(e.Detail, ",")
	default:
		return nil
	}
}

// actName is the name of an act, its id where it has none.
func actName(lang locale.Lang, act string) string {
	for _, key := range []string{"action." + act, "page.console.act." + act, "notice." + act + ".title"} {
		if locale.Has(key) {
			return locale.Text(lang, key)
		}
	}
	return act
}

// who says who acted. A person of the staff stays behind a code, of which a list
// shows the beginning.
func who(lang locale.Lang, a verify.Actor) string {
	name := a.Kind
	if key := "page.console.by." + a.Kind; locale.Has(key) {
		name = locale.Text(lang, key)
	}
	if a.Kind != "person" || a.ID == "" {
		return name
	}
	code := a.ID
	if id, err := ident.ParseID(code); err == nil {
		code = brief(id)
	}
	return locale.Text(lang, "notice.actor.coded", "actor", name, "code", code)
}

func reasonText(lang locale.Lang, code string) string {
	if key := "reason." + code; locale.Has(key) {
		return locale.Text(lang, key)
	}
	return code
}
