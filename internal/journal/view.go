package journal

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/verify"
)

// View is the journal as its subject may see it at a moment. There is no other
// way for a page or an answer to the subject: what is deferred is not there, and
// what concerns another person more is told in general words. Nothing shows that
// something was left out, neither counts nor cursors.
type View struct {
	r       *Reader
	subject ident.ID
	orgs    []ident.ID // whose entries it is limited to; nil for all
	veil    veil
	key     *Key // of the subject; opened when it is needed
}

// Shown is an entry as its subject may see it.
type Shown struct {
	*verify.Entry // in general where the subject only stood beside another
	Org           ident.ID
	Leaf          int64 // -1 while it has none
	Machine       bool  // done by a system, or in bulk
	Deferred      *Deferred
}

// Deferred says that an entry was shown later than it happened, or is still to
// be.
type Deferred struct {
	Until     time.Time
	Provision string // empty where the ground is another person's matter
	Hidden    bool   // still
}

// ForSubject is the journal as the subject may see it now, or whoever acts for the
// subject towards these organizations; none are all.
func (r *Reader) ForSubject(ctx context.Context, subject ident.ID, orgs ...ident.ID) (*View, error) {
	v := &View{r: r, subject: subject, orgs: orgs}
	var err error
	v.veil, err = r.veil(ctx, subject)
	return v, err
}

// chunk is how many entries are looked at together where some are left out.
const chunk = 200

// List returns entries, newest first, as many as the filter's limit unless there
// are no more. Whose they are is given; the filter may narrow to an organization.
func (v *View) List(ctx context.Context, f Filter) ([]Shown, error) {
	return v.collect(ctx, f, func(*Shown) bool { return true })
}

// News returns entries that the subject could not see when reading up to an
// entry, newest first: those after it, and those that were deferred until later.
func (v *View) News(ctx context.Context, read ident.ID, limit int) ([]Shown, error) {
	f := Filter{Since: read, Limit: limit}
	if v.veil.endedAfter(read.Time()) { // what came to light since lies further back
		f.Since = ident.ID{}
	}
	return v.collect(ctx, f, func(s *Shown) bool {
		from := s.Since()
		return bytes.Compare(from[:], read[:]) > 0
	})
}

// ReadUntil is how far the subject has read who read an entry: that of what was
// shown later reaches to when it was shown.
func (v *View) ReadUntil(ctx context.Context, entry ident.ID) (ident.ID, error) {
	s, err := v.One(ctx, entry)
	if fault.KindOf(err) == fault.NotFound {
		return entry, nil
	}
	if err != nil {
		return entry, err
	}
	return s.Since(), nil
}

func (v *View) collect(ctx context.Context, f Filter, want func(*Shown) bool) ([]Shown, error) {
	limit := f.Limit
	f.BySubject, f.Subject, f.Orgs = true, v.subject, v.orgs
	out := make([]Shown, 0, limit)
	for len(out) < limit {
		rows, err := v.r.Store.Entries(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			s, err := v.show(ctx, &rows[i])
			if err != nil {
				return nil, err
			}
			if s != nil && want(s) && len(out) < limit {
				out = append(out, *s)
			}
		}
		if len(rows) < f.Limit {
			break
		}
		f.Before, f.Limit = rows[len(rows)-1].ID, chunk
	}
	return out, nil
}

// Shows reports whether the subject may know by now of something that an organization
// did and that stands elsewhere too: as of its entry, of which the action, the
// reference and the moment are given.
func (v *View) Shows(org ident.ID, action, reference string, moment ident.ID) bool {
	d := v.veil.mark(&Row{Org: org, ID: moment}, &verify.Entry{Action: action, Reference: reference})
	return d == nil || !d.Hidden
}

// One returns an entry. One that is not shown yet is not told from one that does
// not exist.
func (v *View) One(ctx context.Context, entry ident.ID) (*Shown, error) {
	_, s, err := v.one(ctx, entry)
	return s, err
}

var errUnknown = fault.New(fault.NotFound, "entry-unknown")

func (v *View) one(ctx context.Context, entry ident.ID) (*Row, *Shown, error) {
	row, err := v.r.Store.Entry(ctx, Filter{BySubject: true, Subject: v.subject, Orgs: v.orgs}, entry)
	if err != nil {
		return nil, nil, err
	}
	if row.Sealed == nil {
		return nil, nil, errUnknown
	}
	s, err := v.show(ctx, row)
	if err == nil && s == nil {
		err = errUnknown
	}
	return row, s, err
}

// Receipt proves one entry. Of one in which the subject only stood beside
// another it is blind: the leaf commits to the whole entry, and no part of it can
// be shown alone.
func (v *View) Receipt(ctx context.Context, entry ident.ID) (*verify.Receipt, error) {
	row, s, err := v.one(ctx, entry)
	if err != nil {
		return nil, err
	}
	receipt, err := v.r.prove(ctx, row)
	if err != nil {
		return nil, err
	}
	if s.Role == verify.RoleIncidental {
		receipt.Type, receipt.Commitment = verify.TypeBlindReceipt, row.Commitment[:]
		return receipt, nil
	}
	o, err := row.Open(v.key)
	if err != nil {
		return nil, err
	}
	receipt.Entry, receipt.Salt = o.Bytes, o.Salt
	return receipt, nil
}

// Knows reports whether the subject may know that the organization has anything
// to do with them: there is an entry of it to see.
func (v *View) Knows(ctx context.Context, org ident.ID) (bool, error) {
	if !v.veil.whole(org) {
		return true, nil
	}
	list, err := v.List(ctx, Filter{Org: org, Limit: 1})
	return len(list) > 0, err
}

// show opens an entry for the subject; nil for one that is not to be seen.
func (v *View) show(ctx context.Context, row *Row) (*Shown, error) {
	if v.key == nil {
		key, err := v.r.KeyOf(ctx, v.subject)
		if err != nil {
			return nil, err
		}
		v.key = &key
	}
	o, err := row.Open(v.key)
	if err != nil {
		return nil, fmt.Errorf("entry %s: %w", row.ID, err)
	}
	s := &Shown{
		Entry: o.Entry, Org: row.Org, Leaf: row.Leaf, Deferred: v.veil.mark(row, o.Entry),
		Machine: o.Actor.Kind == "system" || o.Actor.Kind == "bulk",
	}
	if s.Deferred != nil && s.Deferred.Hidden {
		return nil, nil //nolint:nilnil // not to be seen is no error
	}
	if s.Role == verify.RoleIncidental {
		s.Entry = o.General()
		if s.Deferred != nil {
			s.Deferred.Provision = ""
		}
	}
	return s, nil
}

// Since is from when the entry could be seen, as an id to compare with others.
func (s *Shown) Since() ident.ID {
	id := ident.ID(s.ID)
	if s.Deferred == nil {
		return id
	}
	if late := ident.FirstID(s.Deferred.Until); bytes.Compare(late[:], id[:]) > 0 {
		return late
	}
	return id
}
