package kdp

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// tellWithdrawn tells the service that a consent which was asked for through it was
// taken back here. No call for that is known, so the settings have it off, and then
// there is nothing to do: here the token has ended with the withdrawal already.
//
// It is told at least once: if power fails after the call, it is told again. What the
// service does not take within answer_within is given up; the log says so.
func (s *Requests) tellWithdrawn(ctx context.Context, org *party.Organization, r *Request) error {
	now := s.Now()
	if s.Client == nil || !s.Settings.TellWithdrawal {
		return s.Store.PutOffKDP(ctx, never(r))
	}
	if _, ok := s.Settings.Accounts[org.BIN]; !ok || !now.Before(r.Ended.Add(s.Settings.AnswerWithin)) {
		s.Log.LogAttrs(ctx, slog.LevelError, "the state service was not told of a withdrawal", slog.String("request", r.ID.String()))
		return s.Store.PutOffKDP(ctx, never(r))
	}
	key, err := s.key(ctx, org, r.Subject)
	if err == nil {
		err = r.unseal(&key)
	}
	if errors.Is(err, errGone) || errors.Is(err, seal.ErrOpen) {
		// What was asked is destroyed; its number is left, and who asked.
		r.Content, err = Content{Initiator: Initiator{BIN: org.BIN}}, nil
	}
	if err != nil {
		return err
	}
	tried := *r
	tried.Asked, tried.Tries, tried.Trouble = now, r.Tries+1, ""
	tried.Next = now.Add(s.Settings.Again.wait(r.Tries))
	if err := s.Client.Withdrawn(ctx, &Question{Number: r.ID, Content: r.Content}); err != nil {
		if !errors.As(err, &tried.Trouble) {
			tried.Trouble = NoAnswer
		}
		s.Log.LogAttrs(ctx, slog.LevelWarn, "the state service could not be told of a withdrawal, will be told again",
			slog.String("request", r.ID.String()), slog.String("trouble", string(tried.Trouble)))
		return s.Store.PutOffKDP(ctx, &tried)
	}
	return s.told(context.WithoutCancel(ctx), org, never(r))
}

// never is a request that there is nothing more to do about.
func never(r *Request) *Request {
	n := *r
	n.Next = time.Time{}
	return &n
}

// told writes down that the service knows.
func (s *Requests) told(ctx context.Context, org *party.Organization, r *Request) error {
	_, wrapped, err := s.Store.SubjectVersion(ctx, r.Subject)
	if err != nil {
		return err
	}
	r.Version++
	r.Trouble, r.Secret = "", nil
	rec, err := s.entry(org, r, verify.Actor{Kind: "service", ID: "kdp"}, "kdp.withdraw", wrapped, func(*verify.Entry) {})
	if err != nil {
		return err
	}
	_, err = s.Store.EndKDP(ctx, r, rec) // stale: another was there first
	return err
}
