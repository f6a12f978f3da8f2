package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"kelisim/internal/govstack"
)

// Ids that nobody has, as they come out of a client that goes wrong or means ill.
var strangeIDs = []string{
	"018c0000-0000-7000-8000-000000000000", "nobody", "null", "undefined", "%5Bobject%20Object%5D", "0", "-1", "'%20OR%20'1'='1", "%25", "%20", "%00", "%ff%fe", "%E2%80%8B",
	"..%2f..%2fetc%2fpasswd", strings.Repeat("x", 129), strings.Repeat("%F0%9F%98%80", 128), strings.Repeat("y", 8000),
}

// Pages that are none.
var strangePages = []string{
	"limit=0", "limit=-1", "limit=1001", "limit=x", "limit=1.5", "limit=1e3", "limit=%2B1x", "limit=99999999999999999999", "limit=%00",
	"offset=-1", "offset=x", "offset=1.5", "offset=99999999999999999999", "offset=1073741825", "limit=10&offset=-5",
}

// Bodies that are none.
func strangeBodies(good string) []string {
	return []string{
		"{", "}", "[]", "[{}]", "null", "true", "0", `""`, `"x"`, "{}}", `{"a":1,"a":1}`, "\xff\xfe{}", "\ufeff{}", "<policy/>", "a=b&c=d", good + "x", good + good,
		"[" + good + "]", good[:len(good)/2], strings.Repeat(`{"x":`, 100) + "1" + strings.Repeat("}", 100), strings.Repeat("[", 100000),
		`{"policy":[],"dataAgreement":[],"individual":[],"webhook":[],"consentRecord":[],"signature":[]}`,
		`{"policy":"x","dataAgreement":"x","individual":"x","webhook":"x","consentRecord":"x","signature":"x"}`,
		`{"policy":{"id":1},"dataAgreement":{"id":1},"individual":{"id":1},"webhook":{"id":1},"consentRecord":{"id":1},"signature":{"id":1}}`,
		`{"policy":{"id":"` + strings.Repeat("x", 900_000) + `"}}`, `{"x":"` + strings.Repeat("x", 1<<20) + `"}`,
	}
}

// some of a list, where one engine or a short run is to be spared the whole.
func some[T any](b *block, list []T) (out []T) {
	if b.Database == "" && !testing.Short() {
		return list
	}
	for i := 0; i < len(list); i += 4 {
		out = append(out, list[i])
	}
	return out
}

var govName = regexp.MustCompile(`\$gov[A-Z][a-z]+`)

// Every operation with hostile input: each answer is one of the document (see ask),
// never a fault of ours; what is an id of nobody's, or another organization's, is
// refused in the same words; nothing of that organization changes.
func TestGovStackHostile(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.governed(t)
		foreign := b.foreign(t)
		before := b.foreigners(t, foreign)
		routes := map[string]*route{}
		for _, r := range b.api.routes() {
			routes[r.method+" "+r.path] = &r
		}
		n := 0
		for i := range faceAccess {
			row, r := &faceAccess[i], routes[faceAccess[i].route]
			if r == nil {
				t.Fatal(row.route)
			}
			n += b.hostileIDs(t, row, foreign) + b.hostilePages(t, row, r)
			if row.body != "" {
				n += b.hostileBodies(t, row)
			}
		}
		if len(faceAccess) != 42 || n < 500 {
			t.Errorf("%d operations, %d calls", len(faceAccess), n)
		}
		if after := b.foreigners(t, foreign); after != before {
			t.Errorf("changed for the other organization:\n%s\n%s", before, after)
		}
		clean(t, "log", b.log.String())
	})
}

// foreign makes objects of another organization: ids by the names of the own.
func (b *block) foreign(t testing.TB) map[string]string {
	t.Helper()
	ids := map[string]string{}
	as := "other-operator"
	ids["$govPolicy"] = b.ask(t, as, "POST", "/config/policy/", `{"policy":{"name":"x","version":"1","url":"https://x.example/p"}}`).want(t, 200).str(t, "policy", "id")
	ids["$govHook"] = b.ask(t, as, "POST", "/config/webhook/", gsWebhookBody).want(t, 200).str(t, "webhook", "id")
	agreement := strings.NewReplacer("$id", "theirs", "$purpose", "news").Replace(agreementBody)
	ids["$govAgreement"] = b.ask(t, as, "POST", "/config/data-agreement/", agreement).want(t, 200).str(t, "dataAgreement", "id")
	ids["$govOther"] = ids["$govAgreement"]
	ids["$govPerson"] = b.ask(t, as, "POST", "/service/individual/", `{"individual":{"id":"them","externalId":"$iin","externalIdType":"iin"}}`).want(t, 200).str(t, "individual", "id")
	ids["$govRecord"] = b.ask(t, as, "POST", "/service/individual/record/data-agreement/theirs/?individualId=them", "").want(t, 200).str(t, "consentRecord", "id")
	return ids
}

// foreigners is what the other organization reads of its objects.
func (b *block) foreigners(t testing.TB, ids map[string]string) string {
	t.Helper()
	var out []string
	for _, at := range []string{
		"/config/policy/" + ids["$govPolicy"], "/config/webhook/" + ids["$govHook"], "/config/data-agreement/" + ids["$govAgreement"],
		"/service/individual/" + ids["$govPerson"], "/service/verification/consent-record/" + ids["$govRecord"], "/config/policies/", "/config/webhooks/",
		"/config/data-agreements/", "/service/individuals/", "/service/verification/consent-records/",
	} {
		out = append(out, string(b.ask(t, "other-operator", "GET", at, "").want(t, 200).body))
	}
	return strings.Join(out, "\n")
}

func (row *accessRow) call() (as, method, at string) {
	as, _, _ = strings.Cut(row.allow, " ")
	method, _, _ = strings.Cut(row.route, " ")
	return as, method, strings.TrimPrefix(row.url, "/govstack")
}

// hostileIDs puts strange ids, and those of another organization, into every place
// for an id, of the address and of the parameters.
func (b *block) hostileIDs(t testing.TB, row *accessRow, foreign map[string]string) (n int) {
	t.Helper()
	as, method, at := row.call()
	for _, place := range govName.FindAllStringIndex(at, -1) {
		name := at[place[0]:place[1]]
		codes := map[string]bool{}
		for _, id := range append([]string{url.PathEscape(foreign[name])}, some(b, strangeIDs)...) {
			n++
			a := b.ask(t, as, method, at[:place[0]]+id+at[place[1]:], row.body)
			if a.status != http.StatusBadRequest {
				t.Errorf("%s %s with %.60q: %d %s", method, row.url, id, a.status, a.body)
				continue
			}
			if id == foreign[name] || id == strangeIDs[0] {
				codes[string(a.body)] = true
			}
		}
		if len(codes) != 1 {
			t.Errorf("%s %s tells another's id from nobody's: %v", method, row.url, codes)
		}
	}
	for _, p := range []string{"revisionId", "dataAgreementId", "individualId", "delegateId", "organization", "for"} {
		for _, id := range some(b, strangeIDs) {
			n++
			glue := "?"
			if strings.Contains(at, "?") {
				glue = "&"
			}
			if method == http.MethodDelete && !strings.Contains(at, "record") {
				continue // it passes them over, and deletes
			}
			if a := b.ask(t, as, method, at+glue+p+"="+id, ""); a.status != http.StatusOK && a.status != http.StatusBadRequest {
				t.Errorf("%s %s with %s=%.60q: %d %s", method, row.url, p, id, a.status, a.body)
			}
		}
	}
	return n
}

// hostilePages asks for pages that are none: refused where there are pages.
func (b *block) hostilePages(t testing.TB, row *accessRow, r *route) (n int) {
	t.Helper()
	as, method, at := row.call()
	if method != http.MethodGet {
		return 0
	}
	at, query, _ := strings.Cut(at, "?")
	kept, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	kept.Del("limit")
	paged := slices.ContainsFunc(r.query, func(p param) bool { return p.Name == "limit" })
	for _, page := range some(b, strangePages) {
		n++
		a := b.ask(t, as, method, at+"?"+strings.ReplaceAll(kept.Encode(), "%24", "$")+"&"+page, "")
		if paged && a.status != http.StatusBadRequest || a.status != http.StatusOK && a.status != http.StatusBadRequest {
			t.Errorf("%s with %s: %d %s", row.url, page, a.status, a.body)
		}
	}
	return n
}

// hostileBodies sends bodies that are none, of no type, of another, and none at all.
func (b *block) hostileBodies(t testing.TB, row *accessRow) (n int) {
	t.Helper()
	as, method, at := row.call()
	for _, body := range some(b, strangeBodies(b.expand(row.body))) {
		n++
		if a := b.ask(t, as, method, at, body); a.status != http.StatusBadRequest {
			t.Errorf("%s %s with %.80q: %d %.300s", method, row.url, body, a.status, a.body)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16; x", "/", "\x00"} {
		n++
		req := httptest.NewRequestWithContext(t.Context(), method, "/govstack"+b.expand(at), strings.NewReader(b.expand(row.body)))
		req.Header["Content-Type"] = []string{kind}
		req.Header.Set("Authorization", "Bearer "+b.tokens[as])
		rec := httptest.NewRecorder()
		b.ServeHTTP(rec, req)
		a := &answer{rec.Code, rec.Header(), rec.Body.Bytes()}
		a.check(t)
		b.keeps(t, method, b.expand(at), a)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s %s as %q: %d %s", method, row.url, kind, a.status, a.body)
		}
	}
	n++
	if a := b.ask(t, as, method, at, ""); a.status != http.StatusBadRequest && !strings.HasSuffix(row.route, "/signature/") && a.status != http.StatusOK {
		t.Errorf("%s %s without a body: %d %s", method, row.url, a.status, a.body)
	}
	return n
}

// Many who change one object of the configuration at one moment all do, one after
// the other, and the chain holds.
func TestGovStackConfigAtOneMoment(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.ask(t, "operator", "POST", "/config/policy/", `{"policy":{"id":"p","name":"x","version":"0","url":"https://x.example/p"}}`).want(t, 200)
		b.ask(t, "operator", "POST", "/config/webhook/", subscription("w", "https://x.example/", "")).want(t, 200)
		const many = 6
		var wg sync.WaitGroup
		for range many {
			wg.Go(func() {
				if a := b.fail(t, "operator", "PUT", "/govstack/config/policy/p/", `{"policy":{"name":"x","version":"1","url":"https://x.example/p"}}`); a.status != 200 {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
			wg.Go(func() {
				masked := strings.Replace(subscription("w", "https://x.example/", ""), subscriberSecret, govstack.Masked, 1)
				if a := b.fail(t, "operator", "PUT", "/govstack/config/webhook/w/", masked); a.status != 200 {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		var got struct{ Revisions []govstack.Revision }
		if err := json.Unmarshal(b.ask(t, "operator", "GET", "/config/policy/p/revisions/", "").want(t, 200).body, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Revisions) != many+1 {
			t.Errorf("%d revisions", len(got.Revisions))
		}
		if err := govstack.CheckChain(got.Revisions, b.published(t)); err != nil {
			t.Error(err)
		}
		if l := b.do(t, "operator", "GET", "/v1/webhooks", "").want(t, 200).items(t); len(l) != 1 {
			t.Errorf("%v", l)
		}
	})
}
