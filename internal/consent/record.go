package consent

import (
	"time"

	"kelisim/verify"
)

// Receipt is a consent receipt in the structure of ISO/IEC TS 27560: metadata of
// the receipt and the record of the consent with its four sections, named as the
// specification names them. Their values are terms of the W3C Data Privacy
// Vocabulary, as IRIs, where it has one. What Kazakhstan's Law asks for beyond
// that, and the specification has no place for, stands under kz.
type Receipt struct {
	Type     string          `json:"type"` // verify.TypeConsentReceipt
	Context  map[string]any  `json:"@context"`
	Metadata ReceiptMetadata `json:"receipt_metadata"`
	Record   Record          `json:"consent_record"`
	KZ       *View           `json:"kz"` // Art. 8(4) element by element, evidence, history
}

// ReceiptMetadata is about the receipt itself.
type ReceiptMetadata struct {
	SchemaVersion string    `json:"schema_version"`
	ConformsTo    string    `json:"conforms_to"`
	ReceiptID     string    `json:"receipt_id"`
	ReceiptType   string    `json:"receipt_type"`
	Created       time.Time `json:"created"`
	Issuer        string    `json:"issuer"` // name of the log of this installation
}

// Record is the consent record.
type Record struct {
	Metadata   RecordMetadata `json:"record_metadata"`
	Processing Processing     `json:"pii_processing"`
	Parties    []RecordParty  `json:"party_identification"`
	Events     []RecordEvent  `json:"event"`
}

// RecordMetadata is the header of the record.
type RecordMetadata struct {
	SchemaVersion string `json:"schema_version"`
	RecordID      string `json:"record_id"`
	RecordType    string `json:"record_type"`
	PrincipalID   string `json:"pii_principal_id,omitempty"` // as the operator knows the subject
	Jurisdiction  string `json:"jurisdiction"`
	ApplicableLaw string `json:"applicable_law"`
}

// Processing is what the consent is to.
type Processing struct {
	PrivacyNotice Notice          `json:"privacy_notice"`
	Language      string          `json:"language"`
	ConsentType   string          `json:"consent_type"`
	Collection    string          `json:"collection_method"` // channel
	Purposes      []RecordPurpose `json:"purposes"`
	Withdrawal    string          `json:"withdrawal_method"`
	Rights        []string        `json:"privacy_rights"`
}

// Notice is the text that was shown.
type Notice struct {
	SHA256   string `json:"sha256"`
	Language string `json:"language"`
	Text     string `json:"text"`
}

// RecordPurpose is one purpose with all that it takes.
type RecordPurpose struct {
	Purpose     string       `json:"purpose"` // id in the operator's register
	Type        string       `json:"purpose_type"`
	Name        string       `json:"purpose_description"`
	Basis       string       `json:"lawful_basis"`
	Information []RecordData `json:"pii_information"`
	Controllers []string     `json:"pii_controllers"`
	Recipients  []string     `json:"recipient_third_parties"`
	Retention   string       `json:"retention_period,omitempty"` // ISO 8601, after the consent ends
	Abroad      []string     `json:"processing_locations"`       // ISO 3166-1
	Public      bool         `json:"public_disclosure"`
}

// RecordData is one category of data.
type RecordData struct {
	Type string `json:"pii_type"`
	ID   string `json:"pii_attribute_id"`
	Name string `json:"pii_description"`
}

// RecordParty is one of those whom the consent names.
type RecordParty struct {
	ID   string `json:"party_id,omitempty"`
	Role string `json:"party_role"`
	Name string `json:"party_name"`
}

// RecordEvent is one step in the life of the consent.
type RecordEvent struct {
	Time   time.Time  `json:"event_time"`
	Type   string     `json:"event_type"`
	State  string     `json:"event_state"`
	Entity string     `json:"entity_id"`
	Until  *time.Time `json:"valid_until,omitempty"`
	Scopes []string   `json:"scopes,omitempty"` // that the step took back
	Entry  string     `json:"journal_entry"`
}

// Namespaces of the terms.
const (
	dpv       = "https://w3id.org/dpv#"
	dpvData   = "https://w3id.org/dpv/pd#"
	kz        = "urn:kelisim:kz:94-v:"
	iso27560  = "ISO/IEC TS 27560:2023"
	dpv27560  = "https://w3id.org/dpv/schema/dpv-27560#receipt"
	principal = "principal"
)

// personalData are the terms of the vocabulary for built-in categories; every
// other is personal data without more.
var personalData = map[string]string{
	"name": "Name", "iin": "OfficialID", "email": "EmailAddress", "phone": "TelephoneNumber", "address": "PhysicalAddress",
	"birthdate": "BirthDate", "document": "OfficialID", "employer": "CurrentEmployment", "education": "Education",
	"profession": "Professional", "photo": "Picture", "gender": "Gender", "citizenship": "Country", "bank-account": "BankAccount",
	"salary": "Salary", "family": "Family", "health": "Health", "race": "Race", "nationality": "Nationality",
	"politics": "PoliticalAffiliation", "religion": "Religion", "philosophy": "PhilosophicalBelief", "intimate-life": "SexualHistory",
	"biometric-face": "Biometric", "biometric-fingerprint": "Fingerprint",
}

func dataType(category string) string {
	if term := personalData[category]; term != "" {
		return dpvData + term
	}
	return dpv + "PersonalData"
}

// states are the terms for the statuses of a consent.
var states = map[Status]string{
	Active: dpv + "ConsentGiven", Paused: kz + "ConsentPaused", Withdrawn: dpv + "ConsentWithdrawn", Expired: dpv + "ConsentExpired",
	Superseded: kz + "ConsentSuperseded", Ended: dpv + "ConsentInvalidated",
}

func newReceipt(v *View, issuer string, now time.Time) *Receipt {
	r := &Receipt{
		Type:    verify.TypeConsentReceipt,
		Context: map[string]any{"dpv": dpv, "pd": dpvData, "kz": kz},
		Metadata: ReceiptMetadata{
			SchemaVersion: iso27560, ConformsTo: dpv27560, ReceiptID: v.ID.String() + "/" + now.Format(time.RFC3339),
			ReceiptType: dpv + "ConsentReceipt", Created: now, Issuer: issuer,
		},
		KZ: v,
	}
	r.Record = Record{
		Metadata: RecordMetadata{
			SchemaVersion: iso27560, RecordID: v.ID.String(), RecordType: dpv + "ConsentRecord", Jurisdiction: "KZ", ApplicableLaw: kz + "law",
		},
		Processing: processing(v), Parties: parties(v), Events: events(v),
	}
	if !v.Subject.IsZero() {
		r.Record.Metadata.PrincipalID = v.Subject.String()
	}
	return r
}

func processing(v *View) Processing {
	e := &v.Elements
	p := Processing{
		PrivacyNotice: Notice{v.Evidence.Kept, string(v.Evidence.Language), v.Evidence.Text}, Language: string(v.Evidence.Language),
		ConsentType: dpv + "ExpressedConsent", Collection: v.Evidence.Channel, Withdrawal: dpv + "WithdrawConsent", Rights: []string{dpv + "DataSubjectRight"},
	}
	if v.Evidence.Signature != nil || v.Evidence.Code != nil {
		p.ConsentType = dpv + "ExplicitlyExpressedConsent"
	}
	data := make([]RecordData, len(e.Data))
	for i, d := range e.Data {
		data[i] = RecordData{dataType(d.ID), d.ID, d.Name}
	}
	to := make([]string, len(e.ThirdParties))
	for i, t := range e.ThirdParties {
		to[i] = t.ID
	}
	for _, x := range e.Purposes {
		p.Purposes = append(p.Purposes, RecordPurpose{
			Purpose: x.ID, Type: dpv + "Purpose", Name: x.Name, Basis: dpv + "Consent", Information: data, Controllers: []string{e.Operator.ID},
			Recipients: to, Retention: e.Other.Retention[x.ID], Abroad: e.CrossBorder, Public: e.PublicSources,
		})
	}
	return p
}

func parties(v *View) []RecordParty {
	e := &v.Elements
	out := []RecordParty{{e.Operator.ID, dpv + "DataController", e.Operator.Name}, {principal, dpv + "DataSubject", e.Subject.Name}}
	for _, t := range e.ThirdParties {
		out = append(out, RecordParty{t.ID, dpv + "ThirdParty", t.Name})
	}
	if r := v.Evidence.Representative; r != nil {
		out = append(out, RecordParty{r.ID.String(), dpv + "Representative", r.Name})
	}
	return out
}

func events(v *View) []RecordEvent {
	out := make([]RecordEvent, len(v.History))
	for i, h := range v.History {
		x := RecordEvent{
			Time: h.At, Type: states[h.Status], State: states[h.Status], Entity: h.By, Scopes: h.Scopes, Entry: h.Entry.String(),
		}
		switch {
		case h.By == "subject":
			x.Entity = principal
		case i == 0: // recorded by a system or a clerk of the operator
			x.Entity = v.Elements.Operator.ID
		}
		if i == 0 {
			x.Until = v.Elements.Term.Until
		}
		if len(h.Scopes) > 0 && h.Status != Withdrawn {
			x.Type = dpv + "ConsentWithdrawn" // of a part: the state stays
		}
		out[i] = x
	}
	return out
}
