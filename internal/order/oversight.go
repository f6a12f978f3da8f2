package order

import (
	"context"
	"slices"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// MayLook reports whether an overseer may look at an organization: the authority
// at any, an examiner at the own one and, while an examination is open, at that
// which it names (Art. 22(1)4). A refusal looks like one of an organization that
// is not there.
func (s *Orders) MayLook(ctx context.Context, by account.Caller, org *party.Organization) error {
	if by.Role != account.Examiner || by.Org == org.ID {
		return nil
	}
	list, err := s.Store.Orders(ctx, Filter{Org: org.ID, Kind: Examination, Status: Executed, Limit: 200})
	if err != nil {
		return err
	}
	for i := range list {
		o := &list[i]
		issuer, err := s.Parties.ByID(ctx, o.Issuer)
		if err != nil {
			return err
		}
		if o.Examines(s.Now()) && (o.Issuer == by.Org || oversees(issuer)) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "examination-absent")
}

// oversees reports whether an organization is an authority: it lets any examiner
// in.
func oversees(o *party.Organization) bool {
	return o.Register != nil && slices.Contains(o.Register.Description.Organization.Roles, register.RoleAuthority)
}

// Look journals that an overseer looked at what an organization keeps, and at
// whose (Art. 27-1(2)): what was read is not answered before that is durable.
func (s *Orders) Look(ctx context.Context, by account.Caller, org *party.Organization, subject ident.ID, at string) error {
	key, err := s.Parties.JournalKey(ctx, subject)
	if err != nil {
		return err
	}
	now := s.Now()
	e := &verify.Entry{Organization: org.BIN, Actor: actorOf(by), Action: "oversight.look", Edition: org.Edition(now).ID, Detail: at}
	if !subject.IsZero() {
		e.Subject = verify.ID(org.Outside(subject))
	}
	rec, err := journal.Prepare(e, subject, org.ID, &key, now)
	if err != nil {
		return err
	}
	_, err = s.Store.Record(ctx, []*journal.Record{rec})
	return err
}
