package intake

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/internal/vault"
	"kelisim/verify"
)

// plan turns rows into people under one version of the register.
type plan struct {
	*Options
	org     *party.Organization
	purpose *register.Entry
	place   []int // of the map's columns in a row
	width   int   // of the first row
}

// under is the plan for a version of the organization, or what of the map does
// not fit it.
func (p *plan) under(org *party.Organization) (*plan, error) {
	n := *p
	n.org = org
	if org.Register == nil {
		return nil, fault.New(fault.Conflict, "register-absent")
	}
	if n.purpose = org.Register.Purpose(p.Purpose); n.purpose == nil {
		return nil, fault.Bad("purpose", "purpose-unknown")
	}
	var all []string
	for _, c := range p.Map.Columns {
		if c.Category == "" {
			continue
		}
		if _, ok := n.purpose.Category(c.Category); !ok {
			near := register.Nearest(c.Category, n.purpose.Categories)
			return nil, fault.Bad(c.Column, "category-not-of-purpose", "id", c.Category, "purpose", p.Purpose, "near", near)
		}
		all = append(all, c.Category)
	}
	_, err := n.decide(all, p.Parties.Now())
	return &n, err
}

// decide asks the gate whether the categories may be collected on the map's
// ground. Fewer of them are never judged worse than all.
func (p *plan) decide(categories []string, now time.Time) (verify.Reason, error) {
	ed := p.org.Edition(now)
	d := gate.Decide(&gate.Facts{
		Now: now, Edition: ed, Register: p.org.Register, Suspended: p.org.Suspended, Asker: p.org.Register,
		Subject: party.Alive, Holding: party.Held,
		Request: gate.Request{
			Base: p.purpose.Base, Action: register.Collect, Purpose: p.Purpose, Categories: categories,
			Ground: law.Provision(p.Map.Ground.Provision), Document: p.Map.Ground.Document,
		},
	})
	if d.Permit {
		return verify.Reason{Code: d.Codes()[0].String(), Provisions: []string{string(d.Ground)}}, nil
	}
	e := fault.New(fault.Denied, "import-denied")
	var codes []string
	for _, c := range d.Codes() {
		codes = append(codes, c.String())
		for _, at := range ed.Reason(c).Provisions {
			e.Provisions = append(e.Provisions, string(at))
		}
	}
	e.Args = []any{"reasons", strings.Join(codes, ", ")}
	return verify.Reason{}, e
}

// person is a row that passed.
type person struct {
	reg     *party.Registration
	in      party.NewSubject
	values  []value
	reason  verify.Reason
	at      time.Time
	consent *agreed  // given before; nil for none
	landing *landing // sealed for the case that nobody knows the person
}

type value struct {
	category string
	raw      json.RawMessage
}

// landing is what lands with a person.
type landing struct {
	holding *party.Holding
	values  []vault.Value
	record  *journal.Record
}

// prepare turns each row of a batch into a person or gives it a fault. What is
// no fault of a row ends the run after the rows before it.
func (p *plan) prepare(b *batch) {
	b.people = make([]*person, len(b.rows))
	for i := range b.rows {
		if b.rows[i].fault != nil {
			continue
		}
		q, err := p.person(&b.rows[i])
		if err == nil {
			q.landing, err = p.seal(q, party.Joined{Subject: q.reg.Subject, JournalKey: q.reg.JournalKey})
		}
		var f *fault.Error
		switch {
		case err == nil:
			b.people[i] = q
		case errors.As(err, &f) && f.Kind == fault.Invalid:
			b.rows[i].fault = f
		default:
			b.rows, b.people, b.err = b.rows[:i], b.people[:i], err
			return
		}
	}
}

func (p *plan) person(w *row) (*person, error) {
	if len(w.cells) > p.width && slices.ContainsFunc(w.cells[p.width:], func(c string) bool { return strings.TrimSpace(c) != "" }) {
		return nil, fault.New(fault.Invalid, "row-longer")
	}
	q := &person{at: p.Parties.Now()}
	q.in.Origin, q.in.Ground, q.in.Profile.Language = p.Map.Origin, &p.Map.Ground, p.Map.Language
	for i := range p.Map.Columns {
		cell := ""
		if at := p.place[i]; at < len(w.cells) {
			cell = strings.TrimSpace(w.cells[at])
		}
		if err := p.take(q, &p.Map.Columns[i], cell); err != nil {
			return nil, err.At(p.Map.Columns[i].Column)
		}
	}
	if len(q.in.Identifiers) == 0 {
		return nil, fault.New(fault.Invalid, "row-without-identifier")
	}
	categories := make([]string, len(q.values))
	for i := range q.values {
		categories[i] = q.values[i].category
	}
	var err error
	if q.reason, err = p.decide(categories, q.at); err != nil {
		return nil, err
	}
	q.reg, err = p.Parties.Registration(p.org, &q.in, q.at)
	return q, err
}

// take reads one cell into a person.
func (p *plan) take(q *person, c *Column, cell string) *fault.Error {
	if cell == "" {
		if c.Optional {
			return nil
		}
		return fault.New(fault.Invalid, "cell-empty")
	}
	if !utf8.ValidString(cell) || strings.ContainsFunc(cell, unshown) {
		return fault.New(fault.Invalid, "control-character")
	}
	if c.Identifier != "" {
		id, err := p.normal(c.Identifier, cell)
		if err != nil {
			return err
		}
		q.in.Identifiers = append(q.in.Identifiers, party.Identifier{Kind: c.Identifier, Value: id})
	}
	if c.Name {
		if len(cell) > maxText {
			return fault.New(fault.Invalid, "too-long", "max", maxText)
		}
		q.in.Profile.Name = cell
	}
	if c.Consent != "" {
		if err := q.agree(c.Consent, cell, p.Map.Channel); err != nil {
			return err
		}
	}
	if c.Category == "" {
		return nil
	}
	return p.keep(q, c.Category, cell)
}

// keep takes a cell as a value of a category, in the form that the gate brings
// values to that are collected one by one.
func (p *plan) keep(q *person, category, cell string) *fault.Error {
	switch kind := ident.Kind(category); kind {
	case ident.IIN, ident.Phone, ident.Email:
		var err *fault.Error
		if cell, err = p.normal(kind, cell); err != nil {
			return err
		}
	default: // a document is more than its number
	}
	raw, err := json.Marshal(cell)
	if err != nil || len(raw) > vault.MaxValue {
		return fault.New(fault.Invalid, "too-long", "max", vault.MaxValue)
	}
	q.values = append(q.values, value{category, raw})
	return nil
}

func unshown(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}

// normal checks an identifier and brings it to its one form.
func (p *plan) normal(kind ident.Kind, cell string) (string, *fault.Error) {
	v, err := p.Parties.Rules.Normalise(kind, cell)
	if err == nil {
		return v, nil
	}
	var f *fault.Error
	if p.becameNumber(kind, cell) || !errors.As(err, &f) {
		f = fault.New(fault.Invalid, "cell-as-number")
	}
	return "", f
}

// number is how spreadsheets write what they took for one: rounded, with an
// exponent, with a fraction of nothing.
var number = regexp.MustCompile(`^\+?(\d+)([.,]\d+)?([eE]\+?\d+)?$`)

// becameNumber reports whether a spreadsheet has made a number of an IIN or a
// phone: its exponent shows it, or an IIN that is right but for leading zeros.
func (p *plan) becameNumber(kind ident.Kind, cell string) bool {
	m := number.FindStringSubmatch(cell)
	if m == nil || kind != ident.IIN && kind != ident.Phone {
		return false
	}
	if m[2] != "" || m[3] != "" {
		return true
	}
	if kind != ident.IIN || len(m[1]) >= 12 {
		return false
	}
	_, err := p.Parties.Rules.Normalise(ident.IIN, strings.Repeat("0", 12-len(m[1]))+m[1])
	return err == nil && !p.Parties.Rules.AllowTest
}

// seal makes ready what lands with a person for the subject that was found or
// made. The record stands only while the register is the one decided by.
func (p *plan) seal(q *person, j party.Joined) (*landing, error) {
	e := &verify.Entry{
		Actor: p.By, Action: "subject.import", Base: p.purpose.Base, Purpose: p.Purpose,
		Decision: "permit", Reasons: []verify.Reason{q.reason}, Register: p.org.Register.Version,
	}
	for _, v := range q.values {
		e.Categories = append(e.Categories, v.category)
	}
	a, err := p.Parties.Admit(p.org, &q.in, j, e, q.at)
	if err != nil {
		return nil, err
	}
	a.Record.Guard.Org = p.org.Version
	if p.purpose.Retention != (register.Period{}) {
		a.Holding.DestroyAt = p.purpose.Retention.Add(q.at)
	}
	l := &landing{holding: a.Holding, record: a.Record, values: make([]vault.Value, len(q.values))}
	for i, v := range q.values {
		l.values[i] = vault.Seal(&a.Data, j.Subject, p.org.ID, vault.Value{Category: v.category, Version: 1, Purpose: p.Purpose, At: q.at}, v.raw)
	}
	return l, nil
}
