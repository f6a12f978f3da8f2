package api

import (
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
)

// fuzz sends bodies to one route: whatever they are, we do not fail, and a
// problem repeats nothing of a person. Both are checked of every answer.
func fuzz(f *testing.F, as, method, url, kind string, seeds ...string) {
	w := newWorld(f)
	for _, s := range seeds {
		f.Add([]byte(w.expand(s)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w.do(t, as, method, url, string(body), "Content-Type", kind)
	})
}

const jsonType = "application/json"

func FuzzDecision(f *testing.F) {
	fuzz(f, "operator", "POST", "/v1/decisions", jsonType,
		`{"subject":"$subject","base":"site","action":"view","purpose":"contracts","categories":["name","iin"],"reference":"$iin","actor":{"kind":"person","id":"$phone"}}`,
		`{"subject":"$subject","action":"transfer","purpose":"payment","recipient":"$payer","country":"KZ","ground":{"provision":"9(5)","document":"$name"}}`,
		`{"subject":"$stranger","action":"view","organization":"$bin","$iin":{"$name":["$phone"]}}`,
		`{"subject":"$subject","action":"\u0000","purpose":"\ud83d\ude00"}`, `null`, `[[[`, "\xff", ``,
	)
}

func FuzzEvaluations(f *testing.F) {
	fuzz(f, "operator", "POST", "/access/v1/evaluations", jsonType,
		evaluationOf("view", "name", forContracts+`,"reference":"$iin"`),
		`{"subject":{"type":"user","id":"$name"},"options":{"evaluations_semantic":"deny_on_first_deny"},"evaluations":[{`+aimedAt("view", "name", "")+`},{`+aimedAt("use", "$iin", "")+`}]}`,
		`{"subject":{"type":"system","id":"$phone"},"context":{"ground":{"provision":"9(5)","document":"$name"},"$iin":{"$name":["$phone"]}},"evaluations":[{"resource":{"type":"personal-data","id":"$stranger"},"action":{"name":"block"}},{}]}`,
		`{"options":{"evaluations_semantic":"$name"}}`, `{"evaluations":[null]}`, `{"evaluations":{"$iin":1}}`, `{"subject":{"properties":{"\ud83d\ude00":1}}}`, `null`, "\xff", ``,
	)
}

func FuzzAccess(f *testing.F) {
	fuzz(f, "operator", "POST", "/v1/access", jsonType,
		`{"subject":"$subject","action":"collect","purpose":"contracts","values":{"name":"$name","iin":"$iin","phone":"$phone","email":"a@b.kz"}}`,
		`{"subject":"$subject","action":"supplement","purpose":"contracts","categories":["$iin"],"values":{"$iin":null}}`,
		`{"subject":"$subject","action":"view","purpose":"contracts","categories":["name"]}`,
		`{"subject":"$subject","action":"block"}`, `{"subject":"$subject","action":"unblock"}`, `{"subject":"$subject","action":"destroy","categories":["name"]}`,
	)
}

func FuzzConsent(f *testing.F) {
	fuzz(f, "operator", "POST", "/v1/consents", jsonType,
		`{"subject":"$subject","purposes":["news","inform"],"categories":["name"],"validUntil":"2024-01-01T00:00:00Z","name":"$name","message":"$phone","other":{"$iin":"$name"},`+
			`"evidence":{"channel":"form","textHash":"`+strings.Repeat("ab", 32)+`","text":"$name","language":"kk","document":"$iin","obtainedAt":"2023-11-01T00:00:00Z"}}`,
		`{"subject":"$subject","purposes":["payment"],"thirdParties":["$payer"],"countries":["DE"],"publicSources":true,"evidence":{"channel":"api"}}`,
		`{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form","text":"\u0000"}}`,
		`{"subject":"$subject","purposes":["$name"],"evidence":{"channel":"form","obtainedAt":"0000-01-01T00:00:00Z"},"validUntil":"9999-12-31T23:59:59Z"}`,
	)
}

func FuzzSubject(f *testing.F) {
	fuzz(f, "operator", "POST", "/v1/subjects", jsonType,
		`{"identifiers":[{"kind":"iin","value":"$iin"},{"kind":"phone","value":"$phone"}],"name":"$name","language":"kk","contacts":{"home":"$phone"}}`,
		`{"identifiers":[{"kind":"email","value":"a@b.kz"},{"kind":"document","value":"N 1"},{"kind":"external","value":"ЖШС-7"}]}`,
		`{"identifiers":[{"kind":"$name","value":"$iin"}],"contacts":{"$iin":1}}`,
	)
}

func FuzzOrganization(f *testing.F) {
	fuzz(f, "admin", "PUT", "/v1/organizations/$bin?approve=true", "application/yaml",
		apptest.Bestam(f),
		`{"organization":{"bin":"$bin","name":{"ru":"x"},"roles":["operator"]},"purposes":[{"id":"a","name":{"ru":"x"},"base":"b","categories":["name"],"actions":["view"]}]}`,
		"organization:\n  bin: \"$bin\"\n  name: {ru: $name}\n  roles: [operator]\n  $iin: $phone\n", "a: &a [*a]", "- - - -", "\xff", "%YAML 1.1\n---\n", "? a\n: b",
	)
}
