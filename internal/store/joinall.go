package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// JoinAll is Join for many people of one organization at once, with the values
// that come with each: all of it lands in one write or nothing does. A person
// whom the organization knows is left as is, and so is one for whom admit
// returns no holding; a conflict of identifiers is that one's own and stands in
// refused. A fault.Conflict "register-changed" means that a record's guard no
// longer held.
//
// Most are strangers, whose identifiers nobody has, and land by the many in a
// few statements; or, when a file is brought in again, plainly known. Whoever
// else takes the way of Join.
func (s *Store) JoinAll(ctx context.Context, regs []*party.Registration, admit func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error)) (joined []party.Joined, refused []error, err error) {
	_, err = s.write(ctx, claims(regs...), func(ctx context.Context, t tx) error {
		joined, refused = make([]party.Joined, len(regs)), make([]error, len(regs))
		taken, err := holders(ctx, t, regs)
		if err != nil {
			return err
		}
		var new strangers
		for i, reg := range regs {
			switch subject, how := taken.find(reg); how {
			case known:
				joined[i] = party.Joined{Subject: subject, Known: true}
			case stranger:
				joined[i] = party.Joined{Subject: reg.Subject, JournalKey: reg.JournalKey}
				h, values, r, err := admit(i, joined[i])
				if err != nil {
					return err
				}
				if h != nil {
					new.add(reg, h, values, r)
				}
			case unclear:
				if err := new.land(ctx, t); err != nil { // this one may be one of those
					return err
				}
				err := joinOne(ctx, t, reg, &joined[i], func(j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error) {
					return admit(i, j)
				})
				if fault.KindOf(err) == fault.Conflict {
					refused[i], err = err, nil
				}
				if err != nil {
					return err
				}
			}
		}
		return new.land(ctx, t)
	})
	if errors.Is(err, errStale) {
		err = fault.New(fault.Conflict, "register-changed")
	}
	return joined, refused, err
}

func joinOne(ctx context.Context, t tx, reg *party.Registration, out *party.Joined, admit func(party.Joined) (*party.Holding, []vault.Value, *journal.Record, error)) (err error) {
	var values []vault.Value
	*out, err = join(ctx, t, reg, func(j party.Joined) (h *party.Holding, r *journal.Record, err error) {
		h, values, r, err = admit(j)
		return h, r, err
	})
	if errors.Is(err, errKnown) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, v := range values {
		if err := putValue(ctx, t, out.Subject, reg.Org, v); err != nil {
			return err
		}
	}
	return nil
}

// holder is somebody who has an identifier.
type holder struct {
	subject ident.ID
	state   string // of what the organization holds; empty where it knows nobody
}

// holdersOf are those who have the identifiers of a batch; nil for one whose
// owner may have changed since they were asked for.
type holdersOf map[[32]byte][]holder

const (
	unclear = iota
	known
	stranger
)

// find says who a registration is, where that is plain: somebody whom the
// organization holds and nobody else has the identifiers that count (see
// ownRecord), or a stranger. Whoever is not known may change who has them.
func (m holdersOf) find(reg *party.Registration) (ident.ID, int) {
	strong := slices.ContainsFunc(reg.Hashes, party.Hash.Strong)
	var own holder
	plain, how := true, stranger
	for _, x := range reg.Hashes {
		list, taken := m[x.Sum]
		if taken {
			how = unclear
		}
		if x.Strong() != strong {
			continue
		}
		plain = plain && (!taken || list != nil)
		for _, h := range list {
			plain = plain && h.held() && (own.subject.IsZero() || own == h)
			own = h
		}
	}
	if plain && own.held() {
		return own.subject, known
	}
	for _, x := range reg.Hashes {
		m[x.Sum] = nil
	}
	return ident.ID{}, how
}

func (h holder) held() bool { return h.state != "" && h.state != party.Destroyed }

// many is how many rows one statement takes; what is left over goes one by one,
// so that there are few different statements.
const many = 64

// holders asks for all identifiers of a batch.
func holders(ctx context.Context, q querier, regs []*party.Registration) (holdersOf, error) {
	var asked []any
	for _, reg := range regs {
		for i := range reg.Hashes {
			asked = append(asked, reg.Hashes[i].Sum[:])
		}
	}
	m := make(holdersOf, len(asked))
	query := `SELECT i.hash, i.subject_id, COALESCE(h.state, '') FROM identifier i
		LEFT JOIN holding h ON h.subject_id = i.subject_id AND h.org_id = ?2
		WHERE (i.scope = ?1 OR i.scope = ?2) AND i.hash IN ` + places(3, many)
	var everywhere ident.ID
	for len(asked) > 0 {
		n := min(many, len(asked))
		args := make([]any, 2, 2+many)
		args[0], args[1] = everywhere[:], regs[0].Org[:]
		args = append(args, asked[:n]...)
		for len(args) < cap(args) {
			args = append(args, asked[n-1]) // the last again and again
		}
		rows, err := q.query(ctx, query, args...)
		_, err = collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var sum [32]byte
			var h holder
			err := r.Scan(hash{&sum}, id{&h.subject}, &h.state)
			m[sum] = append(m[sum], h)
			return struct{}{}, err
		})
		if err != nil {
			return nil, err
		}
		asked = asked[n:]
	}
	return m, nil
}

// strangers are people on their way in, by table.
type strangers struct {
	subjects, holdings, keys, identifiers, values []any
	records                                       []*journal.Record
}

func (n *strangers) add(reg *party.Registration, h *party.Holding, values []vault.Value, r *journal.Record) {
	n.subjects = append(n.subjects, h.Subject[:], 1, party.Alive, reg.JournalKey, millis(reg.At))
	n.holdings = append(n.holdings, h.Subject[:], h.Org[:], h.State, millis(h.Since), millis(h.Created), millis(h.DestroyAt), h.Profile)
	n.keys = append(n.keys, h.Subject[:], h.Org[:], h.DataKey)
	for i := range reg.Hashes {
		x := &reg.Hashes[i]
		n.identifiers = append(n.identifiers, x.Sum[:], string(x.Kind), x.Scope[:], h.Subject[:])
	}
	for _, v := range values {
		n.values = append(n.values, h.Subject[:], h.Org[:], v.Category, v.Version, v.Purpose, millis(v.At), v.Sealed)
	}
	n.records = append(n.records, r)
}

func (n *strangers) land(ctx context.Context, t tx) error {
	for _, part := range []struct {
		into    string
		columns int
		rows    []any
	}{
		{`subject (id, version, state, journal_key, created_at)`, 5, n.subjects},
		{`holding (subject_id, org_id, state, since, created_at, destroy_at, profile)`, 7, n.holdings},
		{`data_key (subject_id, org_id, wrapped)`, 3, n.keys},
		{`identifier (hash, kind, scope, subject_id)`, 4, n.identifiers},
		{`value (subject_id, org_id, category, version, purpose, at, sealed)`, 7, n.values},
	} {
		if err := insertRows(ctx, t, part.into, part.columns, part.rows); err != nil {
			return err
		}
	}
	for _, r := range n.records {
		if err := t.enter(ctx, r); err != nil {
			return err
		}
	}
	*n = strangers{}
	return nil
}

// insertRows inserts rows that lie one behind the other.
func insertRows(ctx context.Context, q querier, into string, columns int, rows []any) error {
	for _, at := range []int{many, 1} {
		tuples := make([]string, at)
		for i := range tuples {
			tuples[i] = places(i*columns+1, columns)
		}
		query := `INSERT INTO ` + into + ` VALUES ` + strings.Join(tuples, ", ")
		if into[:10] == "identifier" {
			query += ` ON CONFLICT DO NOTHING` // a number that stands in two columns of one row
		}
		for len(rows) >= at*columns {
			if _, err := q.exec(ctx, query, rows[:at*columns]...); err != nil {
				return err
			}
			rows = rows[at*columns:]
		}
	}
	return nil
}

// places is (?from, …) for n values.
func places(from, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("?%d", from+i)
	}
	return "(" + strings.Join(list, ", ") + ")"
}
