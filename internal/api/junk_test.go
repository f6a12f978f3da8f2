package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
)

// junk is what is put in the place of every value of a good body, one by one;
// first what databases are touchy about.
var junk = []any{
	"\x00", "a\x00b", "😀", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", json.RawMessage("1e999"), "",
	nil, true, -1, planted, strings.Repeat("я", 5000),
	[]any{},
	[]any{[]any{}},
	object{"": object{}},
	"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "KZ",
}

// good are bodies that are taken as they are, with every member they may have.
var good = []struct{ as, url, body string }{
	{"operator", "/v1/subjects", `{"identifiers":[{"kind":"iin","value":"$iin"}],"name":"x","language":"kk","contacts":{"home":"x"}}`},
	{"operator", "/v1/subjects/lookup", `{"kind":"iin","value":"$iin"}`},
	{
		"operator", "/v1/consents", `{"subject":"$subject","organization":"$bin","purposes":["payment"],"categories":["name"],"thirdParties":["$payer"],"countries":[],` +
			`"publicSources":false,"validUntil":"2025-01-01T00:00:00Z","name":"x","message":"x","other":{"a":"x"},` +
			`"evidence":{"channel":"form","textHash":"` + hash64 + `","text":"x","language":"ru","document":"x","obtainedAt":"2023-11-01T00:00:00Z"}}`,
	},
	{
		"operator", "/v1/decisions", `{"subject":"$subject","organization":"$bin","base":"site","action":"view","purpose":"payment","categories":["name"],` +
			`"ground":{"provision":"9(5)","document":"x"},"recipient":"$payer","country":"KZ","reference":"x","role":"incidental","actor":{"kind":"person","id":"x"}}`,
	},
	{"third-party", "/v1/decisions", `{"subject":"$payerSubject","organization":"$bin","action":"view","purpose":"payment","categories":["name"]}`},
	{"operator", "/v1/access", `{"subject":"$subject","action":"collect","purpose":"payment","categories":["name","phone"],"values":{"name":"x","phone":"$phone"}}`},
	{"operator", "/v1/consents/$consent/withdraw", `{"scopes":["transfer"],"reason":"x","evidence":{"channel":"paper","document":"x"}}`},
	{"operator", "/v1/consents/$consent/withdraw", `{"purposes":["payment"],"evidence":{"channel":"paper","document":"x","obtainedAt":"2023-11-01T00:00:00Z"}}`},
	{"operator", "/v1/consents/$consent/withdraw", `{"thirdParties":["$payer"],"countries":[],"evidence":{"channel":"paper","document":"x"}}`},
	{"subject", "/v1/consents/$consent/narrow", `{"purposes":["payment"],"categories":["name"],"thirdParties":[],"countries":[],"scopes":["process"],"validUntil":"2025-01-01T00:00:00Z"}`},
	{"subject", "/v1/consents/$lasting/extend", `{"validUntil":"2026-01-01T00:00:00Z"}`},
	{
		"officer", "/v1/consents/$consent/holds", `{"provision":"x","obligation":"x","document":"x","until":"2024-05-01T00:00:00Z","scopes":["process"],"purposes":["payment"]}`,
	},
	{"admin", "/v1/organizations/$bin/tokens", `{"role":"subject","label":"x","expiresAt":"2025-01-01T00:00:00Z","subject":"$subject"}`},
	{"officer", "/v1/journal/deferrals", `{"subject":"$subject","reference":"x","role":"incidental","provision":"9(1)","document":"x","until":"2024-05-01T00:00:00Z"}`},
	{
		"operator", "/v1/representatives", `{"subject":"$subject","representative":"$deputy","kind":"attorney","acts":["read","data"],"organizations":["$bin"],` +
			`"until":"2024-06-01T00:00:00Z","document":{"kind":"x","number":"x","issued":"2023-11-01","digest":"` + hash64 + `"}}`,
	},
	{
		"operator", "/v1/representatives", `{"subject":"$child","representative":"$deputy","kind":"parent","iin":"$childIIN","birthdate":"2012-05-14","document":{"kind":"x"}}`,
	},
	{"subject", "/v1/me/notifications/read", `{"until":"$consent"}`},
}

var hash64 = strings.Repeat("0a", 32)

// Nothing in any place of a body makes us fail.
func TestJunkInEveryPlace(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		junk := junk
		if w.Database != "" {
			junk = junk[:7]
		}
		w.names["deputy"], w.names["childIIN"] = w.person(t, apptest.IIN(1), ""), childIIN(1)
		w.names["child"] = w.person(t, childIIN(1), "")
		for _, g := range good {
			w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"]`)
			w.names["lasting"] = w.give(t, "news", `,"validUntil":"2025-01-01T00:00:00Z"`)
			var body any
			if err := json.Unmarshal([]byte(w.expand(g.body)), &body); err != nil {
				t.Fatal(err)
			}
			if a := w.do(t, g.as, "POST", g.url, g.body); a.status >= 300 {
				t.Errorf("%s is not good: %s", g.url, a.body)
			}
			n := 0
			places(body, func(v any) any { return v }, func(put func(any) any) {
				for _, x := range junk {
					b, err := json.Marshal(put(x))
					if err != nil {
						t.Fatal(err)
					}
					w.do(t, g.as, "POST", g.url, string(b))
					n++
				}
			})
			if n < 2*len(junk) {
				t.Errorf("%s: only %d tried", g.url, n)
			}
		}
	})
}

// places calls visit for every value in v, with a function that returns the
// whole with another in its place.
func places(v any, whole func(any) any, visit func(put func(any) any)) {
	visit(whole)
	switch x := v.(type) {
	case object:
		for k, child := range x {
			places(child, func(n any) any {
				c := maps.Clone(x)
				c[k] = n
				return whole(c)
			}, visit)
		}
	case []any:
		for i, child := range x {
			places(child, func(n any) any {
				c := slices.Clone(x)
				c[i] = n
				return whole(c)
			}, visit)
		}
	}
}
