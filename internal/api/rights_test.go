package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/law"
	"kelisim/internal/term"
	"kelisim/verify"
)

// bent are the rules of an edition that lets answers be late.
func bent(edition, key string) (law.Term, bool) {
	t, ok := term.ByEdition(edition, key)
	if key == "inform-subject" {
		t.Extendable, t.Pausable = &law.Extension{Amount: 5, Unit: law.WorkingDay, Provision: "25(2)6"}, "25(2)6"
	}
	return t, ok
}

// From the subject's demand to the answer that the subject reads.
//
// duty: L10.2
func TestRequestRuns(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.give(t, "contracts")
		w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"collect","purpose":"contracts","values":{"name":"$name","phone":"$phone"}}`).want(t, 200)
		due := w.do(t, "subject", "GET", "/v1/me/requests/terms?kind=copy&organization=$bin", "").want(t, 200)
		made := w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin","details":"$name"}`, "Accept-Language", "en").want(t, 201)
		if made.str(t, "due") != due.str(t, "due") || made.str(t, "provision") != "25(2)6" || made.str(t, "due")[:10] != "2023-11-28" {
			t.Errorf("%s, %s", made.body, due.body)
		}
		w.names["id"] = made.str(t, "id")
		list := w.do(t, "staff", "GET", "/v1/requests?status=open&dueBefore=2023-12-01T00:00:00Z", "").want(t, 200)
		if list.str(t, "items", 0, "id") != w.names["id"] || list.str(t, "items", 0, "subject") != w.names["subject"] {
			t.Errorf("%s", list.body)
		}
		one := w.do(t, "officer", "GET", "/v1/requests/$id", "").want(t, 200)
		if one.str(t, "preview", "answer") == "" || one.str(t, "details", "text") != planted {
			t.Errorf("%s", one.body)
		}
		w.do(t, "officer", "POST", "/v1/requests/$id/fulfil", `{}`).want(t, 200)
		w.do(t, "staff", "POST", "/v1/requests/$id/fulfil", `{}`).want(t, 409)
		mine := w.do(t, "subject", "GET", "/v1/me/requests/$id", "").want(t, 200)
		if mine.str(t, "status") != "fulfilled" || !strings.Contains(mine.str(t, "answer", "text"), "free of charge") {
			t.Errorf("%s", mine.body)
		}
		got := w.do(t, "subject", "GET", "/v1/me/requests/$id/copy", "").want(t, 200)
		if got.str(t, "data", "name") != planted {
			t.Errorf("%s", got.body)
		}
		if csv := w.do(t, "subject", "GET", "/v1/me/requests/$id/copy?format=csv", "").want(t, 200); !strings.Contains(string(csv.body), planted) {
			t.Errorf("%s", csv.body)
		}
		for _, pdf := range []*answer{
			w.do(t, "subject", "GET", "/v1/me/requests/$id/copy?format=pdf", "").want(t, 200),
			w.do(t, "subject", "GET", "/v1/me/requests/$id/copy", "", "Accept", "application/pdf").want(t, 200),
		} {
			if !bytes.HasPrefix(pdf.body, []byte("%PDF-")) || pdf.header.Get("Content-Type") != "application/pdf" || pdf.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%v", pdf.header)
			}
		}
		w.do(t, "subject", "GET", "/v1/me/requests/$id/copy?format=docx", "").want(t, 400)
		if list := w.do(t, "subject", "GET", "/v1/me/requests", "").want(t, 200); list.str(t, "items", 0, "id") != w.names["id"] {
			t.Errorf("%s", list.body)
		}
		w.clock.Add(400 * time.Hour)
		w.do(t, "subject", "GET", "/v1/me/requests/$id/copy", "").want(t, 409)
		apptest.Clean(t, w.App)
	})
}

// Whatever a caller gets wrong is told, with the field and never with the value,
// and nothing has changed.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, x := range []struct {
		as, url, body string
		status        int
		code          string
	}{
		{"subject", "/v1/me/requests", `{"kind":"sell","organization":"$bin"}`, 400, "bad-enum"},
		{"subject", "/v1/me/requests", `{"organization":"$bin"}`, 400, "missing-field"},
		{"subject", "/v1/me/requests", `{"kind":"copy"}`, 400, "missing-field"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","subject":"$subject"}`, 400, "unknown-field"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"991240000001"}`, 404, "organization-unknown"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","details":{"sum":1}}`, 400, "unknown-field"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","details":[1]}`, 400, "wrong-type"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","details":{"values":{"name":"x"}}}`, 400, "values-unexpected"},
		{"subject", "/v1/me/requests", `{"kind":"correct","organization":"$bin","details":{"values":{"soul":"x"}}}`, 400, "category-absent"},
		{"subject", "/v1/me/requests", `{"kind":"correct","organization":"$bin"}`, 400, "request-values"},
		{"subject", "/v1/me/requests", `{"kind":"block","organization":"$bin"}`, 400, "request-text"},
		{"subject", "/v1/me/requests", `{"kind":"destroy","organization":"$bin","details":{"cause":"whim"}}`, 400, "bad-enum"},
		{"subject", "/v1/me/requests", `{"kind":"withdraw","organization":"$bin","details":{"scopes":["all"]}}`, 400, "bad-enum"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","documents":[{"name":"../a","content":"eA=="}]}`, 400, "request-document-name"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","documents":[{"name":"a","content":"` + b64(5<<20+1) + `"}]}`, 413, "request-document-size"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","documents":["a","a","a","a","a","a","a","a","a"]}`, 400, "too-many-items"},
		{"subject", "/v1/me/requests", `{"kind":"copy","organization":"$bin","documents":[7]}`, 400, "wrong-type"},
		{"operator", "/v1/requests", `{"kind":"copy"}`, 400, "missing-field"},
		{"operator", "/v1/requests", `{"kind":"copy","subject":"$stranger"}`, 404, "subject-unknown"},
		{"operator", "/v1/requests", `{"kind":"copy","subject":"$otherSubject"}`, 404, "subject-unknown"},
		{"operator", "/v1/requests", `{"kind":"copy","subject":"$subject","organization":"$other"}`, 403, "forbidden"},
		{"officer", "/v1/requests/$id/refuse", `{"reasons":"","provision":"25(2)7"}`, 400, "request-reasons"},
		{"officer", "/v1/requests/$id/refuse", `{"reasons":"no"}`, 400, "request-provision"},
		{"officer", "/v1/requests/$id/refuse", `{"reasons":"no","provision":"Конституция"}`, 400, "request-provision-unknown"},
		{"officer", "/v1/requests/$id/extend", `{"amount":1,"reason":"it is long"}`, 403, "term-not-extendable"},
		{"officer", "/v1/requests/$id/assign", `{"to":"Айсұлу"}`, 400, "request-assignee"},
		{"officer", "/v1/requests/$id/fulfil", `{"instead":"sell"}`, 400, "bad-enum"},
		{"officer", "/v1/requests/$id/fulfil", `{"values":{"name":"x"}}`, 400, "values-unexpected"},
		{"other-officer", "/v1/requests/$id/fulfil", `{}`, 404, "demand-unknown"},
		{"other-officer", "/v1/requests/$id/refuse", `{"reasons":"no","provision":"25(2)7"}`, 404, "demand-unknown"},
		{"officer", "/v1/requests/$stranger/fulfil", `{}`, 404, "demand-unknown"},
		{"officer", "/v1/requests/fulfil", `{"ids":[]}`, 400, "missing-field"},
		{"subject", "/v1/me/requests/$id/appeal", `{"text":"at once"}`, 409, "appeal-early"},
		{"subject", "/v1/me/requests/$stranger/appeal", `{"text":"x"}`, 404, "demand-unknown"},
		{"authority", "/v1/appeals/$stranger/decide", `{"decision":"upheld","reasons":"x"}`, 404, "appeal-unknown"},
		{"authority", "/v1/appeals/$stranger/decide", `{"decision":"maybe","reasons":"x"}`, 400, "bad-enum"},
	} {
		if w.names["id"] == "" {
			w.names["id"] = w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin"}`).want(t, 201).str(t, "id")
		}
		a := w.do(t, x.as, "POST", x.url, x.body)
		if a.status != x.status || a.str(t, "code") != x.code {
			t.Errorf("%s %.90s: %d %.300s", x.url, x.body, a.status, a.body)
		}
	}
	for _, x := range [][2]string{{"officer", "/v1/requests?status=done"}, {"officer", "/v1/requests?dueBefore=soon"}, {"officer", "/v1/requests?after=$stranger"}, {"authority", "/v1/appeals?status=x"}, {"subject", "/v1/me/requests/terms?kind=x&organization=$bin"}} {
		w.do(t, x[0], "GET", x[1], "").want(t, 400)
	}
	w.do(t, "subject", "GET", "/v1/me/requests/$id/copy", "").want(t, 404)
	w.do(t, "subject", "GET", "/v1/me/requests/$id/documents/0", "").want(t, 404)
	if a := w.do(t, "officer", "GET", "/v1/requests", "").want(t, 200); strings.Count(string(a.body), `"id"`) != 1 {
		t.Errorf("something changed: %s", a.body)
	}
	if a := w.do(t, "other-officer", "GET", "/v1/requests", "").want(t, 200); strings.Contains(string(a.body), `"id"`) {
		t.Errorf("another organization sees it: %s", a.body)
	}
}

// A term is made longer only where the edition lets it, and the subject reads why.
func TestExtend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Terms.Rule = bent
	w.names["id"] = w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin"}`).want(t, 201).str(t, "id")
	w.do(t, "officer", "POST", "/v1/requests/$id/extend", `{"amount":2,"reason":""}`).want(t, 400)
	w.do(t, "officer", "POST", "/v1/requests/$id/extend", `{"amount":6,"reason":"many papers"}`).want(t, 403)
	a := w.do(t, "officer", "POST", "/v1/requests/$id/extend", `{"amount":2,"reason":"many papers"}`).want(t, 200)
	if a.str(t, "due")[:10] != "2023-11-30" {
		t.Errorf("%s", a.body)
	}
	if a := w.do(t, "subject", "GET", "/v1/me/requests/$id", "").want(t, 200); a.str(t, "notes", 0, "text") != "many papers" {
		t.Errorf("%s", a.body)
	}
}

// One act for many, each with its own result and its own entries.
func TestGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for range 3 {
		ids = append(ids, w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"confirm","organization":"$bin"}`).want(t, 201).str(t, "id"))
	}
	w.do(t, "officer", "POST", "/v1/requests/"+ids[2]+"/refuse", `{"reasons":"twice","provision":"25(2)7"}`).want(t, 200)
	body := fmt.Sprintf(`{"ids":[%q,%q,%q,%q,"$stranger"]}`, ids[0], ids[1], ids[2], ids[0])
	a := w.do(t, "officer", "POST", "/v1/requests/fulfil", body).want(t, 200)
	for i, want := range []string{"", "", "request-closed", "request-closed", "demand-unknown"} {
		if want == "" && a.str(t, "items", i, "status") != "fulfilled" {
			t.Errorf("%d: %s", i, a.body)
		}
		if want != "" && a.str(t, "items", i, "code") != want {
			t.Errorf("%d: %s", i, a.body)
		}
	}
}

// An answer is appealed, the authorised body looks, which is journaled, and
// decides; upheld, the demand is open again with a new term. The pack of evidence
// holds, and no part of it can be changed.
//
// duty: L24.1.7, L30, L27-1.3, L27-1.conf
func TestAppeal(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.give(t, "news")
		w.names["id"] = w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"complaint","organization":"$bin","details":"they call at night"}`).want(t, 201).str(t, "id")
		w.do(t, "officer", "POST", "/v1/requests/$id/fulfil", `{}`).want(t, 400)
		w.do(t, "officer", "POST", "/v1/requests/$id/fulfil", `{"answer":"we do not"}`).want(t, 200)
		w.names["appeal"] = w.do(t, "subject", "POST", "/v1/me/requests/$id/appeal", `{"text":"they do, $name"}`).want(t, 201).str(t, "id")
		w.do(t, "subject", "POST", "/v1/me/requests/$id/appeal", `{"text":"again"}`).want(t, 409)
		if a := w.do(t, "authority", "GET", "/v1/appeals?status=lodged", "").want(t, 200); a.str(t, "items", 0, "id") != w.names["appeal"] || strings.Contains(string(a.body), planted) {
			t.Errorf("%s", a.body)
		}
		if a := w.do(t, "authority", "GET", "/v1/appeals/$appeal", "").want(t, 200); a.str(t, "text") != "they do, "+planted || a.str(t, "demand", "answer", "text") != "we do not" {
			t.Errorf("%s", a.body)
		}
		w.seal(t)
		w.pack(t)
		w.clock.Add(24 * time.Hour)
		w.do(t, "authority", "POST", "/v1/appeals/$appeal/decide", `{"decision":"upheld","reasons":"there are records"}`).want(t, 200)
		w.do(t, "authority", "POST", "/v1/appeals/$appeal/decide", `{"decision":"dismissed","reasons":"no"}`).want(t, 409)
		a := w.do(t, "officer", "GET", "/v1/requests/$id", "").want(t, 200)
		if a.str(t, "status") != "open" || a.str(t, "due")[:10] != "2023-11-29" || a.str(t, "answersBefore", 0, "text") != "we do not" {
			t.Errorf("%s", a.body)
		}
		seen := w.do(t, "subject", "GET", "/v1/me/journal", "").want(t, 200)
		for _, act := range []string{"request.receive", "request.appeal", "request.look", "request.decide"} {
			if !strings.Contains(string(seen.body), act) {
				t.Errorf("%s is not in the journal of the subject", act)
			}
		}
		w.do(t, "officer", "POST", "/v1/requests/$id/fulfil", `{"answer":"we stopped"}`).want(t, 200)
		apptest.Clean(t, w.App)
	})
}

// pack fetches the pack and checks it, whole and spoiled in every part.
func (w *world) pack(t *testing.T) {
	t.Helper()
	file := w.do(t, "subject", "GET", "/v1/me/requests/$id/pack", "").want(t, 200).body
	read := func() *verify.RequestPack {
		var p verify.RequestPack
		if err := json.Unmarshal(file, &p); err != nil {
			t.Fatal(err)
		}
		return &p
	}
	entries, err := read().Check(w.Keys.Checker, w.Keys.JWKS)
	if err != nil || len(entries) < 6 || len(read().Consents) != 1 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for name, spoil := range map[string]func(p *verify.RequestPack){
		"another answer": func(p *verify.RequestPack) {
			p.Request.Document = []byte(strings.Replace(string(p.Request.Document), "we do not", "we do", 1))
		},
		"a consent in it": func(p *verify.RequestPack) {
			p.Consents[0].Document = []byte(strings.Replace(string(p.Consents[0].Document), "news", "olds", 1))
		},
		"no last step":         func(p *verify.RequestPack) { p.Journal = without(p.Journal, p.Request) },
		"another's salt":       func(p *verify.RequestPack) { p.Journal[0].Salt = p.Journal[1].Salt },
		"a demand for a pack":  func(p *verify.RequestPack) { p.Request.Type = verify.TypeConsentReceipt },
		"another body, signed": func(p *verify.RequestPack) { w.resign(t, p, "body", []byte("{}")) },
		"an earlier step":      func(p *verify.RequestPack) { w.resign(t, p, "last", firstID(t, p)) },
		"no journal":           func(p *verify.RequestPack) { p.Journal = nil },
	} {
		p := read()
		spoil(p)
		if _, err := p.Check(w.Keys.Checker, w.Keys.JWKS); err == nil {
			t.Errorf("%s: it passes", name)
		}
	}
}

// resign signs the document of a pack anew with one thing in it changed, as only
// whoever has the keys can.
func (w *world) resign(t *testing.T, p *verify.RequestPack, name string, value []byte) {
	t.Helper()
	doc := map[string]any{}
	if err := json.Unmarshal(p.Request.Document, &doc); err != nil {
		t.Fatal(err)
	}
	doc[name] = value
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := consent.Sign(w.Keys, verify.TypeRequest, text)
	if err != nil {
		t.Fatal(err)
	}
	p.Request = verify.Signed{}
	if err := json.Unmarshal(signed, &p.Request); err != nil {
		t.Fatal(err)
	}
}

// firstID is the entry of the receipt of the demand.
func firstID(t *testing.T, p *verify.RequestPack) []byte {
	t.Helper()
	for i := range p.Journal {
		if e, err := verify.DecodeEntry(p.Journal[i].Entry); err == nil && e.Action == "request.receive" {
			return e.ID[:]
		}
	}
	t.Fatal("no receipt of the demand")
	return nil
}

// without leaves out the newest entries about the demand until the one before
// says something else.
func without(list []verify.Receipt, _ verify.Signed) []verify.Receipt {
	var out []verify.Receipt
	for _, r := range list {
		e, err := verify.DecodeEntry(r.Entry)
		if err == nil && (e.Action == "request.answer" || e.Action == "request.appeal" || e.Action == "request.look") {
			continue
		}
		out = append(out, r)
	}
	return out
}

// Who acts for another asks within the scope, and stands in the journal.
func TestRequestOnBehalf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["deputy"] = w.person(t, apptest.IIN(77), "")
	w.signIn(t, "deputy", w.names["deputy"])
	w.represent(t, "$subject", "$deputy", `"kind":"attorney","acts":["request"],"until":"2024-06-01T00:00:00Z"`)
	w.names["way"] = w.do(t, "deputy", "GET", "/v1/me/represented", "").want(t, 200).str(t, "items", 0, "id")
	w.names["id"] = w.do(t, "deputy", "POST", "/v1/me/requests?for=$way", `{"kind":"copy","organization":"$bin"}`).want(t, 201).str(t, "id")
	w.do(t, "officer", "POST", "/v1/requests/$id/fulfil", `{}`).want(t, 200)
	w.do(t, "deputy", "GET", "/v1/me/requests/$id?for=$way", "").want(t, 200)
	w.do(t, "deputy", "GET", "/v1/me/requests/$id", "").want(t, 404)
	w.do(t, "deputy", "GET", "/v1/me/requests/$id/copy?for=$way", "").want(t, 403) // data is another act
	if a := w.do(t, "subject", "GET", "/v1/me/journal?action=request.receive", "").want(t, 200); !strings.Contains(string(a.body), `"role":"principal"`) {
		t.Errorf("%s", a.body)
	}
}

func TestOverdueMetric(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin"}`).want(t, 201)
	w.clock.Add(7 * 24 * time.Hour)
	if a := w.do(t, "", "GET", "/metrics", "").want(t, 200); !strings.Contains(string(a.body), "kelisim_requests_overdue 1\n") {
		t.Error("the metric does not count it")
	}
}

func FuzzRequest(f *testing.F) {
	fuzz(f, "subject", "POST", "/v1/me/requests", jsonType,
		`{"kind":"copy","organization":"$bin","details":"$name, $phone"}`,
		`{"kind":"correct","organization":"$bin","details":{"text":"$iin","values":{"name":"$name","$iin":{"a":[1]}},"categories":["$phone"],"contact":"$name"}}`,
		`{"kind":"withdraw","organization":"$bin","details":{"consent":"$stranger","scopes":["process","$iin"]}}`,
		`{"kind":"destroy","organization":"$bin","details":{"cause":"without-consent"},"documents":["$iin",{"name":"$name","content":"eA=="},{"name":"..","content":"$phone"},null]}`,
		`{"kind":"stop-dissemination","organization":"$bin","details":{"categories":["phone"]}}`, `{"kind":"block","organization":"$bin","details":"\u0000"}`,
		`{"kind":"$name","organization":"$iin","details":null,"documents":{"$iin":1}}`, `null`, "\xff", ``,
	)
}

func FuzzFulfil(f *testing.F) {
	w := newWorld(f)
	w.give(f, "contracts")
	f.Add([]byte(w.expand(`{"values":{"name":"$name"},"answer":"$phone"}`)))
	f.Add([]byte(w.expand(`{"instead":"destroy","cost":"$iin"}`)))
	f.Add([]byte(`{"values":{"name":null,"iin":"1","phone":[]}}`))
	f.Add([]byte(`{"answer":"\u0000\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := w.do(t, "operator", "POST", "/v1/requests", `{"subject":"$subject","kind":"supplement","details":"$name"}`)
		if a.status != 201 { // so many wait for an answer already
			return
		}
		w.names["id"] = a.str(t, "id")
		w.do(t, "officer", "POST", "/v1/requests/$id/fulfil", string(body), "Content-Type", jsonType)
		w.do(t, "officer", "POST", "/v1/requests/$id/refuse", `{"reasons":"no","provision":"25(2)7"}`)
	})
}
