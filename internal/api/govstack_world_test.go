package api

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-jose/go-jose/v4"
)

// block is a world as clients of GovStack's building block see it: each answer is
// checked against the building block's own document.
type block struct {
	*world
	doc  *openapi3.T
	seen map[string]map[int]int // answers by operation and status
}

var building = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/govstack/consent-openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "/govstack"}}
	return doc, nil
})

// router finds the operation that the document has for a call.
var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := building()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc, openapi3.DisableExamplesValidation()) // it has "" for every example
})

func blockOf(t testing.TB, w *world) *block {
	t.Helper()
	doc, err := building()
	if err != nil {
		t.Fatal(err)
	}
	return &block{w, doc, map[string]map[int]int{}}
}

// eachBlock runs a test on each engine.
func eachBlock(t *testing.T, test func(t *testing.T, b *block)) {
	t.Helper()
	eachWorld(t, func(t *testing.T, w *world) { test(t, blockOf(t, w)) })
}

// ask makes one call under /govstack and checks the answer. The clock goes on, as
// it does: a signature is newer than what was before.
func (b *block) ask(t testing.TB, as, method, url, body string, headers ...string) *answer {
	t.Helper()
	b.clock.Add(time.Second)
	a := b.do(t, as, method, "/govstack"+url, body, headers...)
	b.keeps(t, method, b.expand(url), a)
	return a
}

// keeps checks that an answer is one that the document knows.
func (b *block) keeps(t testing.TB, method, url string, a *answer) {
	t.Helper()
	r, err := router()
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(url, "?")
	req := httptest.NewRequest(method, "/govstack"+strings.TrimSuffix(path, "/")+"/?"+query, nil)
	found, params, err := r.FindRoute(req)
	if err != nil {
		return // no operation of the document: an empty id, mostly
	}
	id := found.Operation.OperationID
	if b.seen[id] == nil {
		b.seen[id] = map[int]int{}
	}
	b.seen[id][a.status]++
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		return // of the token, which the document leaves open
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: found},
		Status:                 a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		t.Errorf("%s %s: %v\n%s", method, url, err, a.body)
	}
	if a.status != http.StatusOK {
		return
	}
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatal(err)
	}
	noNull(t, id, v)
}

// noNull: what is absent is left out.
func noNull(t testing.TB, at string, v any) {
	t.Helper()
	switch x := v.(type) {
	case nil:
		t.Errorf("%s is null", at)
	case object:
		for k, child := range x {
			noNull(t, at+"."+k, child)
		}
	case []any:
		for _, child := range x {
			noNull(t, at+"[]", child)
		}
	}
}

// signer is a person with a key.
type signer struct {
	key *ecdsa.PrivateKey
	jwk string
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := (&jose.JSONWebKey{Key: &key.PublicKey}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key, string(b)}
}

func (s *signer) sign(t testing.TB, text string) string {
	t.Helper()
	by, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := by.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill signs a blank signature.
func (s *signer) fill(t testing.TB, sig object) object {
	t.Helper()
	text, _ := sig["verificationPayload"].(string)
	out := object{}
	for k, v := range sig {
		out[k] = v
	}
	out["signature"], out["verificationMethod"], out["verificationSignedBy"] = s.sign(t, text), "ES256", s.jwk
	return out
}

// draft gets a draft and returns the record and the blank signature.
func (b *block) draft(t testing.TB, individual, agreement string) (record, sig object) {
	t.Helper()
	a := b.ask(t, "operator", "POST", "/service/individual/record/consent-record/draft/?individualId="+individual+"&dataAgreementId="+agreement, "").want(t, 200)
	record, _ = a.at(t, "consentRecord").(object)
	sig, _ = a.at(t, "signature").(object)
	return record, sig
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const agreementBody = `{"dataAgreement":{"id":"$id","version":"1.0","purpose":"$purpose","lawfulBasis":"consent","dpia":"","forgettable":false,"active":true}}`

// agree creates an agreement.
func (b *block) agree(t testing.TB, id, purpose string) string {
	t.Helper()
	body := strings.NewReplacer("$id", id, "$purpose", purpose).Replace(agreementBody)
	return b.ask(t, "operator", "POST", "/config/data-agreement/", body).want(t, 200).str(t, "dataAgreement", "id")
}

// know registers an individual.
func (b *block) know(t testing.TB, id, more string) string {
	t.Helper()
	return b.ask(t, "operator", "POST", "/service/individual/", `{"individual":{"id":"`+id+`"`+more+`}}`).want(t, 200).str(t, "individual", "id")
}

// published are the keys that anybody can have.
func (b *block) published(t testing.TB) *jose.JSONWebKeySet {
	t.Helper()
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(b.do(t, "", "GET", "/.well-known/jwks.json", "").want(t, 200).body, &keys); err != nil {
		t.Fatal(err)
	}
	return &keys
}
