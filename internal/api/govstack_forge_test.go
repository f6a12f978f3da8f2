package api

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const paired = "/service/individual/record/consent-record/"

// told changes the statement that is signed, before it is.
func told(t *testing.T, sig object, change func(s, data object)) object {
	t.Helper()
	var s object
	if err := json.Unmarshal([]byte(sig["verificationPayload"].(string)), &s); err != nil {
		t.Fatal(err)
	}
	change(s, s["objectData"].(object))
	out := maps.Clone(sig)
	out["verificationPayload"] = text(t, s)
	delete(out, "payload")
	delete(out, "verificationPayloadHash")
	return out
}

// Whatever is forged about a signature or brought from elsewhere is refused, and
// nothing of it stays.
//
// duty: L8.1
func TestGovStackForgeries(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.agree(t, "a-2", "inform")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		b.know(t, "i-2", "")
		me, them := newSigner(t), newSigner(t)
		// The other's key is known, and a signature of the other's lies about.
		theirRecord, blank := b.draft(t, "i-2", "a-1")
		theirs := them.fill(t, blank)
		b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": theirRecord, "signature": theirs})).want(t, 200)
		other, otherBlank := b.draft(t, "i-1", "a-2")
		record, sig := b.draft(t, "i-1", "a-1")
		good := me.fill(t, sig)
		statement, _ := sig["verificationPayload"].(string)
		resigned := func(change func(s, data object)) object { return me.fill(t, told(t, sig, change)) }
		parts := strings.Split(good["signature"].(string), ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))

		before := b.rows(t)
		n := 0
		refuse := func(name string, record, sig any) {
			t.Helper()
			n++
			a := b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": record, "signature": sig}))
			if a.status != 400 {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		change := func(name string, of object, members ...any) {
			t.Helper()
			x := maps.Clone(of)
			for i := 0; i < len(members); i += 2 {
				x[members[i].(string)] = members[i+1]
			}
			refuse(name, record, x)
		}
		// The signature itself.
		change("no signature", good, "signature", "")
		change("a text for a signature", good, "signature", "signed")
		change("another's signature", good, "signature", theirs["signature"])
		change("another's key", good, "verificationSignedBy", them.jwk)
		change("no key", good, "verificationSignedBy", "")
		change("a private key", good, "verificationSignedBy", private(t, me))
		change("a shared key", good, "verificationSignedBy", `{"kty":"oct","k":"AAAA"}`)
		change("no algorithm", good, "signature", none+"."+parts[1]+".")
		change("no algorithm, bytes kept", good, "signature", none+"."+parts[1]+"."+parts[2])
		change("cut", good, "signature", parts[0]+"."+parts[1])
		change("one more part", good, "signature", good["signature"].(string)+".x")
		change("signed as another", good, "verificationSignedAs", "delegate")
		for i := range 8 { // a bit of the signature, of what was signed, of the header
			for p := range parts {
				bent := append([]string{}, parts...)
				raw, _ := base64.RawURLEncoding.DecodeString(bent[p])
				raw[i*(len(raw)-1)/7] ^= 1 << i
				bent[p] = base64.RawURLEncoding.EncodeToString(raw)
				change("a bit turned", good, "signature", strings.Join(bent, "."))
			}
		}
		// What is signed, and what is said beside it.
		change("another payload beside it", good, "verificationPayload", otherBlank["verificationPayload"])
		change("another payload beside it, and no other", good, "verificationPayload", otherBlank["verificationPayload"], "payload", "", "verificationPayloadHash", "")
		change("a wrong hash", good, "verificationPayloadHash", strings.Repeat("0", 64))
		change("a wrong hash alone", good, "verificationPayloadHash", strings.Repeat("0", 64), "payload", "")
		change("a payload that says another thing", good, "payload", strings.Replace(good["payload"].(string), "optIn", "optOut", 1))
		change("a payload that is none", good, "payload", "x")
		change("another method in the payload", good, "payload", `{"verificationMethod":"RS256"}`)
		refuse("signed for another agreement", record, me.fill(t, otherBlank))
		refuse("a record of another agreement", other, good)
		refuse("signed by another for me", record, them.fill(t, sig))
		refuse("signed for another by me", theirRecord, me.fill(t, blank))
		refuse("the other's record and signature again, as mine", merge(theirRecord, "individualId", "i-1", "individual", nil), theirs)
		for name, f := range map[string]func(s, data object){
			"no opt":                 func(_, d object) { delete(d, "optIn") },
			"signed no":              func(_, d object) { d["optIn"] = false },
			"another individual":     func(_, d object) { d["individualId"] = "i-2" },
			"another authorizer":     func(s, _ object) { s["authorizedByIndividual"] = "i-2" },
			"another hash":           func(_, d object) { d["dataAgreementRevisionHash"] = strings.Repeat("0", 64) },
			"no hash":                func(_, d object) { delete(d, "dataAgreementRevisionHash") },
			"another agreement":      func(_, d object) { d["dataAgreementId"] = "a-2" },
			"another revision":       func(_, d object) { d["dataAgreementRevisionId"] = b.names["stranger"] },
			"another object":         func(s, _ object) { s["objectId"] = "x" },
			"another schema":         func(s, _ object) { s["schemaName"] = "Policy" },
			"no time":                func(s, _ object) { delete(s, "timestamp") },
			"a time long ago":        func(s, _ object) { s["timestamp"] = b.Now().Add(-25 * time.Hour).Format(time.RFC3339) },
			"a time to come":         func(s, _ object) { s["timestamp"] = b.Now().Add(time.Hour).Format(time.RFC3339) },
			"nested says another":    func(_, d object) { d["dataAgreement"] = object{"id": "a-2"} },
			"data that is no object": func(s, _ object) { s["objectData"] = "x" },
			"no data":                func(s, _ object) { delete(s, "objectData") },
		} {
			refuse(name, record, resigned(f))
		}
		twice := maps.Clone(sig)
		twice["verificationPayload"] = strings.Replace(statement, `"optIn":true`, `"optIn":false,"optIn":true`, 1)
		delete(twice, "payload")
		delete(twice, "verificationPayloadHash")
		refuse("yes and no", record, me.fill(t, twice))
		// The record beside the signature.
		for name, value := range map[string]any{
			"optIn": false, "dataAgreementId": "a-2", "individualId": "i-2", "dataAgreementRevisionId": "x", "dataAgreementRevisionHash": "x",
			"id": "chosen", "individual": object{"id": "i-2"}, "dataAgreement": object{"id": "a-2"},
		} {
			refuse("a record with another "+name, merge(record, name, value), good)
		}
		if after := b.rows(t); !maps.Equal(before, after) {
			t.Errorf("something stayed:\n%v\n%v", before, after)
		}
		if n < 60 {
			t.Errorf("only %d forged", n)
		}
		// And the good one is good.
		b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": record, "signature": good})).want(t, 200)
	})
}

func merge(o object, members ...any) object {
	x := maps.Clone(o)
	for i := 0; i < len(members); i += 2 {
		x[members[i].(string)] = members[i+1]
	}
	return x
}

func private(t *testing.T, s *signer) string {
	t.Helper()
	b, err := (&jose.JSONWebKey{Key: s.key}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A signature counts once: sent again it changes nothing, and what it gave and was
// taken back since does not come back by it.
func TestGovStackSignaturesAreNotPlayedAgain(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		me := newSigner(t)
		record, sig := b.draft(t, "i-1", "a-1")
		body := text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})
		a := b.ask(t, "operator", "POST", paired, body).want(t, 200)
		id := a.str(t, "consentRecord", "id")
		if again := b.ask(t, "operator", "POST", paired, body).want(t, 200); string(again.body) != string(a.body) {
			t.Errorf("told twice:\n%s\n%s", a.body, again.body)
		}
		b.ask(t, "operator", "PUT", paired+id, `{"optIn":false}`).want(t, 200)
		b.ask(t, "operator", "POST", paired, body).want(t, 400)
		// A new draft, signed, brings it back; then the person takes it back elsewhere.
		record, sig = b.draft(t, "i-1", "a-1")
		body = text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})
		a = b.ask(t, "operator", "POST", paired, body).want(t, 200)
		if a.str(t, "consentRecord", "id") != id {
			t.Errorf("another record: %s", a.body)
		}
		b.do(t, "subject", "POST", "/v1/consents/"+a.str(t, "consentRecord", "consentId")+"/withdraw", `{}`).want(t, 200)
		b.ask(t, "operator", "POST", paired, body).want(t, 400)
		// Nor does it after the record is out of sight.
		b.ask(t, "operator", "PUT", "/config/data-agreement/a-1", `{"dataAgreement":{"version":"1.0","purpose":"news","lawfulBasis":"consent","dpia":"","forgettable":true}}`).want(t, 200)
		record, sig = b.draft(t, "i-1", "a-1")
		body = text(t, object{"consentRecord": record, "signature": me.fill(t, sig)})
		b.ask(t, "operator", "POST", paired, body).want(t, 200)
		b.ask(t, "operator", "DELETE", "/service/individual/record/", "", "X-ConsentIndividualId", "i-1").want(t, 200)
		b.ask(t, "operator", "POST", paired, body).want(t, 400)
		b.audited(t, id, 3)
	})
}

// Signatures are taken in the forms that the document and its clients have.
func TestGovStackSignatureForms(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		small, err := rsa.GenerateKey(rand.Reader, 1024)
		if err != nil {
			t.Fatal(err)
		}
		_, edKey, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p256 := newSigner(t).key
		for i, c := range []struct {
			name   string
			alg    jose.SignatureAlgorithm
			key    any
			status int
			form   func(sig object, compact string)
		}{
			{"compact", jose.ES256, p256, 200, nil},
			{"RSA", jose.RS256, rsaKey, 200, nil},
			{"PSS", jose.PS256, rsaKey, 400, nil}, // the key is another's by now
			{"a small key", jose.RS256, small, 400, nil},
			{"Ed25519", jose.EdDSA, edKey, 200, nil},
			{"detached", jose.ES256, newSigner(t).key, 200, func(sig object, compact string) {
				p := strings.Split(compact, ".")
				sig["signature"] = p[0] + ".." + p[2]
				delete(sig, "payload")
			}},
			{"header beside it", jose.ES256, newSigner(t).key, 200, func(sig object, compact string) {
				p := strings.Split(compact, ".")
				header, _ := base64.RawURLEncoding.DecodeString(p[0])
				sig["signature"], sig["verificationJwsHeader"] = p[2], string(header)
				delete(sig, "payload")
			}},
		} {
			id := b.know(t, "form-"+string(rune('a'+i)), "")
			record, sig := b.draft(t, id, "a-1")
			by, err := jose.NewSigner(jose.SigningKey{Algorithm: c.alg, Key: c.key}, nil)
			if err != nil {
				t.Fatal(err)
			}
			jws, err := by.Sign([]byte(sig["verificationPayload"].(string)))
			if err != nil {
				t.Fatal(err)
			}
			compact, err := jws.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			public := jose.JSONWebKey{Key: c.key}
			jwk, err := json.Marshal(public.Public())
			if err != nil {
				t.Fatal(err)
			}
			sig["signature"], sig["verificationMethod"], sig["verificationSignedBy"] = compact, string(c.alg), string(jwk)
			if c.form != nil {
				c.form(sig, compact)
			}
			a := b.ask(t, "operator", "POST", paired, text(t, object{"consentRecord": record, "signature": sig}))
			if a.status != c.status {
				t.Errorf("%s: %d %s", c.name, a.status, a.body)
			}
		}
		// As the building block's example clients sign: their names, flat, with the
		// data as a text.
		id := b.know(t, "form-flat", "")
		record, sig := b.draft(t, id, "a-1")
		flat := text(t, object{
			"schemaName": "ConsentRecord", "objectId": "", "signedWithoutObjectId": true, "timestamp": sig["timestamp"],
			"authorizedByIndividualId": id, "authorizedByOther": "",
			"objectData": text(t, object{
				"id": "", "dataAgreementId": "a-1", "dataAgreementRevisionId": record["dataAgreementRevisionId"],
				"dataAgreementRevisionHash": record["dataAgreementRevisionHash"], "individualId": id, "optIn": true, "state": "unsigned", "signatureId": "",
			}),
		})
		me := newSigner(t)
		a := b.ask(t, "operator", "POST", paired, text(t, object{
			"consentRecord": object{"dataAgreementId": "a-1", "dataAgreementRevisionId": record["dataAgreementRevisionId"], "individualId": id, "optIn": true},
			"signature": object{
				"payload":   text(t, object{"verificationMethod": "P-256", "verificationArtifact": "", "verificationSignedBy": me.jwk, "verificationSignedAs": "individual", "objectType": "Revision", "objectReference": ""}),
				"signature": me.sign(t, flat), "verificationMethod": "P-256", "verificationPayload": flat, "verificationArtifact": "", "verificationSignedBy": me.jwk,
				"verificationSignedAs": "individual", "verificationJwsHeader": "", "timestamp": sig["timestamp"], "signedWithoutObjectReference": true, "objectType": "Revision", "objectReference": "",
			},
		})).want(t, 200)
		if a.str(t, "signature", "objectReference") != a.str(t, "revision", "id") {
			t.Errorf("the signature is not of the revision: %s", a.body)
		}
	})
}

// A signature under a record that is there has to be of its newest revision.
func TestGovStackSignsARevision(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.agree(t, "a-1", "news")
		b.know(t, "i-1", `,"externalId":"$iin","externalIdType":"iin"`)
		me := newSigner(t)
		create := "/service/individual/record/data-agreement/a-1/?individualId=i-1"
		id := b.ask(t, "operator", "POST", create, "").want(t, 200).str(t, "consentRecord", "id")
		at := paired + id + "/signature/"
		blank := func() object {
			s, _ := b.ask(t, "operator", "POST", at, "").want(t, 200).at(t, "signature").(object)
			return s
		}
		old := me.fill(t, blank())
		a := b.ask(t, "operator", "PUT", at, text(t, object{"signature": old})).want(t, 200)
		if a.str(t, "consentRecord", "state") != "signed" || a.str(t, "signature", "objectReference") != a.str(t, "revision", "id") {
			t.Errorf("not signed: %s", a.body)
		}
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": newSigner(t).fill(t, blank())})).want(t, 400)
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": merge(old, "objectReference", "x")})).want(t, 400)
		b.ask(t, "operator", "PUT", paired+id, `{"optIn":false}`).want(t, 200)
		a = b.ask(t, "operator", "GET", "/service/verification/consent-record/"+id, "").want(t, 200)
		if a.str(t, "consentRecord", "state") != "unsigned" || a.at(t, "consentRecord", "optIn") != false {
			t.Errorf("the signature outlived its revision: %s", a.body)
		}
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": old})).want(t, 400)
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": me.fill(t, blank())})).want(t, 200)
		// The key may be changed by who knows the person, and the old one is no more.
		next := newSigner(t)
		b.ask(t, "operator", "PUT", "/service/individual/i-1", text(t, object{"individual": object{"publicKey": next.jwk}})).want(t, 200)
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": me.fill(t, blank())})).want(t, 400)
		b.ask(t, "operator", "POST", create, "").want(t, 200)
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": me.fill(t, blank())})).want(t, 400)
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": next.fill(t, blank())})).want(t, 200)
		b.audited(t, id, 3)
	})
}
