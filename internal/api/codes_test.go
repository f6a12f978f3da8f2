package api

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/verify"
)

// reachable makes an address of the person that a code can be sent to, $reached.
func (w *world) reachable(t *testing.T, address string) {
	t.Helper()
	id, code := w.reach(t, "email", address)
	w.do(t, "subject", "POST", "/v1/me/contacts/"+id+"/confirm", `{"code":"`+code+`"}`).want(t, 200)
	w.names["reached"] = id
}

var codeIn = regexp.MustCompile(`\b\d{6}\b`)

// narrowed is the choice that [world.question] shows the text of.
const narrowed = `"purposes":["payment"],"thirdParties":[],"language":"kk"`

// A choice is confirmed by a code from a letter, over the interface: the answer
// tells where it went, the consent whose word it is, the pack has the entry of its
// sending.
//
// duty: L8.1, L25.2.5
func TestCodeAnswer(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.question(t)
		w.reachable(t, "aisulu@mail.example")
		sent := w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/code", `{"contact":"$reached",`+narrowed+`}`).want(t, 201)
		if sent.str(t, "kind") != "email" || sent.str(t, "masked") != "a•••@mail.example" || codeIn.Match(sent.body) && strings.Contains(string(sent.body), `"code"`) {
			t.Errorf("%s", sent.body)
		}
		code := ""
		for _, l := range w.deliver(t) {
			if strings.Contains(l.Subject, "confirm your choice") {
				code = codeIn.FindString(l.Text)
			}
			if strings.Contains(l.Text, planted) || strings.Contains(l.Text, plantedIIN) {
				t.Errorf("the letter names the person: %s", l.Text)
			}
		}
		if code == "" {
			t.Fatal("no letter with a code")
		}
		for name, x := range map[string]struct{ body, code, field string }{
			"a wrong one":    {`"code":"` + wrongCode(code) + `",` + narrowed, "code-wrong", "code"},
			"not a code":     {`"code":"12",` + narrowed, "code-form", "code"},
			"another choice": {`"code":"` + code + `","purposes":["payment"],"language":"kk"`, "code-other-choice", ""},
		} {
			a := w.fail(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", `{"answer":"give",`+x.body+`}`)
			if a.str(t, "code") != x.code || x.field != "" && a.str(t, "field") != x.field || strings.Contains(string(a.body), code) {
				t.Errorf("%s: %s", name, a.body)
			}
		}
		w.names["consent"] = w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", `{"answer":"give","code":"`+code+`",`+narrowed+`}`).want(t, 200).str(t, "consent")
		v := w.do(t, "operator", "GET", "/v1/consents/$consent", "").want(t, 200)
		if v.str(t, "evidence", "channel") != "otp" || v.str(t, "evidence", "standing") != "confirmed" || v.str(t, "evidence", "code", "masked") != "a•••@mail.example" ||
			v.str(t, "evidence", "code", "textHash") != v.str(t, "evidence", "kept") || v.str(t, "evidence", "code", "contact") != "email" {
			t.Errorf("%s", v.body)
		}
		w.seal(t)
		pack := w.do(t, "officer", "GET", "/v1/consents/$consent/pack", "").want(t, 200)
		if p, err := verify.CheckPack(pack.body, verify.Keys{Log: w.Keys.Checker, Sign: w.Keys.JWKS}); err != nil || p.Entries < 5 {
			t.Errorf("%+v %v", p, err) // asked, shown twice, the code sent, given
		}
		if pdf := w.do(t, "subject", "GET", "/v1/consents/$consent/receipt", "", "Accept", typePDF).want(t, 200); len(pdf.body) == 0 {
			t.Error("no paper")
		}
		// The operator's own code is the operator's word.
		w.names["stated"] = w.do(t, "operator", "POST", "/v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"otp"}}`).want(t, 201).str(t, "id")
		if v := w.do(t, "operator", "GET", "/v1/consents/$stated", ""); v.str(t, "evidence", "standing") != "stated" {
			t.Errorf("%s", v.body)
		}
		w.log.mu.Lock()
		defer w.log.mu.Unlock()
		if strings.Contains(w.log.b.String(), `"`+code+`"`) {
			t.Error("the log has the code")
		}
	})
}

func wrongCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// The description and the question may demand a code or a signature: less is
// refused, of an operator too, and the subject is told beforehand.
func TestLeastEvidence(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.demand(t, "payment", "otp")
		w.demand(t, "inform", "signature")
		paper := `,"files":[{"name":"a.pdf","content":"JVBERi0xLjcgMQ=="}]`
		for name, x := range map[string]struct{ purpose, evidence, code string }{
			"a form":                {"payment", `"channel":"form"`, "evidence-code"},
			"paper without a scan":  {"payment", `"channel":"paper"`, "evidence-code"},
			"paper with a scan":     {"payment", `"channel":"paper"` + paper, ""},
			"a code of its own":     {"payment", `"channel":"otp"`, ""},
			"what demands nothing":  {"news", `"channel":"form"`, ""},
			"a code, not signed":    {"inform", `"channel":"otp"`, "evidence-signature"},
			"paper, not signed":     {"inform", `"channel":"paper"` + paper, "evidence-signature"},
			"a signature not shown": {"inform", `"channel":"signature"`, "signature-missing"},
		} {
			body := `{"subject":"$subject","purposes":["` + x.purpose + `"],"evidence":{` + x.evidence + `}}`
			if x.code == "" {
				w.do(t, "operator", "POST", "/v1/consents", body).want(t, 201)
			} else if a := w.fail(t, "operator", "POST", "/v1/consents", body); a.str(t, "code") != x.code {
				t.Errorf("%s: %s", name, a.body)
			}
		}
		w.names["request"] = w.do(t, "operator", "POST", "/v1/consents/requests", `{"subject":"$subject","purposes":["payment"],"evidence":"signature"}`).want(t, 201).str(t, "id")
		if q := w.do(t, "subject", "GET", "/v1/me/consents/requests/$request", "").want(t, 200); q.str(t, "evidence") != "signature" {
			t.Errorf("the question does not say what it demands: %s", q.body)
		}
		if a := w.fail(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", `{"answer":"give"}`); a.str(t, "code") != "evidence-signature" || a.str(t, "field") != "signature" {
			t.Errorf("%s", a.body)
		}
		w.reachable(t, "aisulu@mail.example")
		if a := w.fail(t, "subject", "POST", "/v1/me/consents/requests/$request/code", `{"contact":"$reached"}`); a.str(t, "code") != "evidence-signature" {
			t.Errorf("a code is sent for what needs a signature: %s", a.body)
		}
		w.do(t, "subject", "POST", "/v1/me/consents/requests/$request/answer", `{"answer":"refuse"}`).want(t, 200)
		if a := w.fail(t, "operator", "POST", "/v1/consents/requests", `{"subject":"$subject","purposes":["news"],"evidence":"blood"}`); a.str(t, "field") != "evidence" {
			t.Errorf("%s", a.body)
		}
	})
}

// demand lets the description ask for evidence of consents to a purpose.
func (w *world) demand(t *testing.T, purpose, evidence string) {
	t.Helper()
	var d map[string]any
	org := apptest.Org(t, w.App, "")
	if err := json.Unmarshal(org.Register.Description.Canonical(), &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d["purposes"].([]any) { //nolint:forcetypeassert // of a test
		if p := p.(map[string]any); p["id"] == purpose { //nolint:forcetypeassert // of a test
			p["evidence"] = evidence
		}
	}
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Add(1e9)
	apptest.Apply(t, w.App, string(b))
}
