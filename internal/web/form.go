package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/form"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

// Forms is consent on the site of an operator.
type Forms interface {
	Blank(ctx context.Context, bin, purpose, marketing string, lang locale.Lang) (*form.Blank, error)
	Submit(ctx context.Context, b *form.Blank, in *form.Filled) error
	Confirm(ctx context.Context, code string) (*form.Given, error)
}

// formPage is the form of a purpose. What was typed stands again where something
// is wrong; what was ticked does not, so that nothing is ever ticked by us.
type formPage struct {
	BIN, Purpose, With string
	Operator           locale.String
	Aim, News          locale.String
	Fields             []field
	Recipients         []register.Recipient
	Countries          []string
	Text, NewsText     *consent.Text
	Sent               bool   // the letter is on its way
	Wrong              string // what is wrong with the boxes, or in general
}

// field is one thing to fill in.
type field struct {
	ID, Name, Value, Type, Auto string
	Wrong                       string
}

// inputs are how a category is typed, and what a browser may fill in by itself.
var inputs = map[string][2]string{"email": {"email", "email"}, "phone": {"tel", "tel"}, "name": {"text", "name"}, "birth-date": {"date", "bday"}}

func (p *Pages) form(w http.ResponseWriter, v *visit) error {
	b, err := p.blank(v)
	if err != nil {
		return err
	}
	letIn(w.Header(), b.Org.Register)
	return p.render(w, v, "form", "", newFormPage(v, b))
}

func (p *Pages) blank(v *visit) (*form.Blank, error) {
	return p.Forms.Blank(v.Context(), v.PathValue("bin"), v.PathValue("purpose"), v.URL.Query().Get("with"), v.Lang)
}

// letIn lets the operator's own site show the form in a frame.
func letIn(h http.Header, reg *register.Register) {
	u, err := url.Parse(reg.Description.Organization.Website)
	if err != nil || u.Host == "" {
		return
	}
	h.Set("Content-Security-Policy", strings.Replace(csp, "frame-ancestors 'none'", "frame-ancestors "+u.Scheme+"://"+u.Host, 1))
}

func newFormPage(v *visit, b *form.Blank) *formPage {
	f := &formPage{
		BIN: b.Org.BIN, Purpose: b.Purpose.ID, Operator: nameOf(b.Org), Aim: b.Purpose.Name, Recipients: b.Recipients, Countries: b.Countries,
		Text: b.Text, NewsText: b.News,
	}
	if b.Marketing != nil {
		f.With, f.News = b.Marketing.ID, b.Marketing.Name
	}
	for _, c := range b.Fields {
		x := field{ID: c.ID, Name: c.Name.In(v.Lang), Type: "text", Auto: "off"}
		if in, ok := inputs[c.ID]; ok {
			x.Type, x.Auto = in[0], in[1]
		}
		f.Fields = append(f.Fields, x)
	}
	return f
}

// submit takes the form in. What is wrong stands beside its field.
func (p *Pages) submit(w http.ResponseWriter, v *visit) error {
	b, err := p.blank(v)
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return fault.New(fault.TooLarge, "too-large")
	}
	in := &form.Filled{
		Language: v.Lang, Values: map[string]string{}, Agree: v.PostFormValue("agree") != "", Marketing: v.PostFormValue("marketing") != "",
		Recipients: v.PostForm["recipient"], Countries: v.PostForm["country"],
	}
	f := newFormPage(v, b)
	for i := range f.Fields {
		f.Fields[i].Value = v.PostFormValue(f.Fields[i].ID)
		in.Values[f.Fields[i].ID] = f.Fields[i].Value
	}
	letIn(w.Header(), b.Org.Register)
	var wrong *fault.Error
	err = p.Forms.Submit(v.Context(), b, in)
	if errors.As(err, &wrong) && (wrong.Kind == fault.Invalid || wrong.Kind == fault.Conflict) {
		f.mark(v, wrong)
		return p.write(w, v, statuses[wrong.Kind], "form", "", f)
	}
	if err != nil {
		return err
	}
	f.Sent = true
	return p.render(w, v, "form", "", f)
}

func (f *formPage) mark(v *visit, e *fault.Error) {
	text, hint := inWords(v, e)
	text = strings.TrimSpace(text + " " + hint)
	i := slices.IndexFunc(f.Fields, func(x field) bool { return x.ID == e.Field })
	if i < 0 {
		f.Wrong = text
		return
	}
	f.Fields[i].Wrong = text
}

// formLetter is the page that the letter leads to; like a login it asks before it
// spends the link.
func (p *Pages) formLetter(w http.ResponseWriter, v *visit) error {
	keepOut(w)
	return p.render(w, v, "confirmed", "", (*form.Given)(nil))
}

func (p *Pages) confirmForm(w http.ResponseWriter, v *visit) error {
	keepOut(w)
	g, err := p.Forms.Confirm(v.Context(), v.PathValue("code"))
	if err != nil {
		return err
	}
	return p.render(w, v, "confirmed", "", g)
}
