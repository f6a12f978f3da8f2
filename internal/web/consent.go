package web

import (
	"net/http"
	"slices"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/policy"
	"kelisim/internal/proof"
	"kelisim/internal/register"
	"kelisim/internal/represent"
	"kelisim/verify"
)

// consentPage is one consent whole.
type consentPage struct {
	card
	Text    *consent.Text // the very text that was shown; nil where it was not kept
	Proof   *consent.Proof
	History []step // newest first
	Parts   []part // that can be taken back apart from the whole
	Kept    []kept
	ByLaw   []goes // purposes that no withdrawal stops
	After   *after // what the newest step stopped; nil where it stopped nothing
	Holds   []held // what bars a withdrawal, newest first
	Refused *held  // a withdrawal was refused for it just now
	Ticks   ticks
	Told    []confirmed
	Said    []said // conditions on what is published
	Done    string // what was just done here
	Law     *law.Edition
	// May resume: whoever acts for another may not always end a pause.
	MayResume bool
}

// step is a change in a consent's life with the name that it goes by.
type step struct {
	consent.Change
	What, Icon string
}

var stepIcons = map[string]string{
	"given": "check", "resumed": "check", "paused": "pause", "partly": "cross", "withdrawn": "cross", "expired": "clock",
	"superseded": "change", "ended": "bin", "narrowed": "change", "extended": "clock",
}

// steps tells a consent's life, newest first.
func steps(c *consent.Consent) []step {
	out := make([]step, len(c.History))
	for i, ch := range c.History {
		what := string(ch.Status)
		switch {
		case i == 0:
			what = "given"
		case ch.Was != nil && c.ExtendedBy(i):
			what = "extended"
		case ch.Was != nil:
			what = "narrowed"
		case len(ch.Scopes) > 0 && ch.Status != consent.Withdrawn:
			what = "partly"
		case ch.Status == consent.Active:
			what = "resumed"
		}
		out[len(out)-1-i] = step{ch, what, stepIcons[what]}
	}
	return out
}

// Barred reports whether something stands against a withdrawal now.
func (b consentPage) Barred() bool {
	return slices.ContainsFunc(b.Holds, held.Bars)
}

// kept says for how long data of a purpose stays after a withdrawal.
type kept struct{ Purpose, Period string }

// own returns a consent of the subject. Another person's is not told from one
// that does not exist.
func (p *Pages) own(v *visit) (*consent.Consent, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	c, err := p.Store.Consent(v.Context(), id)
	if err != nil {
		return nil, err
	}
	if c.Subject != v.Me || !v.way().Sees(c.Org) {
		return nil, errAbsent
	}
	return c, nil
}

func (p *Pages) consent(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	o, err := p.Parties.ByID(v.Context(), c.Org)
	if err != nil {
		return err
	}
	reg, err := p.registerOf(v.Context(), o, c.Register)
	if err != nil {
		return err
	}
	b := consentPage{card: newCard(v, c, o, reg, p.Now()), History: steps(c), Kept: keptOf(v, c, o.Register), Law: o.Edition(p.Now())}
	b.MayResume = v.way().May(represent.Consent)
	if b.Proof, err = p.Consents.Proof(v.Context(), c); err != nil {
		return err
	}
	b.Said = conditionsOf(v, c, b.Proof, reg)
	if b.Text, err = p.Store.Text(v.Context(), c.TextHash); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if b.Holds, err = p.heldOf(v, c, reg); err != nil {
		return err
	}
	if i := slices.IndexFunc(b.Holds, func(h held) bool { return h.Bars() && h.ID.String() == v.URL.Query().Get("barred") }); i >= 0 {
		b.Refused = &b.Holds[i]
	}
	if b.Told, err = p.confirmations(v, c, o, reg); err != nil {
		return err
	}
	b.Parts, b.ByLaw, b.Ticks, b.Done = partsOf(v, c, reg), byLawOf(v, c, o), ticksOf(v, c, reg), doneOf(v)
	b.After = afterOf(v, c, o.Register, reg)
	return p.render(w, v, "consent", "consents", b)
}

// keptOf is what the description in force says of the time after.
func keptOf(v *visit, c *consent.Consent, reg *register.Register) []kept {
	if reg == nil {
		return nil
	}
	var out []kept
	for _, id := range c.Terms.Purposes {
		if e := reg.Purpose(id); e != nil {
			out = append(out, kept{e.Name.In(v.Lang), policy.Period(v.Lang, e.Retention)})
		}
	}
	return out
}

func (p *Pages) consentReceipt(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	file, err := p.Consents.Receipt(v.Context(), c)
	if err != nil {
		return err
	}
	return download(w, "kelisim-consent-"+c.ID.String()+".json", file)
}

// consentPDF is the receipt on paper, in the language of the page.
func (p *Pages) consentPDF(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	file, err := p.Proofs.ReceiptPDF(v.Context(), c, nil, mine, proof.Place(p.PublicURL), v.Lang)
	if err != nil {
		return err
	}
	return downloadAs(w, "application/pdf", "kelisim-consent-"+c.ID.String()+".pdf", file)
}

// consentPack is all the proof of the consent in one file.
func (p *Pages) consentPack(w http.ResponseWriter, v *visit) error {
	c, err := p.own(v)
	if err != nil {
		return err
	}
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, c.Org)
	if err != nil {
		return err
	}
	return p.pack(w, v, c, mine, by)
}

// consolePack is the same for the officer of the organization that it was given to.
func (p *Pages) consolePack(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	c, err := p.Store.Consent(v.Context(), id)
	if err != nil {
		return err
	}
	if c.Org != v.Desk.Org.ID {
		return errAbsent
	}
	return p.pack(w, v, c, proof.Office{Reader: p.Office, Filter: ofDesk(v)}, v.Desk.actor())
}

func (p *Pages) pack(w http.ResponseWriter, v *visit, c *consent.Consent, j proof.Journal, by verify.Actor) error {
	file, err := p.Proofs.Pack(v.Context(), c, j, proof.Place(p.PublicURL), by)
	if err != nil {
		return err
	}
	return downloadAs(w, "application/zip", "kelisim-consent-"+c.ID.String()+".zip", file)
}
