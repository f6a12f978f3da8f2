package web

import (
	"net/http"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/outbox"
)

// settingsPage is where the subject wants word, and of what.
type settingsPage struct {
	Contacts []place
	Mail     bool // there is such a channel
	SMS      bool
	Usual    []tick
	Done     string
}

// place is one address.
type place struct {
	ID      ident.ID
	Kind    ident.Kind
	Address string
	Status  string
	Choices []tick
}

// tick is one of the choices.
type tick struct {
	Name string
	On   bool
}

func ticked(c outbox.Choice) []tick {
	var out []tick
	for i, n := range outbox.ChoiceNames() {
		out = append(out, tick{n, c&(1<<i) != 0})
	}
	return out
}

func (p *Pages) settings(w http.ResponseWriter, v *visit) error {
	b := settingsPage{Mail: p.Outbox.Mail, SMS: p.Outbox.SMS, Usual: ticked(outbox.Usual)}
	list, err := p.Outbox.Contacts(v.Context(), v.Me)
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		address, err := p.Outbox.Address(v.Context(), c)
		if err != nil {
			return err
		}
		b.Contacts = append(b.Contacts, place{c.ID, c.Kind, address, c.Status, ticked(c.Choices)})
	}
	switch done := v.URL.Query().Get("done"); done {
	case "added", "saved", "removed":
		b.Done = done
	}
	return p.render(w, v, "settings", "home", b)
}

// addContact sends a link to a new address.
func (p *Pages) addContact(w http.ResponseWriter, v *visit) error {
	choices, err := chosenNotices(v)
	if err != nil {
		return err
	}
	kind := ident.Kind(v.PostFormValue("kind"))
	if _, err := p.Outbox.AddContact(v.Context(), v.Me, kind, v.PostFormValue("value"), choices, v.Lang); err != nil {
		return err
	}
	return see(w, v, "/me/settings?done=added")
}

func chosenNotices(v *visit) (outbox.Choice, error) {
	if err := v.ParseForm(); err != nil {
		return 0, fault.New(fault.Invalid, "bad-request")
	}
	return outbox.ParseChoices(v.PostForm["choice"])
}

func (p *Pages) chooseNotices(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	choices, err := chosenNotices(v)
	if err != nil {
		return err
	}
	if _, err := p.Outbox.ChooseNotices(v.Context(), v.Me, id, choices); err != nil {
		return err
	}
	return see(w, v, "/me/settings?done=saved")
}

func (p *Pages) removeContact(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := p.Outbox.RemoveContact(v.Context(), v.Me, id); err != nil {
		return err
	}
	return see(w, v, "/me/settings?done=removed")
}

// contactForm asks before it confirms: programs that guard a mailbox open every
// link in it, and must not say yes in somebody's name.
func (p *Pages) contactForm(w http.ResponseWriter, v *visit) error {
	keepOut(w)
	return p.render(w, v, "contact", "", false)
}

// confirmContact needs no session: whoever has the link reads what comes to the
// address, and that is all that is to be shown.
func (p *Pages) confirmContact(w http.ResponseWriter, v *visit) error {
	keepOut(w)
	if _, err := p.Outbox.ConfirmContact(v.Context(), v.PathValue("code")); err != nil {
		return err
	}
	return p.render(w, v, "contact", "", true)
}
