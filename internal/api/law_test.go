package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"kelisim/internal/law"
	"kelisim/internal/locale"
)

func TestLaw(t *testing.T) {
	t.Parallel()
	w := bare(t)
	var list lawList
	if err := json.Unmarshal(w.do(t, "", "GET", "/v1/law", "").want(t, 200).body, &list); err != nil {
		t.Fatal(err)
	}
	if list.Edition.ID != "2023-04" || !list.Edition.Binding || list.Edition.From != "2023-04-19" || len(list.Editions) != len(law.Editions()) {
		t.Errorf("%+v", list.Edition)
	}
	if len(list.Provisions) != len(law.Editions()[0].Provisions()) {
		t.Errorf("%d provisions", len(list.Provisions))
	}
	if last := list.Editions[len(list.Editions)-1]; last.ID != "2026-08" || !last.Computed || last.Binding {
		t.Errorf("%+v", last)
	}
	for _, r := range list.Provisions { // each leads to what it says
		var place lawPlace
		path := "/v1/law/" + strings.ReplaceAll(r.ID, " ", "%20")
		if err := json.Unmarshal(w.do(t, "", "GET", path, "").want(t, 200).body, &place); err != nil || place.ID != r.ID || place.Text != r.Text || place.Source == "" {
			t.Errorf("%s: %+v, %v", r.ID, place, err)
		}
	}
}

// What a decision rests on can be looked up under the edition of its entry.
func TestProvision(t *testing.T) {
	t.Parallel()
	w := bare(t)
	for _, s := range []scenario{
		{name: "ground", url: "/v1/law/9(1)", wantStatus: 200, wantContains: []string{`"kinds":["law-enforcement","court"`, `"document":true`, `"certainty":"P"`, `"defer":{"max":"P1Y","certainty":"M"`, `"edition":"2023-04"`}},
		{name: "policy", url: "/v1/law/policy%205.9", wantStatus: 200, wantContains: []string{`"id":"policy 5.9"`, `"code":"special-category"`, `"id":"P5.9"`}},
		{name: "amended", url: "/v1/law/18?edition=2026-08", wantStatus: 200, wantContains: []string{`"change":"amended"`, `"before":"Lists`, `"computed":true`, `"certainty":"S"`}},
		{name: "term", url: "/v1/law/8(7)?edition=2026-01", wantStatus: 200, wantContains: []string{`"amount":15`, `"unit":"working-day"`, `"change":"added"`}},
		{name: "sizes", url: "/v1/law/25-1?edition=2026-08", wantStatus: 200, wantContains: []string{`"class":"large","atLeast":500000,"restrictedMovesUp":true`, `"upTo":10000`}},
		{name: "duty", url: "/v1/law/L8.2", wantStatus: 200, wantContains: []string{`"id":"8(2)"`}},
		{name: "elsewhere", url: "/v1/law/10-1", wantStatus: 404, wantContains: []string{`"code":"provision-elsewhere"`, "2026-08"}},
		{name: "nowhere", url: "/v1/law/99", wantStatus: 404, wantContains: []string{`"code":"provision-unknown"`}},
		{name: "no edition", url: "/v1/law/8?edition=2025-01", wantStatus: 400, wantContains: []string{`"code":"edition-unknown"`, `"field":"edition"`, "2023-04, 2024-02"}},
	} {
		s.method = "GET"
		s.run(t, w)
	}
	for _, lang := range locale.All {
		a := w.do(t, "", "GET", "/v1/law/8(2)", "", "Accept-Language", string(lang)).want(t, 200)
		rule, _ := law.Editions()[0].Provision("8(2)")
		if !slices.Contains(strings.Split(string(a.body), `"`), rule.Text.In(lang)) {
			t.Errorf("%s: %s", lang, a.body)
		}
	}
}
