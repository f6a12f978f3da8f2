package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
)

// Pages of every list walk all items once, newest first, whatever the limit.
func TestListsWalkAllOnce(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		const n = 5
		for i := range n {
			w.names["s"] = apptest.Subject(t, w.App, apptest.Org(t, w.App, ""), i).String()
			w.do(t, "operator", "POST", "/v1/consents", `{"subject":"$s","purposes":["news"],"evidence":{"channel":"form"}}`).want(t, 201)
			w.give(t, []string{"news", "inform"}[i%2])
		}
		for _, list := range []struct {
			as, url string
			want    int
		}{
			{"operator", "/v1/consents?", 2 * n},
			{"operator", "/v1/consents?subject=$subject&", n},
			{"operator", "/v1/consents?purpose=inform&", n / 2},
			{"operator", "/v1/consents?status=active&", n + 2},
			{"operator", "/v1/consents?status=superseded&", n - 2},
			{"subject", "/v1/me/consents?", n},
			{"subject", "/v1/me/journal?action=consent.give&", n},
			{"subject", "/v1/me/notifications?", n + 3},
			{"officer", "/v1/journal?", 3*n + 3},
			{"officer", "/v1/journal?subject=$subject&", n + 1},
			{"officer", "/v1/journal?from=2023-11-23T09:00:00Z&to=2023-11-23T09:00:01Z&action=consent.give&", 2 * n},
			{"officer", "/v1/journal?to=2023-11-23T09:00:00Z&", 0},
		} {
			whole := w.walk(t, list.as, list.url, 200)
			if len(whole) != list.want || slices.Contains(whole, "") {
				t.Errorf("%s: %d items, want %d", list.url, len(whole), list.want)
			}
			for _, limit := range []int{1, 3} {
				if got := w.walk(t, list.as, list.url, limit); !slices.Equal(got, whole) {
					t.Errorf("%s by %d: %v, want %v", list.url, limit, got, whole)
				}
			}
		}
	})
}

// walk follows the cursors to the end and returns the ids it met.
func (w *world) walk(t *testing.T, as, url string, limit int) []string {
	t.Helper()
	var ids []string
	for after := ""; ; {
		a := w.do(t, as, "GET", fmt.Sprintf("%slimit=%d%s", url, limit, after), "").want(t, 200)
		if len(a.items(t)) > limit || len(ids) > 500 {
			t.Fatalf("%s: a page of %d, %d so far", url, len(a.items(t)), len(ids))
		}
		for i := range a.items(t) {
			ids = append(ids, a.str(t, "items", i, "id"))
		}
		next, more := a.at(t, "next").(string)
		if !more {
			return ids
		}
		after = "&after=" + next
	}
}

// A cursor does not reach past the bounds that were asked for.
func TestCursorKeepsBounds(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Add(time.Hour)
		w.give(t, "news")
		w.give(t, "inform")
		w.names["last"] = w.do(t, "officer", "GET", "/v1/journal?limit=1", "").str(t, "items", 0, "id")
		a := w.do(t, "officer", "GET", "/v1/journal?to=2023-11-23T09:30:00Z&after=$last", "").want(t, 200)
		if len(a.items(t)) == 0 || strings.Contains(string(a.body), "consent.give") {
			t.Errorf("%s", a.body)
		}
	})
}

func TestListBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for url, as := range map[string]string{
		"/v1/consents": "operator", "/v1/me/consents": "subject", "/v1/me/journal": "subject", "/v1/me/notifications": "subject", "/v1/journal": "officer",
	} {
		for _, s := range []scenario{
			{name: "0", url: "?limit=0", wantStatus: 400, wantContains: []string{`"out-of-range"`, `"field":"limit"`}},
			{name: "201", url: "?limit=201", wantStatus: 400, wantContains: []string{`"out-of-range"`}},
			{name: "-1", url: "?limit=-1", wantStatus: 400},
			{name: "word", url: "?limit=ten", wantStatus: 400},
			{name: "huge", url: "?limit=99999999999999999999", wantStatus: 400},
			{name: "1", url: "?limit=1", wantStatus: 200},
			{name: "200", url: "?limit=200", wantStatus: 200},
			{name: "no cursor", url: "?after=x", wantStatus: 400, wantContains: []string{`"bad-id"`, `"field":"after"`}},
		} {
			s.as, s.method, s.name, s.url = as, "GET", url+" "+s.name, url+s.url
			s.run(t, w)
		}
	}
	// A cursor of the journal is an entry of it: another's is no place to go on from.
	w.names["theirs"] = w.do(t, "other-officer", "GET", "/v1/journal?limit=1", "").str(t, "items", 0, "id")
	for _, url := range []string{"/v1/journal?after=$stranger", "/v1/journal?after=$theirs"} {
		(&scenario{name: url, as: "officer", method: "GET", url: url, wantStatus: 400, wantContains: []string{`"field":"after"`}}).run(t, w)
	}
}
