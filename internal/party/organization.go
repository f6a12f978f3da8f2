// Package party is who takes part: organizations with what they declared, and
// subjects with their identifiers. It turns the identifiers that people have
// into internal ids, and internal ids into the ids that one organization sees;
// nothing outside this package and the vault sees a plain identifier.
package party

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// OrgRow is an organization as the store keeps it.
type OrgRow struct {
	ID        ident.ID
	BIN       string
	Version   int64 // guards decisions: grows with every change below
	Suspended bool
	Current   int    // version of the description in force, 0 before the first
	Wrapped   []byte // the organization's key under the master
	Alias     []byte // its alias key under its key
	Described []byte // the description in force, canonical JSON
}

// Version is one applied description.
type Version struct {
	Number    int
	Hash      string
	Applied   time.Time
	Approved  time.Time // zero while it waits for the officer
	Canonical []byte
}

// Organization is an organization opened: its keys live in memory only.
type Organization struct {
	ID        ident.ID
	BIN       string
	Version   int64
	Suspended bool
	Key       seal.Key
	Alias     seal.Alias
	Register  *register.Register

	undertakings map[[32]byte]span // by actor; nil where they are not checked
	follows      law.Following     // the installation's
}

// Edition is the edition of the Law that an event of this organization is judged
// by: the installation's of that day, or the one that its description goes ahead
// to. It allocates nothing: each decision asks.
func (o *Organization) Edition(t time.Time) *law.Edition {
	ahead := ""
	if o.Register != nil {
		ahead = o.Register.Description.Organization.Edition
	}
	return o.follows.At(t, ahead)
}

// Outside is the subject's id as this organization sees it.
func (o *Organization) Outside(subject ident.ID) ident.ID { return o.Alias.Outside(subject) }

// Inside is the internal id of one that this organization was given. A made-up
// id turns into one that nobody has.
func (o *Organization) Inside(subject ident.ID) ident.ID { return o.Alias.Inside(subject) }

// Store keeps organizations and subjects.
type Store interface {
	// OrgByBIN and OrgByID return a fault.NotFound when there is none.
	OrgByBIN(ctx context.Context, bin string) (*OrgRow, error)
	OrgByID(ctx context.Context, id ident.ID) (*OrgRow, error)
	// Orgs lists organizations by BIN.
	Orgs(ctx context.Context) ([]OrgRow, error)
	// InsertOrg lands a new organization with its entry; a fault.Conflict
	// when the BIN is taken.
	InsertOrg(ctx context.Context, o *OrgRow, r *journal.Record) error
	// InsertVersion lands the next version of a description with its entry and,
	// where it is approved, puts it in force; a fault.Conflict when another was
	// applied meanwhile.
	InsertVersion(ctx context.Context, org ident.ID, v *Version, r *journal.Record) error
	// ApproveVersion puts an applied version in force.
	ApproveVersion(ctx context.Context, org ident.ID, number int, at time.Time, r *journal.Record) error
	// Versions lists the applied ones, newest first.
	Versions(ctx context.Context, org ident.ID) ([]Version, error)

	SubjectStore
	CountryStore
	UndertakingStore
}

// Parties is the service.
type Parties struct {
	Store Store
	Keys  *seal.Keyring
	Now   func() time.Time
	Rules ident.Rules
	Law   law.Following // the editions that bind here

	mu    sync.RWMutex
	byBIN map[string]*Organization
	byID  map[ident.ID]*Organization

	countries atomic.Pointer[Countries]
}

// Organization returns an organization by its BIN, or a fault.NotFound. It may
// be a moment old: what is decided on it lands only if its Version still holds.
func (p *Parties) Organization(ctx context.Context, bin string) (*Organization, error) {
	p.mu.RLock()
	o := p.byBIN[bin]
	p.mu.RUnlock()
	if o != nil {
		return o, nil
	}
	row, err := p.Store.OrgByBIN(ctx, bin)
	if err != nil {
		return nil, err
	}
	return p.open(ctx, row)
}

// ByID is Organization by internal id.
func (p *Parties) ByID(ctx context.Context, id ident.ID) (*Organization, error) {
	p.mu.RLock()
	o := p.byID[id]
	p.mu.RUnlock()
	if o != nil {
		return o, nil
	}
	return p.Reload(ctx, id)
}

// Reload reads an organization anew, after a write found it changed.
func (p *Parties) Reload(ctx context.Context, id ident.ID) (*Organization, error) {
	row, err := p.Store.OrgByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return p.open(ctx, row)
}

func (p *Parties) open(ctx context.Context, row *OrgRow) (*Organization, error) {
	p.mu.RLock()
	known := p.byID[row.ID]
	p.mu.RUnlock()
	if known != nil && known.Version >= row.Version { // mostly only the subject had changed
		return known, nil
	}
	place := seal.Place("organization", row.ID[:])
	key, err := p.Keys.Master.Unwrap(row.Wrapped, place)
	if err != nil {
		return nil, err
	}
	alias, err := key.Unwrap(row.Alias, place)
	if err != nil {
		return nil, err
	}
	o := &Organization{
		ID: row.ID, BIN: row.BIN, Version: row.Version, Suspended: row.Suspended,
		Key: key, Alias: seal.NewAlias(alias), follows: p.Law,
	}
	if row.Current > 0 {
		d, err := register.Parse(row.Described, p.Rules)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "internal", err)
		}
		o.Register = register.Compile(d, row.Current)
		if err := p.remember(ctx, o.ID, o.Register); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(p.loadUndertakings(ctx, o), p.loadCountries(ctx)); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byBIN == nil {
		p.byBIN, p.byID = map[string]*Organization{}, map[ident.ID]*Organization{}
	}
	if known := p.byID[o.ID]; known != nil && known.Version > o.Version {
		return known, nil
	}
	p.byBIN[o.BIN], p.byID[o.ID] = o, o
	return o, nil
}

// remember tells a register of the versions beside it.
func (p *Parties) remember(ctx context.Context, org ident.ID, r *register.Register) error {
	versions, err := p.Store.Versions(ctx, org)
	if err != nil {
		return err
	}
	return RememberAll(r, versions)
}

// RememberAll tells a register of the other versions that were in force.
func RememberAll(r *register.Register, versions []Version) error {
	for i := range versions {
		if v := &versions[i]; v.Number != r.Version && !v.Approved.IsZero() {
			if err := r.Remember(v.Number, v.Canonical); err != nil {
				return fault.Wrap(fault.Internal, "internal", err)
			}
		}
	}
	return nil
}

// Applied is what Apply did.
type Applied struct {
	Version
	Created bool
	Changed bool // false: the same description was in force already
	Changes []register.Difference
}

// Apply registers an organization or a new version of its description. Applying
// the same description twice changes nothing. Without approve the version waits
// for the officer.
func (p *Parties) Apply(ctx context.Context, by verify.Actor, d *register.Description, approve bool) (*Applied, error) {
	out := &Applied{}
	row, err := p.Store.OrgByBIN(ctx, d.Organization.BIN)
	if fault.KindOf(err) == fault.NotFound {
		out.Created = true
		row, err = p.create(ctx, by, d.Organization.BIN)
	}
	if err != nil {
		return nil, err
	}
	versions, err := p.Store.Versions(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	canonical := d.Canonical()
	if len(versions) > 0 {
		last := versions[0]
		if bytes.Equal(last.Canonical, canonical) && (!approve || !last.Approved.IsZero()) {
			out.Version = last
			return out, nil
		}
		if bytes.Equal(last.Canonical, canonical) {
			out.Version, out.Changed = last, true
			out.Version.Approved = p.Now()
			return out, p.Approve(ctx, by, row.ID, last.Number)
		}
		out.Version.Number = last.Number
		if old, err := register.Parse(last.Canonical, p.Rules); err == nil {
			out.Changes = register.Diff(old, d)
		}
	}
	now := p.Now()
	hash := d.Hash()
	sum, err := hex.DecodeString(hash)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "internal", err)
	}
	out.Changed = true
	out.Version = Version{Number: out.Version.Number + 1, Hash: hash, Applied: now, Canonical: canonical}
	if approve {
		out.Version.Approved = now
	}
	rec, err := p.record(&verify.Entry{
		Organization: row.BIN, Actor: by, Action: "register.apply", Register: out.Version.Number, Digest: sum,
	}, row)
	if err != nil {
		return nil, err
	}
	if err := p.Store.InsertVersion(ctx, row.ID, &out.Version, rec); err != nil {
		return nil, err
	}
	_, err = p.Reload(ctx, row.ID)
	return out, err
}

func (p *Parties) create(ctx context.Context, by verify.Actor, bin string) (*OrgRow, error) {
	id := ident.NewID(p.Now())
	place := seal.Place("organization", id[:])
	key := seal.NewKey()
	wrapped, err := p.Keys.Master.Wrap(key, place)
	if err != nil {
		return nil, err
	}
	row := &OrgRow{ID: id, BIN: bin, Version: 1, Wrapped: wrapped, Alias: key.Wrap(seal.NewKey(), place)}
	rec, err := p.record(&verify.Entry{Organization: bin, Actor: by, Action: "organization.create"}, row)
	if err != nil {
		return nil, err
	}
	return row, p.Store.InsertOrg(ctx, row, rec)
}

// Approve puts an applied version in force (Art. 25(2)1, 25(2)1-1).
func (p *Parties) Approve(ctx context.Context, by verify.Actor, org ident.ID, number int) error {
	row, err := p.Store.OrgByID(ctx, org)
	if err != nil {
		return err
	}
	rec, err := p.record(&verify.Entry{Organization: row.BIN, Actor: by, Action: "register.approve", Register: number}, row)
	if err != nil {
		return err
	}
	if err := p.Store.ApproveVersion(ctx, org, number, p.Now(), rec); err != nil {
		return err
	}
	_, err = p.Reload(ctx, org)
	return err
}

// record prepares an entry that concerns no person. It is judged by what was in
// force before it. A description that cannot be read any more chooses nothing:
// the one that mends it must still land.
func (p *Parties) record(e *verify.Entry, org *OrgRow) (*journal.Record, error) {
	now, ahead := p.Now(), ""
	if d, err := register.Parse(org.Described, p.Rules); err == nil {
		ahead = d.Organization.Edition
	}
	e.Edition = p.Law.At(now, ahead).ID
	return journal.Prepare(e, ident.ID{}, org.ID, &p.Keys.Journal, now)
}
