package party_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

func other(t *testing.T) string {
	t.Helper()
	return strings.Replace(apptest.Bestam(t), `bin: "`+apptest.BIN, `bin: "140440000041`, 1)
}

// Two organizations never see one id for a person, and neither learns that the
// other knows the person.
func TestIDsArePairwise(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		first, second := apptest.Org(t, a, ""), apptest.Apply(t, a, other(t))
		mine := apptest.Subject(t, a, first, 1)
		iin := party.Identifier{Kind: ident.IIN, Value: apptest.IIN(1)}
		if _, err := a.Parties.Lookup(t.Context(), second, iin); !fault.Is(err, "subject-unknown") {
			t.Fatalf("looked up what only another knows: %v", err)
		}
		theirs, created, err := a.Parties.Register(t.Context(), second, apptest.System, party.NewSubject{Identifiers: []party.Identifier{iin}})
		if err != nil || !created {
			t.Fatal(created, err)
		}
		if theirs == mine {
			t.Fatal("one id for two organizations")
		}
		if first.Inside(mine) != second.Inside(theirs) {
			t.Fatal("one person became two")
		}
		if _, err := a.Store.Facts(t.Context(), second.Inside(mine), second.ID); !fault.Is(err, "subject-unknown") {
			t.Fatalf("an id of another organization leads to a person: %v", err)
		}
		holders, err := a.Store.Holders(t.Context(), first.Inside(mine))
		if err != nil || len(holders) != 2 {
			t.Fatalf("the subject sees %d holders (%v)", len(holders), err)
		}
		for i := range holders {
			p, err := a.Parties.Profile(second, &holders[i])
			if mine := holders[i].Org == second.ID; mine != (err == nil) || p.Name != "" {
				t.Errorf("one organization opens the profile of another: %v", err)
			}
		}
	})
}

func TestRegisterAndLookup(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		org := apptest.Org(t, a, "")
		in := party.NewSubject{
			Identifiers: []party.Identifier{
				{Kind: ident.IIN, Value: apptest.IIN(3)},
				{Kind: ident.Phone, Value: "8 (701) 111-22-33"},
				{Kind: ident.Email, Value: "Asyl@Example.KZ"},
				{Kind: ident.Document, Value: "n 12345678"},
				{Kind: ident.External, Value: "crm-7"},
			},
			Profile: party.Profile{Name: "Асыл", Language: locale.KK, Contacts: map[string]string{"email": "asyl@example.kz"}},
		}
		id, created, err := a.Parties.Register(t.Context(), org, apptest.System, in)
		if err != nil || !created {
			t.Fatal(created, err)
		}
		for _, x := range []party.Identifier{ // each by another spelling
			{Kind: ident.IIN, Value: " " + apptest.IIN(3)},
			{Kind: ident.Phone, Value: "+77011112233"},
			{Kind: ident.Email, Value: "asyl@example.kz"},
			{Kind: ident.Document, Value: "N12345678"},
			{Kind: ident.External, Value: "crm-7"},
		} {
			if got, err := a.Parties.Lookup(t.Context(), org, x); err != nil || got != id {
				t.Errorf("%s: %v", x.Kind, err)
			}
		}
		again, created, err := a.Parties.Register(t.Context(), org, apptest.System, in)
		if err != nil || created || again != id {
			t.Fatal(created, err)
		}
		h, err := a.Store.Holding(t.Context(), org.Inside(id), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := a.Parties.Profile(org, h); err != nil || p.Name != "Асыл" || p.Language != locale.KK || p.Contacts["email"] != "asyl@example.kz" {
			t.Fatalf("profile %+v: %v", p, err)
		}
		if n := apptest.Clean(t, a); n != 3 {
			t.Errorf("%d entries, want one for each that was done", n)
		}
	})
}

// What is wrong is named by its place in the list, never by its value.
func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	a, _ := apptest.SQLite(t)
	org := apptest.Apply(t, a, apptest.Bestam(t))
	phone := party.Identifier{Kind: ident.Phone, Value: "87011112233"}
	many := make([]party.Identifier, party.MaxIdentifiers+1)
	for i := range many {
		many[i] = phone
	}
	contacts := map[string]string{}
	for i := range 17 {
		contacts[string(rune('a'+i))] = "x"
	}
	for name, c := range map[string]struct {
		in          party.NewSubject
		field, code string
	}{
		"nothing":    {party.NewSubject{}, "identifiers", "missing-field"},
		"too many":   {party.NewSubject{Identifiers: many}, "identifiers", "too-many-items"},
		"wrong IIN":  {party.NewSubject{Identifiers: []party.Identifier{phone, {Kind: ident.IIN, Value: "900101300018"}}}, "identifiers[1].value", "iin-check"},
		"no kind":    {party.NewSubject{Identifiers: []party.Identifier{{Kind: "nick", Value: "secret-name"}}}, "identifiers[0].value", "identifier-kind"},
		"long name":  {party.NewSubject{Identifiers: []party.Identifier{phone}, Profile: party.Profile{Name: strings.Repeat("secret", 100)}}, "name", "too-long"},
		"contacts":   {party.NewSubject{Identifiers: []party.Identifier{phone}, Profile: party.Profile{Contacts: contacts}}, "contacts", "too-many-items"},
		"a language": {party.NewSubject{Identifiers: []party.Identifier{phone}, Profile: party.Profile{Language: "de"}}, "language", "bad-enum"},
	} {
		_, _, err := a.Parties.Register(t.Context(), org, apptest.System, c.in)
		f, ok := err.(*fault.Error) //nolint:errorlint // the very error is looked at
		if !ok || f.Code != c.code || f.Field != c.field || f.Kind != fault.Invalid {
			t.Errorf("%s: %v, want %s at %s", name, err, c.code, c.field)
			continue
		}
		for _, value := range []string{"900101300018", "secret"} {
			if strings.Contains(err.Error(), value) {
				t.Errorf("%s: the error tells the value", name)
			}
		}
	}
}

// A description is applied once, kept by version, and in force when approved.
//
// duty: L25.2.1
func TestApply(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		apply := func(text string, approve bool) *party.Applied {
			t.Helper()
			clock.Add(time.Second)
			d, err := register.Parse([]byte(text), a.Parties.Rules)
			if err != nil {
				t.Fatal(err)
			}
			out, err := a.Parties.Apply(t.Context(), apptest.System, d, approve)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		changed := strings.Replace(apptest.Bestam(t), "retention: P30D", "retention: P60D", 1)
		again := apply(apptest.Bestam(t), true)
		if again.Created || again.Changed || again.Number != 1 {
			t.Fatalf("applied twice: %+v", again)
		}
		waits := apply(changed, false)
		if !waits.Changed || waits.Number != 2 || len(waits.Changes) == 0 || apptest.Org(t, a, "").Register.Version != 1 {
			t.Fatalf("applied without the officer: %+v", waits)
		}
		if out := apply(changed, false); out.Changed || out.Number != 2 {
			t.Fatalf("applied twice: %+v", out)
		}
		if out := apply(changed, true); !out.Changed || out.Number != 2 || apptest.Org(t, a, "").Register.Version != 2 {
			t.Fatalf("approved: %+v", out)
		}
		if p := apptest.Org(t, apptest.Reopen(t, a), "").Register.Purpose("news"); p.Retention.String() != "P60D" {
			t.Fatalf("in force for another process: %s", p.Retention)
		}
		versions, err := a.Store.Versions(t.Context(), apptest.Org(t, a, "").ID)
		if err != nil || len(versions) != 2 || versions[0].Approved.IsZero() || bytes.Equal(versions[0].Canonical, versions[1].Canonical) {
			t.Fatalf("%d versions: %v", len(versions), err)
		}
		if n := apptest.Clean(t, a); n != 4 {
			t.Errorf("%d entries, want four: created, applied, applied, approved", n)
		}
	})
}
