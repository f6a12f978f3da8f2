package vault_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/register"
	"kelisim/internal/seal"
	"kelisim/internal/vault"
)

var now = time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// A value opens in its own row alone.
//
// duty: L22.1.1
func TestValueOpensInItsPlace(t *testing.T) {
	t.Parallel()
	key, subject, org := seal.NewKey(), ident.NewID(now), ident.NewID(now)
	v := vault.Seal(&key, subject, org, vault.Value{Category: "name", Version: 2}, []byte(`"Асыл"`))
	if bytes.Contains(v.Sealed, []byte("Асыл")) {
		t.Fatal("the value can be read")
	}
	if got, err := vault.Open(&key, subject, org, &v); err != nil || string(got) != `"Асыл"` {
		t.Fatal(string(got), err)
	}
	another := seal.NewKey()
	for name, open := range map[string]func() error{
		"another key":          func() error { _, err := vault.Open(&another, subject, org, &v); return err },
		"another person":       func() error { _, err := vault.Open(&key, ident.NewID(now), org, &v); return err },
		"another organization": func() error { _, err := vault.Open(&key, subject, ident.NewID(now), &v); return err },
		"another category": func() error {
			_, err := vault.Open(&key, subject, org, &vault.Value{Category: "phone", Version: 2, Sealed: v.Sealed})
			return err
		},
		"another version": func() error {
			_, err := vault.Open(&key, subject, org, &vault.Value{Category: "name", Version: 1, Sealed: v.Sealed})
			return err
		},
		"nothing": func() error {
			_, err := vault.Open(&key, subject, org, &vault.Value{Category: "name", Version: 2})
			return err
		},
	} {
		if open() == nil {
			t.Errorf("opens with %s", name)
		}
	}
}

func TestLatest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfDistinct(rapid.Custom(func(t *rapid.T) vault.Value {
			return vault.Value{Category: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "category"), Version: rapid.Int64Range(1, 5).Draw(t, "version")}
		}), func(v vault.Value) string { return v.Category + string(rune(v.Version)) }).Draw(t, "all")
		got := vault.Latest(all)
		for _, v := range all {
			i := slices.IndexFunc(got, func(g vault.Value) bool { return g.Category == v.Category })
			if i < 0 || got[i].Version < v.Version {
				t.Fatalf("of %v the newest are %v", all, got)
			}
		}
		if !slices.IsSortedFunc(got, func(a, b vault.Value) int { return bytes.Compare([]byte(a.Category), []byte(b.Category)) }) {
			t.Fatalf("%v is in no order", got)
		}
	})
}

const description = `
organization: {bin: "110140000015", name: {kk: О, ru: О, en: O}, roles: [operator], sector: private}
bases: [{id: site, name: {kk: С, ru: С, en: S}, kind: non-state, country: KZ, holds: vault}]
purposes:
  - {id: short, name: {kk: К, ru: К, en: S}, base: site, categories: [name], actions: [collect], retention: P10D, basis: consent}
  - {id: long, name: {kk: Ұ, ru: Д, en: L}, base: site, categories: [name, phone], actions: [collect], retention: P30D, basis: consent}
  - {id: none, name: {kk: Ж, ru: Н, en: N}, base: site, categories: [email], actions: [collect], basis: consent}
  - {id: lawful, name: {kk: З, ru: З, en: L}, base: site, categories: [iin], actions: [collect], retention: P20D, basis: {provision: "9(10)", document: закон}}
`

// duty: L12.2a, L18.1, L25.2.4
func TestRetention(t *testing.T) {
	t.Parallel()
	d, err := register.Parse([]byte(description), ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	reg := register.Compile(d, 1)
	open := func(until time.Time, purposes ...string) consent.Consent {
		return consent.Consent{Status: consent.Active, Until: until, Terms: &consent.Terms{Purposes: purposes}}
	}
	ended := func(status consent.Status, at time.Time, purposes ...string) consent.Consent {
		c := open(time.Time{}, purposes...)
		c.Status, c.History = status, []consent.Change{{At: at, Status: status}}
		return c
	}
	value := func(category, purpose string, age time.Duration) vault.Value {
		return vault.Value{Category: category, Version: 1, Purpose: purpose, At: now.Add(-age)}
	}
	name, phone := value("name", "long", 100*day), value("phone", "long", 100*day)
	for title, c := range map[string]struct {
		held     []vault.Value
		consents []consent.Consent
		drop     []string
		next     time.Time
	}{
		"nothing held":                           {nil, []consent.Consent{open(time.Time{}, "long")}, nil, time.Time{}},
		"an open consent keeps for ever":         {[]vault.Value{name}, []consent.Consent{open(time.Time{}, "long")}, nil, time.Time{}},
		"so does one that is paused":             {[]vault.Value{name}, []consent.Consent{ended(consent.Paused, now, "long")}, nil, time.Time{}},
		"its own end is a moment to look":        {[]vault.Value{name}, []consent.Consent{open(now.Add(day), "long")}, nil, now.Add(day)},
		"kept for the retention after the end":   {[]vault.Value{name}, []consent.Consent{ended(consent.Withdrawn, now.Add(-29*day), "long")}, nil, now.Add(day)},
		"and to the moment not longer":           {[]vault.Value{name}, []consent.Consent{ended(consent.Withdrawn, now.Add(-30*day), "long")}, []string{"name"}, time.Time{}},
		"from the term of one that expired":      {[]vault.Value{name}, []consent.Consent{open(now.Add(-29*day), "long")}, nil, now.Add(day)},
		"the longest need counts":                {[]vault.Value{name}, []consent.Consent{ended(consent.Withdrawn, now.Add(-20*day), "short", "long")}, nil, now.Add(10 * day)},
		"each category by its own needs":         {[]vault.Value{name, phone}, []consent.Consent{ended(consent.Withdrawn, now.Add(-20*day), "short")}, []string{"name", "phone"}, time.Time{}},
		"one that is open beside one that ended": {[]vault.Value{name, phone}, []consent.Consent{ended(consent.Withdrawn, now.Add(-40*day), "long"), open(time.Time{}, "short")}, []string{"phone"}, time.Time{}},
		"a purpose without retention":            {[]vault.Value{value("email", "none", 10*day)}, []consent.Consent{ended(consent.Withdrawn, now, "none")}, []string{"email"}, time.Time{}},
		"on a provision from the collection":     {[]vault.Value{value("iin", "lawful", 19*day)}, nil, nil, now.Add(day)},
		"on a provision, over":                   {[]vault.Value{value("iin", "lawful", 20*day)}, nil, []string{"iin"}, time.Time{}},
		"on a claimed ground the same":           {[]vault.Value{value("phone", "long", 29*day)}, nil, nil, now.Add(day)},
		"for no purpose at all":                  {[]vault.Value{value("phone", "", day)}, nil, []string{"phone"}, time.Time{}},
		"a purpose that is not declared now":     {[]vault.Value{value("phone", "gone", day)}, []consent.Consent{open(time.Time{}, "gone")}, []string{"phone"}, time.Time{}},
		"the soonest is the next":                {[]vault.Value{value("iin", "lawful", 15*day), value("phone", "long", 26*day)}, nil, nil, now.Add(4 * day)},
	} {
		drop, next := vault.Retention(reg, c.held, c.consents, now)
		if !slices.Equal(drop, c.drop) || !next.Equal(c.next) {
			t.Errorf("%s: drops %v, looks next at %s; want %v, %s", title, drop, next, c.drop, c.next)
		}
	}
}

// A moment before the next look nothing is due; what was due stays due.
func TestRetentionLooksInTime(t *testing.T) {
	t.Parallel()
	d, err := register.Parse([]byte(description), ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	reg := register.Compile(d, 1)
	rapid.Check(t, func(t *rapid.T) {
		var held []vault.Value
		for _, c := range []string{"name", "phone", "email", "iin"} {
			at := now.Add(-time.Duration(rapid.IntRange(0, 40).Draw(t, "age")) * day)
			purpose := rapid.SampledFrom([]string{"short", "long", "none", "lawful"}).Draw(t, "purpose")
			held = append(held, vault.Value{Category: c, Version: 1, Purpose: purpose, At: at})
		}
		var consents []consent.Consent
		for range rapid.IntRange(0, 3).Draw(t, "consents") {
			end := now.Add(time.Duration(rapid.IntRange(-40, 0).Draw(t, "end")) * day)
			consents = append(consents, consent.Consent{
				Status:  rapid.SampledFrom([]consent.Status{consent.Active, consent.Withdrawn}).Draw(t, "status"),
				Terms:   &consent.Terms{Purposes: []string{rapid.SampledFrom([]string{"short", "long", "none"}).Draw(t, "to")}},
				History: []consent.Change{{At: end}},
			})
		}
		drop, next := vault.Retention(reg, held, consents, now)
		if next.IsZero() {
			next = now.Add(1000 * day) // never: not even then
		}
		if !next.After(now) {
			t.Fatalf("looks next at %s, which is over", next)
		}
		if later, _ := vault.Retention(reg, held, consents, next.Add(-time.Nanosecond)); !slices.Equal(later, drop) {
			t.Fatalf("%v became due before the next look", later)
		}
		if later, _ := vault.Retention(reg, held, consents, next.Add(time.Hour)); len(later) < len(drop) {
			t.Fatalf("what was due is not any more: %v, then %v", drop, later)
		}
	})
}
