package gate_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

var (
	purposes   = []string{"contracts", "payment", "abroad", "directory", "research", "clinic", "archive", "fun", ""}
	categories = []string{"name", "iin", "phone", "education", "visit-data", "health", "salary", "shoes"}
	bins       = []string{"", "120240000020", "130340000036", "140440000041"}
	countries  = []string{"", "KZ", "DE", "US"}
	grounds    = []law.Provision{"9(1)", "9(2)", "9(3)", "9(5)", "9(6)", "9(7)", "9(10)", "16(3)2", "9(99)"}
	statuses   = []consent.Status{
		consent.Active, consent.Active, consent.Active, consent.Paused, consent.Withdrawn, consent.Expired, consent.Superseded, consent.Ended,
	}
)

func protecting(codes []string) party.Countries {
	l := party.Countries{}
	for _, code := range codes {
		l[code] = append(l[code], party.Country{Code: code, Protects: true})
	}
	return l
}

// forbid puts bans beside what is there, in a list of its own.
func forbid(f *gate.Facts, codes []string) {
	l := maps.Clone(f.Countries)
	for _, code := range codes {
		l[code] = append(slices.Clip(l[code]), party.Country{Code: code, Forbidden: true})
	}
	f.Countries = l
}

func withoutProtection(of party.Countries) party.Countries {
	l := party.Countries{}
	for code, list := range of {
		for _, c := range list {
			if !c.Protects {
				l[code] = append(l[code], c)
			}
		}
	}
	return l
}

func subset(t *rapid.T, list []string, name string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 0, 3, rapid.ID).Draw(t, name)
}

// anyFacts draws facts on which a request passes, and then spoils some of them:
// drawn at random alone, next to nothing would ever pass.
func anyFacts(t *rapid.T, op *register.Register) *gate.Facts {
	p := op.Purpose(rapid.SampledFrom(purposes[:7]).Draw(t, "purpose"))
	f := &gate.Facts{
		Now: moment, Edition: edition, Register: op, Asker: op, Subject: party.Alive, Holding: party.Held,
		Countries: protecting(subset(t, countries[1:], "protecting")),
		Request: gate.Request{
			Action: rapid.SampledFrom(p.Allowed.List()).Draw(t, "action"), Purpose: p.ID,
			Categories: subset(t, p.Categories, "categories"),
		},
	}
	if len(p.Recipients) > 0 && (f.Action == register.Transfer || rapid.Bool().Draw(t, "handed on")) {
		f.Recipient = p.Recipients[0].BIN
	}
	if f.Action == register.CrossBorder || len(p.CrossBorder) > 0 && rapid.Bool().Draw(t, "abroad") {
		f.Country = rapid.SampledFrom(p.CrossBorder).Draw(t, "country")
	}
	f.Consents = []consent.Consent{{
		ID: consentID("a"), Status: consent.Active, Scopes: consent.AllScopes, Given: moment.Add(-time.Hour),
		Terms: &consent.Terms{
			Purposes: []string{p.ID}, Categories: p.Categories, ThirdParties: bins[1:], Countries: countries[1:], PublicSources: true,
		},
	}}
	for range rapid.IntRange(0, 2).Draw(t, "more consents") {
		f.Consents = append(f.Consents, anyConsent(t, byte('a'+len(f.Consents)), f.Purpose))
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(spoil)-1), 0, 3).Draw(t, "spoil") {
		spoil[i](t, f)
	}
	return f
}

// spoil are ways in which facts are other than they were.
var spoil = []func(*rapid.T, *gate.Facts){
	func(_ *rapid.T, f *gate.Facts) { f.Suspended = true },
	func(_ *rapid.T, f *gate.Facts) { f.Subject = party.Deceased },
	func(t *rapid.T, f *gate.Facts) {
		f.Holding = rapid.SampledFrom([]string{party.Blocked, party.Destroyed}).Draw(t, "holding")
	},
	func(t *rapid.T, f *gate.Facts) { forbid(f, subset(t, countries[1:], "forbidden")) },
	func(t *rapid.T, f *gate.Facts) {
		f.Base = rapid.SampledFrom([]string{"site", "cloud", "attic"}).Draw(t, "base")
	},
	func(t *rapid.T, f *gate.Facts) {
		f.Action = rapid.SampledFrom(register.AllActions()).Draw(t, "any action")
	},
	func(t *rapid.T, f *gate.Facts) { f.Purpose = rapid.SampledFrom(purposes).Draw(t, "any purpose") },
	func(t *rapid.T, f *gate.Facts) { f.Categories = subset(t, categories, "any categories") },
	func(t *rapid.T, f *gate.Facts) { f.Recipient = rapid.SampledFrom(bins).Draw(t, "any recipient") },
	func(t *rapid.T, f *gate.Facts) { f.Country = rapid.SampledFrom(countries).Draw(t, "any country") },
	func(_ *rapid.T, f *gate.Facts) { f.OwnData = true },
	func(t *rapid.T, f *gate.Facts) { f.Over = subset(t, categories, "over") },
	func(t *rapid.T, f *gate.Facts) { f.Bans = append(f.Bans, anyBan(t)) },
	func(t *rapid.T, f *gate.Facts) { f.Collected = append(f.Collected, anyCollected(t)) },
	func(t *rapid.T, f *gate.Facts) { f.Person, f.Undertaken = true, rapid.Bool().Draw(t, "undertaken") },
	func(t *rapid.T, f *gate.Facts) {
		f.FromBase = rapid.SampledFrom([]string{"site", "office", "attic"}).Draw(t, "from base")
	},
	func(_ *rapid.T, f *gate.Facts) { f.HurtsOther = true },
	func(t *rapid.T, f *gate.Facts) {
		f.Crossing = rapid.SampledFrom([]law.Provision{"16(3)2", "16(3)4", "9(10)"}).Draw(t, "crossing")
		f.Permission = rapid.SampledFrom([]string{"", "treaty"}).Draw(t, "permission")
	},
	func(t *rapid.T, f *gate.Facts) {
		f.Base = rapid.SampledFrom([]string{"family", "fond", "gov", "joined"}).Draw(t, "special base")
	},
	func(t *rapid.T, f *gate.Facts) { f.Consents[0] = anyConsent(t, 'a', f.Purpose) },
	anyGround, anyGround, anyGround,
}

// anyGround claims a ground, on behalf of somebody who may or may not have it.
func anyGround(t *rapid.T, f *gate.Facts) {
	f.Ground = rapid.SampledFrom(grounds).Draw(t, "ground")
	f.Document = rapid.SampledFrom([]string{"", "document"}).Draw(t, "document")
	f.Asker = register.Compile(&register.Description{Organization: register.Organization{
		BIN: bins[1], Sector: rapid.SampledFrom([]string{"state", "private"}).Draw(t, "sector"),
		Kinds: subset(t, []string{"court", "statistics", "media"}, "kinds"),
	}}, 1)
}

func anyBan(t *rapid.T) gate.Ban {
	return gate.Ban{
		Actions:    rapid.SliceOfN(rapid.SampledFrom(register.AllActions()), 0, 2).Draw(t, "banned actions"),
		Categories: subset(t, categories, "banned categories"), Purposes: subset(t, purposes, "banned purposes"),
		Recipients: subset(t, bins[1:], "banned recipients"),
	}
}

func anyCollected(t *rapid.T) gate.Collected {
	return gate.Collected{
		Category: rapid.SampledFrom(categories).Draw(t, "collected"), Purpose: rapid.SampledFrom(purposes).Draw(t, "collected for"),
		At: moment.AddDate(-rapid.IntRange(0, 6).Draw(t, "years ago"), 0, 0),
	}
}

// otherwise is a register that differs in what an organization says of itself.
func otherwise(r *register.Register, change func(*register.Organization)) *register.Register {
	d := *r.Description
	change(&d.Organization)
	return register.Compile(&d, r.Version)
}

func anyConsent(t *rapid.T, name byte, purpose string) consent.Consent {
	return consent.Consent{
		ID: consentID(string(name)), Status: rapid.SampledFrom(statuses).Draw(t, "status"), Given: moment.Add(-time.Hour),
		Scopes: consent.Scope(rapid.IntRange(0, int(consent.AllScopes)).Draw(t, "scopes")),
		Until:  rapid.SampledFrom([]time.Time{{}, {}, moment.Add(time.Hour), moment, moment.Add(-time.Minute)}).Draw(t, "until"),
		Terms: &consent.Terms{
			Purposes:     append(subset(t, purposes, "purposes"), purpose),
			Categories:   rapid.SampledFrom([][]string{categories, categories[:3], {"name"}, {}}).Draw(t, "agreed"),
			ThirdParties: subset(t, bins[1:], "third parties"), Countries: subset(t, countries[1:], "countries"),
			PublicSources: rapid.Bool().Draw(t, "public"),
		},
	}
}

func clone(f *gate.Facts) *gate.Facts {
	g := *f
	g.Consents = slices.Clone(f.Consents)
	g.Categories = slices.Clone(f.Categories)
	return &g
}

// A permit names what it rests on, and that really carries it.
//
// duty: L5
func TestPermitRestsOnSomething(t *testing.T) {
	t.Parallel()
	op := operator(t)
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t, op)
		d := gate.Decide(f)
		codes := d.Codes()
		if len(codes) == 0 {
			t.Fatal("a decision without a reason")
		}
		for _, c := range codes {
			if c.Permits() != d.Permit {
				t.Fatalf("permit %v for the reason %s", d.Permit, c)
			}
		}
		if !d.Permit {
			if !d.Consent.IsZero() || d.Ground != "" {
				t.Fatal("a refusal that names what would permit")
			}
			return
		}
		if len(codes) != 1 {
			t.Fatalf("%d reasons for one permit", len(codes))
		}
		switch codes[0] {
		case law.ByConsent:
			carriedByConsent(t, f, d.Consent)
		case law.ByGround:
			carriedByGround(t, f, d.Ground)
		case law.OwnData:
			if !f.OwnData || f.Holding == party.Destroyed {
				t.Fatal("own data that is not")
			}
		case law.Protective:
			if !slices.Contains([]register.Action{register.Block, register.Unblock, register.Destroy}, f.Action) {
				t.Fatalf("%s passes for a duty", f.Action)
			}
		default:
			t.Fatalf("permitted for %s", codes[0])
		}
		outside := strings.HasPrefix(string(d.Ground), "3(3)")
		protects := slices.Contains([]register.Action{register.Block, register.Unblock, register.Destroy}, f.Action) // duties that a suspension leaves
		if !f.OwnData && (f.Suspended && !outside && !protects || f.Holding == party.Destroyed) {
			t.Fatal("permitted to one suspended, or on what is destroyed")
		}
	})
}

// carriedByConsent says once more, in the plainest way, what Art. 7, 8 and 16
// ask of a consent.
func carriedByConsent(t *rapid.T, f *gate.Facts, id ident.ID) {
	i := slices.IndexFunc(f.Consents, func(c consent.Consent) bool { return c.ID == id })
	if i < 0 {
		t.Fatal("permitted on a consent that is not among the facts")
	}
	c := f.Consents[i]
	p := f.Register.Purpose(f.Purpose)
	for what, holds := range map[string]bool{
		"the consent is active":        c.Status == consent.Active && (c.Until.IsZero() || c.Until.After(f.Now)),
		"processing is not withdrawn":  c.Scopes&consent.Process != 0,
		"the purpose is declared":      p != nil && (f.Base == "" || f.Base == p.Base),
		"the purpose is agreed to":     slices.Contains(c.Terms.Purposes, f.Purpose),
		"the action is declared":       p != nil && p.Allows(f.Action),
		"the subject is alive":         f.Subject == party.Alive,
		"the data is not blocked":      f.Holding == party.Held || f.Action == register.Store,
		"the recipient is agreed to":   f.Recipient == "" || p != nil && p.Recipient(f.Recipient) != nil && c.Scopes&consent.Transfer != 0 && slices.Contains(c.Terms.ThirdParties, f.Recipient),
		"a transfer has a recipient":   f.Action != register.Transfer || f.Recipient != "",
		"the country is agreed to":     f.Crossing != "" && f.Permission != "" || f.Ground != "" && f.Document != "" || f.Country == "" || f.Country == "KZ" || c.Scopes&consent.CrossBorder != 0 && slices.Contains(c.Terms.Countries, f.Country),
		"the country is not forbidden": f.Country == "" || f.Country == "KZ" || !f.Countries.Forbids(f.Country, f.Categories, f.Now),
		"nothing is past its term":     f.Action == register.Collect || f.Action == register.Accumulate || !meet(f.Over, f.Categories),
		"no ban forbids it":            !slices.ContainsFunc(f.Bans, func(b gate.Ban) bool { return forbids(&b, f) }),
		"nobody else is hurt":          f.Action != register.Disseminate || !f.HurtsOther,
		"publication is agreed to":     f.Action != register.Disseminate || c.Scopes&consent.PublicSources != 0 && c.Terms.PublicSources,
	} {
		if !holds {
			t.Fatalf("permitted, though it is not so that %s", what)
		}
	}
	for _, id := range f.Categories {
		if !slices.Contains(p.Categories, id) || !slices.Contains(c.Terms.Categories, id) {
			t.Fatal("permitted for a category that is not needed or not agreed to")
		}
		if k, _ := p.Category(id); k.Class != register.Ordinary {
			t.Fatal("special data on consent alone")
		}
	}
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// forbids says once more what a ban does.
func forbids(b *gate.Ban, f *gate.Facts) bool {
	return (len(b.Actions) == 0 || slices.Contains(b.Actions, f.Action)) &&
		(len(b.Categories) == 0 || meet(b.Categories, f.Categories)) &&
		(len(b.Purposes) == 0 || slices.Contains(b.Purposes, f.Purpose)) &&
		(len(b.Recipients) == 0 || slices.Contains(b.Recipients, f.Recipient))
}

func carriedByGround(t *rapid.T, f *gate.Facts, at law.Provision) {
	g, ok := edition.Ground(at)
	p := f.Register.Purpose(f.Purpose)
	claimed := f.Ground
	if c, ok := edition.Ground(claimed); ok && c.CrossBorder {
		claimed = "" // it claims no more than the border
	}
	switch {
	case !ok:
		t.Fatalf("%s is no ground", at)
	case g.Outside:
		if b := f.Register.Base(f.Base); b == nil || b.Outside.Provision != string(at) {
			t.Fatal("outside the Law without a base that is marked so")
		}
	case claimed != "" && claimed != at:
		t.Fatal("permitted on another ground than was claimed")
	case claimed == "" && (p == nil || p.Basis.Provision != string(at)):
		t.Fatal("permitted on a ground that nobody claimed or declared")
	case claimed != "" && g.Document && f.Document == "":
		t.Fatal("permitted without the document")
	case !g.Allows(f.Action.String()):
		t.Fatal("permitted for an action that the ground does not allow")
	case !g.Outside && f.Country != "" && f.Country != "KZ" && (f.Countries.Forbids(f.Country, f.Categories, f.Now) || !f.Countries.Protects(f.Country, f.Now) && f.Crossing == "" && claimed == f.Ground):
		t.Fatal("permitted to a country that does not protect")
	}
}

// restrictions take something away from facts; none can open what was closed.
var restrictions = map[string]func(t *rapid.T, f *gate.Facts){
	"suspend":            func(_ *rapid.T, f *gate.Facts) { f.Suspended = true },
	"destroy":            func(_ *rapid.T, f *gate.Facts) { f.Holding = party.Destroyed },
	"block":              func(_ *rapid.T, f *gate.Facts) { f.Holding = map[string]string{party.Held: party.Blocked}[f.Holding] },
	"death":              func(_ *rapid.T, f *gate.Facts) { f.Subject = party.Deceased },
	"forbid the country": func(_ *rapid.T, f *gate.Facts) { forbid(f, countries) },
	"protect nowhere":    func(_ *rapid.T, f *gate.Facts) { f.Countries = withoutProtection(f.Countries) },
	"lose the document":  func(_ *rapid.T, f *gate.Facts) { f.Document = "" },
	"ask for more": func(t *rapid.T, f *gate.Facts) {
		if len(f.Categories) == 0 {
			return // names nothing, so it is about everything: it cannot ask for more
		}
		f.Categories = append(f.Categories, rapid.SampledFrom(categories).Draw(t, "more"))
	},
	"time passes": func(t *rapid.T, f *gate.Facts) {
		f.Now = f.Now.Add(time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "later")))
	},
	"end the term": func(t *rapid.T, f *gate.Facts) {
		f.Over = append(slices.Clip(f.Over), rapid.SampledFrom(categories).Draw(t, "over too"))
	},
	"ban": func(t *rapid.T, f *gate.Facts) { f.Bans = append(slices.Clip(f.Bans), anyBan(t)) },
	"collect for another purpose": func(t *rapid.T, f *gate.Facts) {
		f.Collected = append(slices.Clip(f.Collected), anyCollected(t))
	},
	"hurt others":         func(_ *rapid.T, f *gate.Facts) { f.HurtsOther = true },
	"suspend who asks":    func(_ *rapid.T, f *gate.Facts) { f.AskerSuspended = true },
	"lose undertakings":   func(_ *rapid.T, f *gate.Facts) { f.Undertaken = false },
	"lose the permission": func(_ *rapid.T, f *gate.Facts) { f.Permission = "" },
	"ask for undertakings": func(_ *rapid.T, f *gate.Facts) {
		if f.Asker != nil {
			f.Asker = otherwise(f.Asker, func(o *register.Organization) { o.Undertakings = true })
		}
	},
	"refuse the obligations": func(_ *rapid.T, f *gate.Facts) {
		f.Register = otherwise(f.Register, func(o *register.Organization) { o.Obligations = register.Refused })
	},
	"forget the consents":  func(_ *rapid.T, f *gate.Facts) { f.Consents = nil },
	"withdraw":             eachConsent(func(_ *rapid.T, c *consent.Consent) { c.Status, c.Scopes = consent.Withdrawn, 0 }),
	"withdraw some scopes": eachConsent(func(t *rapid.T, c *consent.Consent) { c.Scopes &= consent.Scope(rapid.IntRange(0, 15).Draw(t, "left")) }),
	"pause": eachConsent(func(_ *rapid.T, c *consent.Consent) {
		if c.Status == consent.Active {
			c.Status = consent.Paused
		}
	}),
	"expire":             eachConsent(func(_ *rapid.T, c *consent.Consent) { c.Until = moment }),
	"narrow categories":  eachConsent(func(_ *rapid.T, c *consent.Consent) { c.Terms = narrowed(c.Terms); c.Terms.Categories = nil }),
	"narrow recipients":  eachConsent(func(_ *rapid.T, c *consent.Consent) { c.Terms = narrowed(c.Terms); c.Terms.ThirdParties = nil }),
	"narrow countries":   eachConsent(func(_ *rapid.T, c *consent.Consent) { c.Terms = narrowed(c.Terms); c.Terms.Countries = nil }),
	"narrow publication": eachConsent(func(_ *rapid.T, c *consent.Consent) { c.Terms = narrowed(c.Terms); c.Terms.PublicSources = false }),
}

func narrowed(t *consent.Terms) *consent.Terms {
	n := *t
	return &n
}

func eachConsent(change func(*rapid.T, *consent.Consent)) func(*rapid.T, *gate.Facts) {
	return func(t *rapid.T, f *gate.Facts) {
		for i := range f.Consents {
			change(t, &f.Consents[i])
		}
	}
}

// duty: P10.10
func TestRestrictionNeverOpens(t *testing.T) {
	t.Parallel()
	op := operator(t)
	for name, restrict := range restrictions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				f := anyFacts(t, op)
				g := clone(f)
				if restrict(t, g); g.Holding == "" {
					t.Skip("there is nothing to block")
				}
				before, after := gate.Decide(f), gate.Decide(g)
				if !before.Permit && after.Permit {
					t.Fatalf("denied for %v before, permitted for %v after", before.Codes(), after.Codes())
				}
			})
		})
	}
}

func TestOrderOfFactsDoesNotMatter(t *testing.T) {
	t.Parallel()
	op := operator(t)
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t, op)
		g := clone(f)
		g.Consents = rapid.Permutation(f.Consents).Draw(t, "order")
		g.Categories = rapid.Permutation(f.Categories).Draw(t, "order of categories")
		g.Collected = rapid.Permutation(f.Collected).Draw(t, "order of what was collected")
		g.Bans = rapid.Permutation(f.Bans).Draw(t, "order of bans")
		g.Over = rapid.Permutation(f.Over).Draw(t, "order of what is over")
		sameDecision(t, f, g)
	})
}

func sameDecision(t rapid.TB, f, g *gate.Facts) {
	t.Helper()
	a, b := gate.Decide(f), gate.Decide(g)
	if a.Permit != b.Permit || a.Ground != b.Ground || !slices.Equal(a.Codes(), b.Codes()) {
		t.Fatalf("%v in one order, %v in another", a.Codes(), b.Codes())
	}
}

// Two consents that fall short in any two ways are told of in one way.
func TestNearestConsentIsTold(t *testing.T) {
	t.Parallel()
	f := &gate.Facts{
		Now: moment, Edition: edition, Register: operator(t), Subject: party.Alive, Holding: party.Held,
		Request: gate.Request{Action: register.Disseminate, Purpose: "abroad", Categories: []string{"name"}, Recipient: bins[2], Country: "DE"},
	}
	f.Asker = f.Register
	var short []consent.Consent
	for _, change := range []func(*consent.Consent){
		func(c *consent.Consent) { c.Terms.Purposes = []string{"news"} },
		func(c *consent.Consent) { c.Until = moment },
		func(c *consent.Consent) { c.Status, c.Scopes = consent.Withdrawn, 0 },
		func(c *consent.Consent) { c.Status = consent.Paused },
		func(c *consent.Consent) { c.Status = consent.Superseded },
		func(c *consent.Consent) { c.Terms.Categories = nil },
		func(c *consent.Consent) { c.Terms.ThirdParties = nil },
		func(c *consent.Consent) { c.Terms.Countries = nil },
		func(c *consent.Consent) { c.Terms.PublicSources = false },
	} {
		c := consent.Consent{ID: consentID("a"), Status: consent.Active, Scopes: consent.AllScopes, Terms: &consent.Terms{
			Purposes: []string{"abroad"}, Categories: []string{"name"}, ThirdParties: bins[1:], Countries: countries, PublicSources: true,
		}}
		change(&c)
		short = append(short, c)
	}
	for _, a := range short {
		for _, b := range short {
			g, h := clone(f), clone(f)
			g.Consents, h.Consents = []consent.Consent{a, b}, []consent.Consent{b, a}
			sameDecision(t, g, h)
		}
	}
}

// The facts drawn are worth the properties: every kind of permit comes up, and
// so do most reasons of a refusal.
func TestFactsDrawnReachFar(t *testing.T) {
	t.Parallel()
	op := operator(t)
	seen := map[law.ReasonCode]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			d := gate.Decide(anyFacts(t, op))
			for _, c := range d.Codes() {
				seen[c]++
			}
		}
	})
	for _, c := range []law.ReasonCode{law.ByConsent, law.ByGround, law.OwnData, law.Protective} {
		if seen[c] < 10 {
			t.Errorf("permitted for %s %d times", c, seen[c])
		}
	}
	if len(seen) < 18 {
		t.Errorf("only %d reasons came up", len(seen))
	}
}
