package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/verify"
)

// The authorised body and the State Technical Service.
var ministry, technical = madeUp(1), madeUp(2)

func madeUp(n int) string {
	bin, _ := ident.MakeBIN(2017, time.Month(n), n)
	return bin
}

// authority is an organization whose role is to order others.
func (w *world) authority(t testing.TB) {
	t.Helper()
	org := apptest.Apply(t, w.App, "organization: {bin: '"+ministry+"', name: {ru: Уполномоченный орган}, roles: [authority], sector: state}")
	service := apptest.Apply(t, w.App, "organization: {bin: '"+technical+"', name: {ru: Техническая служба}, roles: [technical-service], sector: state}")
	w.tokens["ministry"] = w.issue(t, account.Token{Role: account.Authority, Org: org.ID})
	w.tokens["technical"] = w.issue(t, account.Token{Role: account.Examiner, Org: service.ID})
	w.names["ministry"] = ministry
}

// order puts one by the authority and returns its id.
func (w *world) order(t testing.TB, more string) string {
	t.Helper()
	return w.do(t, "ministry", "POST", "/v1/orders", `{"organization":"$bin","document":"act 5 of 22 November 2023",`+more+`}`).want(t, 201).str(t, "id")
}

func (w *world) filled(t testing.TB) {
	t.Helper()
	w.give(t, "payment")
	w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"collect","purpose":"payment","values":{"name":"$name"}}`).want(t, 200)
}

// The authorised body, a court and a prosecutor order each of the acts; the
// officer carries it out, and the entry of each rests on the provision of the
// order.
//
// duty: L27-1.5
// duty: L28
// duty: L18.3
func TestOrdersAreCarriedOut(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.filled(t)
		view := `{"subject":"$subject","action":"view","purpose":"payment","categories":["name"]}`

		a := w.do(t, "ministry", "POST", "/v1/orders", `{"organization":"$bin","kind":"clarify","subject":"$subject","document":"act 4","values":{"name":"Әсел"}}`).want(t, 201)
		if a.str(t, "provision") != "27-1(1)5" || a.str(t, "due") != "2023-11-24T17:59:59.999Z" || a.str(t, "status") != "open" {
			t.Errorf("%s", a.body)
		}
		w.names["order"] = a.str(t, "id")
		if got := w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200).str(t, "outcome"); got != "done" {
			t.Error(got)
		}
		if got := w.do(t, "operator", "POST", "/v1/access", view).want(t, 200).str(t, "data", "name"); got != "Әсел" {
			t.Errorf("the value is %q", got)
		}

		w.names["order"] = w.order(t, `"kind":"block","source":"prosecutor","subject":"$subject"`)
		blocked := w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		if blocked.str(t, "provision") != "28" || blocked.at(t, "endedAt") == nil {
			t.Errorf("%s", blocked.body)
		}
		if got := w.do(t, "operator", "POST", "/v1/decisions", view).want(t, 200).str(t, "reasons", 0, "code"); got != "data-blocked" {
			t.Error(got)
		}
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 409)

		// A court's act that came on paper; the data is blocked, and goes all the same.
		w.names["order"] = w.do(t, "officer", "POST", "/v1/orders", `{"kind":"destroy","source":"court","subject":"$subject","document":"decision 7"}`).want(t, 201).str(t, "id")
		if got := w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200).str(t, "provision"); got != "18(3)" {
			t.Error(got)
		}
		act := w.do(t, "officer", "GET", "/v1/subjects/$subject/destructions", "").want(t, 200)
		if !strings.Contains(string(act.body), "payload") && !strings.Contains(string(act.body), "18(3)") {
			t.Errorf("%s", act.body)
		}
		w.names["order"] = w.order(t, `"kind":"block","subject":"$subject"`)
		if got := w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200).str(t, "outcome"); got != "nothing-held" {
			t.Error(got)
		}
		if open := w.do(t, "officer", "GET", "/v1/terms?status=open", ""); len(list(t, open)) != 0 {
			t.Errorf("terms left open: %s", open.body)
		}
		w.seal(t)
		apptest.Clean(t, w.App)
	})
}

func list(t testing.TB, a *answer) []any {
	t.Helper()
	items, ok := a.at(t, "items").([]any)
	if !ok {
		t.Fatalf("no list: %s", a.body)
	}
	return items
}

// A suspended organization is permitted nothing, until it is let work again; what
// protects people is still done.
func TestSuspension(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.filled(t)
		view := `{"subject":"$subject","action":"view","purpose":"payment","categories":["name"]}`
		w.names["order"] = w.order(t, `"kind":"suspend"`)
		w.do(t, "operator", "POST", "/v1/access", view).want(t, 200)
		w.do(t, "ministry", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		refused := w.do(t, "operator", "POST", "/v1/access", view).want(t, 403)
		if refused.str(t, "reasons", 0, "code") != "organization-suspended" {
			t.Errorf("%s", refused.body)
		}
		w.names["order"] = w.order(t, `"kind":"block","subject":"$subject"`)
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		w.names["order"] = w.order(t, `"kind":"resume"`)
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		w.names["order"] = w.order(t, `"kind":"unblock","subject":"$subject"`)
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		w.do(t, "operator", "POST", "/v1/access", view).want(t, 200)
	})
}

// An order to block, or to suspend, that nobody carried out in its term is carried
// out by Kelisim itself; one that needs a person shows as overdue.
func TestWhatProtectsIsDoneByItself(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.filled(t)
		w.order(t, `"kind":"destroy","subject":"$subject"`) // due on the same day, and waits for a person
		w.order(t, `"kind":"destroy","subject":"$subject"`)
		w.names["order"] = w.order(t, `"kind":"block","subject":"$subject"`)
		w.names["inquiry"] = w.order(t, `"kind":"inquiry","details":"Which measures do you take?"`)
		w.clock.Add(36 * time.Hour)
		w.enforce(t, 1)
		w.enforce(t, 0)
		if a := w.do(t, "ministry", "GET", "/v1/orders/$order", "").want(t, 200); a.str(t, "status") != "executed" || a.str(t, "outcome") != "done" {
			t.Errorf("%s", a.body)
		}
		w.clock.Add(60 * 24 * time.Hour)
		w.enforce(t, 0)
		if a := w.do(t, "ministry", "GET", "/v1/orders/$inquiry", "").want(t, 200); a.at(t, "overdue") != true || a.str(t, "status") != "open" {
			t.Errorf("%s", a.body)
		}
	})
}

func (w *world) enforce(t testing.TB, want int) {
	t.Helper()
	n, err := w.Orders.Enforce(t.Context(), 1) // a page of one: what waits hides nothing
	if err != nil || n != want {
		t.Errorf("%d carried out, want %d: %v", n, want, err)
	}
}

// The term of an order, or of a request, ends with that alone: ended by hand it
// would be on no list of what is late.
func TestTheTermOfARecordEndsWithIt(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.filled(t)
		w.order(t, `"kind":"block","subject":"$subject"`)
		w.names["term"] = w.do(t, "officer", "GET", "/v1/terms?status=open", "").want(t, 200).str(t, "items", 0, "id")
		if a := w.do(t, "officer", "POST", "/v1/terms/$term/done", "").want(t, 409); a.str(t, "code") != "term-ends-by-act" {
			t.Errorf("%s", a.body)
		}
		w.clock.Add(36 * time.Hour)
		w.enforce(t, 1)
		if a := w.do(t, "officer", "GET", "/v1/terms?status=done", "").want(t, 200); a.str(t, "items", 0, "id") != w.names["term"] {
			t.Errorf("%s", a.body)
		}
	})
}

// An inquiry is answered in 30 days with words and a document, which the authority
// reads.
//
// duty: L25.2.3-1
// duty: P3.2.4
func TestInquiry(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.names["order"] = w.order(t, `"kind":"inquiry","details":"Which measures do you take?"`)
		got := w.do(t, "officer", "GET", "/v1/orders/$order", "").want(t, 200)
		if due := got.str(t, "due"); due != "2023-12-25T17:59:59.999Z" || got.str(t, "provision") != "25(2)3-1" {
			t.Errorf("due %s: %s", due, got.body)
		}
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 400)
		pdf := "%PDF-1.4\n" + planted
		body := `{"answer":"All of them.","file":{"name":"answer.pdf","type":"application/pdf","content":"` + base64.StdEncoding.EncodeToString([]byte(pdf)) + `"}}`
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", body).want(t, 200)
		file := w.do(t, "ministry", "GET", "/v1/orders/$order/answer", "").want(t, 200)
		if string(file.body) != pdf || file.header.Get("Content-Type") != "application/pdf" {
			t.Errorf("%s %q", file.header, file.body)
		}
		w.do(t, "ministry", "GET", "/v1/orders/$order/file", "").want(t, 404)
	})
}

// The State Technical Service sees nothing of an organization until it is let in,
// and nothing after the date; each look is in the journal, and changes nothing.
//
// duty: L22.1.4
func TestExamination(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		look := func(want int) *answer {
			return w.do(t, "technical", "GET", "/v1/journal?organization=$bin", "").want(t, want)
		}
		look(403)
		w.names["order"] = w.do(t, "technical", "POST", "/v1/orders", `{"organization":"$bin","kind":"examination","document":"plan 1","until":"2023-12-01T00:00:00Z"}`).want(t, 201).str(t, "id")
		look(403)
		w.do(t, "technical", "POST", "/v1/orders/$order/execute", `{}`).want(t, 403)
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		look(200)
		if e := w.do(t, "officer", "GET", "/v1/journal?action=oversight.look", "").want(t, 200); e.str(t, "items", 0, "actor", "kind") != "examiner" {
			t.Errorf("%s", e.body)
		}
		w.do(t, "technical", "GET", "/v1/journal?organization=$other", "").want(t, 403)
		w.clock.Set(time.Date(2023, 12, 1, 0, 0, 0, 0, time.UTC))
		look(403)
	})
}

// What the authorised body reads, and of whom, stands in the journal, and the
// person sees it.
//
// duty: L27-1.conf
func TestOverseersLooksAreJournaled(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.filled(t)
		urls := map[string]string{
			"/v1/journal?organization=$bin&subject=$subject": "journal", "/v1/journal/deferrals?organization=$bin": "deferrals",
			"/v1/journal/deferrals/counts": "deferral-counts", "/v1/terms?organization=$bin": "terms",
		}
		for url := range urls {
			w.do(t, "ministry", "GET", url, "").want(t, 200)
		}
		seen := map[string]bool{}
		for _, org := range []string{"$bin", "$ministry"} {
			for _, e := range list(t, w.do(t, "authority", "GET", "/v1/journal?action=oversight.look&organization="+org, "").want(t, 200)) {
				detail, _ := e.(map[string]any)["detail"].(string)
				seen[detail] = true
			}
		}
		for url, detail := range urls {
			if !seen[detail] {
				t.Errorf("%s left no trace", url)
			}
		}
		mine := w.do(t, "subject", "GET", "/v1/me/journal?action=oversight.look", "").want(t, 200)
		if len(list(t, mine)) != 1 || mine.str(t, "items", 0, "actor", "kind") != "authority" {
			t.Errorf("%s", mine.body)
		}
	})
}

// An operator asks for an integration with state systems; the authorised body
// agrees or refuses with a reason.
//
// duty: L27-1.7-3
func TestIntegrationIsAgreed(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		ask := `{"kind":"integration","document":"application 1","details":"the state database of persons"}`
		w.names["order"] = w.do(t, "officer", "POST", "/v1/orders", ask).want(t, 201).str(t, "id")
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{"decision":"agreed"}`).want(t, 403)
		w.do(t, "ministry", "POST", "/v1/orders/$order/execute", `{"decision":"refused"}`).want(t, 400)
		if a := w.do(t, "ministry", "POST", "/v1/orders/$order/execute", `{"decision":"agreed"}`).want(t, 200); a.str(t, "outcome") != "agreed" {
			t.Errorf("%s", a.body)
		}
	})
}

// A case gets the order with a proof of each act by it, which anybody can check.
//
// duty: L29
func TestExtractForACase(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.filled(t)
		w.names["order"] = w.order(t, `"kind":"destroy","subject":"$subject"`)
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
		w.seal(t)
		a := w.do(t, "ministry", "GET", "/v1/orders/$order/extract", "").want(t, 200)
		receipts, _ := a.at(t, "receipts").([]any)
		if len(receipts) != 3 { // put, destroyed, carried out
			t.Fatalf("%d receipts: %s", len(receipts), a.body)
		}
		for i := range receipts {
			b, err := json.Marshal(receipts[i])
			var r verify.Receipt
			if err == nil {
				err = json.Unmarshal(b, &r)
			}
			if err == nil {
				_, _, err = r.Check(w.Keys.Checker)
			}
			if err != nil {
				t.Errorf("receipt %d: %v", i, err)
			}
		}
	})
}

// An order that was put in error is taken back by whoever put it, and its term
// with it.
func TestOrderTakenBack(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.names["order"] = w.order(t, `"kind":"destroy","subject":"$subject"`)
		w.do(t, "officer", "POST", "/v1/orders/$order/cancel", `{}`).want(t, 403)
		w.do(t, "ministry", "POST", "/v1/orders/$order/cancel", `{}`).want(t, 200)
		w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 409)
		if a := w.do(t, "officer", "GET", "/v1/terms?status=cancelled", ""); len(list(t, a)) != 1 {
			t.Errorf("%s", a.body)
		}
	})
}

// orderOf is an order to the example operator by its own authority's token.
func orderOf(more string) string { return `{"organization":"$bin","document":"act 1",` + more + `}` }

var badOrders = []bad{
	{"of no kind", "authority", "POST /v1/orders", orderOf(`"details":"x"`), 400, "bad-enum", "kind", "clarify"},
	{"of a made-up kind", "authority", "POST /v1/orders", orderOf(`"kind":"$name"`), 400, "bad-enum", "kind", "clarify"},
	{"to nobody", "authority", "POST /v1/orders", `{"kind":"suspend","document":"act 1"}`, 400, "missing-field", "organization", ""},
	{"to a stranger", "authority", "POST /v1/orders", `{"kind":"suspend","organization":"$iin","document":"act 1"}`, 404, "organization-unknown", "organization", ""},
	{"by an officer to another", "officer", "POST /v1/orders", `{"kind":"inquiry","source":"court","organization":"$other","document":"x","details":"x"}`, 403, "forbidden", "organization", ""},
	{"without a document", "authority", "POST /v1/orders", `{"kind":"suspend","organization":"$bin"}`, 400, "missing-field", "document", ""},
	{"of too long a document", "authority", "POST /v1/orders", `{"kind":"suspend","organization":"$bin","document":"$x2001"}`, 400, "too-long", "document", "500"},
	{"without a person", "authority", "POST /v1/orders", orderOf(`"kind":"block"`), 400, "missing-field", "subject", ""},
	{"of a stranger", "authority", "POST /v1/orders", orderOf(`"kind":"block","subject":"$stranger"`), 404, "subject-unknown", "subject", ""},
	{"of another's subject", "authority", "POST /v1/orders", orderOf(`"kind":"block","subject":"$otherSubject"`), 404, "subject-unknown", "subject", ""},
	{"a person too many", "authority", "POST /v1/orders", orderOf(`"kind":"suspend","subject":"$subject"`), 400, "order-no-person", "subject", ""},
	{"by a source that cannot", "authority", "POST /v1/orders", orderOf(`"kind":"block","source":"technical-service","subject":"$subject"`), 400, "order-not-theirs", "source", ""},
	{"by a made-up source", "authority", "POST /v1/orders", orderOf(`"kind":"block","source":"$name","subject":"$subject"`), 400, "bad-enum", "source", "court"},
	{"an officer in nobody's name", "officer", "POST /v1/orders", orderOf(`"kind":"block","subject":"$subject"`), 400, "bad-enum", "source", "court"},
	{"an examiner that orders", "examiner", "POST /v1/orders", orderOf(`"kind":"block","source":"court","subject":"$subject"`), 400, "order-not-theirs", "source", ""},
	{"an inquiry about nothing", "authority", "POST /v1/orders", orderOf(`"kind":"inquiry"`), 400, "missing-field", "details", ""},
	{"an examination for ever", "authority", "POST /v1/orders", orderOf(`"kind":"examination"`), 400, "missing-field", "until", ""},
	{"an examination that is over", "authority", "POST /v1/orders", orderOf(`"kind":"examination","until":"2020-01-01T00:00:00Z"`), 400, "time-past", "until", ""},
	{"an examination of years", "authority", "POST /v1/orders", orderOf(`"kind":"examination","until":"2030-01-01T00:00:00Z"`), 400, "order-too-long", "until", ""},
	{"a block until", "authority", "POST /v1/orders", orderOf(`"kind":"suspend","until":"2024-01-01T00:00:00Z"`), 400, "order-no-until", "until", ""},
	{"categories of a block", "authority", "POST /v1/orders", orderOf(`"kind":"block","subject":"$subject","categories":["name"]`), 400, "order-only-destroy", "categories", ""},
	{"values of a block", "authority", "POST /v1/orders", orderOf(`"kind":"block","subject":"$subject","values":{"name":"$name"}`), 400, "values-unexpected", "values", ""},
	{"a program for a document", "authority", "POST /v1/orders", orderOf(`"kind":"suspend","file":{"name":"a.pdf","type":"application/pdf","content":"TVqQAAM="}`), 400, "bad-enum", "file.type", "application/pdf"},
	{"a page for a document", "authority", "POST /v1/orders", orderOf(`"kind":"suspend","file":{"name":"a.html","type":"text/html","content":"PGh0bWw+"}`), 400, "bad-enum", "file.type", "application/pdf"},
	{"a hostile name", "authority", "POST /v1/orders", orderOf(`"kind":"suspend","file":{"name":"../$name","type":"text/plain","content":"dGV4dA=="}`), 400, "file-name", "file.name", ""},
	{"an empty document", "authority", "POST /v1/orders", orderOf(`"kind":"suspend","file":{"name":"a","type":"text/plain","content":""}`), 400, "missing-field", "file.content", ""},
	{"no order", "officer", "POST /v1/orders/$stranger/execute", `{}`, 404, "order-unknown", "", ""},
	{"no id", "officer", "GET /v1/orders/1", ``, 404, "not-found", "", ""},
	{"another's orders", "officer", "GET /v1/orders?organization=$other", ``, 403, "forbidden", "organization", ""},
	{"a status nobody has", "officer", "GET /v1/orders?status=secret", ``, 400, "bad-enum", "status", "open"},
	{"a kind nobody has", "officer", "GET /v1/orders?kind=secret", ``, 400, "bad-enum", "kind", "block"},
}

// An order that is another's to carry out is told like none.
func TestForeignOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.authority(t)
	w.names["order"] = w.order(t, `"kind":"suspend"`)
	for _, call := range []string{"GET /v1/orders/$order", "POST /v1/orders/$order/execute", "POST /v1/orders/$order/cancel", "GET /v1/orders/$order/extract"} {
		method, url, _ := strings.Cut(call, " ")
		w.do(t, "other-officer", method, url, "").want(t, 404)
		if !strings.HasSuffix(url, "execute") { // never an examiner's
			w.do(t, "technical", method, url, "").want(t, 404)
		}
	}
}
