package app

import (
	"context"
	"net/http"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/term"
)

// Word is how people and other systems are told what happens. Without a mail
// server and a way of messages, subjects have the inbox alone.
type Word struct {
	// SMTP is the mail server, smtp://user:password@host:port, MailFrom whom
	// letters come from.
	SMTP, MailFrom string
	// SMSURL is the gateway of short messages (see outbox.Gateway), SMSKey its
	// Authorization header; SMSDir a directory for them instead.
	SMSURL, SMSKey, SMSDir string
	// PrivateHooks lets webhooks go to private addresses and to this machine.
	PrivateHooks bool
	// AckDays is how many working days a receiver has to acknowledge; 1 for 0.
	AckDays int
	// HeadDays is for how many working days after the end of a term the officer alone
	// is told that it has run out; then the head is. 1 for 0.
	HeadDays int
	// Every is how often it is looked for what is due.
	Every time.Duration
}

func (w *Word) open(a *App) error {
	if w.SMTP != "" {
		m, err := outbox.NewSMTP(w.SMTP, w.MailFrom)
		if err != nil {
			return err
		}
		a.mailer = m
	}
	switch {
	case w.SMSDir != "":
		a.texter = &outbox.Folder{Dir: w.SMSDir}
	case w.SMSURL != "":
		// The administrator named the gateway: it may be in the own network.
		a.texter = &outbox.Gateway{URL: w.SMSURL, Authorization: w.SMSKey, Client: outbox.Client(true)}
	}
	return nil
}

// ackBy counts the term of an acknowledgement by the working calendar.
func (a *App) ackBy(ctx context.Context, receiver *party.Organization, at time.Time) (time.Time, error) {
	c, err := a.Terms.Calendars.Current(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return c.Due(at, a.Word.AckDays, law.WorkingDay, term.WeekOf(receiver)), nil
}

// Deliverer sends what waits in the outbox. public is the address that links
// begin with.
func (a *App) Deliverer(public string) *outbox.Deliverer {
	d := &outbox.Deliverer{
		Outbox: a.Outbox, HTTP: a.hookClient(), Mailer: a.mailer, Texter: a.texter, Public: public, Log: a.Log, Visible: a.visible, Every: a.Word.Every,
	}
	if d.Every == 0 {
		d.Every = time.Second
	}
	return d
}

func (a *App) hookClient() *http.Client { return outbox.Client(a.Word.PrivateHooks) }

// visible reports whether a subject may see an entry now: the same question that
// the inbox asks.
func (a *App) visible(ctx context.Context, subject, entry ident.ID) (bool, error) {
	mine, err := a.Journal.ForSubject(ctx, subject)
	if err != nil {
		return false, err
	}
	_, err = mine.One(ctx, entry)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return false, nil
	}
	return err == nil, err
}
