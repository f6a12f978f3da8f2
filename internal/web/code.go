package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// codePage is the text of exactly what was left ticked, to be read and confirmed by
// a one-time code: first where to send it, then where to type it in. The choice
// stands in the form and the code belongs to it, so another page of the same
// question confirms nothing that is not on it.
type codePage struct {
	For     string
	ID      ident.ID
	Text    *consent.Text
	Choice  []hidden
	Places  []codePlace
	Sent    *consent.SentCode // nil: not yet
	Wrong   string            // what was wrong with the code that was typed in
	WayOut  string
	Another bool // it is good no more: only another one helps
}

// codePlace is an address that a code can go to.
type codePlace struct {
	ID     ident.ID
	Kind   ident.Kind
	Masked string
	Chosen bool
}

// carry takes over what was left ticked, with the conditions.
func carry(form url.Values) (out []hidden) {
	for _, name := range carried {
		for _, value := range form[name] {
			out = append(out, hidden{name, value})
		}
	}
	var said []string
	for name := range form {
		if strings.HasPrefix(name, "ban:") || strings.HasPrefix(name, "condition:") {
			said = append(said, name)
		}
	}
	slices.Sort(said)
	for _, name := range said {
		out = append(out, hidden{name, form.Get(name)})
	}
	return out
}

// code shows the text of a choice and, where a contact is named, sends the code to
// it. Nothing is given yet.
func (p *Pages) code(w http.ResponseWriter, v *visit) error {
	r, err := p.question(v)
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "bad-request")
	}
	by, err := p.acting(v, r.Org)
	if err != nil {
		return err
	}
	number, _ := strconv.Atoi(v.PostFormValue("number"))
	if err := p.Consents.Choose(v.Context(), r.ID, number, by); err != nil {
		return err
	}
	b, err := p.newCodePage(v, r, by)
	if err != nil {
		return err
	}
	if !v.PostForm.Has("contact") {
		return p.render(w, v, "code", "home", b)
	}
	to, err := ident.ParseID(v.PostFormValue("contact"))
	if err != nil {
		return errAbsent
	}
	c, err := leftTicked(v, r)
	if err != nil {
		return err
	}
	if b.Sent, err = p.Consents.SendCode(v.Context(), r.ID, c, to, b.Text.Language, by); err != nil {
		return err
	}
	for i := range b.Places {
		b.Places[i].Chosen = b.Places[i].ID == to
	}
	return p.render(w, v, "code", "home", b)
}

// newCodePage shows the text in the language in which it was read before, if any;
// that it was shown is journaled.
func (p *Pages) newCodePage(v *visit, r *consent.Request, by verify.Actor) (*codePage, error) {
	c, err := leftTicked(v, r)
	if err != nil {
		return nil, err
	}
	b := &codePage{For: v.For(), ID: r.ID, Choice: carry(v.PostForm)}
	if b.Text, err = p.Consents.Draft(v.Context(), r.ID, c, languageIn(v, v.Lang), by); err != nil {
		return nil, err
	}
	list, err := p.Consents.CodeContacts(v.Context(), r, by)
	if err != nil {
		return nil, err
	}
	for i := range list {
		address, err := p.Outbox.Address(v.Context(), &list[i])
		if err != nil {
			return nil, err
		}
		b.Places = append(b.Places, codePlace{list[i].ID, list[i].Kind, ident.Mask(list[i].Kind, address), i == 0})
	}
	return b, nil
}

// languageIn is the language that a form carries on.
func languageIn(v *visit, otherwise locale.Lang) locale.Lang {
	if l := locale.Lang(v.PostFormValue("language")); slices.Contains(locale.All[:], l) {
		return l
	}
	return otherwise
}

// mistyped shows the page of the code once more, with what was wrong; false where
// the error is none of a code.
func (p *Pages) mistyped(w http.ResponseWriter, v *visit, r *consent.Request, by verify.Actor, wrong error) (bool, error) {
	var f *fault.Error
	if !v.PostForm.Has("code") || !errors.As(wrong, &f) || !strings.HasPrefix(f.Code, "code-") {
		return false, nil
	}
	b, err := p.newCodePage(v, r, by)
	if err != nil {
		return true, err
	}
	if r, err = p.Requests.Request(v.Context(), r.ID); err != nil {
		return true, err
	}
	note, err := p.Consents.Note(v.Context(), r)
	if err != nil {
		return true, err
	}
	b.Sent, b.Another = note.Code, f.Code != "code-wrong" && f.Code != "code-form"
	b.Wrong, b.WayOut = locale.Fault(v.Lang, f)
	for i := range b.Places {
		b.Places[i].Chosen = b.Sent != nil && b.Places[i].ID == b.Sent.ContactID || b.Sent == nil && i == 0
	}
	p.renderStatus(w, v, statuses[f.Kind], "code", "home", b)
	return true, nil
}
