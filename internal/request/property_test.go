package request_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/account"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/request"
	"kelisim/internal/term"
)

// model is a demand as anybody would think of it.
type model struct {
	closed  bool
	refused bool
	begun   bool // the first person agreed to a destruction
	appeal  bool // one is lodged
	decided bool // one against this answer was
	answers int
	gone    bool // the data is destroyed
}

// Whatever is done to a demand, in whatever order, it is where a simple model
// says; it is never answered twice, its term runs exactly while it waits, and
// what is refused changes nothing.
func TestDemandsFollowTheModel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.org = apptest.Apply(t, w.App, describe(t, "sector: private", "sector: private\n  second_person: true"))
		rapid.Check(t, func(rt *rapid.T) {
			kind := rapid.SampledFrom([]request.Kind{request.Copy, request.Confirm, request.Destroy, request.Withdraw, request.Unblock}).Draw(rt, "kind")
			who := w.person("news")
			w.collect(who, "news", "email", "a@example.kz")
			r := w.ask(who, kind, request.Details{})
			m := &model{}
			appeal := ident.ID{}
			for range rapid.IntRange(1, 10).Draw(rt, "steps") {
				w.clock.Add(time.Second)
				before := w.stored(r.ID)
				op := rapid.SampledFrom([]string{"fulfil", "second", "refuse", "assign", "appeal", "uphold", "dismiss", "days"}).Draw(rt, "step")
				want := m.want(op, kind, before, w.Now())
				err := w.try(op, before, &appeal)
				if (want == "") != (err == nil) || err != nil && !fault.Is(err, want) {
					rt.Fatalf("%s of %s %s: %v, want %q", op, kind, before.Status, err, want)
				}
				w.compare(rt, m, op, before, err)
			}
		})
		apptest.Clean(t, w.App)
	})
}

// want is the code that a step is refused with, empty where it is not.
func (m *model) want(op string, k request.Kind, r *request.Request, now time.Time) string {
	switch op {
	case "fulfil", "second":
		switch {
		case m.closed:
			return "request-closed"
		case m.begun && op == "fulfil":
			return "request-second-person"
		}
	case "refuse", "assign":
		if m.closed {
			return "request-closed"
		}
	case "appeal":
		switch {
		case !m.closed && !r.Term.Overdue(now):
			return "appeal-early"
		case m.appeal || m.decided && m.closed:
			return "appeal-lodged"
		}
	case "uphold", "dismiss":
		if !m.appeal {
			return "appeal-decided"
		}
	}
	return m.move(op, k)
}

// move takes the model along.
func (m *model) move(op string, k request.Kind) string {
	switch op {
	case "fulfil", "second":
		if k == request.Destroy && !m.begun && !m.gone {
			m.begun = true
			break
		}
		m.closed, m.refused, m.decided, m.begun, m.gone = true, false, false, false, k == request.Destroy
		m.answers++
	case "refuse":
		m.closed, m.refused, m.decided, m.begun = true, true, false, false
		m.answers++
	case "appeal":
		m.appeal = true
	case "uphold", "dismiss":
		m.appeal, m.decided = false, true
		if op == "uphold" && m.closed {
			m.closed, m.decided = false, false
		}
	}
	return ""
}

func (w *world) try(op string, r *request.Request, appeal *ident.ID) (err error) {
	ctx := w.t.Context()
	decide := func(to request.AppealStatus) error {
		if appeal.IsZero() {
			return fault.New(fault.Conflict, "appeal-decided")
		}
		_, err := w.Requests.Decide(ctx, account.Caller{Role: account.Authority}, *appeal, to, "так", "")
		return err
	}
	switch op {
	case "fulfil":
		_, err = w.Requests.Fulfil(ctx, w.org, r.ID, nil, officer)
	case "second":
		by := second
		if r.Status == request.Open { // whoever is the first, the other is the second
			by = officer
		}
		_, err = w.Requests.Fulfil(ctx, w.org, r.ID, nil, by)
	case "refuse":
		_, err = w.Requests.Refuse(ctx, w.org, r.ID, "нет", "25(2)7", officer)
	case "assign":
		_, err = w.Requests.Assign(ctx, w.org, r.ID, "clerk-7", officer)
	case "appeal":
		var a *request.Appeal
		if a, err = w.Requests.Appeal(ctx, r, "не согласен", apptest.Person); err == nil {
			*appeal = a.ID
		}
	case "uphold":
		err = decide(request.Upheld)
	case "dismiss":
		err = decide(request.Dismissed)
	case "days":
		w.clock.Add(36 * time.Hour)
	}
	return err
}

func (w *world) compare(rt *rapid.T, m *model, op string, before *request.Request, err error) {
	now := w.stored(before.ID)
	if err != nil && now.Version != before.Version {
		rt.Fatalf("%s was refused and changed something", op)
	}
	if len(now.Steps) < len(before.Steps) {
		rt.Fatalf("%s: a step is lost", op)
	}
	b := w.body(now)
	switch {
	case now.Status.Closed() != m.closed, m.closed && (now.Status == request.Refused) != m.refused, (now.Status == request.Approval) != m.begun:
		rt.Fatalf("%s: %s, and the model is %+v", op, now.Status, *m)
	case now.Status.Closed() == (now.Term.Status == term.Open), now.Status.Closed() == now.Ended.IsZero():
		rt.Fatalf("%s: %s, and its term %s", op, now.Status, now.Term.Status)
	case m.closed != (b.Answer != nil), b.Answer != nil && len(b.Before)+1 != m.answers, b.Answer == nil && len(b.Before) != m.answers:
		rt.Fatalf("%s: %d answers before and %v, want %d", op, len(b.Before), b.Answer, m.answers)
	}
}
