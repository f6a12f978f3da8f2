package journal

import (
	"context"
	"strings"
	"time"

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
	return v, err
}

// theirs are the acts of which the subject finds the outcome elsewhere, by what
// their names begin with: consents and questions, bans.
var theirs = [...]string{"consent.", "ban."}

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
	if last == nil {
		return nil
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
