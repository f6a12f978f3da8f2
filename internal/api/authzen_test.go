package api

import (
	"strings"
	"testing"
	"time"
)

// evaluationOf is a question of AuthZEN with what the specification lets a caller
// add anywhere: names that we do not know.
func evaluationOf(action, category, context string) string {
	return `{"subject":{"type":"user","id":"e-77","properties":{"department":"Sales","ip_address":"172.217.22.14"}},` + aimedAt(action, category, context) + `}`
}

// aimedAt is the same without its subject.
func aimedAt(action, category, context string) string {
	return `"action":{"name":"` + action + `","properties":{"method":"GET"}},` +
		`"resource":{"type":"personal-data","id":"$subject","properties":{"base":"site","categories":["` + category + `"],"library_record":{"isbn":"978"}}},` +
		`"context":{"time":"2024-05-31T15:22-07:00","schema":"https://schema.example.com/x.json"` + context + `},"trace":[1,{"a":null}]`
}

const forContracts = `,"purpose":"contracts"`

// duty: L7.1, L14
func TestEvaluation(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.give(t, "contracts")
		before := w.leaves(t)
		for _, s := range evaluations {
			s.as, s.method, s.url, s.wantStatus = "operator", "POST", "/access/v1/evaluation", 200
			s.run(t, w)
		}
		w.clock.Add(time.Second)
		a := w.do(t, "operator", "POST", "/access/v1/evaluation", evaluationOf("view", "name", forContracts+`,"reference":"case 1"`)).want(t, 200)
		inner := &answer{status: a.status, body: []byte(strings.TrimSuffix(strings.TrimPrefix(string(a.body), `{"decision":true,"context":`), "}"))}
		promised(t, w, inner)
		w.names["entry"] = inner.str(t, "id")
		w.seal(t)
		if n := w.leaves(t); n != before+int64(len(evaluations))+1 {
			t.Errorf("%d entries of %d evaluations", n-before, len(evaluations)+1)
		}
		(&scenario{
			name: "the entry", as: "officer", method: "GET", url: "/v1/journal?action=view&limit=1", wantStatus: 200,
			wantContains: []string{
				"$entry", `"subject":"$subject"`, `"actor":{"kind":"person","id":"e-77"}`, `"base":"site"`, `"purpose":"contracts"`,
				`"categories":["name"]`, `"reference":"case 1"`, "$consent",
			},
			wantNot: []string{"Sales", "172.217.22.14"},
		}).run(t, w)
	})
}

var evaluations = []scenario{
	{name: "the example of the specification", body: evaluationOf("view", "name", forContracts), wantContains: []string{`{"decision":true,"context":{"id":"`, `"code":"consent"`, `"consent":"$consent"`, `"obligations":[]`, `"receipt":{"leaf":"`}},
	{name: "an alias of an action", body: evaluationOf("record", "name", forContracts), wantContains: []string{`"decision":true`}},
	{name: "no purpose", body: evaluationOf("view", "name", ""), wantContains: []string{`{"decision":false,"context":{"id":"`, `"code":"purpose-undeclared"`, `"hint":"`}},
	{name: "another purpose", body: evaluationOf("view", "name", `,"purpose":"news"`), wantContains: []string{`"decision":false`, `"provisions":["14","7(8)"]`}, wantNot: []string{`"consent":"`}},
	{name: "more than is needed", body: evaluationOf("view", "health", forContracts), wantContains: []string{`"decision":false`, `"code":"category-excessive"`}},
	{name: "a ground without its document", body: evaluationOf("view", "name", forContracts+`,"ground":{"provision":"9(5)","note":1}`), wantContains: []string{`"decision":false`}},
	{name: "abroad", body: evaluationOf("crossBorder", "name", forContracts+`,"country":"de","recipient":"$payer"`), wantContains: []string{`"decision":false`, `"not-covered"`}},
	{name: "a duty needs no category", body: `{"subject":{"type":"system","id":"crm"},"action":{"name":"unblock"},"resource":{"type":"personal-data","id":"$subject"}}`, wantContains: []string{`"decision":true`, `"code":"protective"`}},
}

// A batch fills in what an evaluation leaves out, each part whole, and answers in
// order. The three semantics stop where they should, and what was not asked has
// no entry.
func TestEvaluations(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.give(t, "contracts")
		yes, no := `{`+aimedAt("view", "name", forContracts)+`}`, `{`+aimedAt("view", "health", forContracts)+`}`
		unknown := strings.Replace(yes, "$subject", "$stranger", 1)
		for _, c := range []struct{ name, semantic, items, want string }{
			{"all", "execute_all", yes + "," + no + "," + yes, "yes no yes"},
			{"all by default", "", no + "," + yes, "no yes"},
			{"deny on first deny", "deny_on_first_deny", yes + "," + no + "," + yes, "yes no"},
			{"deny on no deny", "deny_on_first_deny", yes + "," + yes, "yes yes"},
			{"permit on first permit", "permit_on_first_permit", no + "," + yes + "," + no, "no yes"},
			{"permit on no permit", "permit_on_first_permit", no + "," + no, "no no"},
			{"all, of somebody nobody knows", "execute_all", yes + "," + unknown + "," + no, "yes ? no"},
			{"deny on an error", "deny_on_first_deny", yes + "," + unknown + "," + yes, "yes ?"},
			{"permit after an error", "permit_on_first_permit", unknown + "," + yes + "," + yes, "? yes"},
		} {
			options := `"options":{"evaluations_semantic":"` + c.semantic + `","another_option":"value"}`
			if c.semantic == "" {
				options = `"options":{}`
			}
			before := w.leaves(t)
			a := w.do(t, "operator", "POST", "/access/v1/evaluations", `{"subject":{"type":"user","id":"e-77"},`+options+`,"evaluations":[`+c.items+`]}`).want(t, 200)
			list, _ := a.at(t, "evaluations").([]any)
			if got := outcomes(t, a, len(list)); got != c.want {
				t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, a.body)
			}
			if n, want := w.leaves(t)-before, int64(len(list)-strings.Count(c.want, "?")); n != want {
				t.Errorf("%s: %d entries, want %d", c.name, n, want)
			}
		}
	})
}

// outcomes tells what was answered to each, and checks that an error inside says
// what it is.
func outcomes(t *testing.T, a *answer, n int) string {
	t.Helper()
	var out []string
	for i := range n {
		decision, _ := a.at(t, "evaluations", i, "decision").(bool)
		switch {
		case decision:
			out = append(out, "yes")
		case a.at(t, "evaluations", i, "context", "error") == nil:
			out = append(out, "no")
		default:
			out = append(out, "?")
			if a.at(t, "evaluations", i, "context", "error", "status") != 404.0 || a.str(t, "evaluations", i, "context", "error", "code") != "subject-unknown" ||
				a.str(t, "evaluations", i, "context", "error", "message") == "" {
				t.Errorf("%s", a.body)
			}
		}
	}
	return strings.Join(out, " ")
}

func TestEvaluationDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.give(t, "contracts")
	person := `{"type":"personal-data","id":"$subject","properties":{"categories":["name"]}}`
	for _, c := range []struct{ name, body, want string }{
		{
			"subject and context", `{"subject":{"type":"user","id":"e-77"},"context":{"purpose":"contracts"},"evaluations":[
				{"action":{"name":"view"},"resource":` + person + `},{"action":{"name":"use"},"resource":` + person + `}]}`, "yes yes",
		},
		{
			"an action that one replaces", `{"subject":{"type":"user","id":"e-77"},"context":{"purpose":"contracts"},"action":{"name":"view"},"resource":` + person + `,
				"evaluations":[{},{"action":{"name":"disseminate"}}]}`, "yes no",
		},
		{
			"a context that one replaces whole", `{"subject":{"type":"user","id":"e-77"},"context":{"purpose":"contracts"},"action":{"name":"view"},"resource":` + person + `,
				"evaluations":[{"context":{"time":"now"}},{"context":null}]}`, "no yes",
		},
		{
			"nothing", `{"evaluations":[{"subject":{"type":"user","id":"e-77"},"context":{"purpose":"contracts"},"action":{"name":"view"},"resource":` + person + `}]}`, "yes",
		},
	} {
		a := w.do(t, "operator", "POST", "/access/v1/evaluations", c.body).want(t, 200)
		list, _ := a.at(t, "evaluations").([]any)
		if got := outcomes(t, a, len(list)); got != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, a.body)
		}
	}
	for _, none := range []string{"", `,"evaluations":[]`, `,"evaluations":null`} { // then it is one evaluation
		body := strings.TrimSuffix(evaluationOf("view", "name", forContracts), "}") + none + "}"
		if a := w.do(t, "operator", "POST", "/access/v1/evaluations", body).want(t, 200); a.at(t, "decision") != true || a.at(t, "evaluations") != nil {
			t.Errorf("%q: %s", none, a.body)
		}
	}
}

// duty: L7.6
func TestEvaluationByThirdParty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"subject":{"type":"system","id":"pay"},"action":{"name":"view"},"context":{"purpose":"payment"},
		"resource":{"type":"personal-data","id":"$payerSubject","properties":{"organization":"$bin","categories":["name"]}}}`
	if a := w.do(t, "third-party", "POST", "/access/v1/evaluation", body).want(t, 200); a.at(t, "decision") != false {
		t.Errorf("nobody agreed: %s", a.body)
	}
	w.give(t, "payment", `,"thirdParties":["$payer"]`)
	if a := w.do(t, "third-party", "POST", "/access/v1/evaluation", body).want(t, 200); a.at(t, "decision") != true {
		t.Errorf("%s", a.body)
	}
}

// The name of a request is in whatever is answered to it, and nowhere else.
func TestRequestID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const id = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"
	for _, c := range []struct {
		as, method, url, body string
		status                int
		echoed                bool
	}{
		{"operator", "POST", "/access/v1/evaluation", evaluationOf("view", "name", ""), 200, true},
		{"operator", "POST", "/access/v1/evaluations", evaluationOf("view", "name", ""), 200, true},
		{"operator", "POST", "/access/v1/evaluation", `{}`, 400, true},
		{"operator", "POST", "/access/v1/evaluation", strings.Replace(evaluationOf("view", "name", ""), "$subject", "$stranger", 1), 404, true},
		{"", "POST", "/access/v1/evaluation", `{}`, 401, true},
		{"subject", "POST", "/access/v1/evaluation", `{}`, 403, true},
		{"operator", "GET", "/access/v1/evaluation", "", 405, true},
		{"operator", "POST", "/access/v1/search/subject", `{}`, 404, true},
		{"operator", "POST", "/v1/decisions", `{}`, 400, false},
	} {
		got := w.do(t, c.as, c.method, c.url, c.body, "X-Request-ID", id).want(t, c.status).header.Get("X-Request-ID")
		if (got == id) != c.echoed || !c.echoed && got != "" {
			t.Errorf("%s %s %d: X-Request-ID %q", c.method, c.url, c.status, got)
		}
		if got := w.do(t, c.as, c.method, c.url, c.body).want(t, c.status).header.Get("X-Request-ID"); got != "" {
			t.Errorf("%s %s: X-Request-ID %q where there was none", c.method, c.url, got)
		}
	}
	if strings.Contains(w.log.String(), id) {
		t.Error("the log has the caller's id")
	}
}

func TestAuthzenConfiguration(t *testing.T) {
	t.Parallel()
	w := bare(t)
	for _, public := range []string{"https://kelisim.example", "https://kelisim.example/"} {
		w.api.Public = public
		a := w.do(t, "", "GET", "/.well-known/authzen-configuration", "").want(t, 200)
		const want = `{"policy_decision_point":"https://kelisim.example","access_evaluation_endpoint":"https://kelisim.example/access/v1/evaluation",` +
			`"access_evaluations_endpoint":"https://kelisim.example/access/v1/evaluations"}`
		if string(a.body) != want || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%v %s", a.header, a.body)
		}
	}
}

// badEvaluation is one that would be good but for a part that is replaced.
func badEvaluation(old, replacement string) string {
	s := evaluationOf("view", "name", forContracts)
	if !strings.Contains(s, old) {
		panic(old)
	}
	return strings.Replace(s, old, replacement, 1)
}

const evaluationCall, evaluationsCall = "POST /access/v1/evaluation", "POST /access/v1/evaluations"

var badEvaluations = []bad{
	{"nothing", "operator", evaluationCall, `{}`, 400, "missing-field", "subject", ""},
	{"no resource", "operator", evaluationCall, `{"subject":{"type":"user","id":"1"}}`, 400, "missing-field", "resource", ""},
	{"no action", "operator", evaluationCall, badEvaluation(`"action"`, `"axtion"`), 400, "missing-field", "action", ""},
	{"no type of the subject", "operator", evaluationCall, badEvaluation(`"type":"user",`, ``), 400, "missing-field", "subject.type", ""},
	{"a subject of a strange type", "operator", evaluationCall, badEvaluation(`"user"`, `"$name"`), 400, "bad-enum", "subject.type", "person, user, system"},
	{"no id of the subject", "operator", evaluationCall, badEvaluation(`"e-77"`, `""`), 400, "missing-field", "subject.id", ""},
	{"an id of the subject too long", "operator", evaluationCall, badEvaluation(`e-77`, `$x201`), 400, "too-long", "subject.id", "100"},
	{"an id that is a number", "operator", evaluationCall, badEvaluation(`"e-77"`, `77`), 400, "wrong-type", "subject.id", "string"},
	{"properties that are none", "operator", evaluationCall, badEvaluation(`{"department":"Sales","ip_address":"172.217.22.14"}`, `"$name"`), 400, "wrong-type", "subject.properties", "object"},
	{"no type of the resource", "operator", evaluationCall, badEvaluation(`"type":"personal-data",`, ``), 400, "missing-field", "resource.type", ""},
	{"a resource of a strange type", "operator", evaluationCall, badEvaluation(`personal-data`, `document`), 400, "bad-enum", "resource.type", "personal-data"},
	{"no id of the person", "operator", evaluationCall, badEvaluation(`"id":"$subject",`, ``), 400, "missing-field", "resource.id", ""},
	{"an IIN for the person", "operator", evaluationCall, badEvaluation(`$subject`, `$iin`), 400, "bad-id", "resource.id", ""},
	{"a misspelt list of data", "operator", evaluationCall, badEvaluation(`"categories"`, `"categoryes"`), 400, "missing-field", "resource.properties.categories", ""},
	{"data for a category", "operator", evaluationCall, badEvaluation(`["name"]`, `["name","$name"]`), 400, "bad-name", "resource.properties.categories[1]", ""},
	{"a list that is none", "operator", evaluationCall, badEvaluation(`["name"]`, `"name"`), 400, "wrong-type", "resource.properties.categories", "list"},
	{"data for a base", "operator", evaluationCall, badEvaluation(`"site"`, `"$name"`), 400, "bad-name", "resource.properties.base", ""},
	{"another's base", "operator", evaluationCall, badEvaluation(`"base"`, `"organization":"$other","base"`), 403, "forbidden", "resource.properties.organization", ""},
	{"no name of the action", "operator", evaluationCall, badEvaluation(`"name":"view",`, ``), 400, "missing-field", "action.name", ""},
	{"an action nobody knows", "operator", evaluationCall, badEvaluation(`"view"`, `"can_read"`), 400, "bad-enum", "action.name", "collect, "},
	{"data for a purpose", "operator", evaluationCall, badEvaluation(`"contracts"`, `"$name"`), 400, "bad-name", "context.purpose", ""},
	{"a country that is none", "operator", evaluationCall, badEvaluation(`"contracts"`, `"contracts","country":"ZZ"`), 400, "country-unknown", "context.country", ""},
	{"a recipient that is none", "operator", evaluationCall, badEvaluation(`"contracts"`, `"contracts","recipient":"150940018739"`), 400, "bin-check", "context.recipient", ""},
	{"a ground without a provision", "operator", evaluationCall, badEvaluation(`"contracts"`, `"contracts","ground":{"document":"x"}`), 400, "missing-field", "context.ground.provision", ""},
	{"a reference too long", "operator", evaluationCall, badEvaluation(`"contracts"`, `"contracts","reference":"$x201"`), 400, "too-long", "context.reference", "200"},
	{"a name twice", "operator", evaluationCall, badEvaluation(`"trace"`, `"action":{},"trace"`), 400, "duplicate-field", "action", ""},
	{"nobody", "operator", evaluationCall, badEvaluation(`$subject`, `$stranger`), 404, "subject-unknown", "", ""},
	{"another's subject", "operator", evaluationCall, badEvaluation(`$subject`, `$otherSubject`), 404, "subject-unknown", "", ""},
	{"a third party names nobody", "third-party", evaluationCall, badEvaluation(`$subject`, `$payerSubject`), 400, "missing-field", "resource.properties.organization", ""},
	{"a third party collects", "third-party", evaluationCall, strings.Replace(badEvaluation(`"base"`, `"organization":"$bin","base"`), `"view"`, `"collect"`, 1), 400, "third-party-action", "action.name", ""},
	{"one bad in a batch", "operator", evaluationsCall, `{"evaluations":[` + evaluationOf("view", "name", forContracts) + `,{"subject":{"type":"user","id":"1"}}]}`, 400, "missing-field", "evaluations[1].resource", ""},
	{"one misnamed in a batch", "operator", evaluationsCall, `{"evaluations":[` + badEvaluation(`"view"`, `"steal"`) + `]}`, 400, "bad-enum", "evaluations[0].action.name", "collect"},
	{"a wrong type in a batch", "operator", evaluationsCall, `{"evaluations":[{"resource":{"id":7}}]}`, 400, "wrong-type", "evaluations[0].resource.id", ""},
	{"a semantic nobody knows", "operator", evaluationsCall, `{"options":{"evaluations_semantic":"$name"},"evaluations":[{}]}`, 400, "bad-enum", "options.evaluations_semantic", "execute_all"},
	{"a batch too long", "operator", evaluationsCall, `{"evaluations":[{}` + strings.Repeat(`,{}`, MaxBatch) + `]}`, 400, "too-many-items", "evaluations", "1000"},
	{"a batch that is none", "operator", evaluationsCall, `{"evaluations":{}}`, 400, "wrong-type", "evaluations", "list"},
	{"a batch of nothing", "operator", evaluationsCall, `{"evaluations":[]}`, 400, "missing-field", "subject", ""},
}

// As many as may be asked at once are.
func TestEvaluationsAtTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := strings.TrimSuffix(evaluationOf("view", "name", ""), "}") + `,"evaluations":[{}` + strings.Repeat(`,{}`, MaxBatch-1) + `]}`
	before := w.leaves(t)
	a := w.do(t, "operator", "POST", "/access/v1/evaluations", body).want(t, 200)
	if list, _ := a.at(t, "evaluations").([]any); len(list) != MaxBatch || w.leaves(t)-before != MaxBatch {
		t.Error(len(list), "answers")
	}
}
