package main

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"kelisim/internal/law"
)

func TestShownIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := shown(os.DirFS("../../.."), law.Duties())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../shown.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("internal/law/shown.tsv is not current: run go generate ./internal/law")
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	module := fstest.MapFS{
		"internal/gate/a_test.go": {Data: []byte(`package gate
			// duty: L8.2, P5.9: a refusal
			func TestB() {
				// duties: L8-1.2.3 L25.2.8a
				_ = []int{1, // duty: L8.2 stands in the middle of prose.
				}
			}
			func TestWithdrawalL8_2Barred() {}
			func TestURL5(t int) {}
			func TestL8_1accept() {}
			func TestL8_1a() {}
			func TestL8_1_2_4_Cabinet_L5() {}
			func FuzzL5(f int) {}
			// A duty: not at the beginning of L5.
			func TestProse() {}`)},
		"root_test.go":              {Data: []byte("package kelisim\nfunc TestAllL5(){}")},
		"verify/c.go":               {Data: []byte("package verify\n// duty: L5\nfunc TestNot() {}")},
		"verify/testdata/d_test.go": {Data: []byte("not go")},
	}
	got, err := shown(module, law.Duties())
	if err != nil {
		t.Fatal(err)
	}
	want := `
		L5 gate.FuzzL5
		L5 gate.TestL8_1_2_4_Cabinet_L5
		L5 kelisim.TestAllL5
		L8.1a gate.TestL8_1a
		L8.2 gate.TestB
		L8.2 gate.TestWithdrawalL8_2Barred
		L8-1.2.3 gate.TestB
		L8-1.2.4 gate.TestL8_1_2_4_Cabinet_L5
		L25.2.8a gate.TestB
		P5.9 gate.TestB`
	if a, b := strings.Fields(got), strings.Fields(want); strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestShownRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, says string }{
		"an unknown duty":     {"package a\n// duty: L99.9\nfunc TestA() {}", "a_test.go:2:1: there is no duty L99.9"},
		"a loose spelling":    {"package a\n// duty: L8_2\nfunc TestA() {}", "there is no duty L8_2"},
		"a helper":            {"package a\n// duty: L8.2\nfunc help() {}", "duty L8.2 is named outside a test"},
		"what is not Go":      {"pakage a", "a_test.go:1:1"},
		"TestMain, no test":   {"package a\n// duty: L8.2\nfunc TestMain() {}", "outside a test"},
		"a method, no test":   {"package a\n// duty: L8.2\nfunc (s) TestA() {}", "outside a test"},
		"the end of the file": {"package a\nfunc TestA() {}\n// duty: L8.2\n", "outside a test"},
	} {
		_, err := shown(fstest.MapFS{"a_test.go": {Data: []byte(c.source)}}, law.Duties())
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// Two duties that look alike inside the name of a test could not be told apart.
func TestNamesInTestsAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, d := range law.Duties() {
		if other, taken := seen[inName(d.ID)]; taken {
			t.Errorf("%s and %s are both written %s", d.ID, other, inName(d.ID))
		}
		seen[inName(d.ID)] = d.ID
	}
}
