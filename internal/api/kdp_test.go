package api

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/kdp"
	"kelisim/internal/kdp/kdpsim"
)

// stateService connects the installation to a simulated state service, of which the
// person of the tests is a client who says yes.
func (w *world) stateService(t testing.TB) *kdpsim.Service {
	t.Helper()
	sim, err := kdpsim.New("secret", w.Now)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	set := kdp.Standard()
	set.Form, set.SHEP.URL, set.SHEP.History.On = kdp.FormSHEP, srv.URL+kdpsim.PathSHEP, true
	set.Timeout = time.Minute // it answers, however busy the machine is
	for _, bin := range []string{apptest.BIN, other} {
		// The simulated gateway's own pair, for a new one takes a while to make.
		set.Accounts[bin] = kdp.Account{Sender: bin, Password: "secret", Key: sim.Key, Cert: sim.Cert}
		sim.Organizations[bin] = kdpsim.Organization{Sender: bin, Cert: sim.Cert}
	}
	sim.Add(plantedIIN, kdpsim.Yes)
	w.StateService.Settings, w.StateService.Client = set, set.Client(w.Now)
	return sim
}

// kdpOf is a question by the operator about the person.
func kdpOf(more string) string {
	return `{"subject":"$subject","iin":"$iin","purpose":"contracts","services":["GBDFL_FamilyInfoToken","GBDFLUniversal_token"],` +
		`"data":["ФИО","семейное положение"],"validFor":"P30D"` + more + `}`
}

// An operator asks the state service, learns the answer by looking, and gets the
// token while the consent lasts; the person sees each step. Neither the IIN nor the
// token is anywhere else.
//
// duty: L8-1.1
func TestKDP(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		sim := w.stateService(t)
		w.names["consent"] = w.give(t, "contracts")
		asked := w.do(t, "staff", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 201)
		w.names["kdp"] = asked.str(t, "id")
		if asked.str(t, "status") != "pending" {
			t.Errorf("%s", asked.body)
		}
		if again := w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 200); again.str(t, "id") != w.names["kdp"] {
			t.Errorf("asked twice: %s", again.body)
		}
		w.do(t, "operator", "POST", "/v1/kdp/requests/$kdp/token", "").want(t, 409)
		w.clock.Add(10 * time.Second)
		valid := w.do(t, "operator", "GET", "/v1/kdp/requests/$kdp", "").want(t, 200)
		if valid.str(t, "status") != "valid" || valid.str(t, "expiresAt") != "2023-12-23T09:00:00Z" {
			t.Errorf("%s", valid.body)
		}
		got := w.do(t, "operator", "POST", "/v1/kdp/requests/$kdp/token", "", keyed, "k").want(t, 200)
		token := got.str(t, "kdpToken")
		if !sim.Opens(token, plantedIIN, apptest.BIN, "GBDFLUniversal_token;GBDFL_FamilyInfoToken") || strings.ContainsAny(got.str(t, "publicKey"), " \n") {
			t.Errorf("%s", got.body)
		}
		// Each time is judged: nothing is handed out for a key of idempotency.
		w.do(t, "operator", "POST", "/v1/kdp/requests/$kdp/token", "", keyed, "k").want(t, 200)
		if list := w.do(t, "officer", "GET", "/v1/kdp/requests?subject=$subject", "").want(t, 200); len(list.items(t)) != 1 {
			t.Errorf("%s", list.body)
		}
		seen := string(w.do(t, "subject", "GET", "/v1/me/journal", "").want(t, 200).body)
		for action, n := range map[string]int{"kdp.ask": 1, "kdp.answer": 1, "kdp.token": 2} {
			if strings.Count(seen, `"`+action+`"`) != n {
				t.Errorf("the person does not see %s: %s", action, seen)
			}
		}
		w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{}`).want(t, 200)
		if gone := w.do(t, "operator", "GET", "/v1/kdp/requests/$kdp", "").want(t, 200); gone.str(t, "status") != "invalid" {
			t.Errorf("%s", gone.body)
		}
		w.do(t, "operator", "POST", "/v1/kdp/requests/$kdp/token", "").want(t, 409)
		clean(t, "log", w.log.String())
		if strings.Contains(w.log.String(), token) {
			t.Error("the token is in the log")
		}
		w.seal(t)
		w.onDisk(t, append([]string{token, "семейное положение"}, plants...)...)
		apptest.Clean(t, w.App)
	})
}

// The token is handed out where the gate would permit to collect, and not else. The
// refusal is a decision as any other, and journaled.
func TestKDPTokenIsJudged(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.stateService(t).Add(plantedIIN, kdpsim.AtOnce)
		w.names["kdp"] = w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 201).str(t, "id")
		token := func(want int) *answer {
			return w.do(t, "operator", "POST", "/v1/kdp/requests/$kdp/token", "").want(t, want)
		}
		if got := token(403).str(t, "reasons", 0, "code"); got != "no-consent" {
			t.Error(got)
		}
		w.names["consent"] = w.give(t, "contracts")
		token(200)
		w.do(t, "subject", "POST", "/v1/consents/$consent/pause", "").want(t, 200)
		if got := token(403).str(t, "reasons", 0, "code"); got != "consent-paused" {
			t.Error(got)
		}
		w.do(t, "subject", "POST", "/v1/consents/$consent/resume", "").want(t, 200)
		w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"block"}`).want(t, 200)
		if got := token(403).str(t, "reasons", 0, "code"); got != "data-blocked" {
			t.Error(got)
		}
		denied := w.do(t, "officer", "GET", "/v1/journal?action=collect", "").want(t, 200)
		if len(denied.items(t)) != 3 || denied.str(t, "items", 0, "reference") != w.names["kdp"] {
			t.Errorf("%s", denied.body)
		}
		w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"unblock"}`).want(t, 200)
		token(200)
		w.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"destroy"}`).want(t, 200)
		w.do(t, "operator", "POST", "/v1/kdp/requests/$kdp/token", "").want(t, 403)
		w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 409)
		bare := w.do(t, "operator", "GET", "/v1/kdp/requests/$kdp", "").want(t, 200)
		if len(bare.at(t, "services").([]any)) != 0 { //nolint:forcetypeassert // a test
			t.Errorf("%s", bare.body)
		}
	})
}

// Another organization's questions are told like none.
func TestForeignKDP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stateService(t).Add(plantedIIN, kdpsim.AtOnce)
	w.names["kdp"] = w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 201).str(t, "id")
	w.do(t, "other-operator", "GET", "/v1/kdp/requests/$kdp", "").want(t, 404)
	w.do(t, "other-operator", "POST", "/v1/kdp/requests/$kdp/token", "").want(t, 404)
	if list := w.do(t, "other-operator", "GET", "/v1/kdp/requests", "").want(t, 200); len(list.items(t)) != 0 {
		t.Errorf("%s", list.body)
	}
}

// The IIN of somebody else whom the organization knows is told like one of nobody.
func TestKDPOfAnotherPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sim := w.stateService(t)
	w.person(t, apptest.IIN(1), "")
	var told []string
	for _, iin := range []string{apptest.IIN(1), apptest.IIN(2)} {
		a := w.do(t, "operator", "POST", "/v1/kdp/requests", badKDPOf(iin, `"a"`, "P1Y", "")).want(t, 400)
		told = append(told, string(a.body))
	}
	if told[0] != told[1] || !strings.Contains(told[0], "kdp-iin") || len(sim.Asked()) != 0 {
		t.Errorf("%s", told)
	}
}

// Without settings there is no state service; and it is not asked for whoever has no
// account with it.
func TestKDPOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if a := w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 409); a.str(t, "code") != "kdp-off" {
		t.Errorf("%s", a.body)
	}
	w.stateService(t)
	delete(w.StateService.Settings.Accounts, apptest.BIN)
	if a := w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 409); a.str(t, "code") != "kdp-account" {
		t.Errorf("%s", a.body)
	}
	w.do(t, "operator", "GET", "/v1/kdp/requests", "").want(t, 200)
}

// Nobody is asked for an organization that is out of work, nor for a purpose that
// collects nothing.
func TestKDPNotToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sim := w.stateService(t)
	still := strings.Replace(apptest.Bestam(t), "actions: [collect, record, systematise, accumulate, store, clarify, supplement, extract, use, view, depersonalise, block", "actions: [use, view, depersonalise, block", 1)
	apptest.Apply(t, w.App, still)
	if a := w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 400); a.str(t, "code") != "kdp-collect" || a.str(t, "field") != "purpose" {
		t.Errorf("%s", a.body)
	}
	apptest.Apply(t, w.App, apptest.Bestam(t))
	w.authority(t)
	w.names["order"] = w.order(t, `"kind":"suspend"`)
	w.do(t, "officer", "POST", "/v1/orders/$order/execute", `{}`).want(t, 200)
	if a := w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 403); a.str(t, "code") != "kdp-suspended" {
		t.Errorf("%s", a.body)
	}
	if len(sim.Asked()) != 0 {
		t.Errorf("%v", sim.Asked())
	}
}

// badKDPOf is a question with fields of its own.
func badKDPOf(iin, services, validFor, more string) string {
	return `{"subject":"$subject","iin":"` + iin + `","purpose":"contracts","services":[` + services + `],"validFor":"` + validFor + `"` + more + `}`
}

var badKDP = []bad{
	{"about nobody", "operator", "POST /v1/kdp/requests", `{}`, 400, "missing-field", "subject", ""},
	{"without a purpose", "operator", "POST /v1/kdp/requests", `{"subject":"$subject"}`, 400, "missing-field", "purpose", ""},
	{"for an undeclared purpose", "operator", "POST /v1/kdp/requests", `{"subject":"$subject","purpose":"$name"}`, 400, "purpose-unknown", "purpose", ""},
	{"for no service", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", ``, "P1Y", ""), 400, "missing-field", "services", ""},
	{"for what is no service", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a","$name"`, "P1Y", ""), 400, "kdp-service", "services[1]", "100"},
	{"two services in one", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a;b"`, "P1Y", ""), 400, "kdp-service", "services[0]", ""},
	{"too many services", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", strings.Repeat(`"a",`, 20)+`"a"`, "P1Y", ""), 400, "too-many-items", "services", "20"},
	{"too much of a name", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "P1Y", `,"data":["x","$x201"]`), 400, "too-long", "data[1]", "200"},
	{"too much of a unit", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "P1Y", `,"responsible":"$x201"`), 400, "too-long", "responsible", "200"},
	{"for ever", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "", ""), 400, "missing-field", "validFor", ""},
	{"for six years", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "P6Y", ""), 400, "kdp-valid-for", "validFor", "1825"},
	{"for no time", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "P0D", ""), 400, "kdp-valid-for", "validFor", ""},
	{"for a name of time", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "$phone", ""), 400, "kdp-valid-for", "validFor", ""},
	{"without a proof", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "P1Y", `,"omitSms":true`), 400, "kdp-proof", "proof.check", "omitSms"},
	{"by a proof nobody knows", "operator", "POST /v1/kdp/requests", badKDPOf("$iin", `"a"`, "P1Y", `,"proof":{"check":"$name"}`), 400, "bad-enum", "proof.check", "Bio"},
	{"without an IIN", "operator", "POST /v1/kdp/requests", badKDPOf("", `"a"`, "P1Y", ""), 400, "missing-field", "iin", ""},
	{"with a broken IIN", "operator", "POST /v1/kdp/requests", badKDPOf("900101300018", `"a"`, "P1Y", ""), 400, "iin-check", "iin", ""},
	{"with another's IIN", "operator", "POST /v1/kdp/requests", badKDPOf(apptest.IIN(1), `"a"`, "P1Y", ""), 400, "kdp-iin", "iin", ""},
	{"about a stranger", "operator", "POST /v1/kdp/requests", strings.Replace(badKDPOf("$iin", `"a"`, "P1Y", ""), "$subject", "$stranger", 1), 404, "subject-unknown", "subject", ""},
	{"about another's subject", "operator", "POST /v1/kdp/requests", strings.Replace(badKDPOf("$iin", `"a"`, "P1Y", ""), "$subject", "$otherSubject", 1), 404, "subject-unknown", "subject", ""},
	{"no question", "operator", "GET /v1/kdp/requests/$stranger", ``, 404, "kdp-unknown", "", ""},
	{"the token of none", "operator", "POST /v1/kdp/requests/$stranger/token", ``, 404, "kdp-unknown", "", ""},
	{"of a subject that is none", "operator", "GET /v1/kdp/requests?subject=$iin", ``, 400, "bad-id", "subject", ""},
	{"a page too long", "operator", "GET /v1/kdp/requests?limit=1000", ``, 400, "out-of-range", "limit", ""},
}

// A person sees what organizations asked the state service, and asks what that service
// keeps: the answer is the person's alone, and stands nowhere.
//
// duty: L8-1.1
func TestMyStateService(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.stateService(t)
		w.give(t, "contracts")
		w.do(t, "operator", "POST", "/v1/kdp/requests", kdpOf("")).want(t, 201)
		mine := w.do(t, "subject", "GET", "/v1/me/kdp/requests", "").want(t, 200)
		if mine.str(t, "items", 0, "organization") != apptest.BIN || mine.str(t, "items", 0, "services", 1) != "GBDFL_FamilyInfoToken" || mine.str(t, "items", 0, "status") != "pending" {
			t.Errorf("%s", mine.body)
		}
		body := `{"organization":"$bin","iin":"$iin","from":"2023-11-01T00:00:00+05:00","to":"2023-11-24T00:00:00+05:00"}`
		got := w.do(t, "subject", "POST", "/v1/me/kdp/history", body).want(t, 200)
		if !strings.Contains(got.str(t, "text"), `"access_name":"GBDFLUniversal_token;GBDFL_FamilyInfoToken"`) {
			t.Errorf("%s", got.body)
		}
		if n := strings.Count(string(w.do(t, "subject", "GET", "/v1/me/journal", "").want(t, 200).body), `"kdp.history"`); n != 1 {
			t.Errorf("%d looks", n)
		}
		for _, bad := range []struct {
			change [2]string
			status int
			code   string
		}{
			{[2]string{`"$bin"`, `""`}, 400, "missing-field"},
			{[2]string{`"$bin"`, `"123"`}, 404, "organization-unknown"},
			{[2]string{`"$bin"`, `"$payer"`}, 409, "kdp-account"},
			{[2]string{`"$iin"`, `"` + apptest.IIN(7) + `"`}, 400, "kdp-iin"},
			{[2]string{`"$iin"`, `""`}, 400, "missing-field"},
			{[2]string{`"$iin"`, `7`}, 400, "wrong-type"},
			{[2]string{`2023-11-01`, `2025-11-01`}, 400, "kdp-period"},
			{[2]string{`2023-11-01`, `2013-11-01`}, 400, "kdp-period"},
			{[2]string{`2023-11-01T00:00:00+05:00`, `yesterday`}, 400, ""},
			{[2]string{`"iin"`, `"IIN"`}, 400, "unknown-field"},
		} {
			a := w.do(t, "subject", "POST", "/v1/me/kdp/history", strings.Replace(body, bad.change[0], bad.change[1], 1)).want(t, bad.status)
			if bad.code != "" && a.str(t, "code") != bad.code {
				t.Errorf("%v: %s", bad, a.body)
			}
		}
		// Nobody else, and nobody for another.
		w.do(t, "officer", "POST", "/v1/me/kdp/history", body).want(t, 403)
		w.do(t, "subject", "POST", "/v1/me/kdp/history?for=$stranger", body).want(t, 403)
		w.StateService.Settings.SHEP.History.On = false
		w.do(t, "subject", "POST", "/v1/me/kdp/history", body).want(t, 409)
		// What the person is shown later is not here before.
		w.do(t, "officer", "POST", "/v1/journal/deferrals", `{"subject":"$subject","provision":"9(1)","document":"x","until":"2024-05-01T00:00:00Z"}`).want(t, 201)
		w.names["deferral"] = w.do(t, "officer", "GET", "/v1/journal/deferrals", "").want(t, 200).str(t, "items", 0, "id")
		w.do(t, "second", "POST", "/v1/journal/deferrals/$deferral/approve", "").want(t, 200)
		if l := w.do(t, "subject", "GET", "/v1/me/kdp/requests", "").want(t, 200).items(t); len(l) != 0 {
			t.Errorf("shown before its time: %v", l)
		}
		clean(t, "log", w.log.String())
		if w.Database == "" {
			w.onDisk(t, plantedIIN)
		}
	})
}
