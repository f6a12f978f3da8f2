package policy

import (
	"bytes"
	"strings"
	"testing"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// Where something explains the Law, every provision that the policy names leads
// there; elsewhere nothing does.
func TestProvisionsLeadToWhatExplainsThem(t *testing.T) {
	t.Parallel()
	d := parse(t, []byte(full))
	var b bytes.Buffer
	named := map[law.Provision]bool{}
	err := Render(&b, d, 3, locale.RU, edition(t), func(p law.Provision) string {
		named[p] = true
		return "/law/" + string(p) + "?a=1&b=2"
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []law.Provision{"9(10)", "24(1)5", "25(2)8", "30"} {
		if link := `<a href="/law/` + string(p) + `?a=1&amp;b=2">` + string(p) + `</a>`; !strings.Contains(b.String(), link) {
			t.Errorf("no %s", link)
		}
		if !named[p] {
			t.Errorf("%s was not asked for", p)
		}
	}
	if strings.Contains(render(t, d, locale.RU), `href="/law`) {
		t.Error("a policy that stands elsewhere leads to pages that are not there")
	}
	plain := strings.NewReplacer("</a>", "").Replace(b.String())
	for p := range named {
		plain = strings.ReplaceAll(plain, `<a href="/law/`+string(p)+`?a=1&amp;b=2">`, "")
	}
	if want := strings.ReplaceAll(render(t, d, locale.RU), "</a>", ""); plain != want {
		t.Error("beside the links the two differ")
	}
}
