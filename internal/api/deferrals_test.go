package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// deferral is one that is good, for two days.
const deferral = `{"subject":"$subject","reference":"A-1","provision":"9(1)","document":"order 17","until":"2023-11-25T09:00:00Z"}`

// deferralWith is another.
func deferralWith(more string) string {
	return `{"subject":"$subject","provision":"9(1)","document":"order 17","until":"2023-11-25T09:00:00Z",` + more + `}`
}

// deferred makes a deferral of a case, by two people, and returns its id.
func (w *world) deferred(t testing.TB, reference string) string {
	t.Helper()
	w.names["asked"] = w.do(t, "officer", "POST", "/v1/journal/deferrals", strings.Replace(deferral, "A-1", reference, 1)).want(t, 201).str(t, "id")
	return w.do(t, "second", "POST", "/v1/journal/deferrals/$asked/approve", `{}`).want(t, 200).str(t, "id")
}

// look is a view of the person's data under a case number.
func (w *world) look(t testing.TB, reference, more string) string {
	t.Helper()
	return w.do(t, "operator", "POST", "/v1/decisions",
		`{"subject":"$subject","action":"view","purpose":"payment","categories":["name"],"reference":"`+reference+`"`+more+`}`).want(t, 200).str(t, "id")
}

var badDeferrals = []bad{
	{"of nobody", "officer", "POST /v1/journal/deferrals", `{}`, 400, "missing-field", "subject", ""},
	{"of a stranger", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "$subject", "$stranger", 1), 404, "subject-unknown", "", ""},
	{"of another's subject", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "$subject", "$otherSubject", 1), 404, "subject-unknown", "", ""},
	{"on no ground", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "9(1)", "", 1), 400, "missing-field", "provision", ""},
	{"on a ground that is none", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "9(1)", "$iin", 1), 400, "deferral-ground", "provision", "9(1), 9(9), 9(10)"},
	{"on a ground of which the subject is told", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "9(1)", "9(6)", 1), 400, "deferral-ground", "provision", "9(1)"},
	{"without a document", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "order 17", " ", 1), 400, "missing-field", "document", ""},
	{"with too long a document", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "order 17", "$x2001", 1), 400, "too-long", "document", "500"},
	{"of too long a case", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "A-1", "$x201", 1), 400, "too-long", "reference", "200"},
	{"as nobody", "officer", "POST /v1/journal/deferrals", deferralWith(`"role":"$name"`), 400, "bad-enum", "role", "primary, incidental"},
	{"without a date", "officer", "POST /v1/journal/deferrals", `{"subject":"$subject","provision":"9(1)","document":"x"}`, 400, "missing-field", "until", ""},
	{"until now", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "2023-11-25T09", "2023-11-23T09", 1), 400, "time-past", "until", ""},
	{"for ever", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "2023-11-25", "2024-11-24", 1), 400, "deferral-too-long", "until", "P1Y"},
	{"until a word", "officer", "POST /v1/journal/deferrals", strings.Replace(deferral, "2023-11-25T09:00:00Z", "tomorrow", 1), 400, "wrong-type", "until", "RFC 3339"},
	{"a name nobody knows", "officer", "POST /v1/journal/deferrals", deferralWith(`"reason":"x"`), 400, "unknown-field", "reason", ""},
	{"approve what is not there", "officer", "POST /v1/journal/deferrals/$stranger/approve", ``, 404, "deferral-unknown", "", ""},
	{"refuse what is not there", "officer", "POST /v1/journal/deferrals/$stranger/refuse", ``, 404, "deferral-unknown", "", ""},
	{"lift what is not there", "authority", "POST /v1/journal/deferrals/$stranger/lift", ``, 404, "deferral-unknown", "", ""},
	{"lift no id", "authority", "POST /v1/journal/deferrals/1/lift", ``, 404, "not-found", "", ""},
	{"a status nobody has", "officer", "GET /v1/journal/deferrals?status=secret", ``, 400, "bad-enum", "status", "pending, approved, refused, lifted"},
	{"another's deferrals", "officer", "GET /v1/journal/deferrals?organization=$other", ``, 403, "forbidden", "organization", ""},
	{"whose deferrals", "authority", "GET /v1/journal/deferrals", ``, 400, "missing-field", "organization", ""},
	{"grouped otherwise", "subject", "GET /v1/me/journal?grouped=yes", ``, 400, "bad-enum", "grouped", "true, false"},
	{"from a word", "subject", "GET /v1/me/journal?from=yesterday", ``, 400, "bad-time", "from", ""},
	{"an entry of no id", "subject", "GET /v1/me/journal/1", ``, 404, "not-found", "", ""},
	{"no entry", "subject", "GET /v1/me/journal/$stranger", ``, 404, "entry-unknown", "", ""},
}

// mine is every route of the subject, asked in every way, but for their own data:
// each look at that is an act.
func (w *world) mine(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	routes := w.api.routes()
	for i := range routes {
		r := &routes[i]
		if r.method != "GET" || !slices.Contains(r.roles, account.Subject) || strings.Contains(r.path, "{id}") || r.path == "/v1/me/data" {
			continue
		}
		for _, query := range []string{"", "?limit=1", "?limit=200", "?grouped=true", "?action=view", "?organization=$bin", "?from=2023-01-01T00:00:00Z"} {
			for _, lang := range locale.All {
				a := w.do(t, "subject", "GET", r.path+query, "", "Accept-Language", string(lang))
				out[r.path+query+" "+string(lang)] = string(a.body)
			}
		}
	}
	return out
}

// Nothing that the person can ask shows that something is deferred: neither the
// case number nor the document, no id, no count, no cursor. At the date it is
// there, and it is told that it was not before.
//
// duty: L8-2.2.2
func TestNoTraceOfWhatIsDeferred(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		const mark = "МЕТКА-4711"
		w.look(t, "open", "")
		w.seal(t)
		w.clock.Add(time.Second)
		before := w.mine(t)
		approved := strings.Replace(strings.Replace(deferral, "A-1", mark, 1), "order 17", mark, 1)
		w.names["asked"] = w.do(t, "officer", "POST", "/v1/journal/deferrals", approved).want(t, 201).str(t, "id")
		pending := w.mine(t)
		w.do(t, "second", "POST", "/v1/journal/deferrals/$asked/approve", `{}`).want(t, 200)
		w.names["entry"] = w.look(t, mark, `,"ground":{"provision":"9(10)","document":"`+mark+`"},"actor":{"kind":"person","id":"`+mark+`"}`)
		for range 3 {
			w.look(t, mark, "")
		}
		w.seal(t)
		w.names["own"] = w.do(t, "officer", "GET", "/v1/journal?action=disclosure.approve", "").str(t, "items", 0, "id")
		for name, now := range map[string]map[string]string{"pending": pending, "approved": w.mine(t)} {
			for url, was := range before {
				got := now[url]
				if was != got {
					t.Errorf("%s: %s differs:\n%s\n%s", name, url, was, got)
				}
				for _, trace := range []string{mark, w.names["entry"], w.names["own"], w.names["asked"], "disclosure", "9(1)"} {
					if strings.Contains(got, trace) {
						t.Errorf("%s: %s shows %s: %s", name, url, trace, got)
					}
				}
			}
		}
		for _, id := range []string{"$entry", "$own"} {
			for _, url := range []string{"/v1/me/journal/%s", "/v1/me/journal/%s/receipt", "/v1/me/journal?after=%s", "/v1/me/journal?grouped=true&after=%s", "/v1/me/notifications?after=%s"} {
				hidden := w.do(t, "subject", "GET", fmt.Sprintf(url, id), "")
				absent := w.do(t, "subject", "GET", fmt.Sprintf(url, "$stranger"), "")
				if hidden.status != absent.status || string(hidden.body) != string(absent.body) || hidden.status < 400 {
					t.Errorf(url+": %s, of what does not exist %s", id, hidden.body, absent.body)
				}
			}
		}
		if data := w.do(t, "subject", "GET", "/v1/me/data", ""); strings.Contains(string(data.body), mark) {
			t.Errorf("%s", data.body)
		}
		w.clock.Add(time.Second)
		w.look(t, "open", "")
		w.atTheDate(t, mark)
	})
}

func (w *world) atTheDate(t *testing.T, mark string) {
	t.Helper()
	w.do(t, "subject", "POST", "/v1/me/notifications/read", `{"until":"`+w.do(t, "subject", "GET", "/v1/me/notifications?limit=1", "").str(t, "items", 0, "id")+`"}`).want(t, 200)
	unread := func() float64 {
		n, _ := w.do(t, "subject", "GET", "/v1/me", "").want(t, 200).at(t, "unread").(float64)
		return n
	}
	if n := unread(); n != 0 {
		t.Errorf("%v unread of what is read", n)
	}
	w.clock.Set(time.Date(2023, 11, 25, 9, 0, 0, 0, time.UTC))
	a := w.do(t, "subject", "GET", "/v1/me/journal/$entry", "").want(t, 200)
	if a.str(t, "reference") != mark || a.str(t, "deferred", "until") != "2023-11-25T09:00:00Z" || a.str(t, "deferred", "provision") != "9(1)" || a.at(t, "deferred", "hidden") != nil {
		t.Errorf("%s", a.body)
	}
	w.do(t, "subject", "GET", "/v1/me/journal/$entry/receipt", "").want(t, 200)
	if n := unread(); n != 6 {
		t.Errorf("%v unread at the date, want four acts, a request and an approval", n)
	}
	inbox := string(w.do(t, "subject", "GET", "/v1/me/notifications", "", "Accept-Language", "ru").body)
	if !strings.Contains(inbox, "Вам это не показывали до 25 ноября 2023 г.") || strings.Count(inbox, `"read":false`) != 6 {
		t.Errorf("%s", inbox)
	}
	w.do(t, "subject", "POST", "/v1/me/notifications/read", `{"until":"$entry"}`).want(t, 200)
	if n := unread(); n != 0 {
		t.Errorf("%v unread after what came to light was read", n)
	}
}

// Pages go on over what is hidden, whatever their length, and each entry that is
// seen is there once.
func TestPagesOverWhatIsHidden(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.deferred(t, "A-1")
		w.clock.Add(time.Second)
		var want []string
		for i := range 9 {
			if i%3 == 0 {
				want = append(want, w.look(t, "B", ""))
			}
			w.look(t, "A-1", "")
			w.clock.Add(time.Second)
		}
		w.look(t, "A-1", "")
		slices.Reverse(want)
		for _, url := range []string{"/v1/me/journal?action=view&", "/v1/me/journal?action=view&from=2023-11-23T00:00:00Z&", "/v1/me/notifications?"} {
			for limit := range 5 {
				got := w.walk(t, "subject", url, limit+1)
				if strings.Contains(url, "notifications") {
					got = got[:min(len(got), len(want))]
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s by %d: %v, want %v", url, limit+1, got, want)
				}
			}
		}
		if all := w.walk(t, "officer", "/v1/journal?action=view&", 4); len(all) != 13 {
			t.Errorf("the officer sees %d", len(all))
		}
	})
}

// Those who oversee read everything, with a mark on what the subject does not.
func TestOverseersSeeAllMarked(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["deferral"] = w.deferred(t, "A-1")
		w.names["entry"], w.names["open"] = w.look(t, "A-1", ""), w.look(t, "B", "")
		w.seal(t)
		for _, role := range []string{"officer", "authority", "examiner"} {
			a := w.do(t, role, "GET", "/v1/journal?action=view&organization=$bin", "").want(t, 200)
			for i := range a.items(t) {
				hidden := a.at(t, "items", i, "deferred", "hidden") == true
				if hidden != (a.str(t, "items", i, "id") == w.names["entry"]) {
					t.Errorf("%s: hidden %t: %s", role, hidden, a.body)
				}
			}
			w.do(t, role, "GET", "/v1/journal/$entry/receipt?organization=$bin", "").want(t, 200)
			list := w.do(t, role, "GET", "/v1/journal/deferrals?organization=$bin&status=approved", "").want(t, 200)
			if list.str(t, "items", 0, "id") != w.names["deferral"] || list.at(t, "items", 0, "inForce") != true || list.str(t, "items", 0, "subject") != w.names["subject"] {
				t.Errorf("%s: %s", role, list.body)
			}
			if list.at(t, "items", 0, "requested", "by") == list.at(t, "items", 0, "approved", "by") {
				t.Errorf("one person did both: %s", list.body)
			}
		}
		w.do(t, "officer", "POST", "/v1/journal/deferrals/$deferral/approve", `{}`).want(t, 403)
		w.do(t, "second", "POST", "/v1/journal/deferrals/$deferral/approve", `{}`).want(t, 409)
		for _, limit := range []int{1, 2} {
			w.deferred(t, "A-2")
			if got := w.walk(t, "officer", "/v1/journal/deferrals?", limit); len(got) != limit+1 {
				t.Errorf("%d deferrals by %d", len(got), limit)
			}
		}
		w.clock.Set(time.Date(2023, 11, 25, 9, 0, 0, 0, time.UTC))
		a := w.do(t, "officer", "GET", "/v1/journal?action=view", "").want(t, 200)
		if strings.Contains(string(a.body), `"hidden":true`) || strings.Count(string(a.body), `"deferred"`) != 1 {
			t.Errorf("after the date: %s", a.body)
		}
	})
}

// The authorised body sees how many, by organization and ground, and nobody.
func TestDeferralCounts(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		counts := func() string {
			return string(w.do(t, "other-authority", "GET", "/v1/journal/deferrals/counts", "").want(t, 200).body)
		}
		if got := counts(); got != `{"items":[]}` {
			t.Error(got)
		}
		w.names["lifted"] = w.deferred(t, "A-1")
		w.deferred(t, "A-2")
		w.do(t, "second", "POST", "/v1/journal/deferrals", deferral).want(t, 201)
		w.names["refused"] = w.do(t, "second", "POST", "/v1/journal/deferrals", strings.Replace(deferral, "9(1)", "9(10)", 1)).want(t, 201).str(t, "id")
		w.do(t, "second", "POST", "/v1/journal/deferrals/$refused/refuse", `{}`).want(t, 200)
		w.do(t, "other-authority", "POST", "/v1/journal/deferrals/$lifted/lift", `{}`).want(t, 200)
		w.do(t, "other-officer", "POST", "/v1/journal/deferrals", strings.Replace(deferral, "$subject", "$otherSubject", 1)).want(t, 201)
		want := []string{
			`{"organization":"$bin","provision":"9(1)","pending":1,"approved":1,"ended":1,"refused":0}`,
			`{"organization":"$bin","provision":"9(10)","pending":0,"approved":0,"ended":0,"refused":1}`,
			`{"organization":"$other","provision":"9(1)","pending":1,"approved":0,"ended":0,"refused":0}`,
		}
		if got := counts(); got != w.expand(`{"items":[`+strings.Join(want, ",")+`]}`) {
			t.Error(got)
		}
		w.clock.Set(time.Date(2023, 11, 25, 9, 0, 0, 0, time.UTC))
		want = []string{
			`{"organization":"$bin","provision":"9(1)","pending":0,"approved":0,"ended":2,"refused":1}`,
			`{"organization":"$bin","provision":"9(10)","pending":0,"approved":0,"ended":0,"refused":1}`,
			`{"organization":"$other","provision":"9(1)","pending":0,"approved":0,"ended":0,"refused":1}`,
		}
		if got := counts(); got != w.expand(`{"items":[`+strings.Join(want, ",")+`]}`) {
			t.Error(got)
		}
	})
}

// A relative who is only named beside another learns that a notary did something
// with data that names them, and nothing of the act: on no route, in no receipt.
func TestRelativeDoesNotLearnOfTheAct(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		const mark = "АКТ-1184"
		notary, _ := ident.MakeBIN(2011, 5, 9)
		act := `,"role":"incidental","base":"site","ground":{"provision":"9(5)","document":"` + mark + `"},"recipient":"` + notary + `","actor":{"kind":"person","id":"` + mark + `"}`
		w.deferred(t, mark+`","role":"incidental`)
		w.names["entry"] = w.look(t, mark, act)
		w.seal(t)
		w.do(t, "subject", "GET", "/v1/me/journal/$entry", "").want(t, 404)
		w.clock.Set(time.Date(2023, 11, 25, 9, 0, 0, 0, time.UTC))
		for url, got := range w.mine(t) {
			for _, trace := range []string{mark, "order 17", "9(5)", "9(1)", notary} {
				if strings.Contains(got, trace) {
					t.Errorf("%s shows %s: %s", url, trace, got)
				}
			}
			if strings.HasPrefix(url, "/v1/me/journal ") && !strings.Contains(got, w.names["entry"]) {
				t.Errorf("%s does not have it: %s", url, got)
			}
		}
		var told map[string]any
		a := w.do(t, "subject", "GET", "/v1/me/journal/$entry", "").want(t, 200)
		if err := json.Unmarshal(a.body, &told); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"purpose", "reference", "ground", "recipient", "base", "consent", "country", "edition", "detail"} {
			if told[name] != nil {
				t.Errorf("%s is told: %s", name, a.body)
			}
		}
		for _, name := range []string{"categories", "reasons"} {
			if list, _ := told[name].([]any); len(list) > 0 {
				t.Errorf("%s are told: %s", name, a.body)
			}
		}
		if a.str(t, "deferred", "until") == "" || a.at(t, "deferred", "provision") != nil {
			t.Errorf("shown later: %s", a.body)
		}
		if told["role"] != "incidental" || told["action"] != "view" || told["organization"] != apptest.BIN || a.str(t, "actor", "kind") != "" {
			t.Errorf("%s", a.body)
		}
		var r verify.Receipt
		if err := json.Unmarshal(w.do(t, "subject", "GET", "/v1/me/journal/$entry/receipt", "").want(t, 200).body, &r); err != nil {
			t.Fatal(err)
		}
		x, c, err := r.CheckBlind(logVerifier(t, w))
		if err != nil || r.Entry != nil || r.Salt != nil || c.Size == 0 {
			t.Errorf("%+v %v", r, err)
		}
		// The operator can open the leaf later, and only with this entry.
		var full verify.Receipt
		if err := json.Unmarshal(w.do(t, "officer", "GET", "/v1/journal/$entry/receipt", "").want(t, 200).body, &full); err != nil {
			t.Fatal(err)
		}
		e, _, err := full.Check(logVerifier(t, w))
		if err != nil || e.Reference != mark || verify.Commit(full.Salt, full.Entry) != x {
			t.Errorf("%+v %v", e, err)
		}
		if a := w.do(t, "officer", "GET", "/v1/journal?action=view", ""); !strings.Contains(string(a.body), mark) || !strings.Contains(string(a.body), `"role":"incidental"`) {
			t.Errorf("the officer does not see all: %s", a.body)
		}
	})
}

// Where the Law has the subject told who asked, they are told, and it cannot be
// put off.
//
// duty: L8-1.3
func TestInitiatorIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, provision := range []string{"9(4)", "9(6)", "9(8)", "9(9-3)"} {
		w.names["entry"] = w.look(t, "A-1", `,"ground":{"provision":"`+provision+`","document":"x"}`)
		w.do(t, "officer", "POST", "/v1/journal/deferrals", strings.Replace(deferral, "9(1)", provision, 1)).want(t, 400)
		a := w.do(t, "subject", "GET", "/v1/me/notifications?limit=1", "").want(t, 200)
		if a.str(t, "items", 0, "id") != w.names["entry"] || a.str(t, "items", 0, "organization") != apptest.BIN {
			t.Errorf("%s: %s", provision, a.body)
		}
	}
}

// What machines did again and again in a day is one item, with how many, from
// when to when; by pages of any length all of it is counted once.
func TestGroupedJournal(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		for i := range 8 {
			w.look(t, fmt.Sprint(i), "")
			if i%3 == 0 {
				w.look(t, "", `,"actor":{"kind":"person","id":"7"}`)
			}
			w.clock.Add(time.Minute)
		}
		a := w.do(t, "subject", "GET", "/v1/me/journal?grouped=true&action=view", "").want(t, 200)
		if len(a.items(t)) != 4 || a.at(t, "items", 1, "group", "count") != 8.0 && a.at(t, "items", 0, "group", "count") != 8.0 {
			t.Fatalf("%s", a.body)
		}
		for i := range a.items(t) {
			if g, ok := a.at(t, "items", i, "group").(map[string]any); ok && (g["first"] != "2023-11-23T09:00:00Z" || g["last"] != "2023-11-23T09:07:00Z") {
				t.Errorf("%s", a.body)
			}
		}
		for limit := 1; limit < 6; limit++ {
			n, after := 0, ""
			for {
				a := w.do(t, "subject", "GET", fmt.Sprintf("/v1/me/journal?grouped=true&action=view&limit=%d%s", limit, after), "").want(t, 200)
				if len(a.items(t)) > limit {
					t.Fatalf("a page of %d", len(a.items(t)))
				}
				for i := range a.items(t) {
					if c, ok := a.at(t, "items", i, "group", "count").(float64); ok {
						n += int(c)
					} else {
						n++
					}
				}
				next, more := a.at(t, "next").(string)
				if !more {
					break
				}
				after = "&after=" + next
			}
			if n != 11 {
				t.Errorf("by %d: %d entries, want 11", limit, n)
			}
		}
	})
}

// An operator all of whose acts are deferred, and whom the person knows from
// nowhere else, is not among those who hold something, on any route.
func TestHiddenOperatorHoldsNothing(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["asked"] = w.do(t, "officer", "POST", "/v1/journal/deferrals", strings.Replace(deferral, `"reference":"A-1",`, "", 1)).want(t, 201).str(t, "id")
		for url, got := range w.mine(t) {
			if strings.HasPrefix(url, "/v1/me/holders") && !strings.Contains(got, apptest.BIN) {
				t.Errorf("%s: hidden by a request alone: %s", url, got)
			}
		}
		w.do(t, "second", "POST", "/v1/journal/deferrals/$asked/approve", `{}`).want(t, 200)
		w.look(t, "", "")
		before := len(w.walk(t, "officer", "/v1/journal?", 200))
		for url, got := range w.mine(t) {
			if strings.Contains(got, apptest.BIN) {
				t.Errorf("%s shows the operator: %s", url, got)
			}
		}
		if a := w.do(t, "subject", "GET", "/v1/me/data", "").want(t, 200); len(a.items(t)) == 0 || strings.Contains(string(a.body), apptest.BIN) {
			t.Errorf("%s", a.body)
		}
		for _, call := range []struct{ url, body string }{
			{"/v1/me/bans", `{"organization":"$bin","purposes":["news"]}`}, {"/v1/me/bans/$stranger/lift", `{"organization":"$bin"}`},
		} {
			hidden := w.do(t, "subject", "POST", call.url, call.body)
			absent := w.do(t, "subject", "POST", call.url, strings.Replace(call.body, "$bin", "990640043217", 1))
			if hidden.status != absent.status || string(hidden.body) != string(absent.body) {
				t.Errorf("%s: %s, with an organization that is not there %s", call.url, hidden.body, absent.body)
			}
		}
		if after := len(w.walk(t, "officer", "/v1/journal?", 200)); after != before {
			t.Error("the person looked at what they do not know of")
		}
		w.clock.Set(time.Date(2023, 11, 25, 9, 0, 0, 0, time.UTC))
		if a := w.do(t, "subject", "GET", "/v1/me/holders", ""); !strings.Contains(string(a.body), apptest.BIN) {
			t.Errorf("at the date: %s", a.body)
		}
	})
}
