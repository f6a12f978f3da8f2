package party

import (
	"context"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

// Countries is what the administrator has set about foreign states (Art. 16):
// dated, with the document it rests on. None is assumed to protect.
type Countries map[string][]Country

// Country is one entry about a state.
type Country struct {
	ID         ident.ID
	Code       string    // ISO 3166-1 alpha-2
	Protects   bool      // it ensures protection, Art. 16(2)
	Forbidden  bool      // a law forbids or limits the transfer, Art. 16(4)
	Categories []string  // what the ban is about; none: everything
	From       time.Time // the entry holds from, and before; a zero Until is open
	Until      time.Time
	Document   string
}

func (c *Country) holds(now time.Time) bool {
	return !now.Before(c.From) && (c.Until.IsZero() || now.Before(c.Until))
}

// Protects reports whether the state ensures protection at a moment.
func (l Countries) Protects(code string, now time.Time) bool {
	list := l[code]
	for i := range list {
		if list[i].Protects && list[i].holds(now) {
			return true
		}
	}
	return false
}

// Forbids reports whether a law stands against sending any of the categories
// there.
func (l Countries) Forbids(code string, categories []string, now time.Time) bool {
	list := l[code]
	for i := range list {
		if c := &list[i]; c.Forbidden && c.holds(now) && (len(c.Categories) == 0 || len(categories) == 0 || slices.ContainsFunc(categories, func(id string) bool { return slices.Contains(c.Categories, id) })) {
			return true
		}
	}
	return false
}

// NewCountry is what the administrator sets about a state. To take an entry
// back, it is ended.
type NewCountry struct {
	Code       string
	Protects   bool
	Forbidden  bool
	Categories []string
	From       time.Time // now where absent
	Until      time.Time
	Document   string
}

// maxDocument bounds the name of a document, in bytes.
const maxDocument = 500

// SetCountry puts down what holds of a state. On return no decision rests on
// what was known before.
func (p *Parties) SetCountry(ctx context.Context, by verify.Actor, in NewCountry) (*Country, error) {
	code, err := ident.Country(in.Code)
	if err != nil {
		return nil, err
	}
	now := p.Now()
	c := &Country{
		ID: ident.NewID(now), Code: code, Protects: in.Protects, Forbidden: in.Forbidden, Categories: in.Categories,
		From: in.From, Until: in.Until, Document: in.Document,
	}
	if c.From.IsZero() {
		c.From = now
	}
	switch {
	case code == "KZ":
		return nil, fault.Bad("country", "country-home")
	case c.Protects == c.Forbidden:
		return nil, fault.Bad("protects", "country-either")
	case c.Document == "":
		return nil, fault.Bad("document", "missing-field")
	case len(c.Document) > maxDocument:
		return nil, fault.Bad("document", "too-long", "max", maxDocument)
	case !c.Until.IsZero() && !c.Until.After(c.From):
		return nil, fault.Bad("until", "ends-before-it-begins")
	}
	rec, err := p.record(&verify.Entry{Actor: by, Action: "country.set", Country: code, Reference: c.Document, Detail: c.kind()}, &OrgRow{})
	if err != nil {
		return nil, err
	}
	if err := p.Store.PutCountry(ctx, c, rec); err != nil {
		return nil, err
	}
	return c, p.loadCountries(ctx)
}

func (c *Country) kind() string {
	if c.Forbidden {
		return "forbidden"
	}
	return "protects"
}

// EndCountry ends an entry about a state at this moment.
func (p *Parties) EndCountry(ctx context.Context, by verify.Actor, id ident.ID) error {
	now := p.Now()
	rec, err := p.record(&verify.Entry{Actor: by, Action: "country.end", Detail: id.String()}, &OrgRow{})
	if err != nil {
		return err
	}
	if err := p.Store.EndCountry(ctx, id, now, rec); err != nil {
		return err
	}
	return p.loadCountries(ctx)
}

// Countries is what holds of foreign states. It may be a moment old, as an
// organization may: a change of it moves the versions of all organizations.
func (p *Parties) Countries() Countries {
	if l := p.countries.Load(); l != nil {
		return *l
	}
	return nil
}

func (p *Parties) loadCountries(ctx context.Context) error {
	list, err := p.Store.Countries(ctx)
	if err != nil {
		return err
	}
	byCode := Countries{}
	for _, c := range list {
		byCode[c.Code] = append(byCode[c.Code], c)
	}
	p.countries.Store(&byCode)
	return nil
}

// CountryStore keeps what the administrator set about foreign states.
type CountryStore interface {
	// PutCountry and EndCountry land with their entry and move the version of
	// every organization, so that no decision rests on what was before.
	PutCountry(ctx context.Context, c *Country, r *journal.Record) error
	// EndCountry returns a fault.NotFound where there is no entry that is open.
	EndCountry(ctx context.Context, id ident.ID, at time.Time, r *journal.Record) error
	// Countries lists all entries by country and time.
	Countries(ctx context.Context) ([]Country, error)
}
