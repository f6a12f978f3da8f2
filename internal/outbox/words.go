package outbox

import (
	"context"
	"slices"
	"strings"

	"kelisim/internal/locale"
	"kelisim/internal/register"
)

// ConfirmPath is the page that confirms a contact by its link.
const ConfirmPath = "/contact/"

// send writes in the language of the contact, and where that is not known in both
// official ones. Neither letter nor message names the person or the data: only who
// did something, what sort of thing it was, and the page that shows the rest to who
// signs in.
func (d *Deliverer) send(ctx context.Context, x *Delivery, to *Address, p *parcel) outcome {
	public := strings.TrimSuffix(d.Public, "/")
	path := p.Path
	if p.Secret != "" {
		path = ConfirmPath + p.Secret
	}
	langs := []locale.Lang{to.Language}
	if to.Language == "" {
		langs = official
	}
	var subjects, texts, feet []string
	for _, lang := range langs {
		name, err := d.nameOf(ctx, p.BIN, lang)
		if err != nil {
			return outcome{problem: "internal"}
		}
		says := []any{"org", name}
		if x.Event == CodeEvent {
			says = append(says, "code", p.Code, "time", locale.Time(lang, p.Until))
		}
		if x.Channel == SMS {
			texts = append(texts, locale.Text(lang, "sms."+x.Event, says...))
			continue
		}
		subjects = append(subjects, locale.Text(lang, "letter."+x.Event+".subject", "org", name))
		texts = append(texts, locale.Text(lang, "letter."+x.Event, says...))
		if x.Event == "contact" || x.Event == "form" || x.Event == CodeEvent {
			feet = append(feet, locale.Text(lang, "letter."+x.Event+".not-you"))
		} else {
			feet = append(feet, locale.Text(lang, "letter.foot", "link", public+"/me/settings"))
		}
	}
	switch {
	case x.Channel == SMS && d.Texter != nil:
		return sendProblem(d.Texter.Text(ctx, x.ID.String(), to.Value, texts[0]+" "+public+path))
	case x.Channel == Mail && d.Mailer != nil:
		text := strings.Join(slices.Concat(texts, []string{public + path}, feet), "\n\n") + "\n"
		return sendProblem(d.Mailer.Send(ctx, &Letter{ID: x.ID.String(), To: to.Value, Subject: strings.Join(subjects, " / "), Text: text}))
	default:
		return outcome{problem: "channel-absent"}
	}
}

// official are the languages to write in where it is not known which one is read.
var official = []locale.Lang{locale.KK, locale.RU}

// office begins the key of what an organization is told at once, and not reminded of.
const office = "letter.office."

// writeOfficer tells an organization by letter what it has to see to: that a term
// ends, its own or that of who has to acknowledge what it was told.
func (d *Deliverer) writeOfficer(ctx context.Context, x *Delivery, p *parcel) outcome {
	org, err := d.Parties.ByID(ctx, x.Org)
	if err != nil {
		return outcome{problem: "internal"}
	}
	to := officerOf(org.Register)
	if p.Remind != nil && p.Remind.Head {
		to = headOf(org.Register)
	}
	if to == "" || d.Mailer == nil {
		return outcome{dropped: true}
	}
	if p.Remind == nil && !locale.Has(office+x.Event) { // of an earlier release
		return outcome{dropped: true}
	}
	var texts, subjects []string
	for _, lang := range official {
		subject, text, err := d.reminding(ctx, lang, x, p)
		if err != nil {
			return outcome{problem: "internal"}
		}
		subjects, texts = append(subjects, subject), append(texts, text)
	}
	path := p.Path
	if path == "" {
		path = "/console"
	}
	link := strings.TrimSuffix(d.Public, "/") + path
	return sendProblem(d.Mailer.Send(ctx, &Letter{
		ID: x.ID.String(), To: to, Subject: strings.Join(subjects, " / "), Text: strings.Join(append(texts, link), "\n\n") + "\n",
	}))
}

// reminding is what a letter that reminds says: of one thing, or of so many. It
// names neither a person nor what a person demands.
func (d *Deliverer) reminding(ctx context.Context, lang locale.Lang, x *Delivery, p *parcel) (subject, text string, err error) {
	name, err := d.nameOf(ctx, p.BIN, lang)
	if err != nil {
		return "", "", err
	}
	r := p.Remind
	if r == nil {
		return locale.Text(lang, office+x.Event+".subject"), locale.Text(lang, office+x.Event, "org", name), nil
	}
	kind := "due.kind." + r.Kind
	if !locale.Has(kind) {
		kind = "due.kind"
	}
	what := locale.Text(lang, kind)
	subject = locale.Text(lang, "letter.remind."+r.Stage+".subject")
	if p.Count > 0 {
		return subject, locale.Text(lang, "letter.remind."+r.Stage+".many", "org", name, "what", what, "count", p.Count), nil
	}
	return subject, locale.Text(lang, "letter.remind."+r.Stage, "org", name, "what", what, "due", locale.Date(lang, r.Due), "number", x.About.String()), nil
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
