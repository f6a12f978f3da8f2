package web

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// signPage is the text of exactly what was left ticked, to be read and signed.
type signPage struct {
	For      string
	ID       ident.ID
	Text     *consent.Text
	Bytes    string // the text in base64, as it is signed
	File     template.URL
	Choice   []hidden
	NCALayer string // its address; empty where no script may reach it
	// A signature that was not taken, and what to do about it.
	Wrong, Hint string
}

// hidden is a value of the form before, carried on.
type hidden struct{ Name, Value string }

// carried are the fields of a choice.
var carried = []string{"purpose", "data", "recipient", "country", "public", "until", "number"}

// sign shows the text of a choice; that it was shown is journaled. Nothing is given
// yet: that takes the signature, or a press of the other button.
func (p *Pages) sign(w http.ResponseWriter, v *visit) error {
	r, err := p.question(v)
	if err != nil {
		return err
	}
	if p.NCALayer == "" {
		return fault.Bad("signature", "signature-absent")
	}
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	return p.toSign(w, v, r, v.Lang, nil)
}

// toSign is the page to sign on, also for who signed and whose signature was not
// taken: what was chosen stays, and so do all ways to give it.
func (p *Pages) toSign(w http.ResponseWriter, v *visit, r *consent.Request, lang locale.Lang, wrong *fault.Error) error {
	by, err := p.acting(v, r.Org)
	if err != nil {
		return err
	}
	number, _ := strconv.Atoi(v.PostFormValue("number"))
	if err := p.Consents.Choose(v.Context(), r.ID, number, by); err != nil {
		return err
	}
	c, err := leftTicked(v, r)
	if err != nil {
		return err
	}
	t, err := p.Consents.Draft(v.Context(), r.ID, c, lang, by)
	if err != nil {
		return err
	}
	b := signPage{For: v.For(), ID: r.ID, Text: t, Bytes: base64.StdEncoding.EncodeToString([]byte(t.Body))}
	b.File = template.URL("data:text/plain;charset=utf-8;base64," + b.Bytes) //nolint:gosec // base64 is all letters
	b.Choice = carry(v.PostForm)
	if policy, ok := signingCSP(p.NCALayer); ok {
		w.Header().Set("Content-Security-Policy", policy)
		b.NCALayer = p.NCALayer
	}
	status := http.StatusOK
	if wrong != nil {
		status = statuses[wrong.Kind]
		b.Wrong, b.Hint = inWords(v, wrong)
	}
	return p.write(w, v, status, "sign", "home", b)
}

// unsigned leads back to the question: the text to sign is made of a form, which an
// address does not have.
func (p *Pages) unsigned(w http.ResponseWriter, v *visit) error {
	r, err := p.question(v)
	if err != nil {
		return err
	}
	return see(w, v, "/me/asked/"+r.ID.String()+v.For())
}
