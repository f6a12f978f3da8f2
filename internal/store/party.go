package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/seal"
)

// Secrets returns the system's secrets, none in a new database.
func (s *Store) Secrets(ctx context.Context) ([]seal.Secret, error) {
	rows, err := s.read().query(ctx, `SELECT name, wrapped FROM secret`)
	return collect(rows, err, func(r *sql.Rows) (seal.Secret, error) {
		var x seal.Secret
		return x, r.Scan(&x.Name, &x.Wrapped)
	})
}

// InsertSecrets sets the secrets of a new database, once.
func (s *Store) InsertSecrets(ctx context.Context, list []seal.Secret) error {
	_, err := s.write(ctx, [][]byte{[]byte("secret")}, func(ctx context.Context, q tx) error {
		var n int
		if err := q.row(ctx, `SELECT COUNT(*) FROM secret`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "already-initialised")
		}
		for _, x := range list {
			if _, err := q.exec(ctx, `INSERT INTO secret (name, wrapped) VALUES (?1, ?2)`, x.Name, x.Wrapped); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

const orgColumns = `o.id, o.bin, o.version, o.suspended, o.current, o.wrapped, o.alias, v.canonical
	FROM organization o LEFT JOIN register_version v ON v.org_id = o.id AND v.number = o.current`

func scanOrg(rows *sql.Rows) (party.OrgRow, error) {
	var o party.OrgRow
	err := rows.Scan(id{&o.ID}, &o.BIN, &o.Version, &o.Suspended, &o.Current, &o.Wrapped, &o.Alias, &o.Described)
	return o, err
}

// OrgByBIN returns an organization with its description in force.
func (s *Store) OrgByBIN(ctx context.Context, bin string) (*party.OrgRow, error) {
	return s.org(ctx, `SELECT `+orgColumns+` WHERE o.bin = ?1`, bin)
}

// OrgByID is OrgByBIN by internal id.
func (s *Store) OrgByID(ctx context.Context, org ident.ID) (*party.OrgRow, error) {
	return s.org(ctx, `SELECT `+orgColumns+` WHERE o.id = ?1`, org[:])
}

func (s *Store) org(ctx context.Context, query string, arg any) (*party.OrgRow, error) {
	rows, err := s.read().query(ctx, query, arg)
	list, err := collect(rows, err, scanOrg)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "organization-unknown")
	}
	return &list[0], nil
}

// Orgs lists organizations by BIN.
func (s *Store) Orgs(ctx context.Context) ([]party.OrgRow, error) {
	rows, err := s.read().query(ctx, `SELECT `+orgColumns+` ORDER BY o.bin`)
	return collect(rows, err, scanOrg)
}

// InsertOrg lands a new organization.
func (s *Store) InsertOrg(ctx context.Context, o *party.OrgRow, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `INSERT INTO organization (id, bin, version, wrapped, alias) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (bin) DO NOTHING`, o.ID[:], o.BIN, o.Version, o.Wrapped, o.Alias)
		if err == nil && n == 0 {
			err = fault.New(fault.Conflict, "organization-exists")
		}
		return err
	})
	return err
}

// Versions lists the descriptions applied, newest first.
func (s *Store) Versions(ctx context.Context, org ident.ID) ([]party.Version, error) {
	rows, err := s.read().query(ctx, `SELECT number, hash, applied_at, approved_at, canonical
		FROM register_version WHERE org_id = ?1 ORDER BY number DESC`, org[:])
	return collect(rows, err, func(r *sql.Rows) (party.Version, error) {
		var v party.Version
		var applied, approved int64
		err := r.Scan(&v.Number, &v.Hash, &applied, &approved, &v.Canonical)
		v.Applied, v.Approved = moment(applied), moment(approved)
		return v, err
	})
}

// InsertVersion lands the next description.
func (s *Store) InsertVersion(ctx context.Context, org ident.ID, v *party.Version, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `INSERT INTO register_version (org_id, number, hash, applied_at, approved_at, canonical)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (org_id, number) DO NOTHING`,
			org[:], v.Number, v.Hash, millis(v.Applied), millis(v.Approved), v.Canonical)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "register-changed")
		}
		if v.Approved.IsZero() {
			return nil
		}
		return putInForce(ctx, q, org, v.Number)
	})
	return err
}

func putInForce(ctx context.Context, q querier, org ident.ID, number int) error {
	_, err := q.exec(ctx, `UPDATE organization SET current = ?1, version = version + 1 WHERE id = ?2`, number, org[:])
	return err
}

// ApproveVersion puts an applied description in force.
func (s *Store) ApproveVersion(ctx context.Context, org ident.ID, number int, at time.Time, r *journal.Record) error {
	_, err := s.land(ctx, r, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `UPDATE register_version SET approved_at = ?1
			WHERE org_id = ?2 AND number = ?3 AND approved_at = 0
			AND number = (SELECT MAX(number) FROM register_version WHERE org_id = ?2)`, millis(at), org[:], number)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "version-not-pending")
		}
		return putInForce(ctx, q, org, number)
	})
	return err
}

// claims are what a registration must have for itself: two calls with one
// identifier at one moment must not make two people.
func claims(regs ...*party.Registration) [][]byte {
	var out [][]byte
	for _, reg := range regs {
		for i := range reg.Hashes {
			out = append(out, reg.Hashes[i].Sum[:])
		}
	}
	slices.SortFunc(out, bytes.Compare)
	return slices.CompactFunc(out, bytes.Equal)
}

// Join finds or makes the subject of a registration.
func (s *Store) Join(ctx context.Context, reg *party.Registration, finish func(party.Joined) (*party.Holding, *journal.Record, error)) (party.Joined, error) {
	var out party.Joined
	_, err := s.write(ctx, claims(reg), func(ctx context.Context, t tx) error {
		var err error
		if out, err = join(ctx, t, reg, finish); errors.Is(err, errKnown) {
			err = nil
		}
		return err
	})
	return out, err
}

var errKnown = errors.New("known already")

func join(ctx context.Context, t tx, reg *party.Registration, finish func(party.Joined) (*party.Holding, *journal.Record, error)) (party.Joined, error) {
	j, err := identify(ctx, t, reg)
	if err != nil {
		return j, err
	}
	if j.Known && !j.Tombstone {
		return j, errKnown
	}
	h, rec, err := finish(j)
	if err != nil {
		return j, err
	}
	if h == nil {
		return j, errKnown
	}
	if j.Subject == reg.Subject {
		if _, err := t.exec(ctx, `INSERT INTO subject (id, version, state, journal_key, created_at) VALUES (?1, 1, ?2, ?3, ?4)`,
			reg.Subject[:], party.Alive, reg.JournalKey, millis(reg.At)); err != nil {
			return j, err
		}
	}
	if err := admit(ctx, t, h); err != nil {
		return j, err
	}
	for _, x := range reg.Hashes {
		if err := bind(ctx, t, x, j.Subject, reg.Org); err != nil {
			return j, err
		}
	}
	return j, t.enter(ctx, rec)
}

// admit writes a holding, or opens one again over its tombstone.
func admit(ctx context.Context, q querier, h *party.Holding) error {
	if _, err := q.exec(ctx, `INSERT INTO holding (subject_id, org_id, state, since, created_at, destroy_at, profile)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (subject_id, org_id)
		DO UPDATE SET state = excluded.state, since = excluded.since, profile = excluded.profile, destroy_at = excluded.destroy_at`,
		h.Subject[:], h.Org[:], h.State, millis(h.Since), millis(h.Created), millis(h.DestroyAt), h.Profile); err != nil {
		return err
	}
	if _, err := q.exec(ctx, `UPDATE subject SET version = version + 1 WHERE id = ?1`, h.Subject[:]); err != nil {
		return err
	}
	_, err := q.exec(ctx, `INSERT INTO data_key (subject_id, org_id, wrapped) VALUES (?1, ?2, ?3)`, h.Subject[:], h.Org[:], h.DataKey)
	return err
}

func known1(ctx context.Context, q querier, subject, org ident.ID) (party.Joined, error) {
	j := party.Joined{Subject: subject}
	if err := q.row(ctx, `SELECT journal_key FROM subject WHERE id = ?1`, subject[:]).Scan(&j.JournalKey); err != nil {
		return j, err
	}
	var state string
	err := q.row(ctx, `SELECT state FROM holding WHERE subject_id = ?1 AND org_id = ?2`, subject[:], org[:]).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return j, nil
	}
	j.Known, j.Tombstone = true, state == party.Destroyed
	return j, err
}

// SubjectByHash returns the subjects that an organization knows by a hash.
func (s *Store) SubjectByHash(ctx context.Context, org ident.ID, x party.Hash) ([]ident.ID, error) {
	rows, err := s.read().query(ctx, `SELECT DISTINCT i.subject_id FROM identifier i
		JOIN holding h ON h.subject_id = i.subject_id AND h.org_id = ?4
		WHERE i.hash = ?1 AND i.kind = ?2 AND i.scope IN (?3, ?4)`, x.Sum[:], string(x.Kind), x.Scope[:], org[:])
	return collect(rows, err, func(r *sql.Rows) (ident.ID, error) {
		var v ident.ID
		return v, r.Scan(id{&v})
	})
}

const holdingColumns = `h.subject_id, h.org_id, h.state, h.since, h.created_at, h.destroy_at, h.profile, k.wrapped
	FROM holding h LEFT JOIN data_key k ON k.subject_id = h.subject_id AND k.org_id = h.org_id`

func scanHolding(r *sql.Rows) (party.Holding, error) {
	var h party.Holding
	var since, created, destroy int64
	err := r.Scan(id{&h.Subject}, id{&h.Org}, &h.State, &since, &created, &destroy, &h.Profile, &h.DataKey)
	h.Since, h.Created, h.DestroyAt = moment(since), moment(created), moment(destroy)
	return h, err
}

// Holding returns what an organization holds of a subject.
func (s *Store) Holding(ctx context.Context, subject, org ident.ID) (*party.Holding, error) {
	rows, err := s.read().query(ctx, `SELECT `+holdingColumns+` WHERE h.subject_id = ?1 AND h.org_id = ?2`, subject[:], org[:])
	list, err := collect(rows, err, scanHolding)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "subject-unknown")
	}
	return &list[0], nil
}

// Holders lists the holdings of a subject.
func (s *Store) Holders(ctx context.Context, subject ident.ID) ([]party.Holding, error) {
	rows, err := s.read().query(ctx, `SELECT `+holdingColumns+` WHERE h.subject_id = ?1 ORDER BY h.created_at`, subject[:])
	return collect(rows, err, scanHolding)
}

// DueHoldings lists holdings that retention has to look at, at most max.
func (s *Store) DueHoldings(ctx context.Context, now time.Time, max int) ([]party.Holding, error) {
	rows, err := s.read().query(ctx, `SELECT `+holdingColumns+`
		WHERE h.destroy_at > 0 AND h.destroy_at <= ?1 ORDER BY h.destroy_at LIMIT ?2`, millis(now), max)
	return collect(rows, err, scanHolding)
}

// JournalKey returns the wrapped journal key of a subject.
func (s *Store) JournalKey(ctx context.Context, subject ident.ID) ([]byte, error) {
	_, key, err := s.SubjectVersion(ctx, subject)
	return key, err
}

// SubjectVersion returns the version that guards a subject and the journal key.
func (s *Store) SubjectVersion(ctx context.Context, subject ident.ID) (int64, []byte, error) {
	var version int64
	var key []byte
	err := s.read().row(ctx, `SELECT version, journal_key FROM subject WHERE id = ?1`, subject[:]).Scan(&version, &key)
	return version, key, none(err, "subject-unknown")
}
