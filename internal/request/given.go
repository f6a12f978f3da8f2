package request

import (
	"context"
	"slices"

	"kelisim/internal/party"
)

// given finds in the journal who was handed the data that an act of a demand
// concerns, whatever the ground: those whom a consent names the gate knows itself.
// Word to them lands with the act, so that it is lost with it or not at all.
func (s *Requests) given(ctx context.Context, org *party.Organization, r *Request, a *Act) ([]string, error) {
	switch a.Do {
	case "change", "block", "unblock", "destroy", "depersonalise":
	default:
		return nil, nil // nobody has what is new
	}
	out, err := s.Journal.Given(ctx, r.Subject, org.ID, a.Categories)
	return slices.DeleteFunc(out, func(bin string) bool { return bin == org.BIN }), err
}
