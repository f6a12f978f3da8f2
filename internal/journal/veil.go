package journal

import (
	"context"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/verify"
)

// veil is what of a subject's entries is not shown, or was not at first.
type veil struct {
	now  time.Time
	list []Deferral // all of the subject, opened
	// kept are the entries in the life of a consent; the destruction of all that
	// an organization held is one.
	kept map[ident.ID]bool
	// terms are those that a deferred entry set running: what becomes of them is
	// told when the entry is.
	terms map[ident.ID]*Deferred
}

func (r *Reader) veil(ctx context.Context, subject ident.ID) (veil, error) {
	v := veil{now: r.Now()}
	list, err := r.Store.DeferralsOf(ctx, subject)
	if err != nil || len(list) == 0 {
		return v, err
	}
	key, err := r.KeyOf(ctx, subject)
	if err != nil {
		return v, err
	}
	for i := range list {
		if err := list[i].Open(&key); err != nil {
			return v, err
		}
	}
	kept, err := r.Store.ConsentEntries(ctx, subject)
	v.list, v.kept = list, make(map[ident.ID]bool, len(kept))
	for _, id := range kept {
		v.kept[id] = true
	}
	if err != nil {
		return v, err
	}
	return v, r.veilTerms(ctx, &v, subject, &key)
}

func (r *Reader) veilTerms(ctx context.Context, v *veil, subject ident.ID, key *Key) error {
	running, err := r.Store.TermEntries(ctx, subject)
	if err != nil {
		return err
	}
	v.terms = map[ident.ID]*Deferred{}
	for _, t := range running {
		row, err := r.Store.Entry(ctx, Filter{BySubject: true, Subject: subject}, t.Entry)
		if fault.KindOf(err) == fault.NotFound || err == nil && row.Sealed == nil {
			continue // the entry is gone, and what it was about
		}
		if err != nil {
			return err
		}
		o, err := row.Open(key)
		if err != nil {
			return err
		}
		v.terms[t.Term] = v.mark(row, o.Entry)
	}
	return nil
}

// termOf is the term that an entry tells of; zero for none.
func termOf(e *verify.Entry) ident.ID {
	if !strings.HasPrefix(e.Action, "term.") {
		return ident.ID{}
	}
	for part := range strings.FieldsSeq(e.Detail) {
		if text, ok := strings.CutPrefix(part, "term="); ok {
			id, _ := ident.ParseID(text) //nolint:errcheck // one that is none is nobody's
			return id
		}
	}
	return ident.ID{}
}

// theirs are the acts of which the subject finds the outcome elsewhere, by what
// their names begin with: consents and questions, bans, demands and answers.
var theirs = [...]string{"consent.", "ban.", "request."}

// open reports whether an entry is never deferred: the subject did it, or finds
// it in the consents and bans, where a hole in the journal would be a hint.
func (v *veil) open(row *Row, e *verify.Entry) bool {
	for _, acts := range theirs {
		if strings.HasPrefix(e.Action, acts) {
			return true
		}
	}
	return e.Actor.Kind == "subject" || v.kept[row.ID]
}

// mark says until when the entry is or was not shown; nil if it always was.
func (v *veil) mark(row *Row, e *verify.Entry) *Deferred {
	if v.open(row, e) {
		return nil
	}
	var last *Deferral
	for i := range v.list {
		d := &v.list[i]
		if d.Org == row.Org && d.touches(e) && row.ID.Time().Before(d.End()) && (last == nil || d.End().After(last.End())) {
			last = d
		}
	}
	late := v.terms[termOf(e)]
	if last == nil || late != nil && late.Until.After(last.End()) {
		if late != nil && !row.ID.Time().Before(late.Until) {
			return nil // it happened when the entry was shown already
		}
		return late
	}
	return &Deferred{Until: last.End(), Provision: last.Provision, Hidden: v.now.Before(last.End())}
}

// whole reports whether all that an organization does is deferred now.
func (v *veil) whole(org ident.ID) bool {
	for i := range v.list {
		if d := &v.list[i]; d.Org == org && d.Reference == "" && d.InForce(v.now) {
			return true
		}
	}
	return false
}

// endedAfter reports whether a deferral ended after a moment.
func (v *veil) endedAfter(t time.Time) bool {
	for i := range v.list {
		if end := v.list[i].End(); end.After(t) && !end.After(v.now) {
			return true
		}
	}
	return false
}

// Marks says of an organization's entries, for those who may read them all,
// which are not shown to their subjects yet, and which were not at first.
func (r *Reader) Marks(ctx context.Context, rows []Row, opened []*Opened) ([]*Deferred, error) {
	veils := map[ident.ID]*veil{}
	out := make([]*Deferred, len(rows))
	for i := range rows {
		subject := rows[i].Subject
		if subject.IsZero() {
			continue
		}
		v := veils[subject]
		if v == nil {
			got, err := r.veil(ctx, subject)
			if err != nil {
				return nil, err
			}
			v = &got
			veils[subject] = v
		}
		out[i] = v.mark(&rows[i], opened[i].Entry)
	}
	return out, nil
}
