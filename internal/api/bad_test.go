package api

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/internal/locale"
)

// bad is one wrong call: who makes it, what is told, and where.
type bad struct {
	name, as, call, body string
	status               int
	code, field, hint    string
}

// rows counts what is in every table: nothing half done stays.
func (w *world) rows(t *testing.T) map[string]int {
	t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	if w.Database != "" {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	db := apptest.Raw(t, w.App)
	found, err := db.QueryContext(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	out := map[string]int{}
	for found.Next() {
		var table string
		if err := found.Scan(&table); err != nil {
			t.Fatal(err)
		}
		out[table] = 0
	}
	for table := range out {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out[table] = n
	}
	return out
}

// Every wrong call is told what is wrong and where, in the caller's language,
// and leaves nothing behind.
func TestBadInput(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.give(t, "contracts")
		w.names["theirs"] = w.do(t, "other-operator", "POST", "/v1/consents",
			`{"subject":"$otherSubject","purposes":["news"],"evidence":{"channel":"form"}}`).want(t, 201).str(t, "id")
		w.do(t, "operator", "POST", "/v1/access",
			`{"subject":"$subject","action":"collect","purpose":"contracts","values":{"name":"$name"}}`).want(t, 200)
		for name, size := range map[string]int{"x201": 201, "x401": 401, "x2001": 2001, "x70k": 70_000} {
			w.names[name] = strings.Repeat("x", size)
		}
		w.stateService(t)
		before := w.rows(t)
		for _, list := range [][]bad{badSubjects, badConsents, badDecisions, badEvaluations, badValues, badOrganizations, badReads, badDeferrals, badOrders, badKDP, badPublications} {
			for _, c := range list {
				c.run(t, w)
			}
		}
		if after := w.rows(t); !maps.Equal(before, after) {
			t.Errorf("something stayed:\n%v\n%v", before, after)
		}
	})
}

func (c *bad) run(t *testing.T, w *world) {
	t.Helper()
	method, url, _ := strings.Cut(c.call, " ")
	titles := map[string]bool{}
	for _, lang := range locale.All {
		a := w.do(t, c.as, method, url, c.body, "Accept-Language", string(lang))
		code, _ := a.at(t, "code").(string)
		field, _ := a.at(t, "field").(string)
		hint, _ := a.at(t, "hint").(string)
		if a.status != c.status || code != c.code || field != c.field || !strings.Contains(hint, c.hint) {
			t.Errorf("%s, %s: %d %q at %q, want %d %q at %q with the hint %q: %s", c.name, c.call, a.status, code, field, c.status, c.code, c.field, c.hint, a.body)
		}
		title, _ := a.at(t, "title").(string)
		titles[title] = true
	}
	if len(titles) != len(locale.All) {
		t.Errorf("%s: not in three languages: %v", c.name, titles)
	}
}

// subjectWith registers a subject by identifiers.
func subjectWith(identifier string) string { return `{"identifiers":[` + identifier + `]}` }

var badSubjects = []bad{
	{"no identifiers", "operator", "POST /v1/subjects", `{}`, 400, "missing-field", "identifiers", ""},
	{"an empty list", "operator", "POST /v1/subjects", subjectWith(""), 400, "missing-field", "identifiers", ""},
	{"an object for a list", "operator", "POST /v1/subjects", `{"identifiers":{}}`, 400, "wrong-type", "identifiers", "list"},
	{"a number for an object", "operator", "POST /v1/subjects", subjectWith("1"), 400, "wrong-type", "identifiers[0]", ""},
	{"a number for a value", "operator", "POST /v1/subjects", subjectWith(`{"kind":"iin","value":1}`), 400, "wrong-type", "identifiers[0].value", ""},
	{"a kind nobody knows", "operator", "POST /v1/subjects", subjectWith(`{"kind":"passport","value":"1"}`), 400, "identifier-kind", "identifiers[0].kind", "iin"},
	{"a number of organizations", "operator", "POST /v1/subjects", subjectWith(`{"kind":"bin","value":"$bin"}`), 400, "identifier-kind", "identifiers[0].kind", ""},
	{"a short IIN", "operator", "POST /v1/subjects", subjectWith(`{"kind":"iin","value":"12345"}`), 400, "iin-length", "identifiers[0].value", ""},
	{"a wrong check digit", "operator", "POST /v1/subjects", subjectWith(`{"kind":"phone","value":"$phone"},{"kind":"iin","value":"900101300018"}`), 400, "iin-check", "identifiers[1].value", ""},
	{"a phone of nowhere", "operator", "POST /v1/subjects", subjectWith(`{"kind":"phone","value":"12"}`), 400, "phone-length", "identifiers[0].value", ""},
	{"not an address", "operator", "POST /v1/subjects", subjectWith(`{"kind":"email","value":"aisulu.tolegen"}`), 400, "email-form", "identifiers[0].value", ""},
	{"a list too long", "operator", "POST /v1/subjects", subjectWith(strings.Repeat(`{"kind":"iin","value":"$iin"},`, 16) + `{"kind":"iin","value":"$iin"}`), 400, "too-many-items", "identifiers", "16"},
	{"a language we do not speak", "operator", "POST /v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"language":"de"}`, 400, "bad-enum", "language", "kk, ru, en"},
	{"a name too long", "operator", "POST /v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"name":"$x401"}`, 400, "too-long", "name", "400"},
	{"a contact of a wrong type", "operator", "POST /v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"contacts":{"home":5}}`, 400, "wrong-type", "contacts.home", ""},
	{"a contact too long", "operator", "POST /v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"contacts":{"home":"$x401"}}`, 400, "too-long", "contacts", ""},
	{"a contact under a long name", "operator", "POST /v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"contacts":{"$x401":"x"}}`, 400, "too-long", "contacts", ""},
	{"a name nobody knows", "operator", "POST /v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"adress":"x"}`, 400, "unknown-field", "adress", ""},
	{"data for a name", "operator", "POST /v1/subjects", `{"$iin":"x"}`, 400, "unknown-field", "?", ""},
	{"data for a name of a map", "operator", "POST /v1/subjects", `{"contacts":{"$phone":5}}`, 400, "wrong-type", "contacts.?", ""},
	{"a name twice", "operator", "POST /v1/subjects", `{"name":"a","name":"b"}`, 400, "duplicate-field", "name", ""},
	{"look-up of nothing", "operator", "POST /v1/subjects/lookup", `{}`, 400, "identifier-kind", "kind", ""},
	{"look-up by a wrong IIN", "operator", "POST /v1/subjects/lookup", `{"kind":"iin","value":"900101300018"}`, 400, "iin-check", "value", ""},
	{"look-up of an organization", "operator", "POST /v1/subjects/lookup", `{"kind":"bin","value":"$bin"}`, 400, "identifier-kind", "kind", ""},
	{"look-up of nobody", "operator", "POST /v1/subjects/lookup", `{"kind":"external","value":"77"}`, 404, "subject-unknown", "", ""},
	{"destructions of no id", "operator", "GET /v1/subjects/x/destructions", ``, 404, "not-found", "", ""},
	{"read until nothing", "subject", "POST /v1/me/notifications/read", `{}`, 400, "missing-field", "until", ""},
	{"read until no id", "subject", "POST /v1/me/notifications/read", `{"until":"x"}`, 400, "bad-id", "until", ""},
	{"read what is still to come", "subject", "POST /v1/me/notifications/read", `{"until":"ffffffff-ffff-7fff-bfff-ffffffffffff"}`, 400, "time-future", "until", ""},
}

// consentWith adds members to a consent that would be good.
func consentWith(more string) string {
	return `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form"},` + more + `}`
}

var badConsents = []bad{
	{"nothing", "operator", "POST /v1/consents", `{}`, 400, "missing-field", "subject", ""},
	{"no id", "operator", "POST /v1/consents", `{"subject":"$iin"}`, 400, "bad-id", "subject", ""},
	{"a number for an id", "operator", "POST /v1/consents", `{"subject":5}`, 400, "wrong-type", "subject", "id"},
	{"nobody", "operator", "POST /v1/consents", `{"subject":"$stranger","purposes":["news"],"evidence":{"channel":"form"}}`, 404, "subject-unknown", "", ""},
	{"no purpose", "operator", "POST /v1/consents", `{"subject":"$subject","evidence":{"channel":"form"}}`, 400, "missing-field", "purposes", ""},
	{"a purpose not declared", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news","war"],"evidence":{"channel":"form"}}`, 400, "purpose-unknown", "purposes[1]", ""},
	{"purposes beyond number", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"` + strings.Repeat(`,"news"`, 200) + `]}`, 400, "too-many-items", "purposes", "200"},
	{"no channel", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"]}`, 400, "bad-enum", "evidence.channel", "form, paper, email, signature, otp, api"},
	{"a word for a flag", "operator", "POST /v1/consents", consentWith(`"publicSources":"yes"`), 400, "wrong-type", "publicSources", ""},
	{"publication not declared", "operator", "POST /v1/consents", consentWith(`"publicSources":true`), 400, "publication-undeclared", "publicSources", ""},
	{"data that is not needed", "operator", "POST /v1/consents", consentWith(`"categories":["name","iin"]`), 400, "category-not-needed", "categories[1]", ""},
	{"a third party not declared", "operator", "POST /v1/consents", consentWith(`"thirdParties":["$payer"]`), 400, "recipient-undeclared", "thirdParties[0]", ""},
	{"a country not declared", "operator", "POST /v1/consents", consentWith(`"countries":["DE"]`), 400, "country-undeclared", "countries[0]", ""},
	{"a term that is over", "operator", "POST /v1/consents", consentWith(`"validUntil":"2023-11-23T09:00:00Z"`), 400, "time-past", "validUntil", ""},
	{"a date for a time", "operator", "POST /v1/consents", consentWith(`"validUntil":"2024-11-23"`), 400, "wrong-type", "validUntil", "RFC 3339"},
	{"a name too long", "operator", "POST /v1/consents", consentWith(`"name":"$x401"`), 400, "too-long", "name", "400"},
	{"a message too long", "operator", "POST /v1/consents", consentWith(`"message":"$x2001"`), 400, "too-long", "message", "2000"},
	{"more than one can read", "operator", "POST /v1/consents", consentWith(`"other":{"a":"$x2001"}`), 400, "too-long", "other", "2000"},
	{"another's consent", "operator", "POST /v1/consents", consentWith(`"organization":"$other"`), 403, "forbidden", "organization", ""},
	{"not a hash", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form","textHash":"$iin"}}`, 400, "text-hash", "evidence.textHash", ""},
	{"a text too long", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form","text":"$x70k"}}`, 400, "too-long", "evidence.text", ""},
	{"a text that no page shows", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form","text":"a\u0000b"}}`, 400, "bad-request", "evidence.text", ""},
	{"a document too long", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form","document":"$x2001"}}`, 400, "too-long", "evidence.document", ""},
	{"an unspoken language", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form","language":"de"}}`, 400, "bad-enum", "evidence.language", "kk, ru, en"},
	{"a file without a name", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","files":[{"content":"JVBERi0xLjc="}]}}`, 400, "missing-field", "evidence.files[0].name", ""},
	{"a hold's program for a scan", "officer", "POST /v1/consents/$consent/holds", `{"obligation":"a debt","document":"c","until":"2024-06-01T00:00:00Z","file":{"name":"x.pdf","content":"TVqQAAMAAAA="}}`, 400, "evidence-file-type", "file.content", "PDF"},
	{"a hold's file without a name", "officer", "POST /v1/consents/$consent/holds", `{"obligation":"a debt","document":"c","until":"2024-06-01T00:00:00Z","file":{"content":"JVBERi0xLjc="}}`, 400, "missing-field", "file.name", ""},
	{"a reply to a hold of nobody", "officer", "POST /v1/consents/$consent/holds/$stranger/reply", `{"reply":"x"}`, 404, "hold-unknown", "", ""},
	{"a review of a hold of nobody", "authority", "GET /v1/holds/$stranger", ``, 404, "hold-unknown", "", ""},
	{"a review of no id", "authority", "GET /v1/holds/$iin", ``, 404, "not-found", "", ""},
	{"a document of a hold of nobody", "authority", "GET /v1/holds/$stranger/file", ``, 404, "hold-unknown", "", ""},
	{"a file in another folder", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","files":[{"name":"../x.pdf","content":"JVBERi0xLjc="}]}}`, 400, "evidence-file-name", "evidence.files[0].name", "scan.pdf"},
	{"an empty file", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","files":[{"name":"x.pdf"}]}}`, 400, "missing-field", "evidence.files[0].content", ""},
	{"a program for a scan", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","files":[{"name":"x.pdf","content":"TVqQAAMAAAA="}]}}`, 400, "evidence-file-type", "evidence.files[0].content", "PDF"},
	{"a file that is not base64", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","files":[{"name":"x.pdf","content":"%%%"}]}}`, 400, "wrong-type", "evidence.files[0].content", "base64"},
	{"files beyond number", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"paper","files":[{"name":"x.pdf","content":"JVBERi0xLjc="},{"name":"x.pdf","content":"JVBERi0xLjc="},{"name":"x.pdf","content":"JVBERi0xLjc="},{"name":"x.pdf","content":"JVBERi0xLjc="},{"name":"x.pdf","content":"JVBERi0xLjc="}]}}`, 400, "too-many-items", "evidence.files", "4"},
	{"a signature that is not there", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"signature","text":"I agree."}}`, 400, "signature-missing", "evidence.signature", "evidence.text"},
	{"a signature where none are taken", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"signature","signature":"eA=="}}`, 400, "signature-absent", "evidence.signature", ""},
	{"the cabinet, for another", "operator", "POST /v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"cabinet"}}`, 400, "bad-enum", "evidence.channel", "otp, api, state-service"},
	{"a code to nowhere", "subject", "POST /v1/me/consents/requests/$stranger/code", `{"contact":"$stranger"}`, 404, "request-unknown", "", ""},
	{"a code to no address", "subject", "POST /v1/me/consents/requests/$stranger/code", `{"contact":5}`, 400, "wrong-type", "contact", "id"},
	{"evidence of a wrong type", "operator", "POST /v1/consents", `{"subject":"$subject","evidence":"form"}`, 400, "wrong-type", "evidence", "object"},

	{"withdraw nothing there is", "subject", "POST /v1/consents/$consent/withdraw", `{"scopes":["everything"]}`, 400, "bad-enum", "scopes", "process, transfer, crossBorder, publicSources"},
	{"withdraw what was not given", "subject", "POST /v1/consents/$consent/withdraw", `{"scopes":["crossBorder"]}`, 409, "scope-not-given", "", ""},
	{"withdraw for too long a reason", "subject", "POST /v1/consents/$consent/withdraw", `{"reason":"$x2001"}`, 400, "too-long", "reason", ""},
	{"withdraw without a demand", "operator", "POST /v1/consents/$consent/withdraw", `{"evidence":{"channel":"paper"}}`, 400, "demand-absent", "evidence.document", ""},
	{"withdraw by too long a demand", "operator", "POST /v1/consents/$consent/withdraw", `{"evidence":{"document":"$x2001"}}`, 400, "too-long", "evidence.document", ""},
	{"withdraw another's", "operator", "POST /v1/consents/$theirs/withdraw", `{"evidence":{"document":"x"}}`, 404, "consent-unknown", "", ""},
	{"withdraw nobody's", "subject", "POST /v1/consents/$stranger/withdraw", `{}`, 404, "consent-unknown", "", ""},
	{"withdraw no id", "subject", "POST /v1/consents/1/withdraw", `{}`, 404, "not-found", "", ""},
	{"resume what is not paused", "subject", "POST /v1/consents/$consent/resume", ``, 409, "consent-not-active", "", ""},
	{"pause, with a word", "subject", "POST /v1/consents/$consent/pause", `{"for":"ever"}`, 400, "unknown-field", "for", ""},
}

// askWith adds members to a request that would be good.
func askWith(more string) string {
	return `{"subject":"$subject","action":"view","purpose":"contracts","categories":["name"],` + more + `}`
}

var badDecisions = []bad{
	{"nothing", "operator", "POST /v1/decisions", `{}`, 400, "missing-field", "subject", ""},
	{"no action", "operator", "POST /v1/decisions", `{"subject":"$subject"}`, 400, "missing-field", "action", ""},
	{"an action nobody knows", "operator", "POST /v1/decisions", `{"subject":"$subject","action":"steal"}`, 400, "bad-enum", "action", "collect, "},
	{"data for a purpose", "operator", "POST /v1/decisions", `{"subject":"$subject","action":"view","purpose":"$name"}`, 400, "bad-name", "purpose", ""},
	{"data for a base", "operator", "POST /v1/decisions", askWith(`"base":"$name"`), 400, "bad-name", "base", ""},
	{"data for a category", "operator", "POST /v1/decisions", `{"subject":"$subject","action":"view","categories":["name","$name"]}`, 400, "bad-name", "categories[1]", ""},
	{"categories beyond number", "operator", "POST /v1/decisions", `{"subject":"$subject","action":"view","categories":["name"` + strings.Repeat(`,"name"`, 200) + `]}`, 400, "too-many-items", "categories", "200"},
	{"a country that is none", "operator", "POST /v1/decisions", askWith(`"country":"ZZ"`), 400, "country-unknown", "country", ""},
	{"a recipient that is none", "operator", "POST /v1/decisions", askWith(`"recipient":"150940018739"`), 400, "bin-check", "recipient", ""},
	{"a ground without a provision", "operator", "POST /v1/decisions", askWith(`"ground":{"document":"x"}`), 400, "missing-field", "ground.provision", ""},
	{"a provision too long", "operator", "POST /v1/decisions", askWith(`"ground":{"provision":"$x201"}`), 400, "too-long", "ground", ""},
	{"an actor that is none", "operator", "POST /v1/decisions", askWith(`"actor":{"kind":"robot"}`), 400, "bad-enum", "actor.kind", "person, system, subject, bulk"},
	{"an actor too long", "operator", "POST /v1/decisions", askWith(`"actor":{"kind":"person","id":"$x201"}`), 400, "too-long", "actor.id", ""},
	{"a reference too long", "operator", "POST /v1/decisions", askWith(`"reference":"$x201"`), 400, "too-long", "reference", "200"},
	{"a role that is none", "operator", "POST /v1/decisions", askWith(`"role":"$name"`), 400, "bad-enum", "role", "primary, incidental"},
	{"another's base", "operator", "POST /v1/decisions", askWith(`"organization":"$other"`), 403, "forbidden", "organization", ""},
	{"nobody", "operator", "POST /v1/decisions", `{"subject":"$stranger","action":"view","purpose":"news"}`, 404, "subject-unknown", "", ""},
	{"another's subject", "operator", "POST /v1/decisions", `{"subject":"$otherSubject","action":"view","purpose":"news"}`, 404, "subject-unknown", "", ""},
	{"values where none are taken", "operator", "POST /v1/decisions", askWith(`"values":{}`), 400, "unknown-field", "values", ""},
	{"an empty batch", "operator", "POST /v1/decisions/batch", `{"decisions":[]}`, 400, "missing-field", "decisions", ""},
	{"one bad in a batch", "operator", "POST /v1/decisions/batch", `{"decisions":[` + askWith(`"country":"KZ"`) + `,{"subject":"$subject"}]}`, 400, "missing-field", "decisions[1].action", ""},
	{"one unknown in a batch", "operator", "POST /v1/decisions/batch", `{"decisions":[` + askWith(`"country":"KZ"`) + `,{"subject":"$stranger","action":"view"}]}`, 404, "subject-unknown", "", ""},
	{"a wrong type in a batch", "operator", "POST /v1/decisions/batch", `{"decisions":[{"subject":7}]}`, 400, "wrong-type", "decisions[0].subject", ""},
	{"a batch too long", "operator", "POST /v1/decisions/batch", `{"decisions":[{}` + strings.Repeat(`,{}`, MaxBatch) + `]}`, 400, "too-many-items", "decisions", "1000"},
	{"a third party names nobody", "third-party", "POST /v1/decisions", `{"subject":"$payerSubject","action":"view"}`, 400, "missing-field", "organization", ""},
	{"a third party names rubbish", "third-party", "POST /v1/decisions", `{"subject":"$payerSubject","action":"view","organization":"$iin"}`, 404, "organization-unknown", "organization", ""},
	{"a third party names a zero", "third-party", "POST /v1/decisions", `{"subject":"$payerSubject","action":"view","organization":"\u0000"}`, 400, "bin-digit", "organization", ""},
	{"a third party collects", "third-party", "POST /v1/decisions", `{"subject":"$payerSubject","action":"collect","organization":"$bin"}`, 400, "third-party-action", "action", ""},
}

// putWith is a request that puts values.
func putWith(action, values string) string {
	return `{"subject":"$subject","action":"` + action + `","purpose":"contracts","values":` + values + `}`
}

var badValues = []bad{
	{"depersonalise what has no rule", "operator", "POST /v1/access", `{"subject":"$subject","action":"depersonalise","purpose":"visit-statistics"}`, 400, "missing-field", "categories", ""},
	{"view nothing", "operator", "POST /v1/access", `{"subject":"$subject","action":"view","purpose":"contracts"}`, 400, "missing-field", "categories", ""},
	{"view with values", "operator", "POST /v1/access", askWith(`"values":{"name":"x"}`), 400, "values-unexpected", "values", ""},
	{"collect nothing", "operator", "POST /v1/access", putWith("collect", `{}`), 400, "missing-field", "values", ""},
	{"collect a list", "operator", "POST /v1/access", putWith("collect", `[]`), 400, "wrong-type", "values", "object"},
	{"collect null", "operator", "POST /v1/access", putWith("collect", `{"name":null}`), 400, "missing-field", "values.name", ""},
	{"collect under data", "operator", "POST /v1/access", putWith("collect", `{"$name":"x"}`), 400, "bad-name", "values", ""},
	{"collect null under a number", "operator", "POST /v1/access", putWith("collect", `{"$iin":null}`), 400, "missing-field", "values", ""},
	{"collect what was not asked", "operator", "POST /v1/access", `{"subject":"$subject","action":"collect","purpose":"contracts","categories":["name"],"values":{"iin":"$iin"}}`, 400, "value-not-asked", "values", ""},
	{"collect less than asked", "operator", "POST /v1/access", `{"subject":"$subject","action":"collect","purpose":"contracts","categories":["name","iin"],"values":{"iin":"$iin"}}`, 400, "missing-field", "values.name", ""},
	{"collect a wrong IIN", "operator", "POST /v1/access", putWith("collect", `{"iin":"900101300018"}`), 400, "iin-check", "values.iin", ""},
	{"collect a number for an address", "operator", "POST /v1/access", putWith("collect", `{"email":5}`), 400, "wrong-type", "values.email", "string"},
	{"collect too much", "operator", "POST /v1/access", putWith("collect", `{"name":"$x70k"}`), 400, "too-long", "values.name", ""},
	{"collect a name twice", "operator", "POST /v1/access", putWith("collect", `{"name":"a","name":"b"}`), 400, "duplicate-field", "values.name", ""},
	{"collect an abyss", "operator", "POST /v1/access", putWith("collect", `{"name":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+`}`), 400, "too-deep", "", ""},
	{"change what is not there", "operator", "POST /v1/access", putWith("change", `{"employer":"x"}`), 400, "value-absent", "values.employer", ""},
	{"supplement what is there", "operator", "POST /v1/access", putWith("supplement", `{"name":"x"}`), 400, "value-present", "values.name", ""},
	{"of nobody", "operator", "POST /v1/access", `{"subject":"$stranger","action":"destroy"}`, 404, "subject-unknown", "", ""},
	{"destroy another's", "operator", "POST /v1/access", `{"subject":"$otherSubject","action":"destroy"}`, 404, "subject-unknown", "", ""},
}

var badOrganizations = []bad{
	{"a role nobody has", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"root"}`, 400, "bad-enum", "role", "admin, operator, staff"},
	{"no role", "admin", "POST /v1/organizations/$bin/tokens", `{}`, 400, "bad-enum", "role", ""},
	{"a token that is over", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"staff","expiresAt":"2020-01-01T00:00:00Z"}`, 400, "time-past", "expiresAt", ""},
	{"a token until a word", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"staff","expiresAt":"tomorrow"}`, 400, "wrong-type", "expiresAt", "RFC 3339"},
	{"a label too long", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"staff","label":"$x201"}`, 400, "too-long", "label", "200"},
	{"a subject's token of nobody", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"subject"}`, 400, "role-subject", "subject", ""},
	{"a system's token of a person", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"operator","subject":"$subject"}`, 400, "role-subject", "subject", ""},
	{"a subject's token of another's", "admin", "POST /v1/organizations/$bin/tokens", `{"role":"subject","subject":"$otherSubject"}`, 404, "subject-unknown", "subject", ""},
	{"a token of no organization", "admin", "POST /v1/organizations/1/tokens", `{"role":"staff"}`, 404, "organization-unknown", "", ""},
	{"no organization", "admin", "GET /v1/organizations/$iin", ``, 404, "organization-unknown", "", ""},
	{"approve a word", "admin", "POST /v1/organizations/$bin/versions/first/approve", ``, 400, "wrong-type", "n", ""},
	{"approve beyond numbers", "admin", "POST /v1/organizations/$bin/versions/99999999999999999999/approve", ``, 400, "wrong-type", "n", ""},
	{"approve what is not there", "admin", "POST /v1/organizations/$bin/versions/9/approve", ``, 409, "version-not-pending", "", ""},
	{"approve another's", "officer", "POST /v1/organizations/$other/versions/1/approve", ``, 403, "forbidden", "", ""},
	{"describe another", "admin", "PUT /v1/organizations/$other", `{"organization":{"bin":"$bin","name":{"ru":"x"},"roles":["operator"]}}`, 400, "bin-differs", "organization.bin", ""},
	{"describe another's", "officer", "PUT /v1/organizations/$other", `{"organization":{"bin":"$other","name":{"ru":"x"},"roles":["operator"]}}`, 403, "forbidden", "", ""},
	{"call oneself an authority", "officer", "PUT /v1/organizations/$bin", `{"organization":{"bin":"$bin","name":{"ru":"x"},"roles":["operator","authority"]}}`, 403, "role-claimed", "organization.roles", "kinds"},
	{"call oneself the technical service", "officer", "PUT /v1/organizations/$bin", `{"organization":{"bin":"$bin","name":{"ru":"x"},"roles":["operator","technical-service"]}}`, 403, "role-claimed", "organization.roles", "kinds"},
	{"call oneself a court", "officer", "PUT /v1/organizations/$bin", `{"organization":{"bin":"$bin","name":{"ru":"x"},"roles":["operator"],"kinds":["court"]}}`, 403, "role-claimed", "organization.kinds", "kinds"},
	{"call oneself a state body", "officer", "PUT /v1/organizations/$bin", `{"organization":{"bin":"$bin","name":{"ru":"x"},"roles":["operator"],"sector":"state"}}`, 403, "role-claimed", "organization.sector", "kinds"},
	{"describe with a wrong number", "admin", "PUT /v1/organizations/$bin", `{"organization":{"bin":"150940018739","name":{"ru":"x"},"roles":["operator"]}}`, 400, "bin-check", "organization.bin", ""},
}

var badReads = []bad{
	{"depersonalised data of no purpose", "operator", "GET /v1/depersonalised", ``, 400, "missing-field", "purpose", ""},
	{"depersonalised data of rubbish", "operator", "GET /v1/depersonalised?purpose=%3Cb%3E", ``, 400, "bad-name", "purpose", ""},
	{"depersonalised data of an unknown purpose", "operator", "GET /v1/depersonalised?purpose=war", ``, 400, "purpose-unknown", "purpose", ""},
	{"depersonalised data in an odd form", "operator", "GET /v1/depersonalised?purpose=news&format=xlsx", ``, 400, "bad-enum", "format", "json, csv"},
	{"a status nobody has", "operator", "GET /v1/consents?status=valid", ``, 400, "bad-enum", "status", "active, paused"},
	{"a subject that is none", "operator", "GET /v1/consents?subject=$iin", ``, 400, "bad-id", "subject", ""},
	{"data for a purpose", "operator", "GET /v1/consents?purpose=%25", ``, 400, "purpose-unknown", "purpose", ""},
	{"a zero byte", "operator", "GET /v1/consents?purpose=%00", ``, 400, "bad-request", "", ""},
	{"not UTF-8", "officer", "GET /v1/journal?action=%FF", ``, 400, "bad-request", "", ""},
	{"a zero byte for an action", "officer", "GET /v1/journal?action=%00", ``, 400, "bad-request", "", ""},
	{"a broken escape", "officer", "GET /v1/journal?action=%zz", ``, 400, "bad-request", "", ""},
	{"a zero byte for a number", "admin", "GET /v1/organizations/%00", ``, 400, "bad-request", "", ""},
	{"not UTF-8 for a number", "admin", "GET /v1/organizations/%FF", ``, 400, "bad-request", "", ""},
	{"from a word", "officer", "GET /v1/journal?from=yesterday", ``, 400, "bad-time", "from", "T"},
	{"to a date", "officer", "GET /v1/journal?to=2023-11-23", ``, 400, "bad-time", "to", ""},
	{"the journal of no subject", "officer", "GET /v1/journal?subject=1", ``, 400, "bad-id", "subject", ""},
	{"whose journal", "authority", "GET /v1/journal", ``, 400, "missing-field", "organization", ""},
	{"the journal of nobody", "authority", "GET /v1/journal?organization=1", ``, 404, "organization-unknown", "organization", ""},
	{"my journal with nobody", "subject", "GET /v1/me/journal?organization=1", ``, 404, "organization-unknown", "organization", ""},
	{"a receipt of no entry", "officer", "GET /v1/journal/$stranger/receipt", ``, 404, "entry-unknown", "", ""},
	{"a receipt of no id", "officer", "GET /v1/journal/1/receipt", ``, 404, "not-found", "", ""},
	{"my receipt of no entry", "subject", "GET /v1/me/journal/$stranger/receipt", ``, 404, "entry-unknown", "", ""},
	{"a consent of no id", "operator", "GET /v1/consents/$iin", ``, 404, "not-found", "", ""},
}

// Bodies that are wrong for every route that takes one.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.rows(t)
	routes := w.api.routes()
	for i := range routes {
		r := &routes[i]
		if r.in == nil {
			continue
		}
		url := strings.NewReplacer("{bin}", "$bin", "{id}", "$stranger", "{n}", "9").Replace(r.path)
		for _, c := range []struct {
			name, body, kind string
			status           int
			code             string // where the body is JSON only
		}{
			{"null", "null", "", 0, ""},
			{"a list", "[]", "", 400, "wrong-type"},
			{"a text", `"x"`, "", 400, "wrong-type"},
			{"a number", "1e999", "", 400, "wrong-type"},
			{"half", `{"a":`, "", 400, ""},
			{"two", `{}{}`, "", 400, "bad-json"},
			{"not JSON", `<xml/>`, "", 400, "bad-json"},
			{"a comment", `{/*x*/}`, "", 400, "bad-json"},
			{"a mark of order", "\ufeff{}", "", 0, ""},
			{"a zero byte", "{\x00}", "", 400, ""},
			{"not UTF-8", "{\"\xff\":1}", "", 400, "not-utf8"},
			{"half a character", `{"\ud800":1}`, "", 400, ""},
			{"an unknown name", `{"nonsense":1}`, "", 400, "unknown-field"},
			{"deep", strings.Repeat(`{"a":`, 100_000), "", 400, "too-deep"},
			{"deep lists", strings.Repeat(`[`, 100_000), "", 400, "too-deep"},
			{"blank", " ", "", 400, ""},
			{"a form", "a=b", "application/x-www-form-urlencoded", 415, "unsupported-media"},
			{"plain text", "{}", "text/plain", 415, "unsupported-media"},
			{"no type", "{}", ";", 415, "unsupported-media"},
			{"too large", `{"a":"` + strings.Repeat("x", int(r.limit)) + `"}`, "", 413, "too-large"},
		} {
			headers := []string{}
			if c.kind != "" {
				headers = []string{"Content-Type", c.kind}
			}
			a := w.do(t, string(r.roles[0]), r.method, url, c.body, headers...)
			code, _ := a.at(t, "code").(string)
			switch {
			case a.status < 400:
				t.Errorf("%s %s took %s: %s", r.method, r.path, c.name, a.body)
			case r.tag == "AuthZEN" && c.code == "unknown-field": // AuthZEN has them ignored, so it is what lacks
				if code != "missing-field" {
					t.Errorf("%s %s, %s: %d %s", r.method, r.path, c.name, a.status, code)
				}
			case r.tag == faceTag: // GovStack knows one status for whatever is wrong, and takes names that it does not know
				if a.status != 400 || c.code != "" && c.code != "unknown-field" && code != c.code {
					t.Errorf("%s %s, %s: %d %s", r.method, r.path, c.name, a.status, code)
				}
			case r.yaml && c.status != 413 && c.status != 415: // a description has codes of its own
			case c.status != 0 && a.status != c.status || c.code != "" && code != c.code:
				t.Errorf("%s %s, %s: %d %s, want %d %s", r.method, r.path, c.name, a.status, code, c.status, c.code)
			}
		}
	}
	if after := w.rows(t); !maps.Equal(before, after) {
		t.Errorf("something stayed:\n%v\n%v", before, after)
	}
}

// A list of very many empty items is a small body; it is refused like any other
// that is too long.
func TestHugeLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	million := "{}" + strings.Repeat(",{}", 999_999)
	for _, c := range []bad{
		{"a batch", "operator", "POST /v1/decisions/batch", `{"decisions":[` + million + `]}`, 400, "too-many-items", "decisions", "1000"},
		{"evaluations", "operator", evaluationsCall, `{"evaluations":[` + million + `]}`, 400, "too-many-items", "evaluations", "1000"},
		{"identifiers", "operator", "POST /v1/subjects", subjectWith(million[:900_001] + "}"), 400, "too-many-items", "identifiers", "16"},
	} {
		_, url, _ := strings.Cut(c.call, " ")
		a := w.do(t, c.as, "POST", url, c.body).want(t, c.status)
		if a.str(t, "code") != c.code || a.str(t, "field") != c.field {
			t.Errorf("%s: %s", c.name, a.body)
		}
	}
}

// A description that is wrong names the line and the way out, and nothing of it
// is applied.
func TestBadDescription(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := apptest.Bestam(t)
	before := w.rows(t)
	bomb := "a: &a [x,x]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c]\n", 'b'+i, 'b'+i, 'a'+i, 'a'+i, 'a'+i)
	}
	for _, c := range []struct{ name, text, contains string }{
		{"an unknown key", good + "\nnonsense: 1\n", `"field":"nonsense"`},
		{"an unknown category", strings.Replace(good, "categories: [name, email]", "categories: [name, emial]", 1), `"field":"purposes[0].categories[1]"`},
		{"a key twice", good + "\nmail: {inbox: a@b.kz}\n", `"line"`},
		{"broken", good + "\n  - {", `"line"`},
		{"a bomb", bomb, `"code"`},
		{"deep", strings.Repeat("[", 5000), `"code"`},
		{"many keys", func() string {
			var b strings.Builder
			for i := range 50_000 {
				fmt.Fprintf(&b, "k%d: 1\n", i)
			}
			return b.String()
		}(), `"code"`},
		{"not UTF-8", good + "\n# \xff\n", `"code"`},
		{"empty", " ", `"code"`},
	} {
		a := w.do(t, "admin", "PUT", "/v1/organizations/$bin?approve=true", c.text, "Content-Type", "application/yaml").want(t, 400)
		if !strings.Contains(string(a.body), c.contains) {
			t.Errorf("%s: no %s in %s", c.name, c.contains, a.body)
		}
	}
	if after := w.rows(t); !maps.Equal(before, after) {
		t.Errorf("something stayed:\n%v\n%v", before, after)
	}
}

// The language of an answer is the one the caller asked for, English failing that.
func TestProblemLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for accept, want := range map[string]locale.Lang{
		"": locale.EN, "kk": locale.KK, "kk-KZ, ru;q=0.5": locale.KK, "ru-RU,ru;q=0.9,en;q=0.8": locale.RU, "de": locale.EN, "de, ru;q=0.1": locale.RU, ";;;": locale.EN,
	} {
		a := w.do(t, "operator", "POST", "/v1/decisions", `{}`, "Accept-Language", accept).want(t, 400)
		if got := a.str(t, "title"); got != locale.Text(want, "error.missing-field") {
			t.Errorf("%q: %s", accept, got)
		}
	}
}
