package proof_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/locale"
	"kelisim/internal/proof"
	"kelisim/internal/register"
	"kelisim/internal/request"
)

// The copy on paper has every value that is held, with all that the subject may know
// of it, in each language, and nothing of another person.
//
// duty: L24.1.1, L25.2.9
func TestCopyPDF(t *testing.T) {
	t.Parallel()
	w := one(t)
	const odd = "Әсел Ғұмарова, <b>№ 7</b> «үй» \u202e\U0001F3E0"
	collect := func(n int, values map[string]json.RawMessage) {
		t.Helper()
		who := apptest.Subject(t, w.App, w.org, n)
		_, err := w.Consents.Record(w.ctx(), w.org, &consent.New{
			Subject: who, Terms: consent.Terms{Purposes: []string{"services", "payment"}, ThirdParties: []string{"180340022918"}},
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		})
		w.must(err)
		ans, err := w.Guard.Access(w.ctx(), &gate.Ask{
			Request: gate.Request{Action: register.Collect, Purpose: "services"}, Holder: w.org, Asker: w.org, Subject: who, Actor: apptest.System, Values: values,
		})
		w.must(err)
		if !ans.Permit {
			t.Fatal(ans.Codes())
		}
	}
	name, err := json.Marshal(odd)
	w.must(err)
	long := strings.Repeat("ұзын мәтін ", 200)
	collect(1, map[string]json.RawMessage{"name": name, "email": json.RawMessage(`"asel@mail.example"`), "phone": json.RawMessage(`"+77010000001"`)})
	collect(2, map[string]json.RawMessage{"name": json.RawMessage(`"` + long + `"`), "email": json.RawMessage(`"other@mail.example"`)})

	r, err := w.Requests.Receive(w.ctx(), w.org, w.org.Inside(w.who), &request.New{Kind: request.Copy, Language: locale.EN, Actor: apptest.Person})
	w.must(err)
	r, err = w.Requests.Fulfil(w.ctx(), w.org, r.ID, nil, apptest.System)
	w.must(err)
	f, err := w.Requests.Fetch(w.ctx(), r, apptest.Person)
	w.must(err)
	for _, lang := range locale.All {
		f.Language = lang
		file, err := proof.CopyPDF(f)
		w.must(err)
		if dir := os.Getenv("KEEP"); dir != "" {
			w.must(os.WriteFile(filepath.Join(dir, "copy-"+string(lang)+".pdf"), file, 0o600))
		}
		flat := strings.Join(strings.Fields(extract(t, file)), "")
		p := f.Facts.Purposes
		for _, want := range []string{
			"ӘселҒұмарова,<b>№7</b>«үй»", "asel@mail.example", "+77010000001", f.Name, w.org.BIN, r.ID.String(), f.Entry.String(),
			locale.Text(lang, "copy.title"), locale.Text(lang, "copy.consent"), locale.Text(lang, "copy.purpose.recipients"), "180340022918",
			p[0].Name, p[1].Name, p[0].Methods[0], f.Facts.Data[0].Source, locale.Date(lang, f.Facts.Data[0].Since),
		} {
			if !strings.Contains(flat, strings.Join(strings.Fields(want), "")) {
				t.Errorf("%s: the paper does not say %q", lang, want)
			}
		}
		if strings.Contains(flat, "⟦") || strings.Contains(flat, "P1Y") || strings.Contains(flat, "other@") {
			t.Errorf("%s: something is missing, or too much:\n%s", lang, flat)
		}
	}

	// What is long goes on to more pages; where nothing is held any more, it says so.
	f.Data["name"] = json.RawMessage(`"` + long + `"`)
	if file, err := proof.CopyPDF(f); err != nil || !strings.Contains(strings.Join(strings.Fields(extract(t, file)), ""), "+77010000001") {
		t.Error(err)
	}
	f.Data, f.Facts = nil, &request.Facts{}
	if file, err := proof.CopyPDF(f); err != nil || !strings.Contains(extract(t, file), locale.Text(f.Language, "proof.none")) {
		t.Error(err)
	}
}
