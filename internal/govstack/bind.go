package govstack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// The lawful bases of the document. Only the first is a consent; what the Law
// allows without one needs no record here.
var bases = []string{"consent", "legal_obligation", "contract", "vital_interest", "public_task", "legitimate_interest"}

// dataSource: the organization hands the data to others. Consent to any other
// agreement stays with the organization itself.
const dataSource = "data_source"

var dataUses = []string{"", "null", dataSource, "data_using_service"}

// bind finds the purpose of the register that an agreement is about: the one of
// its id, or the one that its text names by id or by a name in any language. Nil
// where it names none, or two: nobody reads of one purpose and consents to
// another. It is looked for at each use, so an agreement becomes active when its
// purpose is put in force, and stops with it.
func bind(reg *register.Register, a *Agreement) *register.Entry {
	if reg == nil {
		return nil
	}
	byText, byID := reg.Purpose(a.Purpose), reg.Purpose(purposeID(a))
	for i := range reg.Description.Purposes {
		p := &reg.Description.Purposes[i]
		if byText == nil && slices.Contains([]string{p.Name.KK, p.Name.RU, p.Name.EN}, a.Purpose) {
			byText = reg.Purpose(p.ID)
		}
	}
	switch {
	case byID == nil:
		return byText
	case byText == nil || byText == byID:
		return byID
	}
	return nil
}

// active reports whether an agreement can be consented to now.
func (f *Face) active(reg *register.Register, a *Agreement) bool {
	p := bind(reg, a)
	return p != nil && p.Basis.Consent() && p.InForce(f.Now()) && a.LawfulBasis == bases[0] && (a.Active == nil || *a.Active)
}

// categories are those that the attributes of an agreement name, by category or by
// their own name; none where it has no attributes.
func categories(reg *register.Register, a *Agreement) ([]string, error) {
	var out []string
	for i := range a.Attributes {
		x := &a.Attributes[i]
		id := x.Category
		if _, ok := reg.Category(id); !ok {
			id = strings.ToLower(x.Name)
		}
		if _, ok := reg.Category(id); !ok {
			return nil, fault.Bad(fmt.Sprintf("attributes[%d].category", i), "govstack-category")
		}
		if p := bind(reg, a); p != nil && !slices.Contains(p.Categories, id) {
			return nil, fault.Bad(fmt.Sprintf("attributes[%d].category", i), "govstack-category-excess")
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// terms are what a consent to an agreement covers: the data that it names, all
// that the purpose needs where it names none, and the purpose's recipients only
// where the agreement says that data is handed on.
func (f *Face) terms(reg *register.Register, a *Agreement) (consent.Terms, error) {
	p := bind(reg, a)
	switch {
	case p == nil:
		return consent.Terms{}, fault.Bad("dataAgreementId", "govstack-unbound")
	case !f.active(reg, a):
		return consent.Terms{}, fault.Bad("dataAgreementId", "govstack-inactive")
	}
	named, err := categories(reg, a)
	if err != nil {
		return consent.Terms{}, err
	}
	t := consent.Terms{Purposes: []string{p.ID}, Categories: named}
	if a.DataUse == dataSource {
		for i := range p.Recipients {
			t.ThirdParties = append(t.ThirdParties, p.Recipients[i].BIN)
		}
		t.Countries = slices.Clone(p.CrossBorder)
	}
	return t, nil
}

var plainID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// purposeID is the id that a purpose declared for an agreement gets.
func purposeID(a *Agreement) string {
	if len(a.ID) <= 40 && plainID.MatchString(a.ID) {
		return a.ID
	}
	sum := sha256.Sum256([]byte(a.ID))
	return "govstack-" + hex.EncodeToString(sum[:6])
}

// declare brings the purpose of an agreement that names none into the
// description of the organization, where the agreement says which data it needs:
// the next version of it, which waits for the officer as any other does. Without
// that it stays a draft: a purpose is never made up, for the Law asks that the
// data be necessary and sufficient for it. Told twice, nothing is applied twice.
func (f *Face) declare(ctx context.Context, who *Who, a *Agreement) (int, error) {
	if who.Org.Register == nil || len(a.Attributes) == 0 {
		return 0, nil
	}
	if _, err := categories(who.Org.Register, a); err != nil {
		return 0, err
	}
	if bind(who.Org.Register, a) != nil || a.LawfulBasis != bases[0] {
		return 0, nil
	}
	versions, err := f.Parties.Store.Versions(ctx, who.Org.ID)
	if err != nil {
		return 0, err
	}
	newest := versions[0] // a register in force is a version
	d, err := register.Parse(newest.Canonical, f.Parties.Rules)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, "internal", err)
	}
	p, err := f.purpose(who, d, a)
	if err != nil {
		return 0, err
	}
	d.Purposes = append(slices.DeleteFunc(d.Purposes, func(x register.Purpose) bool { return x.ID == p.ID }), *p)
	if d, err = register.Parse(d.Canonical(), f.Parties.Rules); err != nil {
		return 0, fault.Bad("attributes", "govstack-purpose")
	}
	// What waits in the version before is not approved by the way.
	got, err := f.Parties.Apply(ctx, who.By, d, who.Approves && !newest.Approved.IsZero())
	if err != nil {
		return 0, err
	}
	if who.Org, err = f.Parties.Reload(ctx, who.Org.ID); err != nil {
		return 0, err
	}
	if got.Approved.IsZero() {
		return got.Number, nil
	}
	return 0, nil
}

func (f *Face) purpose(who *Who, d *register.Description, a *Agreement) (*register.Purpose, error) {
	p := &register.Purpose{
		ID: purposeID(a), Actions: []register.Action{register.Collect, register.Store, register.View, register.Use},
	}
	switch who.Lang {
	case locale.KK:
		p.Name.KK = a.Purpose
	case locale.RU:
		p.Name.RU = a.Purpose
	default:
		p.Name.EN = a.Purpose
	}
	var err error
	if p.Categories, err = categories(who.Org.Register, a); err != nil {
		return nil, err
	}
	if a.Policy != nil {
		if slices.ContainsFunc(d.Bases, func(b register.Base) bool { return b.ID == a.Policy.StorageLocation }) {
			p.Base = a.Policy.StorageLocation
		}
		if n := a.Policy.DataRetentionPeriodDays; n != nil && *n > 0 {
			p.Retention, _ = register.ParsePeriod("P" + strconv.Itoa(*n) + "D")
		}
	}
	if p.Base == "" && len(d.Bases) == 1 {
		p.Base = d.Bases[0].ID
	}
	if p.Base == "" {
		return nil, fault.Bad("policy.storageLocation", "govstack-base")
	}
	return p, nil
}

// ownPolicy is the organization's own policy, which governs every agreement that
// names no other: the one that Kelisim renders from the register, by version.
func ownPolicy(who *Who) *Policy {
	reg := who.Org.Register
	if reg == nil {
		return nil
	}
	n := strconv.Itoa(reg.Version)
	return &Policy{
		ID: ownPrefix + n, Name: locale.Text(who.Lang, "govstack.policy", "org", reg.Name.In(who.Lang)), Version: n,
		URL: who.Public + "/o/" + who.Org.BIN + "/policy/" + n, Jurisdiction: register.Home,
	}
}

// ownPrefix begins the ids of own policies; nobody else's do.
const ownPrefix = "register-"

func controller(org *party.Organization, who *Who) *Controller {
	c := &Controller{ID: org.BIN, Name: org.BIN, URL: who.Public + "/o/" + org.BIN + "/policy"}
	if org.Register != nil {
		c.Name = org.Register.Name.In(who.Lang)
		if site := org.Register.Description.Organization.Website; site != "" {
			c.URL = site
		}
	}
	return c
}
