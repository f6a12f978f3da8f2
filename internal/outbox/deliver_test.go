package outbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/due"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
	"kelisim/internal/term"
)

// A receiver that fails is called again after longer and longer pauses, with the
// same id and body under a signature of the moment, until it takes it.
func TestRepeatsUntilTaken(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		x := newReceiver(t, func(n int, rw http.ResponseWriter, _ *http.Request) {
			if n < 5 {
				rw.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		_, secret := w.hook(t, w.payer, x)
		w.give(t)
		for try := 1; try <= 5; try++ {
			if n := w.round(t); n != 1 {
				t.Fatalf("try %d: %d calls", try, n)
			}
			d := w.all(t, w.payer)[0]
			if try == 5 {
				if d.Status != outbox.Sent || d.Problem != "" {
					t.Fatalf("taken at last: %+v", d)
				}
				break
			}
			if w.round(t) != 0 {
				t.Fatal("called again without a pause")
			}
			pause, usual := d.Due.Sub(w.clock.Now()), 10*time.Second<<(try-1)
			if d.Status != outbox.Waiting || d.Problem != "status-503" || d.Tries != try || pause < usual*3/4 || pause > usual*5/4 {
				t.Fatalf("try %d: %+v, a pause of %s", try, d, pause)
			}
			w.clock.Set(d.Due)
		}
		got := x.calls()
		for i := range got {
			genuine(t, secret, &got[i])
			if got[i].id() != got[0].id() || string(got[i].body) != string(got[0].body) {
				t.Error("a repeat differs")
			}
		}
		if a, b := got[0].header.Get("Webhook-Timestamp"), got[4].header.Get("Webhook-Timestamp"); a == b {
			t.Error("a repeat bears the moment of the first call")
		}
	})
}

// What never gets through is given up, for everyone to see and to be asked for
// again.
func TestGivenUpAndAskedForAgain(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		down := true
		x := newReceiver(t, func(_ int, rw http.ResponseWriter, _ *http.Request) {
			if down {
				rw.WriteHeader(http.StatusInternalServerError)
			}
		})
		w.hook(t, w.payer, x)
		w.give(t)
		start, tries := w.clock.Now(), 0
		for range 40 {
			tries += w.round(t)
			w.clock.Add(2 * time.Hour)
		}
		d := w.all(t, w.payer)[0]
		if d.Status != outbox.Failed || tries != 14 || d.Problem != "status-500" || w.clock.Now().Sub(start) < 24*time.Hour {
			t.Fatalf("%d tries, %+v", tries, d)
		}
		if f, err := w.Outbox.Figures(t.Context()); err != nil || f != (outbox.Figures{Failed: 1, Late: 1}) {
			t.Errorf("figures %+v %v", f, err)
		}
		contains(t, w.log.String(), "given up")
		if strings.Contains(w.log.String(), x.URL) || strings.Contains(w.log.String(), w.subject.String()) {
			t.Error("the log tells the address or the person: ", w.log)
		}
		down = false
		if _, err := w.Outbox.Retry(t.Context(), w.operator.ID, d.ID); !fault.Is(err, "delivery-unknown") {
			t.Errorf("another's delivery: %v", err)
		}
		if _, err := w.Outbox.Retry(t.Context(), w.payer.ID, d.ID); err != nil {
			t.Fatal(err)
		}
		w.round(t)
		if d := w.all(t, w.payer)[0]; d.Status != outbox.Sent {
			t.Errorf("asked for again, and %+v", d)
		}
		if _, err := w.Outbox.Retry(t.Context(), w.payer.ID, d.ID); !fault.Is(err, "delivery-not-failed") {
			t.Errorf("nothing to repeat: %v", err)
		}
	})
}

// Answers that are none of what they seem: nothing but a clear word counts as an
// acknowledgement, no redirect is followed, and a receiver that wants no more is
// left alone.
func TestReceiversThatLie(t *testing.T) {
	t.Parallel()
	secretPlace := newReceiver(t, nil)
	for name, c := range map[string]struct {
		answer  func(int, http.ResponseWriter, *http.Request)
		status  outbox.Status
		problem string
	}{
		"says nothing":       {nil, outbox.Sent, ""},
		"not yet":            {status(200, `{"acknowledged":false}`), outbox.Sent, ""},
		"in words":           {status(200, `{"acknowledged":"true"}`), outbox.Sent, ""},
		"of another":         {status(200, `{"acknowledged":true,"id":"0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e57"}`), outbox.Sent, ""},
		"with a failure":     {status(500, `{"acknowledged":true}`), outbox.Waiting, "status-500"},
		"not JSON":           {status(200, `<html>acknowledged: true`), outbox.Sent, ""},
		"without end":        {status(200, `{"x":"`+strings.Repeat("x", 1<<20)+`","acknowledged":true}`), outbox.Sent, ""},
		"clear":              {status(202, `{"acknowledged":true}`), outbox.Acknowledged, ""},
		"gone":               {status(410, `{"acknowledged":true}`), outbox.Failed, "status-410"},
		"to somewhere else":  {redirect(secretPlace.URL), outbox.Waiting, "redirect"},
		"says when to come":  {later("120"), outbox.Waiting, "status-429"},
		"says never to come": {later("999999999"), outbox.Waiting, "status-429"},
		"hangs up": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		}, outbox.Waiting, "unreachable"},
		"delays": {func(_ int, _ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Minute):
			}
		}, outbox.Waiting, "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, clock := apptest.SQLite(t)
			a.Outbox.Private = true
			apptest.Apply(t, a, apptest.Bestam(t))
			w := populate(t, a, clock)
			w.deliverer.HTTP = outbox.Client(true)
			w.deliverer.HTTP.Timeout = time.Minute // the others answer, however busy the machine is
			if c.problem == "timeout" {
				w.deliverer.HTTP.Timeout = 100 * time.Millisecond
			}
			w.hook(t, w.payer, newReceiver(t, c.answer))
			w.give(t)
			w.round(t)
			d := w.all(t, w.payer)[0]
			if d.Status != c.status || d.Problem != c.problem {
				t.Errorf("%s %q, want %s %q", d.Status, d.Problem, c.status, c.problem)
			}
			switch pause := d.Due.Sub(w.clock.Now()); name {
			case "says when to come":
				if pause != 2*time.Minute {
					t.Errorf("comes after %s", pause)
				}
			case "says never to come":
				if pause > 6*time.Hour {
					t.Errorf("comes after %s", pause)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := len(secretPlace.calls()); n > 0 {
			t.Errorf("a redirect was followed %d times", n)
		}
	})
}

func redirect(to string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}
}

func later(seconds string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", seconds)
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

// forgetful is a store on which noting what became of a try fails: what a process
// leaves behind that dies right after it sent.
type forgetful struct{ outbox.Store }

var errDied = errors.New("died")

func (forgetful) Settle(context.Context, *outbox.Delivery) error { return errDied }

// Killed between the commit and the sending, or between the sending and the note
// of it, nothing is lost: the next process sends, under the same id.
func TestKilledInBetween(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		x := newReceiver(t, nil)
		w.hook(t, w.payer, x)
		w.give(t) // and the process dies
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		second := apptest.Reopen(t, w.App)
		d := second.Deliverer("https://kelisim.example")
		second.Outbox.Store = forgetful{second.Store}
		if _, err := d.Round(t.Context()); !errors.Is(err, errDied) {
			t.Fatalf("%v", err)
		}
		if n := len(x.calls()); n != 1 {
			t.Fatalf("%d calls after the first death", n)
		}
		if err := second.Close(); err != nil {
			t.Fatal(err)
		}
		third := apptest.Reopen(t, w.App)
		if n, err := third.Deliverer("").Round(t.Context()); n != 0 || err != nil {
			t.Fatalf("called again at once: %d %v", n, err)
		}
		w.clock.Add(time.Minute)
		if n, err := third.Deliverer("").Round(t.Context()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		got := x.calls()
		if len(got) != 2 || got[0].id() != got[1].id() {
			t.Fatalf("%d calls", len(got))
		}
		apptest.Clean(t, third)
	})
}

// Two nodes that work at once send each thing once.
func TestTwoDeliverers(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		x := newReceiver(t, nil)
		w.hook(t, w.payer, x)
		for i := range 20 {
			apptest.Subject(t, w.App, w.operator, 10+i)
		}
		for range 20 {
			w.clock.Add(time.Second)
			w.give(t)
		}
		other := apptest.Reopen(t, w.App).Deliverer("")
		done := make(chan error, 1)
		go func() {
			_, err := other.Round(context.WithoutCancel(t.Context()))
			done <- err
		}()
		w.round(t)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		for w.round(t) > 0 {
		}
		ids := map[string]int{}
		for _, c := range x.calls() {
			ids[c.id()]++
		}
		if want := len(w.all(t, w.payer)); len(ids) != want || len(x.calls()) != want {
			t.Errorf("%d calls with %d ids for %d deliveries", len(x.calls()), len(ids), want)
		}
	})
}

// A receiver that is down costs one call a round and not one for each thing that
// it should know, and holds nobody up. Down for days, it is given up with all that
// waited for it.
func TestReceiverThatIsDown(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		down, up := newReceiver(t, status(503, "")), newReceiver(t, nil)
		w.hook(t, w.payer, down)
		w.hook(t, w.operator, up)
		for range 30 {
			w.clock.Add(time.Second)
			w.give(t)
		}
		for range 4 {
			w.round(t)
		}
		if n := len(down.calls()); n != 1 {
			t.Errorf("%d calls to who is down", n)
		}
		if n := len(up.calls()); n != 59 { // 30 given, 29 superseded
			t.Errorf("%d calls to who is up", n)
		}
		for range 40 {
			w.clock.Add(2 * time.Hour)
			w.round(t)
		}
		if n := len(down.calls()); n > 40 {
			t.Errorf("%d calls to who is down", n)
		}
		for _, d := range w.all(t, w.payer) {
			if d.Status != outbox.Failed || d.Problem != "status-503" {
				t.Fatalf("after days: %+v", d)
			}
		}
		// One is asked for again: it goes at once, whatever rests.
		d := w.all(t, w.payer)[5]
		if _, err := w.Outbox.Retry(t.Context(), w.payer.ID, d.ID); err != nil {
			t.Fatal(err)
		}
		before := len(down.calls())
		w.round(t)
		if n := len(down.calls()); n != before+1 {
			t.Errorf("%d calls for what was asked for again", n-before)
		}
	})
}

// A receiver that is far behind takes its share of a round and starves nobody.
func TestNobodyStarves(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		behind, other := newReceiver(t, nil), newReceiver(t, nil)
		w.hook(t, w.payer, behind)
		for range 130 { // with what they take the place of, more than a batch
			w.clock.Add(time.Second)
			w.give(t)
		}
		w.hook(t, w.operator, other)
		w.clock.Add(time.Minute)
		w.give(t)
		w.round(t)
		if n := len(behind.calls()); n != 50 {
			t.Fatalf("%d calls in the first round", n)
		}
		w.round(t)
		if len(other.calls()) != 2 { // given, superseded
			t.Error("who is behind keeps the other from being told")
		}
		for range 20 {
			w.round(t)
		}
		if n := len(behind.calls()); n != 261 {
			t.Errorf("%d calls in the end", n)
		}
	})
}

// A mail server that cannot be reached is tried once a round, not for each letter.
func TestMailServerThatIsDown(t *testing.T) {
	t.Parallel()
	withMail(t, func(t *testing.T, w *world, _ *mailbox) {
		var err error
		if w.deliverer.Mailer, err = outbox.NewSMTP("smtp://127.0.0.1:1", sender); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if _, err := w.Outbox.AddContact(t.Context(), w.person(), ident.Email, string(rune('a'+i))+"@mail.example", outbox.Usual, "kk"); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.round(t); n != 1 {
			t.Errorf("%d tries", n)
		}
		if n := w.round(t); n != 0 {
			t.Errorf("%d tries without a pause", n)
		}
		box := newMailbox(t)
		w.deliverer.Mailer = box.mailer(t)
		w.clock.Add(time.Minute)
		w.round(t)
		if n := len(box.all()); n != 3 {
			t.Errorf("%d letters once it is back", n)
		}
	})
}

// A receiver may say that it knows before it has answered the call.
func TestAcknowledgedDuringTheCall(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		w.hook(t, w.payer, newReceiver(t, func(int, http.ResponseWriter, *http.Request) {
			if _, err := w.Outbox.Acknowledge(context.WithoutCancel(t.Context()), w.payer, w.all(t, w.payer)[0].ID, apptest.System); err != nil {
				t.Error(err)
			}
		}))
		w.give(t)
		w.round(t)
		if d := w.all(t, w.payer)[0]; d.Status != outbox.Acknowledged || d.AckedAt.IsZero() {
			t.Errorf("%+v", d)
		}
	})
}

// A write that finds its facts changed leaves no word behind.
func TestNoWordWithoutItsAct(t *testing.T) {
	t.Parallel()
	each(t, local, func(t *testing.T, w *world) {
		w.hook(t, w.payer, newReceiver(t, nil))
		c := w.give(t)
		before := len(w.all(t, w.payer))
		old := *c
		w.clock.Add(time.Second)
		w.withdraw(t, c)
		after := len(w.all(t, w.payer))
		if after != before+1 {
			t.Fatalf("%d, then %d", before, after)
		}
		if _, err := w.Consents.Withdraw(t.Context(), old.ID, 1, "", apptest.Person); !fault.Is(err, "consent-not-active") {
			t.Fatal(err)
		}
		if n := len(w.all(t, w.payer)); n != after {
			t.Errorf("%d after a withdrawal that was refused", n)
		}
	})
}

// The officer of the holder learns who is late, then the head does, by letter too;
// after that it stays on the list until it is acknowledged.
func TestLateIsEscalated(t *testing.T) {
	t.Parallel()
	box := newMailbox(t)
	word := box.word()
	word.PrivateHooks = true
	each(t, word, func(t *testing.T, w *world) {
		box := newMailbox(t)
		w.deliverer.Mailer = box.mailer(t)
		w.hook(t, w.payer, newReceiver(t, nil))
		c := w.give(t) // on a Thursday: due on Friday's end
		w.round(t)
		late := func() int {
			t.Helper()
			list, err := w.Store.Deliveries(t.Context(), outbox.Filter{Holder: w.operator.ID, LateAt: w.clock.Now(), Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		d := w.all(t, w.payer)[0]
		if want := time.Date(2023, 11, 24, 0, 0, 0, 0, time.FixedZone("", 6*3600)); d.Term.Before(want) || d.Term.After(want.Add(24*time.Hour)) {
			t.Errorf("due %s", d.Term)
		}
		w.clock.Set(d.Term)
		w.round(t)
		if late() != 0 || len(box.all()) != 0 {
			t.Fatal("late within its term")
		}
		remind := func() {
			t.Helper()
			if err := w.Due.Remind(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.round(t)
		}
		remind() // the last day is told to the payer alone, which has no address
		if n := len(box.all()); n != 0 {
			t.Errorf("%d letters within the term", n)
		}
		for turn, letters := range []int{1, 2, 2} { // the operator has an address
			w.clock.Set(d.Term.Add([]time.Duration{time.Minute, 4 * 24 * time.Hour, 9 * 24 * time.Hour}[turn]))
			remind()
			remind()
			if n := len(box.all()); n != letters || late() != 1 {
				t.Errorf("turn %d: %d letters, want %d; %d late", turn, n, letters, late())
			}
		}
		owed := func() []due.Item {
			t.Helper()
			list, err := w.Due.List(t.Context(), w.payer.ID, due.Filter{Overdue: true, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := owed(); len(list) != 1 || list[0].ID != d.ID || list[0].Stage != term.VeryLate || list[0].Holder != w.operator.ID {
			t.Errorf("%+v", list)
		}
		if x := w.told(t, c, w.payer); !x.Late {
			t.Error("the subject does not see that it is late")
		}
		text := box.all()[0]
		contains(t, text.text, "Плательщик")
		if strings.Contains(text.text, w.subject.String()) || strings.Contains(text.text, "Асыл") {
			t.Error("the letter names the person")
		}
		if _, err := w.Outbox.Acknowledge(t.Context(), w.payer, d.ID, apptest.System); err != nil {
			t.Fatal(err)
		}
		if late() != 0 || len(owed()) != 0 {
			t.Error("late after it was acknowledged")
		}
	})
}
