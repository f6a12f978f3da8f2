package kelisim_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestDocumentsNameWhatExists checks the documents against the tree: every link
// leads somewhere, every path in `code` is there, every make target is one, and
// every page can be reached from the README.
func TestDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	pages := documents(t)
	reached := map[string]bool{"README.md": true}
	for page, text := range pages {
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			to, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(to, ":") {
				continue // another site's business
			}
			target := page
			if to != "" {
				target = filepath.Join(filepath.Dir(page), to)
			}
			reached[target] = reached[target] || target != page
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			} else if anchor != "" && !anchors(pages[target])[anchor] {
				t.Errorf("%s: %s has no heading #%s", page, target, anchor)
			}
		}
		for _, m := range paths.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: there is no %s", page, m[1])
			}
		}
	}
	for page := range pages {
		if strings.HasPrefix(page, "docs/") && !reached[page] {
			t.Errorf("%s: no page links to it", page)
		}
	}
}

func TestDocumentsNameTargetsOfTheMakefile(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for page, text := range documents(t) {
		for _, m := range targets.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s: the Makefile has no target %s", page, m[1])
			}
		}
	}
}

// Every variable that the program reads is on the page that lists them.
func TestDocumentsNameEveryVariable(t *testing.T) {
	t.Parallel()
	page := documents(t)["docs/operating.md"]
	for _, file := range goFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range variables.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(page, "`"+m[1]+"`") {
				t.Errorf("docs/operating.md does not name %s of %s", m[1], file)
			}
		}
	}
}

var (
	variables = regexp.MustCompile(`env:"(KELISIM_\w+)"`)
	links     = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)\)`)
	paths     = regexp.MustCompile("`((?:internal|cmd|verify|examples|docs|packaging|\\.ci)/[\\w./-]*\\w)`")
	targets   = regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)")
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && skipped(d.Name()) {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".md") {
			text, readErr := os.ReadFile(p)
			out[filepath.ToSlash(p)] = string(text)
			return readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// anchors are the headings of a page as links name them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		out[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, m[1])] = true
	}
	return out
}
