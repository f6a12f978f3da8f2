package gate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/register"
)

// duty: L7.1, L10.1, P10.10
func TestConsentCases(t *testing.T) { t.Parallel(); runCases(t, "consent") }

// duty: L7.8, L7.9, L12.1, L14, P5.9, P11
func TestPurposeCases(t *testing.T) { t.Parallel(); runCases(t, "purpose") }

// duty: L7.3, L7.6, L11.1, L12.2, L15.1, L16.2, L16.3.1, L16.4
func TestOnwardCases(t *testing.T) { t.Parallel(); runCases(t, "onward") }

// duty: L7.4, L7.5, L9.1, L9.2, L9.3, L9.4, L9.5, L9.6, L9.7, L9.8, L9.9, L9.9-1
// duty: L9.9-2, L9.9-3, L9.9-4, L9.10, L24.2, P3.1.2
func TestGroundCases(t *testing.T) { t.Parallel(); runCases(t, "ground") }

// duty: L3.3, L5, L7.2, L7.8, L8-1.1, L8-1.3, L10.1, L11.2, L12.2a, L14, L15.1, L15.2, L16.3.1, L16.3.2
// duty: L16.3.3, L16.3.4, L16.4, L19.2, P6.3, P10.7
func TestLimitCases(t *testing.T) { t.Parallel(); runCases(t, "limits") }

// duty: L1.3, L5, L7.2
func TestStateCases(t *testing.T) { t.Parallel(); runCases(t, "state") }

// Whatever a decision can say, a case shows.
func TestEveryReasonHasACase(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"not-covered": true} // always said better, with what is not covered
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

func readCases(t testing.TB, name string) []gate.Case {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := gate.ReadCases(text)
	if err != nil {
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
			if c.Permit == nil && c.Deny == nil {
				t.Fatal("the case expects nothing")
			}
			f := facts(t, &c, op)
			d := gate.Decide(f)
			if diff := c.Differs(f.Edition, &d); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func facts(t testing.TB, c *gate.Case, op *register.Register) *gate.Facts {
	t.Helper()
	f, err := c.Facts(op, moment)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func codeName(c law.ReasonCode) string { return gate.CodeName(edition, c) }

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

func consentID(name string) (id ident.ID) {
	copy(id[:], name)
	return id
}

// The case that decisions mostly are, and the one with the most to say.
func decideCases(t testing.TB) map[string]*gate.Facts {
	op := operator(t)
	out := map[string]*gate.Facts{}
	for _, file := range []string{"consent", "purpose"} {
		for _, c := range readCases(t, file) {
			switch c.Name {
			case "consent to the purpose and the category permits", "everything that speaks against is told, the weightiest first":
				out[fmt.Sprintf("permit=%v", c.Permit != nil)] = facts(t, &c, op)
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
