// Package register is what an organization declares about its handling of
// personal data: bases, categories, purposes, recipients, retention. [Parse]
// reads and checks a description, [Compile] brings one version of it to the form
// that decisions are taken by, and [Diff] says what a new version changes and
// what of that subjects must be asked about again.
//
// A register says what an organization means to do and never that it may: that
// takes a consent or a ground, which package gate judges. Which version is in
// force, and who approved it, is the store's to know. The package is pure.
package register

import (
	"slices"
	"time"

	"kelisim/internal/locale"
)

// Register is one version of a description, ready for decisions: every look-up
// is one step and allocates nothing. It never changes, so any number of
// decisions read it at once.
type Register struct {
	Version int
	BIN     string
	Name    locale.String
	// Description is what was declared. It is not to be changed.
	Description *Description

	bases      map[string]*Base
	categories map[string]Category
	purposes   map[string]*Entry
	onGround   map[string]bool // categories that some purpose needs on a ground
}

// Entry is a declared purpose, ready for decisions.
type Entry struct {
	*Purpose // as declared
	In       *Base
	Allowed  Actions // those declared, and the duties that need no declaring

	categories  map[string]Category
	recipients  map[string]*Recipient
	countries   map[string]bool
	from, until time.Time      // in force from, and before; zero: unbounded
	past        map[int]before // by earlier versions that allowed otherwise; mostly nil
}

// Compile makes the register of a description that [Parse] returned. The
// description belongs to the register from then on.
func Compile(d *Description, version int) *Register {
	r := &Register{
		Version: version, BIN: d.Organization.BIN, Name: d.Organization.Name, Description: d,
		bases:      make(map[string]*Base, len(d.Bases)),
		categories: d.index(),
		purposes:   make(map[string]*Entry, len(d.Purposes)),
		onGround:   map[string]bool{},
	}
	for i := range d.Bases {
		r.bases[d.Bases[i].ID] = &d.Bases[i]
	}
	for i := range d.Purposes {
		r.purposes[d.Purposes[i].ID] = r.entry(&d.Purposes[i])
	}
	return r
}

func (r *Register) entry(p *Purpose) *Entry {
	e := &Entry{
		Purpose: p, In: r.bases[p.Base], Allowed: ActionSet(p.Actions...) | Duties,
		categories: make(map[string]Category, len(p.Categories)),
		recipients: make(map[string]*Recipient, len(p.Recipients)),
		countries:  make(map[string]bool, len(p.CrossBorder)),
	}
	for _, id := range p.Categories {
		e.categories[id] = r.categories[id]
		r.onGround[id] = r.onGround[id] || !p.Basis.Consent()
	}
	if p.From != (Date{}) {
		e.from = p.From.In(locale.Zone())
	}
	if p.Until != (Date{}) {
		e.until = p.Until.In(locale.Zone()).AddDate(0, 0, 1)
	}
	for i := range p.Recipients {
		e.recipients[p.Recipients[i].BIN] = &p.Recipients[i]
	}
	for _, code := range p.CrossBorder {
		e.countries[code] = true
	}
	return e
}

// Purpose is the entry of a declared purpose, nil where there is none.
func (r *Register) Purpose(id string) *Entry { return r.purposes[id] }

// Base is a declared base, nil where there is none.
func (r *Register) Base(id string) *Base { return r.bases[id] }

// Category is a category of data, declared by the organization or built in.
func (r *Register) Category(id string) (Category, bool) {
	c, ok := r.categories[id]
	return c, ok
}

// OnGround reports whether some purpose needs a category on a ground of the Law:
// only so may an organization have special data (policy 5.9).
func (r *Register) OnGround(category string) bool { return r.onGround[category] }

// InForce reports whether the purpose is in force at a moment.
func (e *Entry) InForce(now time.Time) bool {
	return (e.from.IsZero() || !now.Before(e.from)) && (e.until.IsZero() || now.Before(e.until))
}

// Fits reports whether what was collected for another purpose may be used for
// this one (Art. 7(8)).
func (e *Entry) Fits(other string) bool { return other == e.ID || slices.Contains(e.Compatible, other) }

// Merges reports whether data of a base may be brought to this purpose: all
// that the base holds it for goes with the purpose (policy 6.3).
func (r *Register) Merges(base string, categories []string, into *Entry) bool {
	for i := range r.Description.Purposes {
		p := &r.Description.Purposes[i]
		if p.Base == base && !into.Fits(p.ID) && slices.ContainsFunc(p.Categories, func(c string) bool { return slices.Contains(categories, c) }) {
			return false
		}
	}
	return true
}

// Allows reports whether an action may be done for the purpose.
func (e *Entry) Allows(a Action) bool { return e.Allowed.Has(a) }

// Category is a category of data that the purpose needs; false for any other,
// which would be excessive (Art. 7(9)).
func (e *Entry) Category(id string) (Category, bool) {
	c, ok := e.categories[id]
	return c, ok
}

// Recipient is a third party that the purpose names, nil for any other.
func (e *Entry) Recipient(bin string) *Recipient { return e.recipients[bin] }

// SendsTo reports whether the purpose names a foreign country.
func (e *Entry) SendsTo(country string) bool { return e.countries[country] }
