package gate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// duty: L7.1, L10.1, P10.10
func TestConsentCases(t *testing.T) { t.Parallel(); runCases(t, "consent") }

// duty: L7.8, L7.9, L12.1, L14, P5.9, P11
func TestPurposeCases(t *testing.T) { t.Parallel(); runCases(t, "purpose") }

// duty: L7.3, L7.6, L11.1, L12.2, L15.1, L16.2, L16.3.1, L16.4
func TestOnwardCases(t *testing.T) { t.Parallel(); runCases(t, "onward") }

// duty: L7.4, L7.5, L9.1, L9.2, L9.3, L9.4, L9.5, L9.6, L9.7, L9.8, L9.9, L9.9-1
// duty: L9.9-2, L9.9-3, L9.9-4, L9.10, P3.1.2
func TestGroundCases(t *testing.T) { t.Parallel(); runCases(t, "ground") }

// duty: L1.3, L5, L7.2
func TestStateCases(t *testing.T) { t.Parallel(); runCases(t, "state") }

// Whatever a decision can say, a case shows. Four codes need facts that a
// decision does not have yet.
func TestEveryReasonHasACase(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{
		"not-covered": true, "retention-over": true, "no-undertaking": true, "incompatible-purpose": true,
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".yaml"); name != "operator" {
			for _, c := range readCases(t, name) {
				for _, code := range slices.Concat(c.Permit, c.Deny) {
					seen[code] = true
				}
			}
		}
	}
	for _, r := range edition.Reasons() {
		if name := codeName(r.Code); !seen[name] {
			t.Errorf("no case shows %s", name)
		}
	}
}

// moment is when the cases happen.
var (
	moment  = time.Date(2023, 11, 23, 9, 0, 0, 0, time.UTC)
	edition = law.At(moment)
)

// testCase is one of testdata/*.yaml: the facts that matter, and what follows.
type testCase struct {
	Name        string         `yaml:"name"`
	Holding     string         `yaml:"holding"`
	Subject     string         `yaml:"subject"`
	Suspended   bool           `yaml:"suspended"`
	Undescribed bool           `yaml:"undescribed"`
	Asker       *askerCase     `yaml:"asker"`
	Protecting  []string       `yaml:"protecting"`
	Forbidden   []string       `yaml:"forbidden"`
	Consents    []*consentCase `yaml:"consents"`
	Ask         askCase        `yaml:"ask"`

	Permit     []string        `yaml:"permit"`
	Deny       []string        `yaml:"deny"`
	Consent    string          `yaml:"consent"`
	Ground     law.Provision   `yaml:"ground"`
	Provisions []law.Provision `yaml:"provisions"` // of the first reason
}

type askerCase struct {
	BIN    string   `yaml:"bin"`
	Sector string   `yaml:"sector"`
	Kinds  []string `yaml:"kinds"`
}

type consentCase struct {
	ID         string         `yaml:"id"`
	Purposes   []string       `yaml:"purposes"`
	Categories []string       `yaml:"categories"`
	Recipients []string       `yaml:"recipients"`
	Countries  []string       `yaml:"countries"`
	Public     bool           `yaml:"public"`
	Status     consent.Status `yaml:"status"` // active where it is left out
	Scopes     *[]string      `yaml:"scopes"` // all that the terms open, where it is left out
	Until      time.Time      `yaml:"until"`
}

type askCase struct {
	Action     string        `yaml:"action"`
	Purpose    string        `yaml:"purpose"`
	Base       string        `yaml:"base"`
	Categories []string      `yaml:"categories"`
	Ground     law.Provision `yaml:"ground"`
	Document   string        `yaml:"document"`
	Recipient  string        `yaml:"recipient"`
	Country    string        `yaml:"country"`
	Own        bool          `yaml:"own"`
}

func readCases(t testing.TB, name string) []*testCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []*testCase
	if err := yaml.UnmarshalWithOptions(text, &list, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return list
}

func runCases(t *testing.T, file string) {
	t.Helper()
	op := operator(t)
	for _, c := range readCases(t, file) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			f := c.facts(t, op)
			d := gate.Decide(f)
			want := verdict{Permit: c.Permit != nil, Consent: c.Consent, Ground: c.Ground, Codes: slices.Concat(c.Permit, c.Deny)}
			got := verdict{Permit: d.Permit, Consent: consentName(d.Consent), Ground: d.Ground}
			for _, code := range d.Codes() {
				got.Codes = append(got.Codes, codeName(code))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal("decided otherwise (-want +got):\n", diff)
			}
			if c.Provisions != nil {
				ps := edition.Reason(d.Codes()[0]).Provisions
				if d.Codes()[0] == law.ByGround {
					ps = []law.Provision{d.Ground}
				}
				if !slices.Equal(ps, c.Provisions) {
					t.Errorf("rests on %v, want %v", ps, c.Provisions)
				}
			}
		})
	}
}

type verdict struct {
	Permit  bool
	Consent string
	Ground  law.Provision
	Codes   []string
}

func codeName(c law.ReasonCode) string {
	if v := edition.Reason(c).Variant; v != "" {
		return c.String() + "." + v
	}
	return c.String()
}

// operator is the one of testdata/operator.yaml.
func operator(t testing.TB) *register.Register {
	t.Helper()
	text, err := os.ReadFile("testdata/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := register.Parse(text, ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return register.Compile(d, 1)
}

func (c *testCase) facts(t testing.TB, op *register.Register) *gate.Facts {
	t.Helper()
	f := &gate.Facts{
		Now: moment, Edition: edition, Register: op, Suspended: c.Suspended, Subject: c.Subject, Holding: c.Holding, Asker: op,
		Countries: gate.Countries{Protecting: set(c.Protecting), Forbidden: set(c.Forbidden)},
		Request: gate.Request{
			Base: c.Ask.Base, Purpose: c.Ask.Purpose, Categories: c.Ask.Categories, Ground: c.Ask.Ground, Document: c.Ask.Document,
			Recipient: c.Ask.Recipient, Country: c.Ask.Country, OwnData: c.Ask.Own,
		},
	}
	if f.Subject == "" {
		f.Subject = party.Alive
	}
	if f.Holding == "" {
		f.Holding = party.Held
	}
	if c.Undescribed {
		f.Register = nil
	}
	if a := c.Asker; a != nil {
		f.Asker = register.Compile(&register.Description{
			Organization: register.Organization{BIN: a.BIN, Sector: a.Sector, Kinds: a.Kinds},
		}, 1)
	}
	var ok bool
	if f.Action, ok = register.ParseAction(c.Ask.Action); !ok {
		t.Fatalf("there is no action %q", c.Ask.Action)
	}
	for _, x := range c.Consents {
		f.Consents = append(f.Consents, x.consent(t))
	}
	return f
}

func (x *consentCase) consent(t testing.TB) consent.Consent {
	t.Helper()
	c := consent.Consent{
		ID: consentID(x.ID), Version: 1, Status: x.Status, Scopes: consent.Process, Given: moment.Add(-time.Hour), Until: x.Until,
		Terms: &consent.Terms{
			Purposes: x.Purposes, Categories: x.Categories, ThirdParties: x.Recipients, Countries: x.Countries, PublicSources: x.Public,
		},
	}
	for scope, open := range map[consent.Scope]bool{
		consent.Transfer: x.Recipients != nil, consent.CrossBorder: x.Countries != nil, consent.PublicSources: x.Public,
	} {
		if open {
			c.Scopes |= scope
		}
	}
	if x.Scopes != nil {
		c.Scopes = 0
		if len(*x.Scopes) > 0 {
			var err error
			if c.Scopes, err = consent.ParseScopes(*x.Scopes); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c.Status == "" {
		c.Status = consent.Active
	}
	return c
}

func consentID(name string) (id ident.ID) {
	copy(id[:], name)
	return id
}

func consentName(id ident.ID) string {
	if id.IsZero() {
		return ""
	}
	return strings.TrimRight(string(id[:]), "\x00")
}

func set(list []string) map[string]bool {
	out := map[string]bool{}
	for _, v := range list {
		out[v] = true
	}
	return out
}

// The case that decisions mostly are, and the one with the most to say.
func decideCases(t testing.TB) map[string]*gate.Facts {
	op := operator(t)
	out := map[string]*gate.Facts{}
	for _, file := range []string{"consent", "purpose"} {
		for _, c := range readCases(t, file) {
			switch c.Name {
			case "consent to the purpose and the category permits", "everything that speaks against is told, the weightiest first":
				out[fmt.Sprintf("permit=%v", c.Permit != nil)] = c.facts(t, op)
			}
		}
	}
	if len(out) != 2 {
		t.Fatal("the cases were renamed")
	}
	return out
}

func TestDecideAllocatesNothing(t *testing.T) {
	for name, f := range decideCases(t) {
		var d gate.Decision
		if n := testing.AllocsPerRun(100, func() { d = gate.Decide(f) }); n > 0 {
			t.Errorf("%s: %v allocations a decision (%v)", name, n, d.Permit)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for name, f := range decideCases(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				gate.Decide(f)
			}
		})
	}
}
