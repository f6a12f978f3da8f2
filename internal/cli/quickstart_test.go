package cli_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kelisim/internal/intake"
)

// TestQuickstart runs the commands of docs/quickstart.md, one after the other in
// one shell, in an empty directory. Each line of a text block that follows must
// be in the answers; … stands for anything.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "" {
		t.Skip("curl is not installed")
	}
	page, err := os.ReadFile("../../docs/quickstart.md")
	if err != nil {
		t.Fatal(err)
	}
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	steps := stepsOf(strings.ReplaceAll(string(page), "127.0.0.1:8080", address))
	if len(steps) < 15 {
		t.Fatalf("only %d steps", len(steps))
	}
	followSteps(t, steps)
}

// TestCalendarPage runs the commands of docs/calendar.md in the same way.
func TestCalendarPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/calendar.md")
	if err != nil {
		t.Fatal(err)
	}
	steps := stepsOf(string(page))
	if len(steps) < 6 {
		t.Fatalf("only %d steps", len(steps))
	}
	followSteps(t, steps)
}

// TestGovStackPage runs the commands of docs/govstack.md in the same way.
func TestGovStackPage(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"curl", "jq", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") == "" {
			t.Skip(tool + " is not installed")
		}
	}
	page, err := os.ReadFile("../../docs/govstack.md")
	if err != nil {
		t.Fatal(err)
	}
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	steps := stepsOf(strings.ReplaceAll(string(page), "127.0.0.1:8080", address))
	if len(steps) < 8 {
		t.Fatalf("only %d steps", len(steps))
	}
	followSteps(t, steps)
}

// followSteps runs steps and compares what they answer.
func followSteps(t *testing.T, steps []step) {
	t.Helper()
	answers := runSteps(t, steps)
	for i, s := range steps {
		for _, want := range s.answers {
			like := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*"))
			if !like.MatchString(answers[i]) {
				t.Errorf("%s\ndid not answer %s but\n%s", s.command, want, answers[i])
			}
		}
	}
}

// step is a bash block with the lines of the text block after it.
type step struct {
	command string
	answers []string
}

var fence = regexp.MustCompile("(?ms)^```(bash|text)\n(.*?)^```$")

func stepsOf(page string) []step {
	var steps []step
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		if m[1] == "bash" {
			steps = append(steps, step{command: m[2]})
		} else if last := len(steps) - 1; last >= 0 {
			steps[last].answers = strings.Split(strings.TrimSpace(m[2]), "\n")
		}
	}
	return steps
}

const mark = "--- next step ---\n"

// runSteps returns what each step wrote.
func runSteps(t *testing.T, steps []step) []string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "examples"), filepath.Join(dir, "examples")); err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
	for _, s := range steps {
		script += s.command + "printf '%s' '" + mark + "'\n"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute) // it takes seconds
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	answers := strings.Split(out.String(), mark)
	if len(answers) != len(steps)+1 {
		t.Fatalf("%d steps gave %d answers", len(steps), len(answers)-1)
	}
	return answers
}

// TestImportPage reads the map that docs/import.md shows.
func TestImportPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindSubmatch(page)
	if m == nil {
		t.Fatal("there is no map on the page")
	}
	if _, err := intake.ParseMap(m[1]); err != nil {
		t.Error(err)
	}
}
