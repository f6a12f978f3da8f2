package api

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// All that is due stands in one list, whoever registered it; the authorised body
// has one of its own. What is overdue is on it, in the counts and in the metric.
//
// duty: L25.3.3, L27-1.3
func TestDue(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.clock.Set(time.Date(2023, 11, 24, 4, 0, 0, 0, time.UTC)) // Friday
		w.names["notice"] = w.owe(t, "transfer-notice")
		w.names["request"] = w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin"}`).want(t, 201).str(t, "id")
		w.names["order"] = w.do(t, "ministry", "POST", "/v1/orders", `{"organization":"$bin","kind":"inquiry","document":"1","details":"x"}`).want(t, 201).str(t, "id")
		kinds := func(a *answer) (list []string) {
			t.Helper()
			for i := range a.items(t) {
				list = append(list, a.str(t, "items", i, "about", "kind")+" "+a.str(t, "items", i, "stage"))
			}
			return list
		}
		a := w.do(t, "staff", "GET", "/v1/due", "", "Accept-Language", "en").want(t, 200)
		if got := kinds(a); !slices.Equal(got, []string{"request calm", "entry calm", "order calm"}) {
			t.Errorf("%v", got)
		}
		if a.str(t, "items", 0, "what") != "The answer to a subject's request" || a.str(t, "items", 0, "about", "id") != w.names["request"] {
			t.Errorf("%s", a.body)
		}
		first := w.do(t, "staff", "GET", "/v1/due?limit=2", "").want(t, 200)
		if second := w.do(t, "staff", "GET", "/v1/due?limit=2&after="+first.str(t, "next"), "").want(t, 200); !slices.Equal(kinds(second), []string{"order calm"}) {
			t.Errorf("%s", second.body)
		}

		w.clock.Set(time.Date(2023, 12, 1, 4, 0, 0, 0, time.UTC)) // the answer was due on Wednesday
		a = w.do(t, "officer", "GET", "/v1/due?overdue=true", "").want(t, 200)
		if got := kinds(a); !slices.Equal(got, []string{"request very-late"}) || a.str(t, "counts", 2, "kind") != "request" || a.at(t, "counts", 2, "overdue") != 1.0 {
			t.Errorf("%v %s", got, a.body)
		}
		metrics := string(w.do(t, "", "GET", "/metrics", "").body)
		for _, want := range []string{
			`kelisim_due{kind="request",state="overdue"} 1`, `kelisim_due{kind="order",state="open"} 1`, `kelisim_due{kind="entry",state="today"} 0`,
		} {
			if !strings.Contains(metrics, want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Contains(metrics, w.names["subject"]) || strings.Contains(metrics, w.names["bin"]) {
			t.Error("the metric names somebody")
		}
		w.do(t, "", "GET", "/readyz", "").want(t, 200)

		if got := w.do(t, "ministry", "GET", "/v1/due", "").want(t, 200); len(got.items(t)) != 0 {
			t.Errorf("%s", got.body)
		}
		w.names["appeal"] = w.do(t, "subject", "POST", "/v1/me/requests/$request/appeal", `{"text":"late"}`).want(t, 201).str(t, "id")
		if got := kinds(w.do(t, "ministry", "GET", "/v1/due", "").want(t, 200)); !slices.Equal(got, []string{"appeal calm"}) {
			t.Errorf("%v", got)
		}
		seen := w.do(t, "ministry", "GET", "/v1/appeals", "").want(t, 200)
		if seen.str(t, "items", 0, "due") != "2023-12-25T17:59:59.999Z" { // fifteen working days, one of them a holiday
			t.Errorf("%s", seen.body)
		}
		term := w.do(t, "ministry", "GET", "/v1/due", "").str(t, "items", 0, "id")
		longer := w.do(t, "ministry", "POST", "/v1/terms/"+term+"/extend", `{"amount":1,"reason":"facts-to-establish"}`).want(t, 200)
		if longer.str(t, "due") != "2024-01-25T17:59:59.999Z" {
			t.Errorf("%s", longer.body)
		}
		w.do(t, "ministry", "POST", "/v1/terms/"+term+"/extend", `{"amount":2,"reason":"facts-to-establish"}`).want(t, 403)
		w.do(t, "ministry", "POST", "/v1/terms/"+term+"/pause", `{"reason":"x"}`).want(t, 403)
		w.do(t, "ministry", "POST", "/v1/appeals/$appeal/decide", `{"decision":"upheld","reasons":"late"}`).want(t, 200)
		if got := w.do(t, "ministry", "GET", "/v1/due", "").want(t, 200); len(got.items(t)) != 0 {
			t.Errorf("%s", got.body)
		}
	})
}

// A term that an act ends is not ended by a word, and that of a request is not
// bent past the subject.
func TestTermsEndByAct(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.authority(t)
		w.do(t, "subject", "POST", "/v1/me/requests", `{"kind":"copy","organization":"$bin"}`).want(t, 201)
		w.do(t, "ministry", "POST", "/v1/orders", `{"organization":"$bin","kind":"inquiry","document":"1","details":"x"}`).want(t, 201)
		list := w.do(t, "officer", "GET", "/v1/due", "").want(t, 200)
		w.names["ofRequest"], w.names["ofOrder"] = list.str(t, "items", 0, "id"), list.str(t, "items", 1, "id")
		before := w.rows(t)
		for _, c := range []bad{
			{"a request's", "officer", "POST /v1/terms/$ofRequest/done", ``, 409, "term-ends-by-act", "", ""},
			{"an order's", "operator", "POST /v1/terms/$ofOrder/done", ``, 409, "term-ends-by-act", "", ""},
			{"past the subject", "officer", "POST /v1/terms/$ofRequest/extend", `{"amount":1,"reason":"x"}`, 409, "term-of-request", "", ""},
			{"not in the edition", "officer", "POST /v1/terms/$ofOrder/extend", `{"amount":1,"reason":"x"}`, 403, "term-not-extendable", "", ""},
			{"no reason", "officer", "POST /v1/terms/$ofOrder/extend", `{"amount":1,"reason":"Асыл ауырды"}`, 400, "term-reason", "reason", ""},
			{"no reason to pause", "officer", "POST /v1/terms/$ofOrder/pause", `{"reason":""}`, 400, "term-reason", "reason", ""},
			{"not paused", "officer", "POST /v1/terms/$ofOrder/resume", ``, 409, "term-not-paused", "", ""},
			{"another's", "other-officer", "POST /v1/terms/$ofOrder/pause", `{"reason":"x"}`, 404, "term-unknown", "", ""},
			{"no place", "officer", "GET /v1/due?after=$iin", ``, 400, "bad-id", "after", ""},
			{"neither", "officer", "GET /v1/due?overdue=perhaps", ``, 400, "bad-enum", "overdue", "true, false"},
			{"no limit", "officer", "GET /v1/due?limit=0", ``, 400, "out-of-range", "limit", ""},
			{"another's list", "other-officer", "GET /v1/due?organization=$bin", ``, 403, "forbidden", "organization", ""},
		} {
			c.run(t, w)
		}
		if after := w.rows(t); !maps.Equal(before, after) {
			t.Error("something was written")
		}
	})
}
