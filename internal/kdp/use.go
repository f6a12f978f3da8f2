package kdp

import (
	"context"
	"errors"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// A consent that the state service holds is used by a token, once for each access,
// and by nobody that the gate does not permit.

// Token is what the next call of a state system is made with.
type Token struct {
	Token     string
	PublicKey string
	Expires   time.Time
}

// Use hands out the token of a valid request, where the gate would permit to
// collect for its purpose now: with the consent gone, the data blocked, the
// organization suspended it does not. Each time is journaled; so is the refusal of
// the gate, which is returned as it is.
func (s *Requests) Use(ctx context.Context, org *party.Organization, id ident.ID, by verify.Actor) (t *Token, refused *gate.Answer, err error) {
	r, err := s.usable(ctx, org, id)
	if err != nil {
		return nil, nil, err
	}
	ans, err := s.Guard.Under(ctx, &gate.Ask{
		Holder: org, Asker: org, Subject: org.Outside(r.Subject), Actor: by, Reference: r.ID.String(),
		Request: gate.Request{Action: register.Collect, Purpose: r.Purpose},
	}, func(ans *gate.Answer, guard journal.Guard) (stale bool, err error) {
		if r, err = s.usable(ctx, org, id); err != nil {
			return false, err
		}
		t, stale, err = s.use(ctx, org, r, by, ans, guard)
		return stale, err
	})
	if err != nil {
		return nil, nil, err
	}
	if !ans.Permit {
		return nil, ans, nil
	}
	return t, nil, nil
}

// usable is a request whose token holds.
func (s *Requests) usable(ctx context.Context, org *party.Organization, id ident.ID) (*Request, error) {
	r, err := s.opened(ctx, org, id)
	if err != nil {
		return nil, err
	}
	if st := r.StatusAt(s.Now()); st != Valid {
		return nil, fault.New(fault.Conflict, "kdp-not-valid", "status", string(st))
	}
	return r, nil
}

func (s *Requests) use(ctx context.Context, org *party.Organization, r *Request, by verify.Actor, ans *gate.Answer, guard journal.Guard) (*Token, bool, error) {
	key, err := s.key(ctx, org, r.Subject)
	if errors.Is(err, errGone) {
		return nil, true, nil // it was decided on facts that are older
	}
	var hidden secrets
	if err == nil {
		err = r.reveal(&key, &hidden)
	}
	if err != nil {
		return nil, false, err
	}
	_, wrapped, err := s.Store.SubjectVersion(ctx, r.Subject)
	if err != nil {
		return nil, false, err
	}
	rec, err := s.entry(org, r, by, "kdp.token", wrapped, func(e *verify.Entry) {
		e.Detail, e.Consent = strings.Join(r.Services, ";"), verify.ID(ans.Consent)
	})
	if err != nil {
		return nil, false, err
	}
	rec.Guard = guard
	stale, err := s.Store.UseKDP(ctx, r, rec)
	return &Token{Token: hidden.Token, PublicKey: hidden.PublicKey, Expires: r.Expires}, stale, err
}
