package api

import (
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
)

// kin is the family of the representatives' tests as individuals: the operator knows
// each by an id of its own, and has the agreement a-1.
func (b *block) kin(t testing.TB) {
	t.Helper()
	b.family(t)
	for i, name := range []string{"mother", "elder", "nobody"} {
		b.know(t, "i-"+name, `,"externalId":"`+apptest.IIN(i+1)+`","externalIdType":"iin"`)
	}
	for i, name := range []string{"child", "sibling"} {
		b.know(t, "i-"+name, `,"externalId":"`+childIIN(i+1)+`","externalIdType":"iin"`)
	}
	b.agree(t, "a-1", "news")
}

const forChild = "/service/individual/record/data-agreement/a-1?individualId=i-child"

// An operator records what a representative did for an individual: the record, its
// revision, the consent and the journal say who acted, and for whom.
//
// duty: L7.1, L8.1
func TestGovStackDelegate(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.kin(t)
		made := b.ask(t, "operator", "POST", forChild, "", "X-ConsentDelegateId", "i-mother").want(t, 200)
		record, consent := made.str(t, "consentRecord", "id"), made.str(t, "consentRecord", "consentId")
		if made.str(t, "consentRecord", "individualId") != "i-child" || made.str(t, "consentRecord", "delegateId") != "i-mother" ||
			made.str(t, "consentRecord", "representationId") != b.names["parent"] ||
			made.str(t, "revision", "authorizedByIndividualId") != "i-mother" || made.str(t, "revision", "authorizedByIndividual", "id") != "i-mother" {
			t.Errorf("%s", made.body)
		}
		v := b.do(t, "operator", "GET", "/v1/consents/"+consent, "").want(t, 200)
		if v.str(t, "evidence", "representative", "id") != b.names["parent"] || v.str(t, "evidence", "representative", "name") != "Ана mother" ||
			!strings.HasPrefix(v.str(t, "evidence", "representative", "recordedBy"), "system ") || v.str(t, "elements", "subject", "name") != "Бала child" {
			t.Errorf("%s", v.body)
		}
		// She signs with her own key; the child's would be another.
		mother, child := newSigner(t), newSigner(t)
		at := paired + record + "/signature/?delegateId=i-mother"
		blank, _ := b.ask(t, "operator", "POST", at, "").want(t, 200).at(t, "signature").(object)
		if blank["verificationSignedAs"] != "delegate" {
			t.Errorf("%v", blank)
		}
		b.ask(t, "operator", "POST", paired+record+"/signature/", "").want(t, 400) // not the child's to sign
		sig := mother.fill(t, blank)
		b.ask(t, "operator", "POST", paired+record+"/signature/", text(t, object{"signature": sig})).want(t, 400)
		as := object{"signature": object{}}
		for k, v := range sig {
			as["signature"].(object)[k] = v //nolint:errcheck // made above
		}
		as["signature"].(object)["verificationSignedAs"] = "individual" //nolint:errcheck // made above
		b.ask(t, "operator", "POST", at, text(t, as)).want(t, 400)
		signed := b.ask(t, "operator", "POST", at, text(t, object{"signature": sig})).want(t, 200)
		if signed.str(t, "consentRecord", "state") != "signed" || signed.str(t, "signature", "verificationSignedAs") != "delegate" {
			t.Errorf("%s", signed.body)
		}
		b.ask(t, "operator", "PUT", at, text(t, object{"signature": child.fill(t, blank)})).want(t, 400) // hers is known
		// By draft: what is signed says who authorized it.
		b.ask(t, "operator", "PUT", paired+record+"?delegateId=i-mother", `{"optIn":false}`).want(t, 200)
		d := b.ask(t, "operator", "POST", paired+"draft/?individualId=i-child&dataAgreementId=a-1&delegateId=i-mother", "").want(t, 200)
		rec, _ := d.at(t, "consentRecord").(object)
		sig, _ = d.at(t, "signature").(object)
		if p, _ := sig["verificationPayload"].(string); !strings.Contains(p, `"authorizedByIndividual":"i-mother"`) || !strings.Contains(p, `"individualId":"i-child"`) {
			t.Errorf("%v", sig)
		}
		body := text(t, object{"consentRecord": rec, "signature": mother.fill(t, sig)})
		b.ask(t, "operator", "POST", paired, body).want(t, 400)                        // as if the child itself had signed
		b.ask(t, "operator", "POST", paired+"?delegateId=i-nobody", body).want(t, 400) // as if somebody else had
		b.ask(t, "operator", "POST", paired+"?delegateId=i-mother", text(t, object{"consentRecord": rec, "signature": child.fill(t, sig)})).want(t, 400)
		back := b.ask(t, "operator", "POST", paired+"?delegateId=i-mother", body).want(t, 200)
		if back.str(t, "consentRecord", "id") != record || back.at(t, "consentRecord", "optIn") != true || back.str(t, "consentRecord", "delegateId") != "i-mother" {
			t.Errorf("%s", back.body)
		}
		// The child, of age or asked itself, acts in its own name: then nobody else did.
		own := b.ask(t, "operator", "PUT", paired+record, `{"optIn":false}`).want(t, 200)
		if own.at(t, "consentRecord", "delegateId") != nil || own.str(t, "revision", "authorizedByIndividualId") != "i-child" {
			t.Errorf("%s", own.body)
		}
		revisions := b.audited(t, record, 4)
		for i, by := range []string{"i-mother", "i-mother", "i-mother", "i-child"} {
			if revisions[i].AuthorizedByIndividualID != by {
				t.Errorf("revision %d is by %s", i, revisions[i].AuthorizedByIndividualID)
			}
		}
		b.delegatesActs(t)
	})
}

// delegatesActs checks what the journal of the child says of its mother's acts.
func (b *block) delegatesActs(t *testing.T) {
	t.Helper()
	b.seal(t)
	acts := map[string]int{}
	for _, item := range b.do(t, "child", "GET", "/v1/me/journal?limit=200", "").want(t, 200).items(t) {
		e, _ := item.(object)
		actor, _ := e["actor"].(object)
		if actor["kind"] != "representative" {
			continue
		}
		action, _ := e["action"].(string)
		acts[action]++
		if e["role"] != "child" || actor["id"] != b.names["forChild"] {
			t.Errorf("%v", e)
		}
	}
	if acts["consent.give"] != 2 || acts["consent.withdraw"] != 1 || acts["govstack.sign"] != 1 || acts["govstack.individual"] != 0 {
		t.Errorf("journaled %v", acts)
	}
}

// Whose power is missing, over, of another person, of another organization, or for
// other acts is refused, and nothing is recorded.
//
// duty: L7.1
func TestGovStackDelegateIsRefused(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.kin(t)
		b.names["weak"] = b.represent(t, "$sibling", "$mother", `"kind":"parent","iin":"$siblingIIN","acts":["withdraw"]`)
		tries := []struct {
			individual, delegate string
			status               int
		}{
			{"i-child", "i-nobody", 400},
			{"i-child", "i-elder", 400},
			{"i-child", "i-child", 400},
			{"i-mother", "i-child", 400},
			{"i-child", "unknown", 400},
			{"i-child", " ", 400},
			{"i-child", strings.Repeat("x", 200), 400},
			{"i-elder", "i-mother", 403},
			{"i-sibling", "i-mother", 403},
		}
		for _, x := range tries {
			q := "?individualId=" + x.individual
			for _, c := range [][2]string{
				{"POST", "/service/individual/record/data-agreement/a-1" + q}, {"POST", paired + "draft/" + q + "&dataAgreementId=a-1"},
			} {
				a := b.ask(t, "operator", c[0], c[1], "", "X-ConsentDelegateId", x.delegate).want(t, x.status)
				if x.status == 403 && a.str(t, "code") != "representation-scope" {
					t.Errorf("%s", a.body)
				}
			}
			b.ask(t, "operator", "GET", "/service/individual/record/data-agreement/a-1"+q, "").want(t, 400) // none was made
		}
		b.ask(t, "operator", "POST", forChild+"&delegateId=i-mother", "", "X-ConsentDelegateId", "i-nobody").want(t, 400)
		// Of another organization: it knows neither.
		b.ask(t, "other-operator", "POST", forChild+"&delegateId=i-mother", "").want(t, 400)
		// One may take back and not give.
		record := b.ask(t, "operator", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-sibling", "").want(t, 200).str(t, "consentRecord", "id")
		b.ask(t, "operator", "PUT", paired+record+"?delegateId=i-nobody", `{"optIn":false}`).want(t, 400)
		b.ask(t, "operator", "PUT", paired+record+"?delegateId=i-mother", `{"optIn":false}`).want(t, 200)
		b.ask(t, "operator", "PUT", paired+record+"?delegateId=i-mother", `{"optIn":true}`).want(t, 403)
		b.ask(t, "operator", "PUT", paired+record, `{"optIn":true}`).want(t, 200)
		b.ask(t, "operator", "DELETE", "/service/individual/record/?individualId=i-sibling&delegateId=i-nobody", "").want(t, 400)
		b.ask(t, "operator", "DELETE", "/service/individual/record/?individualId=i-elder&delegateId=i-mother", "").want(t, 403)
		b.ask(t, "operator", "DELETE", "/service/individual/record/?individualId=i-sibling&delegateId=i-mother", "").want(t, 200)
		if a := b.ask(t, "operator", "GET", "/service/verification/consent-record/"+record, "").want(t, 200); a.at(t, "consentRecord", "optIn") != false {
			t.Errorf("%s", a.body)
		}
		// Revoked, and past its term.
		b.do(t, "operator", "POST", "/v1/representatives/$parent/revoke", `{}`).want(t, 200)
		b.ask(t, "operator", "POST", forChild+"&delegateId=i-mother", "").want(t, 400)
		b.represent(t, "$child", "$mother", `"kind":"parent","iin":"$childIIN","until":"2024-02-01T00:00:00Z"`)
		made := b.ask(t, "operator", "POST", forChild+"&delegateId=i-mother", "").want(t, 200).str(t, "consentRecord", "id")
		b.clock.Add(90 * 24 * time.Hour)
		b.ask(t, "operator", "POST", forChild+"&delegateId=i-mother", "").want(t, 400)
		b.ask(t, "operator", "POST", paired+made+"/signature/?delegateId=i-mother", "").want(t, 400)
		b.ask(t, "operator", "PUT", paired+made+"?delegateId=i-mother", `{"optIn":false}`).want(t, 400)
	})
}

// Whoever represents somebody calls with the own token, as everywhere with ?for=.
func TestGovStackForSomebody(t *testing.T) {
	t.Parallel()
	eachBlock(t, func(t *testing.T, b *block) {
		b.kin(t)
		q := "for=$forChild&organization=$bin"
		made := b.ask(t, "mother", "POST", "/service/individual/record/data-agreement/a-1?"+q, "").want(t, 200)
		record := made.str(t, "consentRecord", "id")
		if made.str(t, "consentRecord", "individualId") != "i-child" || made.str(t, "revision", "authorizedByIndividualId") != "i-mother" {
			t.Errorf("%s", made.body)
		}
		v := b.do(t, "operator", "GET", "/v1/consents/"+made.str(t, "consentRecord", "consentId"), "").want(t, 200)
		if v.str(t, "evidence", "channel") != "cabinet" || v.str(t, "evidence", "representative", "id") != b.names["parent"] {
			t.Errorf("%s", v.body)
		}
		for _, at := range []string{paired, "/service/individual/record/data-agreement/a-1", "/service/individual/record/data-agreement/a-1/all/"} {
			a := b.ask(t, "mother", "GET", at+"?"+q, "").want(t, 200)
			if !strings.Contains(string(a.body), record) {
				t.Errorf("%s: %s", at, a.body)
			}
			// In the own name, she sees none of it.
			if a := b.ask(t, "mother", "GET", at+"?organization=$bin", ""); strings.Contains(string(a.body), record) {
				t.Errorf("%s: %s", at, a.body)
			}
		}
		blank, _ := b.ask(t, "mother", "POST", paired+record+"/signature/?"+q, "").want(t, 200).at(t, "signature").(object)
		b.ask(t, "mother", "PUT", paired+record+"/signature/?"+q, text(t, object{"signature": newSigner(t).fill(t, blank)})).want(t, 200)
		b.ask(t, "mother", "PUT", paired+record+"?"+q, `{"optIn":false}`).want(t, 200)
		b.ask(t, "mother", "DELETE", "/service/individual/record/?"+q, "").want(t, 200)
		b.audited(t, record, 2)
		// Not for somebody else, not beyond the acts, not by nobody's power.
		for as, c := range map[string]struct {
			q      string
			status int
		}{
			"mother":   {"for=$forElder&organization=$bin", 403},
			"nobody":   {q, 400},
			"child":    {"for=$forChild&organization=$bin", 400},
			"sibling":  {"for=xyz&organization=$bin", 400},
			"elder":    {"for=$parent&organization=$bin", 400}, // the operator's id of it
			"operator": {"for=$forChild", 400},                 // names no individual
		} {
			b.ask(t, as, "POST", "/service/individual/record/data-agreement/a-1?"+c.q, "").want(t, c.status)
		}
		b.ask(t, "mother", "PUT", paired+record+"?for=$forElder&organization=$bin", `{"optIn":true}`).want(t, 400)
		b.ask(t, "mother", "POST", "/service/individual/record/data-agreement/a-1?individualId=i-sibling&"+q, "").want(t, 400)
		b.ask(t, "mother", "POST", "/service/individual/record/data-agreement/a-1?for=$forChild&organization=$other", "").want(t, 400)
	})
}

// A representative whom the organization knows as no individual acts in the cabinet
// and is named by the representation; to sign, it has to be one.
func TestGovStackDelegateWithoutAnId(t *testing.T) {
	t.Parallel()
	b := blockOf(t, newWorld(t))
	b.family(t)
	b.know(t, "i-child", `,"externalId":"`+childIIN(1)+`","externalIdType":"iin"`)
	b.agree(t, "a-1", "news")
	q := "?for=$forChild&organization=$bin"
	made := b.ask(t, "mother", "POST", "/service/individual/record/data-agreement/a-1"+q, "").want(t, 200)
	record := made.str(t, "consentRecord", "id")
	if made.str(t, "revision", "authorizedByOther") != "representative "+b.names["parent"] || made.at(t, "consentRecord", "delegateId") != nil || made.str(t, "consentRecord", "representationId") != b.names["parent"] {
		t.Errorf("%s", made.body)
	}
	b.ask(t, "mother", "POST", paired+record+"/signature/"+q, "").want(t, 400)
	b.ask(t, "mother", "POST", paired+"draft/"+q+"&dataAgreementId=a-1", "").want(t, 400)
	list := b.audited(t, record, 1)
	if list[0].AuthorizedByIndividualID != "" {
		t.Errorf("%+v", list[0])
	}
}
