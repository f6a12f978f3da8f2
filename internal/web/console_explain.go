package web

import (
	"errors"
	"net/http"
	"slices"

	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// explainPage is a decision, rule by rule: one of the journal, or a case that
// somebody wrote down.
type explainPage struct {
	Case    string   // as written; empty for one of the journal
	Wrong   string   // why it could not be read
	Entry   ident.ID // of the journal; zero for a case
	Agrees  bool     // the replay says what the journal says
	Verdict string   // permit, deny; empty before anything was asked
	Law     *law.Edition
	Steps   []explained
	Quiet   []explained // rules that had nothing to object
	Mend    []string    // what would have to change
	Owes    []string
}

// explained is one rule: what it asks, what it looked at, what it said.
type explained struct {
	Rule    string
	Said    string
	Norms   []string
	Reasons []string
	Looked  []looked
}

type looked struct{ Name, Value string }

// example is a case to begin with.
const example = `ask: {action: view, purpose: contracts, categories: [name, phone]}
consents:
  - {id: a, purposes: [contracts], categories: [name]}
`

const maxCase = 16 << 10

func (p *Pages) explainForm(w http.ResponseWriter, v *visit) error {
	return p.render(w, v, "console-explain", "explain", &explainPage{Case: example})
}

// explainCase judges a hypothetical request by the description in force. It
// touches no data, so it leaves no entry.
func (p *Pages) explainCase(w http.ResponseWriter, v *visit) error {
	b := &explainPage{Case: v.PostFormValue("case")}
	f, err := p.caseFacts(v, b.Case)
	if err != nil {
		var known *fault.Error
		if !errors.As(err, &known) || known.Kind == fault.Internal {
			return err
		}
		b.Wrong, _ = inWords(v, known)
		return p.write(w, v, http.StatusBadRequest, "console-explain", "explain", b)
	}
	b.tell(v.Lang, f)
	return p.render(w, v, "console-explain", "explain", b)
}

func (p *Pages) caseFacts(v *visit, text string) (*gate.Facts, error) {
	if len(text) > maxCase {
		return nil, fault.Bad("case", "too-long", "max", maxCase)
	}
	if v.Desk.Org.Register == nil {
		return nil, fault.New(fault.Conflict, "register-absent")
	}
	list, err := gate.ReadCases([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fault.Bad("case", "case-one")
	}
	f, err := list[0].Facts(v.Desk.Org.Register, p.Now())
	if err == nil && list[0].Edition == "" { // what judges the organization on that day
		f.Edition = v.Desk.Org.Edition(f.Now)
	}
	return f, err
}

// explainEntry replays a decision of the journal with the facts as they were.
func (p *Pages) explainEntry(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	r, err := p.Guard.Replay(v.Context(), p.Office, v.Desk.Org, id)
	if err != nil {
		return err
	}
	b := &explainPage{Entry: id, Agrees: r.Agrees}
	b.tell(v.Lang, r.Facts)
	return p.render(w, v, "console-explain", "explain", b)
}

func (b *explainPage) tell(lang locale.Lang, f *gate.Facts) {
	steps, d := gate.Explain(f)
	b.Law, b.Verdict = f.Edition, "deny"
	if d.Permit {
		b.Verdict = "permit"
	}
	for _, s := range steps {
		x := explainedOf(lang, f, &d, s)
		if s.Said == gate.Passed || s.Said == gate.NotAsked {
			b.Quiet = append(b.Quiet, x)
			continue
		}
		b.Steps = append(b.Steps, x)
	}
	if !d.Permit {
		for _, code := range d.Codes() {
			b.Mend = append(b.Mend, locale.Text(lang, f.Edition.Reason(code).TextKey+".hint"))
		}
	}
	for _, name := range d.Owed.Names() {
		b.Owes = append(b.Owes, locale.Text(lang, "explain.owes."+name))
	}
}

func explainedOf(lang locale.Lang, f *gate.Facts, d *gate.Decision, s gate.Step) explained {
	x := explained{Rule: locale.Text(lang, s.Rule.TextKey()), Said: string(s.Said)}
	for _, code := range s.Codes {
		r := f.Edition.Reason(code)
		x.Reasons = append(x.Reasons, locale.Text(lang, r.TextKey))
		rests := r.Provisions
		if code == law.ByGround && d.Ground != "" {
			rests = []law.Provision{d.Ground}
		}
		for _, at := range rests {
			if !slices.Contains(x.Norms, string(at)) {
				x.Norms = append(x.Norms, string(at))
			}
		}
	}
	if len(s.Codes) == 0 {
		for _, at := range s.Rule.Provisions(f.Edition) {
			x.Norms = append(x.Norms, string(at))
		}
	}
	for _, l := range s.Looked {
		value := l.Value
		if l.Word {
			value = locale.Text(lang, l.Value)
		}
		x.Looked = append(x.Looked, looked{locale.Text(lang, l.Name), value})
	}
	return x
}
