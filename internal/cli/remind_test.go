package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/law"
	"kelisim/internal/outbox"
	"kelisim/internal/publish"
	"kelisim/internal/request"
	"kelisim/verify"
)

// postbox keeps letters. How one gets to a mail server is tested in outbox.
type postbox []outbox.Letter

func (b *postbox) Send(_ context.Context, l *outbox.Letter) error {
	*b = append(*b, *l)
	return nil
}

// An organization is reminded of each stage of a term by one letter, however often
// it is looked, over a restart and after what was sent is forgotten; and no more
// once it answered.
//
// duty: L25.3.3
func TestRemindersAreSentOnce(t *testing.T) {
	t.Parallel()
	word := app.Word{SMTP: "smtp://127.0.0.1:1", MailFrom: "kelisim@consent.example"}
	apptest.EachTold(t, word, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		who := apptest.Subject(t, a, org, 1)
		// On Thursday the 23rd, due on Tuesday the 28th.
		r, err := a.Requests.Receive(t.Context(), org, org.Inside(who), &request.New{Kind: request.Copy, Actor: apptest.Person})
		if err != nil {
			t.Fatal(err)
		}
		box := &postbox{}
		look := func(a *app.App) {
			t.Helper()
			d := a.Deliverer("https://kelisim.example")
			d.Mailer = box
			remind(t.Context(), a)
			if _, err := d.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct{ at, to, words string }{
			{at: "2023-11-23T18:00:00+06:00"},
			{"2023-11-26T10:00:00+06:00", "officer@bestam.example", "Половина срока"},
			{"2023-11-28T00:01:00+06:00", "officer@bestam.example", "последний день"},
			{"2023-11-29T00:01:00+06:00", "officer@bestam.example", "Срок истёк"},
			{"2023-11-30T00:01:00+06:00", "sale@gos24.kz", "до сих пор не сделано"},
			{at: "2024-01-20T10:00:00+06:00"}, // nothing more, though the letters are forgotten by then
		} {
			at, err := time.Parse(time.RFC3339, step.at)
			if err != nil {
				t.Fatal(err)
			}
			clock.Set(at)
			*box = nil
			look(a)
			look(a)
			b := apptest.Reopen(t, a)
			look(b)
			if err := a.Store.ForgetLetters(t.Context(), a.Now().Add(-keepLetters)); err != nil {
				t.Fatal(err)
			}
			look(a)
			if step.to == "" {
				if len(*box) > 0 {
					t.Errorf("%s: %+v", step.at, *box)
				}
				continue
			}
			if len(*box) != 1 {
				t.Fatalf("%s: %d letters", step.at, len(*box))
			}
			l := (*box)[0]
			for _, want := range []string{step.words, "https://kelisim.example/console/requests/" + r.ID.String(), "28"} {
				if !strings.Contains(l.Subject+l.Text, want) {
					t.Errorf("%s: %q is not in %q", step.at, want, l.Text)
				}
			}
			if l.To != step.to || strings.Contains(l.Text, who.String()) || strings.Contains(l.Text, apptest.IIN(1)) {
				t.Errorf("%s: %+v", step.at, l)
			}
		}
		if _, err := a.Requests.Refuse(t.Context(), org, r.ID, "ложное", "25(2)7", apptest.System); err != nil {
			t.Fatal(err)
		}
		*box = nil
		look(a)
		if len(*box) > 0 {
			t.Errorf("after the answer: %+v", *box)
		}
	})
}

// A server that slept through the end of a term tells the officer as well as the
// head.
func TestRemindersAfterSleep(t *testing.T) {
	t.Parallel()
	word := app.Word{SMTP: "smtp://127.0.0.1:1", MailFrom: "kelisim@consent.example"}
	apptest.EachTold(t, word, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		who := org.Inside(apptest.Subject(t, a, org, 1))
		if _, err := a.Requests.Receive(t.Context(), org, who, &request.New{Kind: request.Copy, Actor: apptest.Person}); err != nil {
			t.Fatal(err)
		}
		clock.Add(30 * 24 * time.Hour)
		box := &postbox{}
		d := a.Deliverer("")
		d.Mailer = box
		for range 2 {
			remind(t.Context(), a)
			if _, err := d.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		to := map[string]int{}
		for _, l := range *box {
			to[l.To]++
		}
		if len(*box) != 2 || to["officer@bestam.example"] != 1 || to["sale@gos24.kz"] != 1 {
			t.Errorf("%+v", *box)
		}
	})
}

// A removal from public sources that is owed is reminded of like a demand.
//
// duty: L6.2
func TestRemindersOfRemovals(t *testing.T) {
	t.Parallel()
	word := app.Word{SMTP: "smtp://127.0.0.1:1", MailFrom: "kelisim@consent.example"}
	apptest.EachTold(t, word, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		officer := verify.Actor{Kind: "person", ID: "17"}
		p, ans, err := a.Publications.Publish(t.Context(), org, &publish.New{
			Subject: apptest.Subject(t, a, org, 1), Categories: []string{"name"}, Kind: publish.Site, Source: publish.Source{Name: "List", Address: "https://list.example/1"},
			Ground: "9(7)", Document: "law 1", Actor: officer,
		})
		if err != nil || !ans.Permit {
			t.Fatal(ans, err)
		}
		if _, err := a.Publications.RemoveOne(t.Context(), org, p.ID, &publish.Demand{Cause: law.CostUnlawful, From: publish.FromOperator, By: officer}); err != nil {
			t.Fatal(err)
		}
		box := &postbox{}
		look := func() {
			d := a.Deliverer("https://kelisim.example")
			d.Mailer = box
			remind(t.Context(), a)
			if _, err := d.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, words := range []string{"", "последний день. Что ожидается", "Сделайте это сейчас", "руководителю"} { // Thursday, due on Friday
			*box = nil
			look()
			if words == "" && len(*box) != 0 || words != "" && (len(*box) != 1 || !strings.Contains((*box)[0].Text, words) || !strings.Contains((*box)[0].Text, "/console/publications/"+p.ID.String())) {
				t.Errorf("%q at %s: %+v", words, clock.Now(), *box)
			}
			clock.Add(24 * time.Hour)
			if words == "Сделайте это сейчас" {
				clock.Add(48 * time.Hour)
			}
		}
		if _, err := a.Publications.Done(t.Context(), org, p.ID, &publish.Report{How: "deleted", Document: "act 1", Actor: officer}); err != nil {
			t.Fatal(err)
		}
		*box = nil
		if look(); len(*box) != 0 {
			t.Errorf("reminded of what is done: %+v", *box)
		}
	})
}
