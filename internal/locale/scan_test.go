package locale

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A use is a key that the code asks for, and where.
type use struct{ key, at string }

// TestEveryUsedKeyHasAText reads the module for keys written out in the code:
// in locale.Text calls, in templates, and as codes of faults. Keys that are put
// together while running (such as "action."+a) are for the tests of those who
// do that.
func TestEveryUsedKeyHasAText(t *testing.T) {
	t.Parallel()
	missing := map[string][]string{}
	for _, u := range usesIn(t, os.DirFS("../..")) {
		if !Has(u.key) {
			missing[u.key] = append(missing[u.key], u.at)
		}
	}
	for key, at := range missing {
		t.Errorf("no text for %s, used at %s", key, strings.Join(at, ", "))
	}
}

func TestScanFindsKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, source := range map[string]string{
		"a.go": `package a
			import "kelisim/internal/fault"
			func f(l locale.Lang, k string) error {
				_ = locale.Text(l, "go.text", "count", 1)
				_ = locale.Text(l, "action." + k)
				_ = fault.Bad("iin", "go-bad")
				_ = fault.Wrap(fault.Internal, "go-wrap", nil)
				_ = &fault.Error{Kind: fault.Denied, Code: "go-literal"}
				return fault.New(fault.Conflict, "go-new").At("x")
			}`,
		"a_test.go":          `package a; var _ = fault.New(0, "of-a-test")`,
		"testdata/b.go":      `not go at all`,
		".hidden/c.html":     `{{t "hidden"}}`,
		"web/page.html":      `<p title="{{ t "html.title" }}">{{if .X}}{{.T "html.method" "count" 2}}{{end}} t "outside"</p>{{format "not.t"}}`,
		"web/part.tmpl":      `{{- with (t "tmpl.with") -}}{{$.T "tmpl.root"}}{{.Page.T "tmpl.field" | upper}}{{end}}`,
		"web/assets/app.css": `{{t "css"}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, u := range usesIn(t, os.DirFS(dir)) {
		got = append(got, u.key)
	}
	slices.Sort(got)
	want := []string{
		"error.go-bad", "error.go-literal", "error.go-new", "error.go-wrap", "go.text",
		"html.method", "html.title", "tmpl.field", "tmpl.root", "tmpl.with",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %v\nwant  %v", got, want)
	}
}

func usesIn(t *testing.T, module fs.FS) (uses []use) {
	t.Helper()
	err := fs.WalkDir(module, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if name == "testdata" || name == "node_modules" || len(name) > 1 && name[0] == '.' {
				return fs.SkipDir
			}
			return nil
		}
		var find func(path string, source []byte) ([]use, error)
		switch filepath.Ext(path) {
		case ".go":
			find = usesInGo
		case ".html", ".tmpl":
			find = usesInTemplate
		}
		if find == nil || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(module, path)
		if err != nil {
			return err
		}
		found, err := find(path, source)
		uses = append(uses, found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return uses
}

// keyArgument says which argument of a function is a key, and what the key
// begins with.
var keyArgument = map[string]struct {
	place  int
	prefix string
}{
	"locale.Text": {1, ""},
	"fault.New":   {1, "error."},
	"fault.Bad":   {1, "error."},
	"fault.Wrap":  {1, "error."},
}

func usesInGo(path string, source []byte) (uses []use, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	add := func(prefix string, e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			key, _ := strconv.Unquote(lit.Value)
			uses = append(uses, use{prefix + key, fset.Position(lit.Pos()).String()})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if arg, ok := keyArgument[qualified(n.Fun)]; ok && arg.place < len(n.Args) {
				add(arg.prefix, n.Args[arg.place])
			}
		case *ast.CompositeLit:
			if qualified(n.Type) == "fault.Error" {
				for _, field := range n.Elts {
					if kv, ok := field.(*ast.KeyValueExpr); ok && isName(kv.Key, "Code") {
						add("error.", kv.Value)
					}
				}
			}
		}
		return true
	})
	return uses, nil
}

// qualified is "pkg.Name" of such an expression, else "".
func qualified(e ast.Expr) string {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if pkg, ok := sel.X.(*ast.Ident); ok {
			return pkg.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	templateKey    = regexp.MustCompile(`[\s({](?:t|\$?[.\w]*\.T)\s+"([^"]+)"`)
)

func usesInTemplate(path string, source []byte) (uses []use, err error) {
	for _, action := range templateAction.FindAll(source, -1) {
		for _, m := range templateKey.FindAllSubmatch(action, -1) {
			uses = append(uses, use{string(m[1]), path})
		}
	}
	return uses, nil
}
