package api

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const keyed = "Idempotency-Key"

// The same key and body get the same answer and have one effect; with another
// body, path or query the key is refused.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		body := `{"subject":"$subject","action":"view","purpose":"news"}`
		before := w.leaves(t)
		first := w.do(t, "operator", "POST", "/v1/decisions", body, keyed, "k1").want(t, 200)
		again := w.do(t, "operator", "POST", "/v1/decisions", body, keyed, "k1").want(t, 200)
		if string(first.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s\n%s", first.body, again.body)
		}
		if n := w.leaves(t) - before; n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
		for _, s := range []scenario{
			{name: "other body", as: "operator", url: "/v1/decisions", body: `{"subject":"$subject","action":"use","purpose":"news"}`},
			{name: "other path", as: "operator", url: "/v1/consents", body: body},
			{name: "other query", as: "operator", url: "/v1/decisions?x=1", body: body},
		} {
			s.method, s.headers, s.wantStatus, s.wantContains = "POST", []string{keyed, "k1"}, 409, []string{"idempotency-conflict"}
			s.run(t, w)
		}
		if n := w.leaves(t) - before; n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
		w.do(t, "other-operator", "POST", "/v1/decisions", `{"subject":"$otherSubject","action":"view","purpose":"news"}`, keyed, "k1").want(t, 200)
		w.do(t, "operator", "POST", "/v1/decisions", body, keyed, strings.Repeat("k", 256)).want(t, 400)
		// A refusal is an answer like any other.
		bad := w.do(t, "operator", "POST", "/v1/decisions", `{}`, keyed, "k2").want(t, 400)
		if again := w.do(t, "operator", "POST", "/v1/decisions", `{}`, keyed, "k2"); string(bad.body) != string(again.body) {
			t.Errorf("%s\n%s", bad.body, again.body)
		}
	})
}

// Of many calls with one key at one moment one is carried out. The others get
// its answer, or are told to wait for it.
func TestIdempotencyAtOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		before := w.leaves(t)
		answers := make([]*answer, 12)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answers[i] = w.do(t, "operator", "POST", "/v1/consents", `{"subject":"$subject","purposes":["news"],"evidence":{"channel":"form"}}`, keyed, "one")
			})
		}
		all.Wait()
		ids := map[string]bool{}
		for _, a := range answers {
			switch a.status {
			case 201:
				ids[a.str(t, "id")] = true
			case 409:
				if a.str(t, "code") != "idempotency-unfinished" {
					t.Errorf("%s", a.body)
				}
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if n := w.leaves(t) - before; n != 1 || len(ids) != 1 {
			t.Errorf("%d entries, %d consents", n, len(ids))
		}
	})
}

// What shows data is not kept for a repeat: a view is carried out each time,
// and the repeat is decided anew. What is kept does not lie open in the
// database: neither data nor the text of a token.
func TestIdempotencyKeepsNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.names["value"] = plantedValue
	w.names["consent"] = w.give(t, "contracts")
	collect := `{"subject":"$subject","action":"collect","purpose":"contracts","values":{"employer":"$value"}}`
	w.do(t, "operator", "POST", "/v1/access", collect, keyed, "c").want(t, 200)
	if a := w.do(t, "operator", "POST", "/v1/access", collect, keyed, "c").want(t, 200); a.header.Get("Idempotent-Replayed") == "" {
		t.Error("a write was carried out twice")
	}
	views := []string{
		`{"subject":"$subject","action":"view","purpose":"contracts","categories":["employer"]}`,
		`{"subject":"$subject","action":"view","purpose":"contracts","categories":["employer"],"values":{}}`,
		`{"subject":"$subject","action":"view","purpose":"contracts","categories":["employer"],"reference":"values"}`,
	}
	for i, body := range views {
		key := "v" + views[i][len(views[i])-10:]
		first := w.do(t, "operator", "POST", "/v1/access", body, keyed, key).want(t, 200)
		again := w.do(t, "operator", "POST", "/v1/access", body, keyed, key).want(t, 200)
		if first.str(t, "id") == again.str(t, "id") || again.str(t, "data", "employer") != plantedValue {
			t.Errorf("a view was kept: %s", again.body)
		}
	}
	lookup := `{"kind":"iin","value":"$iin"}`
	w.do(t, "other-operator", "POST", "/v1/subjects/lookup", lookup, keyed, "l").want(t, 200)
	if a := w.do(t, "other-operator", "POST", "/v1/subjects/lookup", lookup, keyed, "l").want(t, 200); a.header.Get("Idempotent-Replayed") != "" {
		t.Error("a look-up was kept")
	}
	issue := `{"role":"staff"}`
	text := w.do(t, "admin", "POST", "/v1/organizations/$bin/tokens", issue, keyed, "t").want(t, 201).str(t, "token")
	if again := w.do(t, "admin", "POST", "/v1/organizations/$bin/tokens", issue, keyed, "t").want(t, 201); again.str(t, "token") != text {
		t.Error("a second token was issued")
	}
	w.do(t, "subject", "POST", "/v1/consents/$consent/withdraw", "").want(t, 200)
	w.do(t, "operator", "POST", "/v1/access", views[0], keyed, "v"+views[0][len(views[0])-10:]).want(t, 403)
	w.onDisk(t, append([]string{text}, plants...)...)
}

// onDisk fails the test if one of the texts lies in the data directory.
func (w *world) onDisk(t *testing.T, texts ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.Data, "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range texts {
			if strings.Contains(string(b), x) {
				t.Errorf("%s holds %q", filepath.Base(name), x)
			}
		}
	}
}
