package outbox

import (
	"context"
	"strings"

	"kelisim/internal/locale"
	"kelisim/internal/register"
)

// ConfirmPath is the page that confirms a contact by its link.
const ConfirmPath = "/contact/"

// send writes in the language of the contact. Neither letter nor message names
// the person or the data: only who did something, what sort of thing it was, and
// the page that shows the rest to who signs in.
func (d *Deliverer) send(ctx context.Context, x *Delivery, lang locale.Lang, address string, p *parcel) outcome {
	path := p.Path
	if p.Secret != "" {
		path = ConfirmPath + p.Secret
	}
	link := strings.TrimSuffix(d.Public, "/") + path
	name, err := d.nameOf(ctx, p.BIN, lang)
	if err != nil {
		return outcome{problem: "internal"}
	}
	if x.Channel == SMS {
		if d.Texter == nil {
			return outcome{problem: "channel-absent"}
		}
		return sendProblem(d.Texter.Text(ctx, x.ID.String(), address, locale.Text(lang, "sms."+x.Event, "org", name)+" "+link))
	}
	if d.Mailer == nil {
		return outcome{problem: "channel-absent"}
	}
	l := &Letter{ID: x.ID.String(), To: address, Subject: locale.Text(lang, "letter."+x.Event+".subject", "org", name)}
	parts := []string{locale.Text(lang, "letter."+x.Event, "org", name), link}
	if p.To != "" || x.Event == "contact" {
		parts = append(parts, locale.Text(lang, "letter."+x.Event+".not-you"))
	} else {
		parts = append(parts, locale.Text(lang, "letter.foot", "link", strings.TrimSuffix(d.Public, "/")+"/me/settings"))
	}
	l.Text = strings.Join(parts, "\n\n") + "\n"
	return sendProblem(d.Mailer.Send(ctx, l))
}

// writeOfficer tells an organization by letter that somebody does not
// acknowledge.
func (d *Deliverer) writeOfficer(ctx context.Context, x *Delivery, p *parcel) outcome {
	org, err := d.Parties.ByID(ctx, x.Org)
	if err != nil {
		return outcome{problem: "internal"}
	}
	to := officerOf(org.Register)
	if to == "" || d.Mailer == nil {
		return outcome{dropped: true}
	}
	var texts, subjects []string
	for _, lang := range []locale.Lang{locale.KK, locale.RU} { // which of the two the officer reads is not known
		name, err := d.nameOf(ctx, p.BIN, lang)
		if err != nil {
			return outcome{problem: "internal"}
		}
		subjects = append(subjects, locale.Text(lang, "letter.late.subject"))
		texts = append(texts, locale.Text(lang, "letter.late", "org", name, "bin", p.BIN, "time", p.Count))
	}
	link := strings.TrimSuffix(d.Public, "/") + "/console"
	return sendProblem(d.Mailer.Send(ctx, &Letter{
		ID: x.ID.String(), To: to, Subject: strings.Join(subjects, " / "), Text: strings.Join(append(texts, link), "\n\n") + "\n",
	}))
}

// officerOf is where the officer of an organization is written to.
func officerOf(reg *register.Register) string {
	if reg == nil {
		return ""
	}
	o := reg.Description.Organization
	if o.Officer.Email != "" {
		return o.Officer.Email
	}
	return o.Contact.Email
}

// nameOf is an organization's own name for itself, its BIN where it has none.
func (d *Deliverer) nameOf(ctx context.Context, bin string, lang locale.Lang) (string, error) {
	if bin == "" {
		return "", nil
	}
	org, err := d.Parties.Organization(ctx, bin)
	if isUnknown(err) || err == nil && org.Register == nil {
		return bin, nil
	}
	if err != nil {
		return "", err
	}
	return org.Register.Name.In(lang), nil
}
