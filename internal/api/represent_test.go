package api

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/party"
)

// childIIN is of the n-th child, born on 14 May 2012.
func childIIN(n int) string {
	for serial := 100 * n; ; serial++ {
		if v, ok := ident.MakeIIN(time.Date(2012, 5, 14, 0, 0, 0, 0, time.UTC), false, serial); ok {
			return v
		}
	}
}

// person makes somebody known to the example operator and returns its id.
func (w *world) person(t testing.TB, iin, name string) string {
	t.Helper()
	id, _, err := w.Parties.Register(t.Context(), apptest.Org(t, w.App, ""), apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.IIN, Value: iin}}, Profile: party.Profile{Name: name, Contacts: map[string]string{"home": name}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// represent registers a representative with more members of the body and returns
// the operator's id of the representation.
func (w *world) represent(t testing.TB, subject, by, more string) string {
	t.Helper()
	return w.do(t, "operator", "POST", "/v1/representatives",
		`{"subject":"`+subject+`","representative":"`+by+`","document":{"kind":"paper"},`+more+`}`).want(t, 201).str(t, "id")
}

// signIn gives a person a token under a name.
func (w *world) signIn(t testing.TB, as, id string) {
	t.Helper()
	outside, err := ident.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	w.tokens[as] = w.issue(t, account.Token{Role: account.Subject, Subject: apptest.Org(t, w.App, "").Inside(outside)})
}

// family is a mother with two children, an old man, and somebody else; the
// operator has a consent and data of each child.
func (w *world) family(t testing.TB) {
	t.Helper()
	for i, name := range []string{"mother", "elder", "nobody"} {
		w.names[name] = w.person(t, apptest.IIN(i+1), "Ана "+name)
		w.signIn(t, name, w.names[name])
	}
	for i, name := range []string{"child", "sibling"} {
		w.names[name] = w.person(t, childIIN(i+1), "Бала "+name)
		w.signIn(t, name, w.names[name])
		w.names[name+"IIN"] = childIIN(i + 1)
		w.names[name+"Consent"] = w.do(t, "operator", "POST", "/v1/consents",
			`{"subject":"$`+name+`","purposes":["payment"],"thirdParties":["$payer"],"evidence":{"channel":"form"}}`).want(t, 201).str(t, "id")
		w.do(t, "operator", "POST", "/v1/access", `{"subject":"$`+name+`","action":"collect","purpose":"payment","values":{"name":"Бала"}}`).want(t, 200)
	}
	w.names["elderConsent"] = w.do(t, "operator", "POST", "/v1/consents", `{"subject":"$elder","purposes":["news"],"evidence":{"channel":"form"}}`).want(t, 201).str(t, "id")
	w.names["parent"] = w.represent(t, "$child", "$mother", `"kind":"parent","iin":"$childIIN"`)
	w.clock.Add(time.Second) // so that the list has one order
	w.names["attorney"] = w.represent(t, "$elder", "$mother", `"kind":"attorney","acts":["read"],"until":"2024-06-01T00:00:00Z"`)
	list := w.do(t, "mother", "GET", "/v1/me/represented", "").want(t, 200)
	w.names["forElder"], w.names["forChild"] = list.str(t, "items", 0, "id"), list.str(t, "items", 1, "id")
}

// A mother acts for her child through the interface, as far as it goes, and the
// child's journal says who did it.
//
// duty: L7.1, L8.1
func TestActingForAChild(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.family(t)
		for _, s := range behalf {
			s.run(t, w)
		}
		w.seal(t)
		list := w.do(t, "child", "GET", "/v1/me/journal?limit=200", "").want(t, 200).items(t)
		seen := map[string]int{}
		for _, item := range list {
			e, _ := item.(object)
			actor, _ := e["actor"].(object)
			if actor["kind"] == "subject" {
				t.Errorf("stands as the child's own: %v", e)
			}
			if actor["kind"] == "representative" {
				seen[fmt.Sprint(e["action"])]++
				if actor["id"] != w.names["forChild"] || e["role"] != "child" {
					t.Errorf("%v", e)
				}
			}
		}
		if want := map[string]int{
			"representation.look": 1, "view": 1, "consent.pause": 1, "consent.resume": 1, "consent.withdraw": 1, "consent.give": 2, "consent.show": 1,
		}; fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("journaled %v, want %v", seen, want)
		}
		theirs := w.do(t, "officer", "GET", "/v1/journal?subject=$child&action=consent.withdraw", "").want(t, 200)
		if got := theirs.str(t, "items", 0, "actor", "id"); got != w.names["parent"] {
			t.Errorf("the organization sees the representative as %s", got)
		}
		id, _ := list[0].(object)["id"].(string)
		w.do(t, "mother", "GET", "/v1/me/journal/"+id+"/receipt?for=$forChild", "").want(t, 200)
		w.do(t, "mother", "GET", "/v1/me/journal/"+id+"/receipt", "").want(t, 404)
	})
}

var behalf = []scenario{
	{
		name: "for whom", as: "mother", method: "GET", url: "/v1/me/represented", wantStatus: 200,
		wantContains: []string{`"name":"Бала child"`, `"kind":"parent"`, `"until":"2030-05-13T19:00:00Z"`, `"organizations":["$bin"]`}, wantNot: []string{"$parent", "$child\"", "sibling"},
	},
	{
		name: "who for me", as: "child", method: "GET", url: "/v1/me/representatives", wantStatus: 200,
		wantContains: []string{`"name":"Ана mother"`, `"document":{"kind":"paper"}`, `"status":"active"`}, wantNot: []string{"$mother\""},
	},
	{
		name: "of an organization", as: "staff", method: "GET", url: "/v1/representatives?subject=$child", wantStatus: 200,
		wantContains: []string{`"id":"$parent"`, `"subject":"$child"`, `"representative":"$mother"`}, wantNot: []string{"$forChild"},
	},
	{name: "of another organization", as: "other-staff", method: "GET", url: "/v1/representatives?subject=$child", wantStatus: 200, wantContains: []string{`"items":[]`}},

	{name: "consents", as: "mother", method: "GET", url: "/v1/me/consents?for=$forChild", wantStatus: 200, wantContains: []string{"$childConsent"}, wantNot: []string{"$siblingConsent"}},
	{name: "own consents", as: "mother", method: "GET", url: "/v1/me/consents", wantStatus: 200, wantContains: []string{`"items":[]`}},
	{name: "holders", as: "mother", method: "GET", url: "/v1/me/holders?for=$forChild", wantStatus: 200, wantContains: []string{`"organization":"$bin"`, "Бала child"}},
	{name: "a consent", as: "mother", method: "GET", url: "/v1/consents/$childConsent?for=$forChild", wantStatus: 200, wantContains: []string{`"name":"Бала child"`}, wantNot: []string{"$child\""}},
	{name: "a consent in the own name", as: "mother", method: "GET", url: "/v1/consents/$childConsent", wantStatus: 404},
	{name: "a consent of another child", as: "mother", method: "GET", url: "/v1/consents/$siblingConsent?for=$forChild", wantStatus: 404},
	{name: "a consent of the old man as a parent", as: "mother", method: "GET", url: "/v1/consents/$elderConsent?for=$forChild", wantStatus: 404},
	{name: "receipt", as: "mother", method: "GET", url: "/v1/consents/$childConsent/receipt?for=$forChild", wantStatus: 200},
	{name: "data", as: "mother", method: "GET", url: "/v1/me/data?for=$forChild", wantStatus: 200, wantContains: []string{`"data":{"name":"Бала"}`}},
	{name: "pause", as: "mother", method: "POST", url: "/v1/consents/$childConsent/pause?for=$forChild", wantStatus: 200, wantContains: []string{`"by":"representative"`}},
	{name: "resume", as: "mother", method: "POST", url: "/v1/consents/$childConsent/resume?for=$forChild", wantStatus: 200},
	{
		name: "withdraw", as: "mother", method: "POST", url: "/v1/consents/$childConsent/withdraw?for=$forChild", body: `{"scopes":["transfer"]}`, wantStatus: 200,
		wantContains: []string{`"scopes":["transfer"],"by":"representative"`},
	},
	{name: "withdraw for another child", as: "mother", method: "POST", url: "/v1/consents/$siblingConsent/withdraw?for=$forChild", wantStatus: 404},
	{
		name: "in words", as: "child", method: "GET", url: "/v1/me/notifications", wantStatus: 200, headers: []string{"Accept-Language", "ru"},
		wantContains: []string{"Ваш представитель (родитель) отозвал за вас согласие", "Ваш представитель (родитель) посмотрел"},
	},
	{name: "journal", as: "mother", method: "GET", url: "/v1/me/journal?for=$forChild&action=view", wantStatus: 200, wantContains: []string{`"role":"child"`}},

	{
		name: "a question", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$child","purposes":["inform"]}`, wantStatus: 201, keep: "question",
	},
	{
		name: "a question to the old man", as: "operator", method: "POST", url: "/v1/consents/requests", body: `{"subject":"$elder","purposes":["inform"]}`, wantStatus: 201, keep: "elderQuestion",
	},
	{name: "questions", as: "mother", method: "GET", url: "/v1/me/consents/requests?for=$forChild", wantStatus: 200, wantContains: []string{"$question"}, wantNot: []string{"$elderQuestion"}},
	{name: "the question", as: "mother", method: "GET", url: "/v1/me/consents/requests/$question?for=$forChild", wantStatus: 200, wantContains: []string{`"text":`}},
	{name: "the question in the own name", as: "mother", method: "GET", url: "/v1/me/consents/requests/$question", wantStatus: 404},
	{name: "give", as: "mother", method: "POST", url: "/v1/me/consents/requests/$question/answer?for=$forChild", body: `{"answer":"give"}`, wantStatus: 200, wantContains: []string{`"status":"given"`}},
	{name: "another's question", as: "mother", method: "GET", url: "/v1/me/consents/requests/$elderQuestion?for=$forChild", wantStatus: 404},
	{name: "answer for the old man", as: "mother", method: "POST", url: "/v1/me/consents/requests/$elderQuestion/answer?for=$forElder", body: `{"answer":"refuse"}`, wantStatus: 403, wantContains: []string{`"code":"representation-scope"`}},
	{
		name: "consent by the parent", as: "operator", method: "POST", url: "/v1/consents", wantStatus: 201, keep: "given",
		body: `{"subject":"$child","purposes":["news"],"evidence":{"channel":"paper","document":"1"},"representative":{"id":"$parent"}}`,
	},
	{
		name: "as the operator sees it", as: "operator", method: "GET", url: "/v1/consents/$given", wantStatus: 200,
		wantContains: []string{`"representative":{"id":"$parent","kind":"parent","name":"Ана mother","recordedBy":"system `, `"by":"representative"`},
	},
	{
		name: "by whom has no such right", as: "operator", method: "POST", url: "/v1/consents", wantStatus: 403, wantContains: []string{`"code":"representation-scope"`, `"field":"representative.id"`},
		body: `{"subject":"$elder","purposes":["news"],"evidence":{"channel":"paper"},"representative":{"id":"$attorney"}}`,
	},
	{
		name: "by the parent of another", as: "operator", method: "POST", url: "/v1/consents", wantStatus: 404, wantContains: []string{`"code":"representation-unknown"`},
		body: `{"subject":"$sibling","purposes":["news"],"evidence":{"channel":"paper"},"representative":{"id":"$parent"}}`,
	},
	{
		name: "by nobody", as: "operator", method: "POST", url: "/v1/consents", wantStatus: 404, wantContains: []string{`"code":"representation-unknown"`},
		body: `{"subject":"$child","purposes":["news"],"evidence":{"channel":"paper"},"representative":{"id":"$stranger"}}`,
	},
	{
		name: "by no id", as: "operator", method: "POST", url: "/v1/consents", wantStatus: 400, wantContains: []string{`"field":"representative.id"`},
		body: `{"subject":"$child","purposes":["news"],"evidence":{"channel":"paper"},"representative":{}}`,
	},

	{name: "the old man's consents", as: "mother", method: "GET", url: "/v1/me/consents?for=$forElder", wantStatus: 200, wantContains: []string{"$elderConsent"}},
	{name: "holders without data", as: "mother", method: "GET", url: "/v1/me/holders?for=$forElder", wantStatus: 200, wantContains: []string{`"profile":{}`}, wantNot: []string{"Ана elder"}},
	{name: "the old man's data", as: "mother", method: "GET", url: "/v1/me/data?for=$forElder", wantStatus: 403, wantContains: []string{`"code":"representation-scope"`}},
	{name: "withdraw for the old man", as: "mother", method: "POST", url: "/v1/consents/$elderConsent/withdraw?for=$forElder", wantStatus: 403, wantContains: []string{`"code":"representation-scope"`}},
}

// Every route of a subject either takes ?for= or refuses it: none answers with
// the caller's own affairs instead. Who represents, the inbox and who one is are
// never another's to see or manage.
func TestForIsNeverPassedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.family(t)
	own := map[string]bool{ // whatever else comes, these are nobody else's
		"/v1/me": true, "/v1/me/notifications": true, "/v1/me/notifications/read": true,
		"/v1/me/represented": true, "/v1/me/representatives": true, "/v1/me/representatives/{id}/revoke": true,
	}
	routes := w.api.routes()
	for i := range routes {
		r := &routes[i]
		if !strings.Contains(strings.Join(names(r.roles), " "), "subject") {
			continue
		}
		url := strings.NewReplacer("{id}", "$childConsent").Replace(r.path) + "?for="
		want, code := 404, "representation-unknown"
		if r.tag == faceTag {
			want = 400 // for whatever is wrong
		}
		if r.behalf == 0 {
			want, code = 403, "representation-barred"
			delete(own, r.path)
		}
		for _, id := range []string{"$forChild", "$stranger", "", "x", "$parent&for=$forChild"} {
			if r.behalf != 0 && id == "$forChild" {
				continue
			}
			if a := w.do(t, "mother", r.method, url+id, ""); a.status != want || a.str(t, "code") != code {
				t.Errorf("%s %s%s: %d %s", r.method, r.path, id, a.status, a.body)
			}
		}
	}
	for path := range own {
		t.Errorf("%s is open to representatives", path)
	}
}

// Whatever is wrong with a representation, and whether there is one, the answer
// is the same to the last byte.
func TestNoHintOfARepresentation(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.family(t)
		w.names["siblings"] = w.represent(t, "$sibling", "$mother", `"kind":"parent","iin":"$siblingIIN"`)
		own := w.do(t, "sibling", "GET", "/v1/me/representatives", "").want(t, 200)
		w.names["revoked"] = own.str(t, "items", 0, "id")
		w.do(t, "operator", "POST", "/v1/representatives/$siblings/revoke", "").want(t, 200)
		unknown := w.do(t, "mother", "GET", "/v1/me/consents?for=$stranger", "").want(t, 404)
		for name, c := range map[string][2]string{
			"revoked": {"mother", "$revoked"}, "another's": {"nobody", "$forChild"}, "one's own": {"child", "$forChild"},
			"the operator's id": {"mother", "$parent"}, "no id": {"mother", url.QueryEscape(planted)}, "none": {"mother", ""},
		} {
			if a := w.do(t, c[0], "GET", "/v1/me/consents?for="+c[1], ""); string(a.body) != string(unknown.body) || a.status != unknown.status {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		w.clock.Set(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC))
		if a := w.do(t, "mother", "GET", "/v1/me/consents?for=$forElder", ""); string(a.body) != string(unknown.body) {
			t.Errorf("expired: %s", a.body)
		}
		w.do(t, "mother", "GET", "/v1/me/represented", "").want(t, 200)
	})
}

// The one represented ends it, and it is over at once.
func TestRevokedByTheRepresented(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.family(t)
		for _, s := range []scenario{
			{name: "not by the representative", as: "mother", method: "POST", url: "/v1/me/representatives/$forElder/revoke", wantStatus: 404},
			{name: "not by a child", as: "child", method: "POST", url: "/v1/me/representatives/$forChild/revoke", wantStatus: 403, wantContains: []string{"representation-by-age"}},
			{name: "not by another organization", as: "other-operator", method: "POST", url: "/v1/representatives/$attorney/revoke", wantStatus: 404},
			{name: "look", as: "mother", method: "GET", url: "/v1/me/consents?for=$forElder", wantStatus: 200},
			{name: "revoke", as: "elder", method: "POST", url: "/v1/me/representatives/$forElder/revoke", wantStatus: 200, wantContains: []string{`"status":"revoked"`}},
			{name: "look again", as: "mother", method: "GET", url: "/v1/me/consents?for=$forElder", wantStatus: 404},
			{name: "revoke again", as: "elder", method: "POST", url: "/v1/me/representatives/$forElder/revoke", wantStatus: 409},
			{name: "listed", as: "elder", method: "GET", url: "/v1/me/representatives", wantStatus: 200, wantContains: []string{`"status":"revoked"`}},
			{name: "not listed", as: "mother", method: "GET", url: "/v1/me/represented", wantStatus: 200, wantNot: []string{"$forElder"}},
			{name: "journaled", as: "elder", method: "GET", url: "/v1/me/journal?action=representation.revoke", wantStatus: 200, wantContains: []string{`"kind":"subject"`, `"role":"principal"`}},
		} {
			s.run(t, w)
		}
	})
}

// A kept answer is not given to who may no longer act.
func TestNoReplayAfterRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.family(t)
	path := "/v1/consents/$childConsent/withdraw?for=$forChild"
	w.do(t, "mother", "POST", path, `{"scopes":["transfer"]}`, keyed, "1").want(t, 200)
	if a := w.do(t, "mother", "POST", path, `{"scopes":["transfer"]}`, keyed, "1").want(t, 200); a.header.Get("Idempotent-Replayed") != "true" {
		t.Error("not replayed")
	}
	w.do(t, "operator", "POST", "/v1/representatives/$parent/revoke", "").want(t, 200)
	w.do(t, "mother", "POST", path, `{"scopes":["transfer"]}`, keyed, "1").want(t, 404)
}

func representativeWith(more string) string {
	return `{"subject":"$child","representative":"$mother","document":{"kind":"paper"},` + more + `}`
}

func TestBadRepresentatives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.family(t)
	w.do(t, "operator", "POST", "/v1/representatives/$parent/revoke", "").want(t, 200)
	const call = "POST /v1/representatives"
	for _, c := range []bad{
		{"nothing", "operator", call, `{}`, 400, "missing-field", "subject", ""},
		{"no representative", "operator", call, `{"subject":"$child"}`, 400, "missing-field", "representative", ""},
		{"no kind", "operator", call, representativeWith(`"iin":"$childIIN"`), 400, "bad-enum", "kind", "parent"},
		{"an act nobody knows", "operator", call, representativeWith(`"kind":"parent","acts":["vote"]`), 400, "bad-enum", "acts", "withdraw"},
		{"oneself", "operator", call, `{"subject":"$child","representative":"$child","kind":"parent"}`, 400, "representation-self", "representative", ""},
		{"a day that is none", "operator", call, representativeWith(`"kind":"parent","birthdate":"14.05.2012"`), 400, "bad-date", "birthdate", ""},
		{"another day that is none", "operator", call, `{"subject":"$child","representative":"$mother","kind":"parent","document":{"kind":"x","issued":"2023-02-30"}}`, 400, "bad-date", "document.issued", ""},
		{"no document", "operator", call, `{"subject":"$child","representative":"$mother","kind":"parent","birthdate":"2012-05-14"}`, 400, "missing-field", "document.kind", ""},
		{"without a birth", "operator", call, representativeWith(`"kind":"guardian"`), 400, "representation-birth", "birthdate", "iin"},
		{"by another's number", "operator", call, representativeWith(`"kind":"parent","iin":"$siblingIIN"`), 400, "representation-iin", "iin", ""},
		{"power without a term", "operator", call, representativeWith(`"kind":"attorney","acts":["read"]`), 400, "representation-term", "until", "document.issued"},
		{"power for nothing", "operator", call, representativeWith(`"kind":"attorney","until":"2024-06-01T00:00:00Z"`), 400, "missing-field", "acts", ""},
		{"before others", "operator", call, representativeWith(`"kind":"parent","iin":"$childIIN","organizations":["$other"]`), 403, "representation-reach", "organizations", "authority"},
		{"by an adult's parent", "operator", call, `{"subject":"$elder","representative":"$mother","kind":"parent","birthdate":"1950-01-03","document":{"kind":"x"}}`, 409, "representation-age", "", ""},
		{"twice", "operator", call, `{"subject":"$elder","representative":"$mother","kind":"attorney","acts":["data"],"until":"2024-06-01T00:00:00Z","document":{"kind":"x"}}`, 409, "representation-exists", "", ""},
		{"of nobody", "operator", "GET /v1/representatives", ``, 400, "bad-id", "subject", ""},
		{"revoke nobody's", "operator", "POST /v1/representatives/$stranger/revoke", ``, 404, "representation-unknown", "", ""},
		{"revoke no id", "operator", "POST /v1/representatives/x/revoke", ``, 404, "not-found", "", ""},
		{"revoke what is over", "operator", "POST /v1/representatives/$parent/revoke", ``, 409, "representation-over", "", ""},
	} {
		c.run(t, w)
	}
}
