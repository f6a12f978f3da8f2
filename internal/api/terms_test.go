package api

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// What is owed by when: a list for those who owe and for the authorised body,
// and the word that it was done.
func TestTerms(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Set(time.Date(2023, 11, 24, 13, 30, 0, 0, time.UTC)) // Friday, half past seven in the evening
		w.names["late"], w.names["soon"] = w.owe(t, "transfer-notice"), w.owe(t, "block")
		list := w.do(t, "officer", "GET", "/v1/terms?status=open", "", "Accept-Language", "en").want(t, 200)
		if ids := []string{list.str(t, "items", 0, "id"), list.str(t, "items", 1, "id")}; !slices.Equal(ids, []string{w.names["soon"], w.names["late"]}) {
			t.Errorf("%v", ids)
		}
		for path, want := range map[string]string{
			"key": "block", "text": "block", "provision": "25(2)8", "edition": "2023-04", "status": "open", "due": "2023-11-27T17:59:59.999Z",
			"start": "2023-11-24T13:30:00Z", "certainty": "S", "calendar": "1.0", "subject": w.names["subject"],
		} {
			if got := list.str(t, "items", 0, path); got != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		for _, s := range []scenario{
			{name: "staff", as: "staff", url: "/v1/terms", wantContains: []string{"$soon", "$late"}},
			{name: "operator", as: "operator", url: "/v1/terms?dueBefore=2023-11-28T00:00:00Z", wantContains: []string{"$soon"}, wantNot: []string{"$late"}},
			{name: "subject", as: "officer", url: "/v1/terms?subject=$subject", wantContains: []string{"$soon"}},
			{name: "another subject", as: "officer", url: "/v1/terms?subject=$otherSubject", wantNot: []string{"$soon"}},
			{name: "authority", as: "other-authority", url: "/v1/terms?organization=$bin", wantContains: []string{"$soon"}},
			{name: "another organization", as: "other-officer", url: "/v1/terms", wantNot: []string{"$soon"}},
			{name: "done", as: "officer", url: "/v1/terms?status=done", wantNot: []string{"$soon"}},
		} {
			s.method, s.wantStatus = "GET", 200
			s.run(t, w)
		}
		w.do(t, "other-officer", "GET", "/v1/terms?organization=$bin", "").want(t, 403)
		w.do(t, "other-officer", "POST", "/v1/terms/$soon/done", "").want(t, 404)

		w.clock.Set(time.Date(2023, 11, 28, 4, 0, 0, 0, time.UTC))
		if a := w.do(t, "officer", "GET", "/v1/terms?status=open", ""); a.at(t, "items", 0, "overdue") != true || a.at(t, "items", 1, "overdue") != false {
			t.Errorf("%s", a.body)
		}
		if m := string(w.do(t, "", "GET", "/metrics", "").body); !strings.Contains(m, "kelisim_terms_open 2\n") || !strings.Contains(m, "kelisim_terms_overdue 1\n") {
			t.Error("the metrics do not count terms")
		}
		done := w.do(t, "officer", "POST", "/v1/terms/$soon/done", "", keyed, "d").want(t, 200)
		if done.str(t, "status") != "done" || done.str(t, "endedAt") != "2023-11-28T04:00:00Z" || done.at(t, "overdue") != false {
			t.Errorf("%s", done.body)
		}
		if again := w.do(t, "officer", "POST", "/v1/terms/$soon/done", "", keyed, "d").want(t, 200); string(again.body) != string(done.body) {
			t.Errorf("%s", again.body)
		}
		if a := w.do(t, "operator", "POST", "/v1/terms/$soon/done", "").want(t, 409); a.str(t, "code") != "term-not-open" {
			t.Errorf("%s", a.body)
		}
		journal := w.do(t, "officer", "GET", "/v1/journal?action=term.done", "").want(t, 200)
		if len(journal.items(t)) != 1 || !strings.Contains(journal.str(t, "items", 0, "detail"), w.names["soon"]) {
			t.Errorf("%s", journal.body)
		}
		if a := w.do(t, "subject", "GET", "/v1/me/notifications", "", "Accept-Language", "en").want(t, 200); !strings.Contains(string(a.body), "27 November 2023") {
			t.Errorf("the subject reads nothing of it: %s", a.body)
		}
	})
}

func TestTermPages(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		for range 5 {
			w.owe(t, "block")
			w.owe(t, "transfer-notice")
		}
		whole := w.walk(t, "officer", "/v1/terms?", 200)
		if len(whole) != 10 {
			t.Fatalf("%d terms", len(whole))
		}
		for _, limit := range []int{1, 3} {
			if got := w.walk(t, "officer", "/v1/terms?", limit); !slices.Equal(got, whole) {
				t.Errorf("by %d: %v, want %v", limit, got, whole)
			}
		}
	})
}

// A decree by the interface: checked, in force at once, and open terms follow.
func TestDecrees(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Set(time.Date(2024, 6, 14, 9, 0, 0, 0, time.UTC))
		w.names["term"] = w.owe(t, "block")
		const yaml = "year: 2024\nsource: {kk: хабар, ru: сообщение, en: announcement}\ncertainty: P\nkurban_ait: 2024-06-17\n"
		a := w.do(t, "admin", "POST", "/v1/calendar/decrees", yaml, "Content-Type", "application/yaml", "Accept-Language", "en").want(t, 201)
		if a.str(t, "version") != "1.1" || a.at(t, "moved") != 1.0 || a.at(t, "recomputed") != 1.0 || a.at(t, "more") != false || a.str(t, "decree", "source") != "announcement" {
			t.Errorf("%s", a.body)
		}
		if again := w.do(t, "admin", "POST", "/v1/calendar/decrees", yaml, "Content-Type", "application/yaml").want(t, 200); again.at(t, "changed") != false || again.at(t, "recomputed") != 0.0 {
			t.Errorf("%s", again.body)
		}
		list := w.do(t, "officer", "GET", "/v1/terms", "").want(t, 200)
		if list.str(t, "items", 0, "due") != "2024-06-18T18:59:59.999Z" || list.str(t, "items", 0, "history", 0, "was") != "2024-06-17T18:59:59.999Z" {
			t.Errorf("%s", list.body)
		}
		for _, s := range []scenario{
			{
				name: "the entry", as: "officer", url: "/v1/journal?action=term.recompute",
				wantContains: []string{"was=2024-06-17 due=2024-06-18 calendar=1.1 decree=1", `"kind":"service"`},
			},
			{
				name: "the year", url: "/v1/calendar?year=2024&week=5", headers: []string{"Accept-Language", "en"},
				wantContains: []string{`"version":"1.1"`, `{"date":"2024-06-17","works":false,"kind":"rest"`, `"name":"first day of Kurban Ait"`, `"date":"2024-05-04","works":true,"kind":"taken"`},
				wantNot:      []string{"2024-06-16"},
			},
			{name: "in Kazakh", url: "/v1/calendar?year=2024", headers: []string{"Accept-Language", "kk"}, wantContains: []string{"Құрбан айт", "хабар"}},
			{name: "six days", url: "/v1/calendar?year=2026&week=6", wantContains: []string{`"2026-03-24"`}, wantNot: []string{`"2026-03-25"`}},
			{name: "this year", url: "/v1/calendar", wantContains: []string{`"year":2024`, `"week":5`}},
			{name: "nobody knows", url: "/v1/calendar?year=2050", wantContains: []string{`"certainty":"?"`}},
			{name: "the decrees", url: "/v1/calendar/decrees", wantContains: []string{`"number":1`, `kurban_ait: 2024-06-17`}},
		} {
			s.method, s.wantStatus = "GET", 200
			s.run(t, w)
		}
		if a := w.do(t, "", "GET", "/v1/calendar?year=2026", ""); a.at(t, "workingDays") != 247.0 || len(a.at(t, "months").([]any)) != 12 {
			t.Errorf("%.200s", a.body)
		}
	})
}

func TestBadDecrees(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		before := w.rows(t)
		for _, c := range []bad{
			{"a wrong date", "admin", "POST /v1/calendar/decrees", `{"year":2024,"source":"s","certainty":"P","works":["2024-02-30"]}`, 400, "date-form", "works[0]", ""},
			{"a contradiction", "admin", "POST /v1/calendar/decrees", `{"year":2024,"source":"s","certainty":"P","works":["2024-06-17"]}`, 400, "decree-works-already", "works[0]", ""},
			{"an unknown key", "admin", "POST /v1/calendar/decrees", `{"year":2024,"work":[]}`, 400, "decree-key", "", "kurban_ait"},
			{"nothing", "admin", "POST /v1/calendar/decrees", `{}`, 400, "missing-key", "year", ""},
			{"a year that is none", "", "GET /v1/calendar?year=$iin", ``, 400, "out-of-range", "year", ""},
			{"a week that is none", "", "GET /v1/calendar?week=7", ``, 400, "bad-enum", "week", "5, 6"},
			{"a status that is none", "officer", "GET /v1/terms?status=late", ``, 400, "bad-enum", "status", "open, done, cancelled"},
			{"before a word", "officer", "GET /v1/terms?dueBefore=tomorrow", ``, 400, "bad-time", "dueBefore", ""},
			{"a subject that is none", "officer", "GET /v1/terms?subject=$iin", ``, 400, "bad-id", "subject", ""},
			{"a cursor that is none", "officer", "GET /v1/terms?after=$stranger", ``, 400, "bad-id", "after", ""},
			{"whose terms", "authority", "GET /v1/terms", ``, 400, "missing-field", "organization", ""},
			{"a term of no id", "officer", "POST /v1/terms/$iin/done", ``, 404, "not-found", "", ""},
			{"a term of nobody", "officer", "POST /v1/terms/$stranger/done", ``, 404, "term-unknown", "", ""},
		} {
			c.run(t, w)
		}
		if a := w.do(t, "admin", "POST", "/v1/calendar/decrees", "year: 2024\nsource: s\ncertainty: P\nrest: [2024-06-14]\n", "Content-Type", "application/yaml").want(t, 400); a.at(t, "line") != 4.0 {
			t.Errorf("%s", a.body)
		}
		for name, n := range w.rows(t) {
			if n != before[name] {
				t.Errorf("%d rows of %s stayed", n-before[name], name)
			}
		}
	})
}
