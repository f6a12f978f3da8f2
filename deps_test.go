package kelisim_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rules: the left may import only what stands on the right. A package that is
// not listed here fails the test, so a new one is a decision, not an accident.
// docs/architecture.md says why the arrows point as they do.
const rules = `
verify
examples

internal/fault
internal/seal
internal/gost
internal/gost/gosttest : gost
internal/ident    : fault
internal/locale   : fault
internal/law      : fault locale
internal/law/gen  : law
internal/calendar : fault law locale
internal/account  : fault ident seal
internal/signature         : fault gost ident
internal/signature/fetch   :
internal/signature/pkitest : gost gost/gosttest
internal/journal  : fault ident seal verify
internal/depersonal : ident locale
internal/register : depersonal fault ident law locale
internal/policy   : depersonal law locale register
internal/notify   : law locale register verify
internal/party    : fault ident journal law locale register seal verify
internal/represent : fault ident journal law locale party register seal verify
internal/outbox   : fault ident journal locale party register seal verify
internal/consent  : fault ident journal law locale notify outbox party register represent seal signature term verify
internal/govstack : consent fault ident journal locale outbox party register represent seal verify
internal/paper    :
internal/proof    : consent depersonal fault ident journal locale notify paper party policy register request seal vault verify
internal/term     : calendar fault ident journal law party seal verify
internal/due      : calendar fault ident journal outbox party term verify
internal/vault    : consent depersonal fault ident register seal term verify
internal/gate     : consent depersonal fault ident journal law outbox party register represent seal term vault verify
internal/publish  : consent fault gate ident journal law outbox party register seal term verify
internal/request  : account consent fault gate ident journal law locale party publish register represent seal term vault verify
internal/intake   : consent fault gate ident journal law locale party register vault verify

internal/order           : account consent fault gate ident journal law party publish register seal term vault verify
internal/kdp             : fault gate ident journal locale party register seal verify
internal/kdp/kdpsim      : kdp
internal/form            : consent fault gate ident journal locale party register seal verify
internal/disclosure      : account fault ident journal law locale party register verify
internal/store           : account calendar consent depersonal disclosure due fault form gate govstack ident journal kdp locale order outbox party publish represent request seal term vault verify
internal/store/storetest : store

internal/app         : account consent disclosure due fault form gate govstack ident journal kdp law order outbox party proof publish represent request seal signature signature/fetch store term vault verify
internal/app/apptest : app consent ident party register store/storetest verify
internal/bench       : app consent gate ident party register verify
internal/demo        : account app consent examples fault gate ident intake journal law locale order party publish register represent request term verify

internal/api : account calendar consent disclosure due fault gate govstack ident journal kdp law locale notify order outbox party proof publish register represent request seal term vault verify
internal/web : account calendar consent depersonal disclosure due fault form gate ident journal kdp law locale notify order outbox party policy proof publish register represent request term verify
internal/cli : *
cmd/kelisim  : cli
`

const module = "kelisim/"

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	allow := map[string][]string{}
	for line := range strings.Lines(rules) {
		l, r, _ := strings.Cut(line, ":")
		if l = strings.TrimSpace(l); l != "" {
			allow[l] = strings.Fields(r)
		}
	}
	seen := map[string]bool{}
	for _, file := range goFiles(t) {
		from := filepath.ToSlash(filepath.Dir(file))
		seen[from] = true
		may, ok := allow[from]
		if !ok {
			t.Errorf("%s: package %s has no line in rules", file, from)
			continue
		}
		for _, to := range importsOf(t, file) {
			if !slices.Contains(may, to) && !slices.Contains(may, "*") {
				t.Errorf("%s: %s may not import %s", file, from, to)
			}
		}
	}
	for p := range allow {
		if !seen[p] {
			t.Errorf("rules name %s, which does not exist", p)
		}
	}
}

// goFiles lists the sources of the module, without tests.
func goFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && skipped(d.Name()) {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_test.go") {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// skipped reports whether a folder holds nothing of ours.
func skipped(name string) bool {
	return name == "testdata" || name == "node_modules" || len(name) > 1 && name[0] == '.'
}

// importsOf lists what a file imports of this module.
func importsOf(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, im := range f.Imports {
		if to, ours := strings.CutPrefix(strings.Trim(im.Path.Value, `"`), module); ours {
			out = append(out, strings.TrimPrefix(to, "internal/"))
		}
	}
	return out
}
