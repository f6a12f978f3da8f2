package request

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/verify"
)

// packed is how many entries of the organization go into a pack, newest first,
// beside those about the demand itself.
const packed = 200

// packedRequest is the signed document of a pack. Body is the very text that the
// entries have the digest of; the rest says the same to people.
type packedRequest struct {
	verify.PackedRequest
	Organization string        `json:"organization"`
	Kind         Kind          `json:"kind"`
	Status       Status        `json:"status"`
	Created      time.Time     `json:"created"`
	Due          time.Time     `json:"due"`
	Provision    law.Provision `json:"provision"`
	Edition      string        `json:"edition"`
	Details      Details       `json:"details"`
	Documents    []Paper       `json:"documents"`
	Answer       *Answer       `json:"answer,omitempty"`
	Before       []Answer      `json:"answersBefore,omitempty"`
	Appeals      []packedPlea  `json:"appeals,omitempty"`
	Issued       time.Time     `json:"issued"`
}

type packedPlea struct {
	ID     ident.ID     `json:"id"`
	Status AppealStatus `json:"status"`
	Plea
}

// Pack is all evidence about a demand in one file: a verify.RequestPack. A
// fault.Conflict "not-sealed-yet" means that the newest step is too young:
// seconds at most.
func (s *Requests) Pack(ctx context.Context, r *Request, orgs []ident.ID) ([]byte, error) {
	p := verify.RequestPack{Type: verify.TypeRequestPack, Journal: []verify.Receipt{}, Consents: []verify.Signed{}}
	doc, b, err := s.packedRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.sign(doc, &p.Request); err != nil {
		return nil, err
	}
	if p.Journal, err = s.extract(ctx, r, b, orgs); err != nil {
		return nil, err
	}
	all, err := s.Store.Consents(ctx, consent.Filter{Subject: r.Subject, Org: r.Org})
	if err != nil {
		return nil, err
	}
	for i := range all {
		raw, err := s.Consents.Receipt(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		var signed verify.Signed
		if err := json.Unmarshal(raw, &signed); err != nil {
			return nil, err
		}
		p.Consents = append(p.Consents, signed)
	}
	return json.MarshalIndent(&p, "", " ")
}

func (s *Requests) sign(doc *packedRequest, into *verify.Signed) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	signed, err := consent.Sign(s.Keys, verify.TypeRequest, text)
	if err != nil {
		return err
	}
	return json.Unmarshal(signed, into)
}

func (s *Requests) packedRequest(ctx context.Context, r *Request) (*packedRequest, *Body, error) {
	_, key, err := s.open(ctx, r.Subject)
	if err != nil {
		return nil, nil, err
	}
	plain, err := key.Open(r.Sealed, bodyPlace(r))
	if err != nil {
		return nil, nil, err
	}
	b, err := openBody(&key, r)
	if err != nil {
		return nil, nil, err
	}
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return nil, nil, err
	}
	doc := &packedRequest{
		PackedRequest: verify.PackedRequest{Type: verify.TypeRequest, ID: r.ID.String(), Last: r.Steps[len(r.Steps)-1].Entry[:], Body: plain},
		Organization:  org.BIN, Kind: r.Kind, Status: r.Status, Created: r.Created, Due: r.Term.Due, Provision: r.Term.Provision,
		Edition: r.Term.Edition, Details: b.Details, Documents: b.Documents, Answer: b.Answer, Before: b.Before, Issued: s.Now().UTC(),
	}
	list, err := s.Store.Appeals(ctx, AppealFilter{Subject: r.Subject, Demand: r.ID, Limit: packed})
	for i := 0; i < len(list) && err == nil; i++ {
		var plea *Plea
		if plea, err = openPlea(&key, &list[i]); err == nil {
			doc.Appeals = append(doc.Appeals, packedPlea{list[i].ID, list[i].Status, *plea})
		}
	}
	return doc, b, err
}

// extract is the journal of the subject with the organization, each entry with
// its receipt: what is not shown to the subject yet is not in it.
func (s *Requests) extract(ctx context.Context, r *Request, b *Body, orgs []ident.ID) ([]verify.Receipt, error) {
	view, err := s.Journal.ForSubject(ctx, r.Subject, orgs...)
	if err != nil {
		return nil, err
	}
	list, err := view.List(ctx, journal.Filter{Org: r.Org, Limit: packed})
	if err != nil {
		return nil, err
	}
	var ids []ident.ID
	ours := map[ident.ID]bool{}
	for _, st := range r.Steps {
		ids, ours[st.Entry] = append(ids, st.Entry), true
	}
	if b.Answer != nil {
		for _, d := range b.Answer.Done {
			if !d.Entry.IsZero() && !ours[d.Entry] {
				ids, ours[d.Entry] = append(ids, d.Entry), true
			}
		}
	}
	for i := range list {
		if id := ident.ID(list[i].ID); !ours[id] && !strings.HasPrefix(list[i].Action, "request.") {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b ident.ID) int { return strings.Compare(a.String(), b.String()) })
	var out []verify.Receipt
	for _, id := range ids {
		receipt, err := view.Receipt(ctx, id)
		if err != nil && (ours[id] || !fault.Is(err, "not-sealed-yet")) {
			return nil, err
		}
		if err == nil {
			out = append(out, *receipt)
		}
	}
	return out, nil
}
