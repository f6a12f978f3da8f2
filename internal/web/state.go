package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// statePage is what the state service of control over access has to do with a person:
// what organizations asked it from here, and what it keeps itself.
type statePage struct {
	For     string
	Asked   []stateAsked
	Through []operator // whom the person can ask through; none: it is not asked here
	Form    stateForm
	Wrong   string
	Answer  *stateAnswer
}

// stateAsked is one question.
type stateAsked struct {
	kdp.Request
	Operator locale.String
	Stands   kdp.Status
	What     string // the purpose by its name
}

// stateForm is what was filled in. The number is not shown again.
type stateForm struct{ Org, From, To string }

type stateAnswer struct {
	From, To time.Time
	Operator locale.String
	Text     string
}

func (p *Pages) state(w http.ResponseWriter, v *visit) error {
	now := p.Now().In(locale.Zone())
	return p.renderState(w, v, http.StatusOK, &statePage{Form: stateForm{From: now.AddDate(0, -1, 0).Format(time.DateOnly), To: now.Format(time.DateOnly)}})
}

func (p *Pages) renderState(w http.ResponseWriter, v *visit, status int, b *statePage) error {
	b.For = v.For()
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	list, err := p.StateService.Of(v.Context(), mine, v.Me, v.way().Limits())
	if err != nil {
		return err
	}
	for i := range list {
		r := &list[i]
		o, err := p.Parties.ByID(v.Context(), r.Org)
		if err != nil {
			return err
		}
		x := stateAsked{Request: *r, Operator: orgName(o), Stands: r.StatusAt(p.Now()), What: r.Purpose}
		if o.Register != nil {
			x.What = purposeName(o.Register, v.Lang, r.Purpose)
		}
		b.Asked = append(b.Asked, x)
	}
	if v.way() == nil { // what others did with a person is for the person alone
		if b.Through, err = p.through(v); err != nil {
			return err
		}
	}
	return p.write(w, v, status, "state", "journal", b)
}

// hasState reports whether there is something to see of the state service.
func (p *Pages) hasState(v *visit, mine *journal.View) (bool, error) {
	if p.StateService.Client != nil {
		return true, nil
	}
	list, err := p.StateService.Of(v.Context(), mine, v.Me, v.way().Limits())
	return len(list) > 0, err
}

// through are the operators by whose account a person can ask the state service.
func (p *Pages) through(v *visit) ([]operator, error) {
	holders, err := p.holders(v)
	if err != nil {
		return nil, err
	}
	var out []operator
	for i := range holders {
		o, err := p.Parties.Organization(v.Context(), holders[i].BIN)
		if err != nil {
			return nil, err
		}
		if p.StateService.Keeps(o) {
			out = append(out, holders[i].operator)
		}
	}
	return out, nil
}

// askState asks the service what it keeps, and shows the answer this once.
func (p *Pages) askState(w http.ResponseWriter, v *visit) error {
	b := &statePage{Form: stateForm{v.PostFormValue("org"), v.PostFormValue("from"), v.PostFormValue("to")}}
	o, err := p.Parties.Organization(v.Context(), b.Form.Org)
	if err != nil {
		return err
	}
	in := &kdp.NewHistory{Subject: v.Me, IIN: v.PostFormValue("iin")}
	in.From, _ = time.ParseInLocation(time.DateOnly, b.Form.From, locale.Zone()) //nolint:errcheck // zero is told as missing
	if to, err := time.ParseInLocation(time.DateOnly, b.Form.To, locale.Zone()); err == nil {
		in.To = to.AddDate(0, 0, 1) // the whole of the last day
	}
	h, err := p.StateService.History(v.Context(), o, verify.Actor{Kind: "subject"}, in)
	var f *fault.Error
	switch {
	case errors.As(err, &f) && (f.Kind == fault.Invalid || f.Kind == fault.Unavailable):
		text, hint := inWords(v, f)
		b.Wrong = strings.TrimSpace(text + " " + hint)
		return p.renderState(w, v, statuses[f.Kind], b)
	case err != nil:
		return err
	}
	b.Answer = &stateAnswer{From: h.From, To: h.To.AddDate(0, 0, -1), Operator: orgName(o), Text: readable(h.Text)}
	return p.renderState(w, v, http.StatusOK, b)
}

// readable puts a text that happens to be JSON into lines; any other stays as it came.
func readable(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	if s := b.String(); s != "[]" && s != "{}" && s != "null" {
		return s
	}
	return ""
}
