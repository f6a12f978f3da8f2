package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"kelisim/internal/fault"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/vault"
)

// JoinAll is Join for many at once, with the values that come with each: all of
// it lands in one write or nothing does. A person whom the organization knows
// is left as is, and so is one for whom admit returns no holding; a conflict of
// identifiers is that one's own and stands in refused. A fault.Conflict
// "register-changed" means that a record's guard no longer held.
//
// Most are strangers, whose identifiers nobody has: they land by the many in a
// few statements. Whoever may be known takes the way of Join.
func (s *Store) JoinAll(ctx context.Context, regs []*party.Registration, admit func(i int, j party.Joined) (*party.Holding, []vault.Value, *journal.Record, error)) (joined []party.Joined, refused []error, err error) {
	_, err = s.write(ctx, claims(regs...), func(ctx context.Context, t tx) error {
		joined, refused = make([]party.Joined, len(regs)), make([]error, len(regs))
		taken, err := takenHashes(ctx, t, regs)
		if err != nil {
			return err
		}
		var new strangers
		for i, reg := range regs {
			if isStranger(taken, reg) {
				joined[i] = party.Joined{Subject: reg.Subject, JournalKey: reg.JournalKey}
				h, values, r, err := admit(i, joined[i])
				if err != nil {
					return err
				}
				if h != nil {
					new.add(reg, h, values, r)
				}
				continue
			}
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

// isStranger reports whether nobody has any of the identifiers, and takes them.
func isStranger(taken map[[32]byte]bool, reg *party.Registration) bool {
	stranger := true
	for _, x := range reg.Hashes {
		stranger = stranger && !taken[x.Sum]
		taken[x.Sum] = true
	}
	return stranger
}

// many is how many rows one statement takes; what is left over goes one by one,
// so that there are few different statements.
const many = 64

// takenHashes finds which of the identifiers are somebody's, whoever's.
func takenHashes(ctx context.Context, q querier, regs []*party.Registration) (map[[32]byte]bool, error) {
	var asked []any
	for _, reg := range regs {
		for i := range reg.Hashes {
			asked = append(asked, reg.Hashes[i].Sum[:])
		}
	}
	taken := make(map[[32]byte]bool, len(asked))
	query := `SELECT hash FROM identifier WHERE hash IN ` + places(1, many)
	for len(asked) > 0 {
		n := min(many, len(asked))
		args := make([]any, many)
		for i := range args {
			args[i] = asked[min(i, n-1)] // the last again and again
		}
		rows, err := q.query(ctx, query, args...)
		found, err := collect(rows, err, func(r *sql.Rows) (sum [32]byte, err error) {
			return sum, r.Scan(hash{&sum})
		})
		if err != nil {
			return nil, err
		}
		for _, sum := range found {
			taken[sum] = true
		}
		asked = asked[n:]
	}
	return taken, nil
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
