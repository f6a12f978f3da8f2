package store

import (
	"context"
	"database/sql"
	"slices"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/party"
)

// owner is somebody whom an identifier of a registration belongs to.
type owner struct {
	subject ident.ID
	by      party.Hash
	own     bool // the organization that registers holds the person already
}

// identify finds whose identifiers these are. The organization's own records
// come first and alone can make a conflict, so that no answer shows whom others
// know. Only somebody new to it is looked for among all: by the IIN, then by
// documents, where they leave no doubt.
func identify(ctx context.Context, q querier, reg *party.Registration) (party.Joined, error) {
	all, err := ownersOf(ctx, q, reg)
	if err != nil {
		return party.Joined{}, err
	}
	subject, err := ownRecord(ctx, q, reg, all)
	if err == nil && subject.IsZero() {
		subject, err = elsewhere(ctx, q, reg, all)
	}
	if err != nil {
		return party.Joined{}, err
	}
	if subject.IsZero() {
		return party.Joined{Subject: reg.Subject, JournalKey: reg.JournalKey}, nil
	}
	return known1(ctx, q, subject, reg.Org)
}

// ownRecord finds the organization's own record. A weak identifier counts only
// where the strong ones cannot speak: somebody new may share a phone with
// somebody known, unless that one has nothing stronger.
func ownRecord(ctx context.Context, q querier, reg *party.Registration, all []owner) (ident.ID, error) {
	list := pick(all, func(o owner) bool { return o.own && o.by.Strong() })
	if len(list) > 1 {
		return ident.ID{}, fault.New(fault.Conflict, "identifiers-differ")
	}
	if len(list) == 1 {
		return list[0], nil
	}
	list = pick(all, func(o owner) bool { return o.own && !o.by.Strong() })
	if slices.ContainsFunc(reg.Hashes, party.Hash.Strong) {
		var err error
		if list, err = without(ctx, q, list, ident.IIN, ident.Document); err != nil {
			return ident.ID{}, err
		}
	}
	switch len(list) {
	case 0:
		return ident.ID{}, nil
	case 1:
		return list[0], nil
	default:
		return ident.ID{}, fault.New(fault.Conflict, "identifier-shared")
	}
}

// elsewhere finds somebody whom only other organizations know. A document of
// somebody with another IIN is a slip of the pen, not the person.
func elsewhere(ctx context.Context, q querier, reg *party.Registration, all []owner) (ident.ID, error) {
	list := pick(all, func(o owner) bool { return o.by.Kind == ident.IIN })
	if len(list) == 1 {
		return list[0], nil
	}
	list = pick(all, func(o owner) bool { return o.by.Kind == ident.Document })
	if slices.ContainsFunc(reg.Hashes, func(x party.Hash) bool { return x.Kind == ident.IIN }) {
		var err error
		if list, err = without(ctx, q, list, ident.IIN, ident.IIN); err != nil {
			return ident.ID{}, err
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return ident.ID{}, nil
}

// bind ties an identifier to a subject. One that means a person everywhere, and
// is somebody else's already, counts for this one within the organization only:
// what one organization mistypes cannot change whom another finds.
func bind(ctx context.Context, q querier, x party.Hash, subject, org ident.ID) error {
	scope := x.Scope
	if x.Strong() {
		var others int
		if err := q.row(ctx, `SELECT COUNT(*) FROM identifier WHERE hash = ?1 AND kind = ?2 AND scope = ?3 AND subject_id <> ?4`,
			x.Sum[:], string(x.Kind), x.Scope[:], subject[:]).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			scope = org
		}
	}
	_, err := q.exec(ctx, `INSERT INTO identifier (hash, kind, scope, subject_id) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT DO NOTHING`, x.Sum[:], string(x.Kind), scope[:], subject[:])
	return err
}

func ownersOf(ctx context.Context, q querier, reg *party.Registration) ([]owner, error) {
	var all []owner
	for _, x := range reg.Hashes {
		rows, err := q.query(ctx, `SELECT i.subject_id, h.state IS NOT NULL FROM identifier i
			LEFT JOIN holding h ON h.subject_id = i.subject_id AND h.org_id = ?4
			WHERE i.hash = ?1 AND i.kind = ?2 AND i.scope IN (?3, ?4)`, x.Sum[:], string(x.Kind), x.Scope[:], reg.Org[:])
		list, err := collect(rows, err, func(r *sql.Rows) (owner, error) {
			o := owner{by: x}
			return o, r.Scan(id{&o.subject}, &o.own)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// pick lists the subjects of the owners wanted, each once.
func pick(all []owner, want func(owner) bool) []ident.ID {
	var out []ident.ID
	for _, o := range all {
		if want(o) && !slices.Contains(out, o.subject) {
			out = append(out, o.subject)
		}
	}
	return out
}

// without keeps those who have no identifier of two kinds.
func without(ctx context.Context, q querier, list []ident.ID, a, b ident.Kind) ([]ident.ID, error) {
	var out []ident.ID
	for _, x := range list {
		var n int
		if err := q.row(ctx, `SELECT COUNT(*) FROM identifier WHERE subject_id = ?1 AND kind IN (?2, ?3)`,
			x[:], string(a), string(b)).Scan(&n); err != nil {
			return nil, err
		}
		if n == 0 {
			out = append(out, x)
		}
	}
	return out, nil
}
