package api

import (
	"bytes"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
)

// Two organizations that know one person see different ids, and neither sees
// whether the other knows the person, what was agreed or what was done.
// duty: L8-1.2.4, L24.1.1
func TestPairwise(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		if w.names["subject"] == w.names["otherSubject"] || w.names["subject"] == w.names["payerSubject"] {
			t.Fatal("two organizations see one id")
		}
		w.names["fresh"] = apptest.IIN(7)
		for _, s := range registering {
			s.run(t, w)
		}
		w.names["consent"] = w.give(t, "news")
		w.names["entry"] = w.do(t, "operator", "POST", "/v1/decisions", `{"subject":"$subject","action":"view","purpose":"news"}`).want(t, 200).str(t, "id")
		w.seal(t)
		for _, s := range foreign {
			s.run(t, w)
		}
		w.do(t, "other-operator", "POST", "/v1/consents", `{"subject":"$otherSubject","purposes":["inform"],"evidence":{"channel":"form"}}`).want(t, 201)
		for _, s := range whole {
			s.run(t, w)
		}
	})
}

const byBoth = `{"identifiers":[{"kind":"iin","value":"$iin"},{"kind":"phone","value":"$phone"}]}`

var registering = []scenario{
	{
		name: "again, by both", as: "operator", method: "POST", url: "/v1/subjects", body: byBoth,
		wantStatus: 200, wantContains: []string{`{"id":"$subject"}`},
	},
	{
		name: "again, by the IIN", as: "operator", method: "POST", url: "/v1/subjects", body: `{"identifiers":[{"kind":"iin","value":"$iin"}]}`,
		wantStatus: 200, wantContains: []string{`{"id":"$subject"}`},
	},
	{
		name: "again, by the phone", as: "operator", method: "POST", url: "/v1/subjects", body: `{"identifiers":[{"kind":"phone","value":"$phone"}]}`,
		wantStatus: 200, wantContains: []string{`{"id":"$subject"}`},
	},
	{
		name: "the other's", as: "other-operator", method: "POST", url: "/v1/subjects", body: byBoth,
		wantStatus: 200, wantContains: []string{`{"id":"$otherSubject"}`},
	},
	{
		name: "somebody new is new", as: "operator", method: "POST", url: "/v1/subjects", body: `{"identifiers":[{"kind":"iin","value":"$fresh"}]}`,
		wantStatus: 201, keep: "freshSubject",
	},
	{
		name: "and new to the other", as: "other-operator", method: "POST", url: "/v1/subjects", body: `{"identifiers":[{"kind":"iin","value":"$fresh"}]}`,
		wantStatus: 201, wantNot: []string{"$freshSubject"},
	},
}

const aboutSubject = `{"subject":"$subject","action":"view","purpose":"news","categories":["name"]}`

// foreign is what the other organization asks of what is not its own.
var foreign = []scenario{
	{name: "consent", as: "other-operator", method: "GET", url: "/v1/consents/$consent", wantStatus: 404},
	{name: "consent, officer", as: "other-officer", method: "GET", url: "/v1/consents/$consent", wantStatus: 404},
	{name: "consent, third party not named", as: "third-party", method: "GET", url: "/v1/consents/$consent", wantStatus: 404},
	{name: "receipt", as: "other-operator", method: "GET", url: "/v1/consents/$consent/receipt", wantStatus: 404},
	{name: "confirmation", as: "other-operator", method: "GET", url: "/v1/consents/$consent/confirmation", wantStatus: 404},
	{
		name: "withdraw", as: "other-operator", method: "POST", url: "/v1/consents/$consent/withdraw",
		body: `{"evidence":{"channel":"paper","document":"demand"}}`, wantStatus: 404,
	},
	{name: "consents", as: "other-operator", method: "GET", url: "/v1/consents", wantStatus: 200, wantContains: []string{`"items":[]`}},
	{name: "consents of the id", as: "other-operator", method: "GET", url: "/v1/consents?subject=$subject", wantStatus: 200, wantContains: []string{`"items":[]`}},
	{name: "consents of the own id", as: "other-operator", method: "GET", url: "/v1/consents?subject=$otherSubject", wantStatus: 200, wantContains: []string{`"items":[]`}},
	{name: "destructions", as: "other-operator", method: "GET", url: "/v1/subjects/$subject/destructions", wantStatus: 200, wantContains: []string{`"items":[]`}},
	{name: "journal", as: "other-officer", method: "GET", url: "/v1/journal", wantStatus: 200, wantNot: []string{"$entry", "$bin", "$consent", `"view"`}},
	{name: "journal of the id", as: "other-officer", method: "GET", url: "/v1/journal?subject=$subject", wantStatus: 200, wantContains: []string{`"items":[]`}},
	{name: "journal by name", as: "other-officer", method: "GET", url: "/v1/journal?organization=$bin", wantStatus: 403, wantContains: []string{`"field":"organization"`}},
	{name: "journal receipt", as: "other-officer", method: "GET", url: "/v1/journal/$entry/receipt", wantStatus: 404},
	{name: "journal receipt by name", as: "other-officer", method: "GET", url: "/v1/journal/$entry/receipt?organization=$bin", wantStatus: 403},
	{name: "description", as: "other-officer", method: "GET", url: "/v1/organizations/$bin", wantStatus: 403},
	{name: "versions", as: "other-officer", method: "GET", url: "/v1/organizations/$bin/versions", wantStatus: 403},
	{name: "decide", as: "other-operator", method: "POST", url: "/v1/decisions", body: aboutSubject, wantStatus: 404},
	{name: "access", as: "other-operator", method: "POST", url: "/v1/access", body: aboutSubject, wantStatus: 404},
	{
		name: "record a consent", as: "other-operator", method: "POST", url: "/v1/consents",
		body: `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form"}}`, wantStatus: 404,
	},
	{
		name: "in another's name", as: "other-operator", method: "POST", url: "/v1/decisions",
		body: `{"subject":"$otherSubject","organization":"$bin","action":"view","purpose":"news"}`, wantStatus: 403, wantContains: []string{`"field":"organization"`},
	},
	{
		name: "a token for the other's id", as: "admin", method: "POST", url: "/v1/organizations/$other/tokens",
		body: `{"role":"subject","subject":"$subject"}`, wantStatus: 404, wantContains: []string{`"field":"subject"`},
	},
}

// whole is what the person sees: both.
var whole = []scenario{
	{name: "me", as: "subject", method: "GET", url: "/v1/me", wantStatus: 200, wantContains: []string{`"holders":3`, "$bin", "$other", "$payer"}},
	{name: "holders", as: "subject", method: "GET", url: "/v1/me/holders", wantStatus: 200, wantContains: []string{`"$bin"`, `"$other"`, `"inform"`, `"news"`}},
	{name: "consents", as: "subject", method: "GET", url: "/v1/me/consents", wantStatus: 200, wantContains: []string{`"$bin"`, `"$other"`}},
	{name: "journal", as: "subject", method: "GET", url: "/v1/me/journal", wantStatus: 200, wantContains: []string{`"$bin"`, `"$other"`}},
	{name: "data", as: "subject", method: "GET", url: "/v1/me/data", wantStatus: 200, wantContains: []string{`"$bin"`, `"$other"`}},
	{name: "consents of somebody else's", as: "subject", method: "GET", url: "/v1/consents/$stranger", wantStatus: 404},
}

// What does not exist and what is another's are told alike, to the byte, and so
// is a person whom only others know and one whom nobody knows.
func TestAbsentAndForeignAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bin, _ := ident.MakeBIN(2019, 5, 3)
	third := apptest.Apply(t, w.App, strings.Replace(apptest.Bestam(t), apptest.BIN, bin, 1))
	w.tokens["third"] = w.issue(t, account.Token{Role: account.Operator, Org: third.ID})
	w.names["nobody"], w.names["consent"] = apptest.IIN(99), w.give(t, "news")
	w.names["entry"] = w.do(t, "operator", "POST", "/v1/decisions", aboutSubject).want(t, 200).str(t, "id")
	for _, c := range []struct{ name, method, url, body, foreign, absent string }{
		{"lookup by IIN", "POST", "/v1/subjects/lookup", `{"kind":"iin","value":"$x"}`, "iin", "nobody"},
		{"lookup by phone", "POST", "/v1/subjects/lookup", `{"kind":"phone","value":"$x"}`, "phone", "otherPhone"},
		{"decide", "POST", "/v1/decisions", `{"subject":"$x","action":"view","purpose":"news"}`, "subject", "stranger"},
		{"access", "POST", "/v1/access", `{"subject":"$x","action":"view","purpose":"news","categories":["name"]}`, "subject", "stranger"},
		{"consent", "POST", "/v1/consents", `{"subject":"$x","purposes":["news"],"evidence":{"channel":"form"}}`, "subject", "stranger"},
		{"read a consent", "GET", "/v1/consents/$x", "", "consent", "stranger"},
		{"confirm a consent", "GET", "/v1/consents/$x/confirmation", "", "consent", "stranger"},
		{"entry", "GET", "/v1/journal/$x/receipt", "", "entry", "stranger"},
		{"destructions", "GET", "/v1/subjects/$x/destructions", "", "subject", "stranger"},
	} {
		w.names["otherPhone"] = "+77770000001"
		w.names["x"] = w.names[c.foreign]
		theirs := w.do(t, "third", c.method, c.url, c.body)
		w.names["x"] = w.names[c.absent]
		nobodys := w.do(t, "third", c.method, c.url, c.body)
		if theirs.status != nobodys.status || !bytes.Equal(theirs.body, nobodys.body) {
			t.Errorf("%s: %d %s\n%d %s", c.name, theirs.status, theirs.body, nobodys.status, nobodys.body)
		}
	}
}

// A person sees only what is the person's own.
func TestSubjectSeesOnlyOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	org := apptest.Org(t, w.App, "")
	neighbour := apptest.Subject(t, w.App, org, 5)
	w.names["consent"] = w.give(t, "news")
	w.names["entry"] = w.do(t, "operator", "POST", "/v1/decisions", aboutSubject).want(t, 200).str(t, "id")
	w.seal(t)
	w.tokens["neighbour"] = w.issue(t, account.Token{Role: account.Subject, Subject: org.Inside(neighbour)})
	for _, s := range []scenario{
		{name: "consent", method: "GET", url: "/v1/consents/$consent", wantStatus: 404},
		{name: "withdraw", method: "POST", url: "/v1/consents/$consent/withdraw", wantStatus: 404},
		{name: "pause", method: "POST", url: "/v1/consents/$consent/pause", wantStatus: 404},
		{name: "receipt", method: "GET", url: "/v1/consents/$consent/receipt", wantStatus: 404},
		{name: "entry", method: "GET", url: "/v1/me/journal/$entry/receipt", wantStatus: 404},
		{name: "consents", method: "GET", url: "/v1/me/consents", wantStatus: 200, wantContains: []string{`"items":[]`}},
		{name: "journal", method: "GET", url: "/v1/me/journal", wantStatus: 200, wantNot: []string{"$entry", "$consent"}},
		{name: "inbox", method: "GET", url: "/v1/me/notifications", wantStatus: 200, wantNot: []string{"$entry"}},
	} {
		s.as = "neighbour"
		s.run(t, w)
	}
}
