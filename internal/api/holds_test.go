package api

import (
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
)

// hold names an obligation on a consent and returns its id.
func (w *world) hold(t testing.TB, consent string, more ...string) string {
	t.Helper()
	body := `{"obligation":"instalments under contract 7","document":"contract 7","until":"2024-06-01T00:00:00Z"` + strings.Join(more, "") + `}`
	return w.do(t, "officer", "POST", "/v1/consents/"+consent+"/holds", body).want(t, 201).str(t, "id")
}

// A withdrawal is refused only for what the operator named beforehand, the
// refusal says what, and the authorised body can lift it.
//
// duty: L8.2
func TestHoldBarsWithdrawal(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"]`)
		w.clock.Add(time.Minute)
		w.names["before"] = w.Now().UTC().Format(time.RFC3339)
		w.clock.Add(time.Minute)
		w.names["hold"] = w.hold(t, "$consent", `,"scopes":["process"]`)
		use := `{"subject":"$subject","action":"use","purpose":"payment","categories":["name"]}`
		for _, s := range []scenario{
			{name: "told at once", as: "subject", method: "GET", url: "/v1/me/notifications", wantStatus: 200, wantContains: []string{"Withdrawal barred", "instalments under contract 7"}},
			{name: "whole", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{}`, wantStatus: 409, wantContains: []string{
				`"code":"withdrawal-barred"`, `"provision":"8(2)"`, `"obligation":"instalments under contract 7"`, `"document":"contract 7"`, `"hold":"$hold"`, `"provisions":["8(2)"]`,
			}},
			{name: "the only purpose", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"purposes":["payment"]}`, wantStatus: 409, wantContains: []string{"withdrawal-barred"}},
			{name: "a pause does as much", as: "subject", method: "POST", url: "/v1/consents/$consent/pause", wantStatus: 409, wantContains: []string{"withdrawal-barred", "contract 7"}},
			{name: "narrowed to nothing useful", as: "subject", method: "POST", url: "/v1/consents/$consent/narrow", body: `{"categories":["name"]}`, wantStatus: 409, wantContains: []string{"withdrawal-barred"}},
			{name: "what it does not touch", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"thirdParties":["$payer"]}`, wantStatus: 200, wantContains: []string{`"thirdParties":["$payer"]`, `"status":"active"`}},
			{name: "still in force", as: "operator", method: "POST", url: "/v1/decisions", body: use, wantStatus: 200, wantContains: []string{`"permit"`}},
			{name: "not the operator's to appeal", as: "officer", method: "POST", url: "/v1/consents/$consent/holds/$hold/appeal", body: `{"reason":"x"}`, wantStatus: 403},
			{name: "decided before it is appealed", as: "authority", method: "POST", url: "/v1/holds/$hold/decide", body: `{"decision":"uphold","reason":"x"}`, wantStatus: 409, wantContains: []string{"hold-moved"}},
			{name: "appealed", as: "subject", method: "POST", url: "/v1/consents/$consent/holds/$hold/appeal", body: `{"reason":"all was paid in May"}`, wantStatus: 200, wantContains: []string{`"appealed"`}},
			{name: "twice", as: "subject", method: "POST", url: "/v1/consents/$consent/holds/$hold/appeal", body: `{"reason":"x"}`, wantStatus: 409, wantContains: []string{"hold-moved"}},
			{name: "of any organization", as: "other-authority", method: "GET", url: "/v1/holds?appealed=true", wantStatus: 200, wantContains: []string{`"$hold"`, `"organization":"$bin"`}, wantNot: []string{"all was paid in May", "contract 7"}},
			{name: "a reply of nothing", as: "officer", method: "POST", url: "/v1/consents/$consent/holds/$hold/reply", body: `{"reply":" "}`, wantStatus: 400, wantContains: []string{`"field":"reply"`}},
			{name: "the other side", as: "officer", method: "POST", url: "/v1/consents/$consent/holds/$hold/reply", body: `{"reply":"two instalments are open"}`, wantStatus: 200, wantContains: []string{"two instalments are open", `"appealed"`}},
			{name: "both sides before the authority", as: "authority", method: "GET", url: "/v1/holds/$hold", wantStatus: 200, wantContains: []string{"all was paid in May", "two instalments are open", `"document":"contract 7"`, `"demandedAt"`}},
			{name: "no document was given", as: "authority", method: "GET", url: "/v1/holds/$hold/file", wantStatus: 404, wantContains: []string{"hold-file-absent"}},
			{name: "the look is in the journal", as: "subject", method: "GET", url: "/v1/me/journal?action=consent.review", wantStatus: 200, wantContains: []string{`"consent.review"`}},
			{name: "only their own to an officer", as: "other-officer", method: "GET", url: "/v1/holds", wantStatus: 200, wantContains: []string{`"items":[]`}},
			{name: "no decision", as: "authority", method: "POST", url: "/v1/holds/$hold/decide", body: `{"decision":"perhaps","reason":"x"}`, wantStatus: 400, wantContains: []string{`"field":"decision"`}},
			{name: "lifted", as: "authority", method: "POST", url: "/v1/holds/$hold/decide", body: `{"decision":"lift","reason":"the bank shows it was paid"}`, wantStatus: 200, wantContains: []string{`"lifted"`}},
			{name: "told", as: "subject", method: "GET", url: "/v1/consents/$consent/holds", wantStatus: 200, wantContains: []string{`"lifted"`, "the bank shows it was paid", `"demandedAt"`}},
			{name: "what was demanded is done", as: "subject", method: "GET", url: "/v1/consents/$consent", wantStatus: 200, wantContains: []string{`"status":"withdrawn"`}},
			{name: "by the demand", as: "subject", method: "GET", url: "/v1/me/journal?action=consent.withdraw", wantStatus: 200, wantContains: []string{`"kind":"service"`}},
			{name: "nothing is permitted any more", as: "operator", method: "POST", url: "/v1/decisions", body: use, wantStatus: 200, wantContains: []string{`"deny"`, "consent-withdrawn"}},
			{name: "the refusal is in the journal", as: "subject", method: "GET", url: "/v1/me/journal?action=consent.barred", wantStatus: 200, wantContains: []string{`"consent.barred"`, "8(2)"}},
		} {
			s.run(t, w)
		}
	})
}

// What is named after the demand does not stand against it: neither after a
// written one that the operator had on its desk, nor after one that was refused.
//
// duty: L8.2
func TestHoldAfterTheDemand(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.give(t, "payment")
		w.clock.Add(time.Minute)
		w.names["demanded"] = w.Now().UTC().Format(time.RFC3339)
		w.clock.Add(time.Minute)
		w.hold(t, "$consent")
		onPaper := `{"evidence":{"channel":"paper","document":"demand 1","obtainedAt":"$demanded"}}`
		w.do(t, "operator", "POST", "/v1/consents/$consent/withdraw", onPaper).want(t, 200)

		w.names["consent"] = w.give(t, "payment")
		w.names["first"] = w.hold(t, "$consent")
		w.clock.Add(time.Minute)
		w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{}`).want(t, 409)
		w.clock.Add(time.Minute)
		w.hold(t, "$consent") // to bar what was demanded a minute ago
		w.do(t, "officer", "POST", "/v1/consents/$consent/holds/$first/lift", `{"reason":"paid"}`).want(t, 200)
		w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{}`).want(t, 200)
	})
}

// A hold is over at its date, and nothing holds what is not the subject's to
// hold.
func TestHoldsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["consent"] = w.give(t, "payment")
	w.names["hold"] = w.hold(t, "$consent")
	w.names["second"] = w.give(t, "news")
	w.names["theirs"] = w.hold(t, "$second")
	hold := func(more string) string {
		return `{"obligation":"a debt","document":"contract 7","until":"2024-06-01T00:00:00Z"` + more + `}`
	}
	for _, s := range []scenario{
		{name: "for nothing", url: "/v1/consents/$consent/holds", body: `{"document":"contract 7","until":"2024-06-01T00:00:00Z"}`, wantStatus: 400, wantContains: []string{"hold-ground", "8(2)"}},
		{name: "by nothing", url: "/v1/consents/$consent/holds", body: `{"obligation":"a debt","until":"2024-06-01T00:00:00Z"}`, wantStatus: 400, wantContains: []string{`"field":"document"`}},
		{name: "for ever", url: "/v1/consents/$consent/holds", body: `{"obligation":"a debt","document":"contract 7"}`, wantStatus: 400, wantContains: []string{`"field":"until"`}},
		{name: "over", url: "/v1/consents/$consent/holds", body: `{"obligation":"a debt","document":"contract 7","until":"2023-01-01T00:00:00Z"}`, wantStatus: 400, wantContains: []string{`"time-past"`}},
		{name: "of publication", url: "/v1/consents/$consent/holds", body: hold(`,"scopes":["publicSources"]`), wantStatus: 400, wantContains: []string{"hold-publication"}},
		{name: "of a purpose that is not in it", url: "/v1/consents/$consent/holds", body: hold(`,"purposes":["news"]`), wantStatus: 400, wantContains: []string{"not-in-consent"}},
		{name: "of another consent", url: "/v1/consents/$consent/holds/$theirs/lift", body: `{}`, wantStatus: 404, wantContains: []string{"hold-unknown"}},
		{name: "of nobody", url: "/v1/consents/$consent/holds/$stranger/lift", body: `{}`, wantStatus: 404, wantContains: []string{"hold-unknown"}},
	} {
		s.as, s.method = "officer", "POST"
		s.run(t, w)
	}
	w.do(t, "other-officer", "POST", "/v1/consents/$consent/holds", hold("")).want(t, 404)
	w.clock.Set(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
	w.do(t, "officer", "POST", "/v1/consents/$consent/holds/$hold/lift", `{}`).want(t, 409)
	w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{}`).want(t, 200)
	w.do(t, "officer", "POST", "/v1/consents/$consent/holds", hold("")).want(t, 400) // of what is over
}

// A part is taken back by purpose, recipient and country, the gate follows at
// once, and the answer tells what stops and what goes on.
//
// duty: L24.1.5
func TestWithdrawPart(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.do(t, "operator", "POST", "/v1/consents",
			`{"subject":"$subject","purposes":["payment","news"],"thirdParties":["$payer"],"validUntil":"2025-01-01T00:00:00Z","evidence":{"channel":"form"}}`).want(t, 201).str(t, "id")
		decide := func(more, want string) scenario {
			return scenario{name: more, as: "operator", method: "POST", url: "/v1/decisions", body: `{"subject":"$subject","action":` + more + `}`, wantStatus: 200, wantContains: []string{want}}
		}
		const handOver, mail = `"transfer","purpose":"payment","categories":["name"],"recipient":"$payer"`, `"use","purpose":"news","categories":["email"]`
		for _, s := range []scenario{
			decide(handOver, `"permit"`), decide(mail, `"permit"`),
			{name: "a stranger", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"thirdParties":["$other"]}`, wantStatus: 400, wantContains: []string{`"field":"thirdParties[0]"`, "not-in-consent"}},
			{name: "the recipient", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"thirdParties":["$payer"]}`, wantStatus: 200, wantContains: []string{`"stops":{"scopes":["transfer"]`, `"scopes":["process"]`}},
			decide(handOver, `"not-covered"`), decide(mail, `"permit"`),
			{name: "the purpose", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"purposes":["news"]}`, wantStatus: 200, wantContains: []string{`"purposes":["payment"]`, `"stops":{"scopes":[],"purposes":["news"]`, `"goesOn":[{"purpose":"news","provision":"12(2)"`}},
			decide(mail, `"not-covered"`), decide(`"use","purpose":"payment","categories":["name"]`, `"permit"`),
			{name: "twice", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"purposes":["news"]}`, wantStatus: 400, wantContains: []string{"not-in-consent"}},
			{name: "what it was", as: "subject", method: "GET", url: "/v1/consents/$consent", wantStatus: 200, wantContains: []string{`"was":{"purposes":["news","payment"]`}},
			{name: "less data, sooner", as: "subject", method: "POST", url: "/v1/consents/$consent/narrow", body: `{"categories":["name"],"validUntil":"2024-03-01T00:00:00Z"}`, wantStatus: 200, wantContains: []string{`"categories":["name"]`, `"validUntil":"2024-03-01T00:00:00Z"`}},
			{name: "longer by narrowing", as: "subject", method: "POST", url: "/v1/consents/$consent/narrow", body: `{"validUntil":"2026-03-01T00:00:00Z"}`, wantStatus: 400, wantContains: []string{"narrow-later"}},
			{name: "longer", as: "subject", method: "POST", url: "/v1/consents/$consent/extend", body: `{"validUntil":"2026-03-01T00:00:00Z"}`, wantStatus: 200, wantContains: []string{`"validUntil":"2026-03-01T00:00:00Z"`}},
			{name: "longer by less", as: "subject", method: "POST", url: "/v1/consents/$consent/extend", body: `{"validUntil":"2026-03-01T00:00:00Z"}`, wantStatus: 400, wantContains: []string{"extend-sooner"}},
			{name: "wider by narrowing", as: "subject", method: "POST", url: "/v1/consents/$consent/narrow", body: `{"purposes":["payment","news"]}`, wantStatus: 400, wantContains: []string{`"field":"purposes[1]"`}},
			{name: "the last purpose", as: "subject", method: "POST", url: "/v1/consents/$consent/withdraw", body: `{"purposes":["payment"]}`, wantStatus: 200, wantContains: []string{`"status":"withdrawn"`}},
			decide(`"use","purpose":"payment","categories":["name"]`, `"consent-withdrawn"`),
		} {
			s.run(t, w)
		}
	})
}

// What the operator does on a provision of its own goes on, and the answer says
// on which.
//
// duty: L24.1.5
func TestWithdrawTellsWhatGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := apptest.Bestam(t)
	at := strings.Index(text, "  - id: inform")
	rest := strings.Replace(text[at:], "basis: consent", `basis: {provision: "9(10)", document: the law on accounting}`, 1)
	apptest.Apply(t, w.App, text[:at]+rest)
	w.names["consent"] = w.give(t, "payment")
	a := w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", `{}`).want(t, 200)
	s := string(a.body)
	for _, want := range []string{
		`{"purpose":"payment","provision":"12(2)","retention":"P5Y"}`, `{"purpose":"inform","provision":"9(10)","document":"the law on accounting"}`,
		`"stops":{"scopes":["process"],"purposes":["payment"],"categories":["email","name","phone"]`,
	} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s in %s", want, s)
		}
	}
}
