// Command gen reads the tests of the module for the duties of the Law that they
// show, and writes the list that "kelisim law duties" prints: shown.tsv, a duty
// and a test a line. Run it from internal/law, by go generate.
//
// A test names a duty in its own name (TestRefusedWithdrawalNamesWhy_L8_2, with
// an underscore for each dot and dash) or in a comment before or inside it:
//
//	// duty: L8.2, P5.9
//
// A comment that names an unknown duty, or stands outside a test, is an error,
// so that no duty passes for shown by a slip of the pen.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"kelisim/internal/law"
)

func main() {
	list, err := shown(os.DirFS("../.."), law.Duties())
	if err == nil {
		err = os.WriteFile("shown.tsv", []byte(list), 0o644) //nolint:gosec // a source file, for everyone to read
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// shown lists the duties that the tests of a module show, in the order of
// duties, and the tests of a duty by name.
func shown(module fs.FS, duties []law.Duty) (string, error) {
	s := scan{byName: map[string]string{}, tests: map[string][]string{}}
	for _, d := range duties {
		s.byName[inName(d.ID)] = d.ID
	}
	errs := []error{fs.WalkDir(module, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || len(d.Name()) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case strings.HasSuffix(name, "_test.go"):
			return s.file(module, name)
		}
		return nil
	})}
	var list strings.Builder
	for _, d := range duties {
		slices.Sort(s.tests[d.ID])
		for _, test := range slices.Compact(s.tests[d.ID]) {
			fmt.Fprintf(&list, "%s\t%s\n", d.ID, test)
		}
	}
	return list.String(), errors.Join(append(errs, s.errs...)...)
}

type scan struct {
	byName map[string]string   // duty by its form inside the name of a test
	tests  map[string][]string // tests by duty
	errs   []error
}

// inName is the form of a duty's id inside the name of a test: L8-1.2.3 is
// written L8_1_2_3.
func inName(id string) string { return strings.NewReplacer(".", "_", "-", "_").Replace(id) }

func (s *scan) file(module fs.FS, name string) error {
	source, err := fs.ReadFile(module, name)
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tests := testsOf(file)
	for _, t := range tests {
		for _, id := range s.inTestName(t.Name.Name) {
			s.add(id, name, t)
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			s.comment(c, tests, name, files)
		}
	}
	return nil
}

func (s *scan) add(duty, file string, test *ast.FuncDecl) {
	dir := strings.TrimPrefix(path.Dir(file), "internal/")
	if dir == "." {
		dir = "kelisim"
	}
	s.tests[duty] = append(s.tests[duty], dir+"."+test.Name.Name)
}

func (s *scan) comment(c *ast.Comment, tests []*ast.FuncDecl, name string, files *token.FileSet) {
	for _, id := range dutiesIn(c.Text) {
		i := slices.IndexFunc(tests, func(t *ast.FuncDecl) bool { return start(t) <= c.Pos() && c.Pos() < t.End() })
		switch {
		case i < 0:
			s.errs = append(s.errs, fmt.Errorf("%s: duty %s is named outside a test", files.Position(c.Pos()), id))
		case s.byName[inName(id)] != id:
			s.errs = append(s.errs, fmt.Errorf("%s: there is no duty %s", files.Position(c.Pos()), id))
		default:
			s.add(id, name, tests[i])
		}
	}
}

func start(f *ast.FuncDecl) token.Pos {
	if f.Doc != nil {
		return f.Doc.Pos()
	}
	return f.Pos()
}

func testsOf(file *ast.File) []*ast.FuncDecl {
	var tests []*ast.FuncDecl
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) && f.Name.Name != "TestMain" {
			tests = append(tests, f)
		}
	}
	return tests
}

var (
	dutyComment = regexp.MustCompile(`^//\s*dut(?:y|ies):\s*((?:[LP]\d[\w.-]*[,\s]*)+)`)
	dutyInName  = regexp.MustCompile(`[LP]\d\w*`)
	separator   = regexp.MustCompile(`[,\s]+`)
)

// dutiesIn reads "// duty: L8.2, P5.9 and why".
func dutiesIn(comment string) []string {
	m := dutyComment.FindStringSubmatch(comment)
	if m == nil {
		return nil
	}
	var ids []string
	for _, id := range separator.Split(m[1], -1) {
		if id = strings.TrimRight(id, ".-"); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// inTestName finds the longest duty that each L or P with a number begins. One
// inside a word of capitals (URL5) is no duty.
func (s *scan) inTestName(name string) []string {
	var ids []string
	for i := range name {
		if i == 0 || name[i-1] >= 'A' && name[i-1] <= 'Z' || !dutyInName.MatchString(name[i:min(i+2, len(name))]) {
			continue
		}
		for end := len(name); end > i+1; end-- {
			id, ok := s.byName[name[i:end]]
			if ok && (end == len(name) || !continues(name[end])) {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids
}

// continues reports whether c after an id would make it another id.
func continues(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' }
