package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"

	"kelisim/internal/app/apptest"
)

// Rubbish in every place of every body, in every id and every parameter, of every
// operation: refused, or taken for what it is, and never our failure.
func TestGovStackJunk(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		junk := append([]any{"../..", "a/b", "%2e%2e", "register-1", "'; DROP TABLE entry; --", object{"id": object{}}, 1e300}, junk...)
		if b.Database != "" || testing.Short() {
			junk = junk[:12]
		}
		b.governed(t)
		bodies := map[string]string{
			"POST /config/policy/":                     `{"policy":` + good2 + `}`,
			"PUT /config/policy/$govPolicy/":           `{"policy":` + good2 + `}`,
			"POST /config/data-agreement/":             `{"dataAgreement":{"version":"1","purpose":"x","lawfulBasis":"consent","dpia":"","dataUse":"","active":true,"forgettable":true,"policy":{"id":"$govPolicy"},"policyId":"$govPolicy","attributes":[{"id":"1","name":"name","sensitivity":"","category":""}]}}`,
			"PUT /config/data-agreement/$govOther/":    `{"dataAgreement":{"id":"$govOther","version":"1","purpose":"inform","lawfulBasis":"consent","dpia":""}}`,
			"POST /config/individual/":                 `{"individual":{"externalId":"x","externalIdType":"x","identityProviderId":"x","publicKey":` + text(t, newSigner(t).jwk) + `}}`,
			"PUT /service/individual/$govPerson/":      `{"individual":{"id":"$govPerson","externalId":"$iin","externalIdType":"iin","identityProviderId":"x"}}`,
			"POST /config/webhook/":                    gsWebhookBody,
			"PUT /config/webhook/$govHook/":            gsWebhookBody,
			"POST " + paired:                           "$govPaired",
			"PUT " + paired + "$govRecord/":            `{"consentRecord":{"id":"$govRecord","optIn":true,"dataAgreement":{"id":"$govAgreement"},"individualId":"$govPerson"}}`,
			"PUT " + paired + "$govRecord/signature/":  "$govSignature",
			"POST " + paired + "$govRecord/signature/": "$govSignature",
		}
		n := 0
		try := func(as, method, at, body string) {
			n++
			if a := b.ask(t, as, method, at, body); a.status != 200 && a.status != 400 {
				t.Errorf("%s %s: %d %s", method, at, a.status, a.body)
			}
		}
		for call, good := range bodies {
			method, at, _ := strings.Cut(call, " ")
			var body any
			if err := json.Unmarshal([]byte(b.expand(good)), &body); err != nil {
				t.Fatal(err)
			}
			places(body, func(v any) any { return v }, func(put func(any) any) {
				for _, x := range junk {
					try("operator", method, at, text(t, put(x)))
				}
			})
		}
		// In the ids of the address, and in the parameters.
		for i := range b.api.routes() {
			r := &b.api.routes()[i]
			if r.tag != faceTag {
				continue
			}
			body := ""
			if r.in != nil {
				body = "{}"
			}
			for _, x := range junk {
				s, ok := x.(string)
				if !ok || len(s) > 1000 {
					continue
				}
				at := strings.TrimPrefix(placeholder.ReplaceAllString(r.path, url.PathEscape(s)), "/govstack")
				if s == "" || strings.Contains(s, "..") && strings.Contains(r.path, "{") {
					at = strings.TrimPrefix(placeholder.ReplaceAllString(r.path, "%20"), "/govstack")
				}
				q := url.Values{"organization": {apptest.BIN}}
				for _, p := range r.query {
					if p.Name != "organization" {
						q.Set(p.Name, s)
					}
				}
				try(string(r.roles[0]), r.method, at+"?"+q.Encode(), body)
				h := b.do(t, string(r.roles[0]), r.method, "/govstack"+at+"?organization=$bin", body, "X-ConsentIndividualId", strings.ReplaceAll(s, "\x00", ""))
				if h.status != 200 && h.status != 400 {
					t.Errorf("%s %s: %d", r.method, at, h.status)
				}
			}
		}
		if n < 500 {
			t.Errorf("only %d tried", n)
		}
		clean(t, "log", b.log.String())
	})
}

// What a person is known by goes where it was asked for and nowhere else.
//
// duty: L21
func TestGovStackNamesNobodyElsewhere(t *testing.T) {
	t.Parallel()
	b := blockOf(t, newWorld(t))
	b.agree(t, "a-1", "news")
	b.know(t, "$iin", `,"externalId":"$phone","externalIdType":"phone"`)
	me := newSigner(t)
	record, sig := b.draft(t, "$iin", "a-1")
	id := b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})).want(t, 200).str(t, "consentRecord", "id")
	b.ask(t, "operator", "PUT", paired+id, `{"optIn":false}`).want(t, 200)
	b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})).want(t, 400)
	// Nor is it read back without a decision; a number of the operator's own is.
	clean(t, "individual", strings.ReplaceAll(string(b.ask(t, "operator", "GET", "/service/individual/$iin", "").want(t, 200).body), plantedIIN, "the id"))
	for kind, value := range map[string]string{"iin": plantedIIN, "phone": plantedPhone, "email": plantedEmail, "Document": plantedDoc} {
		id := b.know(t, "k-"+kind, `,"externalId":"`+value+`","externalIdType":"`+kind+`"`)
		clean(t, kind, string(b.ask(t, "operator", "GET", "/service/individual/"+id, "").want(t, 200).body))
	}
	clean(t, "list", strings.ReplaceAll(string(b.ask(t, "operator", "GET", "/config/individuals/", "").want(t, 200).body), plantedIIN, "the id"))
	own := b.know(t, "k-own", `,"externalId":"crm-77","externalIdType":"crm"`)
	if a := b.ask(t, "operator", "GET", "/service/individual/"+own, "").want(t, 200); a.str(t, "individual", "externalId") != "crm-77" {
		t.Errorf("%s", a.body)
	}
	b.ask(t, "operator", "GET", "/service/individual/$iin/x", "")
	b.ask(t, "operator", "POST", "/service/individual/", `{"individual":{"id":"$iin"}}`).want(t, 400)
	b.ask(t, "operator", "POST", "/service/individual/", `{"individual":{"id":"x","externalId":"$name","externalIdType":"iin"}}`).want(t, 400)
	b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/$phone", "", "X-ConsentIndividualId", plantedIIN).want(t, 400)
	size := b.leaves(t)
	for _, path := range []string{"/metrics", "/openapi.json", fmt.Sprintf("/log/tile/entries/000.p/%d", size)} {
		clean(t, path, string(b.do(t, "", "GET", path, "").want(t, 200).body))
	}
	clean(t, "log", b.log.String())
	b.onDisk(t, append([]string{me.jwk}, plants...)...)
}

// Once the data is destroyed, what an individual told is gone, and the record of
// the consent can still be shown (Art. 25(2)5).
//
// duty: L25.2.5
func TestGovStackAfterDestruction(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "contracts")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		id := b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-1", "").want(t, 200).str(t, "consentRecord", "id")
		b.ask(t, "operator", "PUT", paired+id, `{"optIn":false}`).want(t, 200)
		b.do(t, "operator", "POST", "/v1/access", `{"subject":"$subject","action":"destroy"}`).want(t, 200)
		b.ask(t, "operator", "GET", "/service/individual/i-1", "").want(t, 400)
		b.ask(t, "operator", "PUT", paired+id, `{"optIn":true}`).want(t, 400)
		if l := b.ask(t, "operator", "GET", "/service/individuals/", "").want(t, 200); l.at(t, "individuals", 0) != nil {
			t.Errorf("%s", l.body)
		}
		if a := b.ask(t, "officer", "GET", "/audit/consent-record/"+id, "").want(t, 200); a.str(t, "consentRecord", "individualId") != "i-1" {
			t.Errorf("%s", a.body)
		}
		b.ask(t, "officer", "GET", "/audit/consent-records/", "").want(t, 200)
		b.audited(t, id, 2)
		// The id is free for the person who comes again.
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-1", "").want(t, 200)
	})
}

// Many at one moment come to one record, one consent, and one owner of an id.
func TestGovStackAtOneMoment(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		const many = 8
		run := func(method, url, body string) map[int]int {
			var mu sync.Mutex
			var wg sync.WaitGroup
			got := map[int]int{}
			for range many {
				wg.Go(func() {
					a := b.fail(t, "operator", method, "/govstack"+url, body)
					mu.Lock()
					defer mu.Unlock()
					if got[a.status]++; a.status == 500 {
						t.Errorf("%s: %s", url, a.body)
					}
				})
			}
			wg.Wait()
			return got
		}
		if got := run("POST", "/service/individual/record/data-agreement/a-1?individualId=i-1", ""); got[200] == 0 {
			t.Errorf("%v", got)
		}
		if l := b.ask(t, "operator", "GET", "/service/individual/record/data-agreement/a-1/all/?individualId=i-1", "").want(t, 200); l.at(t, "consentRecords", 1) != nil {
			t.Errorf("more than one record: %s", l.body)
		}
		if l := b.do(t, "operator", "GET", "/v1/consents?subject=$subject&status=active&purpose=news", "").want(t, 200).items(t); len(l) != 1 {
			t.Errorf("%d consents in force", len(l))
		}
		if got := run("POST", "/config/policy/", `{"policy":{"id":"one","name":"x","version":"1","url":"x"}}`); got[200] != 1 {
			t.Errorf("an id went to %v", got)
		}
		if got := run("POST", "/service/individual/", `{"individual":{"id":"one"}}`); got[200] != 1 {
			t.Errorf("an id went to %v", got)
		}
	})
}

// Changes that were refused leave nothing.
func TestGovStackRefusalsLeaveNothing(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.governed(t)
		before := b.rows(t)
		b.walk(t, []step{
			{"operator", "POST /config/policy/", `{"policy":{"id":"$govPolicy","name":"x","version":"1","url":"x"}}`, 400, ""},
			{"operator", "POST /config/policy/", `{"policy":{"id":"register-9","name":"x","version":"1","url":"x"}}`, 400, ""},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"version":"1","purpose":"x","lawfulBasis":"consent","dpia":"","attributes":[{"name":"blood"}]}}`, 400, ""},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"version":"1","purpose":"x","lawfulBasis":"consent","dpia":"","dataUse":"sale"}}`, 400, ""},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"version":"1","purpose":"x","lawfulBasis":"consent","dpia":"","policyId":"$govPolicy","policy":{"id":"other"}}}`, 400, ""},
			{"operator", "POST /config/data-agreement/", `{"dataAgreement":{"version":"1","purpose":"x","lawfulBasis":"consent","dpia":"","policy":{"name":"x"}}}`, 400, ""},
			{"operator", "POST /config/individual/", `{"individual":{"id":" x"}}`, 400, ""},
			{"operator", "POST /config/individual/", `{"individual":{"publicKey":"x"}}`, 400, ""},
			{"operator", "POST /config/individual/", `{"nonsense":1}`, 400, ""},
			{"operator", "POST /config/individual/", `{"individual":{"externalId":"1234","externalIdType":"iin"}}`, 400, ""},
			{"operator", "POST /config/webhook/", `{"webhook":{"payloadUrl":"https://u:p@x.example","contentType":"application/json","disabled":false,"secretKey":"k"}}`, 400, ""},
			{"operator", "POST /service/individual/record/data-agreement/$govOther/?individualId=$stranger", "", 400, ""},
			{"subject", "POST /service/individual/record/data-agreement/$govOther/?organization=$payer", "", 400, ""},
		})
		if after := b.rows(t); !maps.Equal(before, after) {
			t.Errorf("something stayed:\n%v\n%v", before, after)
		}
	})
}

func FuzzGovStackRecord(f *testing.F) {
	fuzz(f, "operator", "POST", "/govstack/service/individual/record/consent-record/", jsonType,
		`{"consentRecord":{"dataAgreementId":"a-1","individualId":"$iin","optIn":true},"signature":{"signature":"a.b.c","verificationSignedBy":"{\"kty\":\"EC\"}","verificationPayload":"{\"objectData\":\"{}\"}"}}`,
		`{"consentRecord":{"dataAgreement":{"id":"a-1","policy":{"dataRetentionPeriodDays":1e9}},"individual":{"id":"$name"}},"signature":"x"}`,
		`{"optIn":null,"$iin":1}`, `{"consentRecord":[],"signature":[]}`, `null`, "\xff", ``,
	)
}

func FuzzGovStackAgreement(f *testing.F) {
	fuzz(f, "officer", "POST", "/govstack/config/data-agreement/", jsonType,
		`{"dataAgreement":{"id":"x","version":"1","purpose":"x","lawfulBasis":"consent","dpia":"","attributes":[{"name":"name"}],"policyId":"register-1"}}`,
		`{"dataAgreement":{"id":"\u0000","version":"1","purpose":"$name","lawfulBasis":"consent","dpia":"","attributes":[{"category":"$iin"}]}}`,
		`{"version":"1","purpose":"\ud83d\ude00","lawfulBasis":"consent","dpia":null,"attributes":[{"name":"email"},{"name":"email"}]}`, `{"dataAgreement":null}`, `[]`, "\xff",
	)
}
