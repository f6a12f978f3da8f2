package web

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// What bars a withdrawal, as the officer names it beforehand (Art. 8(2)), and what
// subjects say against it.

// obstacle is a hold as the office and the authorised body read it in a list: of whom,
// what cannot be taken back, until when. What it says takes opening it.
type obstacle struct {
	*consent.Hold
	Now      consent.HoldStatus
	Whom     ident.ID // as the organization knows the person
	Operator locale.String
	BIN      string
	What     []string
}

// Bars reports whether it stands against a withdrawal now.
func (b obstacle) Bars() bool { return b.Now != consent.HoldLifted && b.Now != consent.HoldOver }

// holdsPage is what bars withdrawals: what was appealed and waits for the officer's
// word first, then what ends first.
type holdsPage struct{ Appealed, Open, Past []obstacle }

func (p *Pages) holds(w http.ResponseWriter, v *visit) error {
	list, err := p.Store.Holds(v.Context(), consent.HoldFilter{Org: v.Desk.Org.ID, Limit: maxShown})
	if err != nil {
		return err
	}
	var b holdsPage
	for i := range list {
		x, err := p.obstacle(v, &list[i], v.Desk.Org)
		switch {
		case err != nil:
			return err
		case x.Now == consent.HoldAppealed:
			b.Appealed = append(b.Appealed, x)
		case x.Bars():
			b.Open = append(b.Open, x)
		default:
			b.Past = append(b.Past, x)
		}
	}
	slices.SortStableFunc(b.Appealed, func(x, y obstacle) int { return x.Hold.Appealed.Compare(y.Hold.Appealed) })
	slices.SortStableFunc(b.Open, func(x, y obstacle) int { return x.Until.Compare(y.Until) })
	return p.render(w, v, "console-holds", "holds", &b)
}

func (p *Pages) obstacle(v *visit, h *consent.Hold, o *party.Organization) (obstacle, error) {
	b := obstacle{Hold: h, Now: h.StatusAt(p.Now()), Whom: o.Outside(h.Subject), Operator: nameOf(o), BIN: o.BIN}
	c, err := p.Store.Consent(v.Context(), h.Consent)
	if err != nil {
		return b, err
	}
	reg, err := p.registerOf(v.Context(), o, c.Register)
	if err != nil {
		return b, err
	}
	b.What = whatHeld(v, h, reg)
	return b, nil
}

// appealsWaiting counts the appeals that wait for the office's word, for the first
// page of the console.
func (p *Pages) appealsWaiting(v *visit) (int, error) {
	list, err := p.Store.Holds(v.Context(), consent.HoldFilter{Org: v.Desk.Org.ID, Status: consent.HoldAppealed, Limit: maxShown})
	n := 0
	for i := range list {
		if list[i].StatusAt(p.Now()) == consent.HoldAppealed {
			n++
		}
	}
	return n, err
}

// holdPage is one hold whole: what was named, what was demanded, what was said.
type holdPage struct {
	obstacle
	Note    *consent.HoldNote
	Given   card // the consent that it bars
	Refused []refusal
	Done    string
	Decide  time.Time // by when its appeal is decided; zero where no term runs
	Carried bool      // what was demanded is done
}

// refusal is a withdrawal that was refused, in words.
type refusal struct {
	At     time.Time
	What   []string // empty: the whole
	Reason string
}

var holdsDone = []string{"set", "lifted", "replied", "decided"}

func (p *Pages) hold(w http.ResponseWriter, v *visit) error {
	h, err := p.ourHold(v)
	if err != nil {
		return err
	}
	b, err := p.holdPage(v, h, v.Desk.Org)
	if err != nil {
		return err
	}
	return p.render(w, v, "console-hold", "holds", b)
}

func (p *Pages) holdPage(v *visit, h *consent.Hold, o *party.Organization) (*holdPage, error) {
	x, err := p.obstacle(v, h, o)
	if err != nil {
		return nil, err
	}
	b := &holdPage{obstacle: x}
	if done := v.URL.Query().Get("done"); slices.Contains(holdsDone, done) {
		b.Done = done
	}
	if b.Note, err = p.Consents.HoldNote(v.Context(), h); err != nil {
		return nil, err
	}
	if b.Decide, err = dueOf(p.Consents.DueOf(v.Context(), h)); err != nil {
		return nil, err
	}
	c, err := p.Store.Consent(v.Context(), h.Consent)
	if err != nil {
		return nil, err
	}
	reg, err := p.registerOf(v.Context(), o, c.Register)
	if err != nil {
		return nil, err
	}
	b.Given = newCard(v, c, o, reg, p.Now())
	for _, d := range b.Note.Demands {
		b.Refused = append(b.Refused, refusal{d.At, partNames(v, &d.Part, c.Terms.Purposes, reg), d.Reason})
	}
	// In the same write: nobody but Kelisim itself takes a part out then.
	b.Carried = h.Status == consent.HoldLifted && !h.Appealed.IsZero() && slices.ContainsFunc(c.History, func(s consent.Change) bool {
		return s.By == string(consent.ByService) && !s.At.Before(h.Moved)
	})
	return b, nil
}

// ourHold is a hold of the organization at the desk. Another's is not told from one
// that does not exist.
func (p *Pages) ourHold(v *visit) (*consent.Hold, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	h, err := p.Store.Hold(v.Context(), id)
	if err == nil && h.Org != v.Desk.Org.ID {
		err = errAbsent
	}
	return h, err
}

func (p *Pages) consoleHoldFile(w http.ResponseWriter, v *visit) error {
	h, err := p.ourHold(v)
	if err != nil {
		return err
	}
	return p.sendHoldFile(w, v, h)
}

// sendHoldFile hands out the document of a hold, to keep and not to show: it is what
// somebody uploaded.
func (p *Pages) sendHoldFile(w http.ResponseWriter, v *visit, h *consent.Hold) error {
	f, content, err := p.Consents.HoldFile(v.Context(), h)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", f.Type)
	w.Header().Set("Content-Disposition", "attachment") // its name is in the link: a header takes no Kazakh
	w.Write(content)                                    //nolint:errcheck // a browser that went away needs no file
	return nil
}

func (p *Pages) liftHold(w http.ResponseWriter, v *visit) error {
	h, err := p.ourHold(v)
	if err != nil {
		return err
	}
	if _, err := p.Consents.LiftHold(v.Context(), h.ID, v.PostFormValue("reason"), v.Desk.actor()); err != nil {
		return err
	}
	return see(w, v, "/console/holds/"+h.ID.String()+"?done=lifted")
}

func (p *Pages) replyHold(w http.ResponseWriter, v *visit) error {
	h, err := p.ourHold(v)
	if err != nil {
		return err
	}
	if _, err := p.Consents.ReplyHold(v.Context(), h.ID, v.PostFormValue("reply"), v.Desk.actor()); err != nil {
		return err
	}
	return see(w, v, "/console/holds/"+h.ID.String()+"?done=replied")
}

// newHoldPage asks in two steps: which consent, by the subject's id as the
// organization has it, then what bars its withdrawal.
type newHoldPage struct {
	Subject  string // as it was typed
	Consents []card // of the subject, that stand
	Asked    bool

	Given    *card // chosen
	Purposes []option
	Scopes   []string // that the consent has and a hold may bar
	Tomorrow string
	// What was typed stands again where something is wrong.
	Typed typedHold
	Wrong string
}

type typedHold struct{ Obligation, Provision, Document, Until string }

func (p *Pages) newHold(w http.ResponseWriter, v *visit) error {
	b := &newHoldPage{}
	if id := v.URL.Query().Get("consent"); id != "" {
		c, err := p.ourConsent(v, id)
		if err != nil {
			return err
		}
		if err := p.holdForm(v, b, c); err != nil {
			return err
		}
		return p.render(w, v, "console-hold-new", "holds", b)
	}
	if b.Subject = strings.TrimSpace(v.URL.Query().Get("subject")); b.Subject != "" {
		if err := p.standing(v, b); err != nil {
			return err
		}
	}
	return p.render(w, v, "console-hold-new", "holds", b)
}

func (p *Pages) ourConsent(v *visit, text string) (*consent.Consent, error) {
	id, err := ident.ParseID(text)
	if err != nil {
		return nil, errAbsent
	}
	c, err := p.Store.Consent(v.Context(), id)
	if err == nil && c.Org != v.Desk.Org.ID {
		err = errAbsent
	}
	return c, err
}

// standing lists the consents of a subject that stand.
func (p *Pages) standing(v *visit, b *newHoldPage) error {
	o := v.Desk.Org
	b.Asked = true
	id, err := ident.ParseID(b.Subject)
	if err != nil {
		b.Wrong = locale.Text(v.Lang, "page.hold.new.no-subject")
		return nil
	}
	list, err := p.Store.Consents(v.Context(), consent.Filter{Subject: o.Inside(id), Org: o.ID, Standing: true, Now: p.Now(), Limit: maxShown})
	if err != nil {
		return err
	}
	for i := range list {
		reg, err := p.registerOf(v.Context(), o, list[i].Register)
		if err != nil {
			return err
		}
		if k := newCard(v, &list[i], o, reg, p.Now()); k.open() {
			b.Consents = append(b.Consents, k)
		}
	}
	return nil
}

func (p *Pages) holdForm(v *visit, b *newHoldPage, c *consent.Consent) error {
	o := v.Desk.Org
	reg, err := p.registerOf(v.Context(), o, c.Register)
	if err != nil {
		return err
	}
	k := newCard(v, c, o, reg, p.Now())
	b.Given, b.Subject = &k, o.Outside(c.Subject).String()
	b.Scopes = (c.Scopes & consent.Holdable).Names()
	b.Purposes = options(c.Terms.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) })
	b.Tomorrow = locale.FormDay(p.Now().AddDate(0, 0, 1))
	return nil
}

// setHold names an obligation. What is wrong stands above the form, with what was
// typed; a file has to be chosen again, as browsers want it.
func (p *Pages) setHold(w http.ResponseWriter, v *visit) error {
	if err := v.ParseMultipartForm(1 << 20); err != nil {
		return fault.New(fault.TooLarge, "too-large")
	}
	c, err := p.ourConsent(v, v.PostFormValue("consent"))
	if err != nil {
		return err
	}
	b := &newHoldPage{Typed: typedHold{v.PostFormValue("obligation"), v.PostFormValue("provision"), v.PostFormValue("document"), v.PostFormValue("until")}}
	h, err := p.setHoldOf(v, c, &b.Typed)
	var wrong *fault.Error
	if errors.As(err, &wrong) && (wrong.Kind == fault.Invalid || wrong.Kind == fault.Conflict) {
		if err := p.holdForm(v, b, c); err != nil {
			return err
		}
		text, hint := inWords(v, wrong)
		b.Wrong = strings.TrimSpace(fieldName(v, wrong.Field) + text + " " + hint)
		return p.write(w, v, statuses[wrong.Kind], "console-hold-new", "holds", b)
	}
	if err != nil {
		return err
	}
	return see(w, v, "/console/holds/"+h.ID.String()+"?done=set")
}

// fieldName says which field of the form is meant, where it is one.
func fieldName(v *visit, field string) string {
	field, _, _ = strings.Cut(field, ".")
	if key := "page.hold.new.field." + field; locale.Has(key) {
		return locale.Text(v.Lang, key) + ": "
	}
	return ""
}

func (p *Pages) setHoldOf(v *visit, c *consent.Consent, t *typedHold) (*consent.Hold, error) {
	in := &consent.NewHold{
		HoldNote: consent.HoldNote{Obligation: strings.TrimSpace(t.Obligation), Provision: strings.TrimSpace(t.Provision), Document: strings.TrimSpace(t.Document)},
		Purposes: v.PostForm["purpose"], Actor: v.Desk.actor(),
	}
	if len(v.PostForm["scope"]) == 0 {
		return nil, fault.Bad("scopes", "missing-field")
	}
	var err error
	if in.Scopes, err = consent.ParseScopes(v.PostForm["scope"]); err != nil {
		return nil, err
	}
	if len(in.Purposes) == len(c.Terms.Purposes) {
		in.Purposes = nil // all of them, whatever they come to be
	}
	if in.Until, err = endOfDay(t.Until); err != nil {
		return nil, err
	}
	if in.Scan, err = scanned(v); err != nil {
		return nil, err
	}
	return p.Consents.SetHold(v.Context(), c.ID, in)
}

// scanned is the file of a form, nil where none was chosen.
func scanned(v *visit) (*consent.NewFile, error) {
	f, head, err := v.FormFile("file")
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // none was given
	}
	defer f.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, fault.New(fault.TooLarge, "too-large")
	}
	return &consent.NewFile{Name: head.Filename, Content: content}, nil
}

// partNames is a part of a consent in words, empty for the whole.
func partNames(v *visit, p *consent.Part, purposes []string, reg *register.Register) []string {
	if p.Scopes&consent.Process != 0 {
		return nil
	}
	if reg == nil { // ids stand where names would
		reg = &register.Register{}
	}
	out := each(p.Scopes.Names(), func(s string) string { return locale.Text(v.Lang, "scope."+s) })
	for _, l := range []struct {
		what string
		ids  []string
		name func(id string) string
	}{
		{"purpose", p.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) }},
		{"category", p.Categories, func(id string) string { return categoryName(reg, v.Lang, id) }},
		{"recipient", p.ThirdParties, func(bin string) string { return recipientName(reg, v.Lang, purposes, bin) }},
		{"country", p.Countries, func(code string) string { return notify.Country(v.Lang, code) }},
	} {
		for _, id := range l.ids {
			out = append(out, locale.Text(v.Lang, "page.part."+l.what, "name", l.name(id)))
		}
	}
	if !p.Until.IsZero() {
		out = append(out, locale.Text(v.Lang, "page.part.until", "date", locale.Date(v.Lang, locale.LastDay(p.Until))))
	}
	return out
}
