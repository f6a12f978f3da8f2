package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"kelisim/internal/app"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/register"
)

type explainCommand struct {
	Org         string `help:"BIN of the organization that holds the data." placeholder:"BIN"`
	Description string `help:"A description to judge by instead of the one in force." type:"existingfile" placeholder:"FILE"`
	All         bool   `help:"Also the rules that had nothing to object."`
	What        string `arg:"" name:"file|id" help:"A file of cases, or the id of a decision in the journal."`
}

// Run replays one decision of the journal, or judges hypothetical ones, and
// tells step by step why.
func (c *explainCommand) Run(e *env) error {
	id, err := ident.ParseID(c.What)
	if err == nil {
		return e.with(func(a *app.App) error { return c.replay(e, a, id) })
	}
	text, err := os.ReadFile(c.What)
	if err != nil {
		return err
	}
	cases, err := gate.ReadCases(text)
	if err != nil {
		return err
	}
	holder, err := c.holder(e)
	if err != nil {
		return err
	}
	wrong := 0
	for i := range cases {
		ok, err := c.one(e, &cases[i], holder)
		if err != nil {
			return fmt.Errorf("%s: %w", cases[i].Name, err)
		}
		if !ok {
			wrong++
		}
	}
	if wrong > 0 {
		return errSilent
	}
	return nil
}

// holder is the description that cases are judged by.
func (c *explainCommand) holder(e *env) (*register.Register, error) {
	if c.Description != "" {
		text, err := os.ReadFile(c.Description)
		if err != nil {
			return nil, err
		}
		d, err := register.Parse(text, ident.Rules{AllowTest: e.flags.TestNumbers})
		if err != nil {
			return nil, err
		}
		return register.Compile(d, 1), nil
	}
	if c.Org == "" {
		return nil, fault.Bad("org", "explain-holder")
	}
	var r *register.Register
	err := e.with(func(a *app.App) error {
		o, err := a.Parties.Organization(e.ctx, c.Org)
		if err == nil && o.Register == nil {
			err = fault.New(fault.Conflict, "register-absent")
		}
		if err == nil {
			r = o.Register
		}
		return err
	})
	return r, err
}

// one explains a case, and reports whether it is as the case expects.
func (c *explainCommand) one(e *env, x *gate.Case, holder *register.Register) (bool, error) {
	f, err := x.Facts(holder, e.now())
	if err != nil {
		return false, err
	}
	if x.Edition == "" { // what binds here, or what the organization chose
		f.Edition = e.law.At(f.Now, holder.Description.Organization.Edition)
	}
	if x.Name != "" {
		fmt.Fprintf(e.stdout, "== %s\n", x.Name)
	}
	d := c.tell(e, f)
	if x.Permit == nil && x.Deny == nil {
		return true, nil
	}
	diff := x.Differs(f.Edition, d)
	if diff == "" {
		fmt.Fprintln(e.stdout, locale.Text(e.lang, "explain.as-expected"))
		return true, nil
	}
	fmt.Fprintf(e.stdout, "%s: %s\n", locale.Text(e.lang, "explain.expected"), diff)
	return false, nil
}

func (c *explainCommand) replay(e *env, a *app.App, id ident.ID) error {
	orgs, err := a.Store.Orgs(e.ctx)
	if err != nil {
		return err
	}
	for i := range orgs {
		o, err := a.Parties.ByID(e.ctx, orgs[i].ID)
		if err != nil {
			return err
		}
		r, err := a.Guard.Replay(e.ctx, a.Journal, o, id)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		c.tell(e, r.Facts)
		if r.Agrees {
			fmt.Fprintln(e.stdout, locale.Text(e.lang, "explain.replayed"))
			return nil
		}
		var codes []string
		for _, x := range r.Entry.Reasons {
			codes = append(codes, x.Code)
		}
		fmt.Fprintf(e.stdout, "%s: %s %s\n", locale.Text(e.lang, "explain.differs"), r.Entry.Decision, strings.Join(codes, ", "))
		return errSilent
	}
	return errors.Join(fault.New(fault.NotFound, "entry-unknown"))
}

// tell writes the decision, then the rules: what each looked at and said.
func (c *explainCommand) tell(e *env, f *gate.Facts) *gate.Decision {
	text := func(key string) string { return locale.Text(e.lang, key) }
	steps, d := gate.Explain(f)
	verdict := "explain.deny"
	if d.Permit {
		verdict = "explain.permit"
	}
	fmt.Fprintf(e.stdout, "%s (%s)\n", text(verdict), f.Edition.Name.In(e.lang))
	for _, s := range steps {
		if !c.All && (s.Said == gate.Passed || s.Said == gate.NotAsked) {
			continue
		}
		fmt.Fprintf(e.stdout, "\n%s  %s  [%s]\n", text(s.Rule.TextKey()), text("said."+string(s.Said)), provisions(s, f, &d))
		for _, code := range s.Codes {
			fmt.Fprintf(e.stdout, "  %s: %s\n", code, text(f.Edition.Reason(code).TextKey))
		}
		for _, l := range s.Looked {
			value := l.Value
			if l.Word {
				value = text(l.Value)
			}
			fmt.Fprintf(e.stdout, "    %s: %s\n", text(l.Name), value)
		}
	}
	c.mend(e, f, &d)
	return &d
}

// mend says what would have to change for a yes.
func (c *explainCommand) mend(e *env, f *gate.Facts, d *gate.Decision) {
	fmt.Fprintln(e.stdout)
	if d.Permit {
		for _, name := range d.Owed.Names() {
			fmt.Fprintf(e.stdout, "%s: %s\n", locale.Text(e.lang, "explain.owes"), locale.Text(e.lang, "explain.owes."+name))
		}
		return
	}
	fmt.Fprintf(e.stdout, "%s:\n", locale.Text(e.lang, "explain.mend"))
	for _, code := range d.Codes() {
		fmt.Fprintf(e.stdout, "  - %s\n", locale.Text(e.lang, f.Edition.Reason(code).TextKey+".hint"))
	}
}

// provisions are those that a rule's reasons rest on, or those it could.
func provisions(s gate.Step, f *gate.Facts, d *gate.Decision) string {
	var all []string
	for _, code := range s.Codes {
		rests := f.Edition.Reason(code).Provisions
		if code == law.ByGround {
			rests = []law.Provision{d.Ground}
			if d.Ground == "" { // refused in the end
				rests = []law.Provision{f.Ground}
			}
		}
		for _, p := range rests {
			if p != "" && !slices.Contains(all, string(p)) {
				all = append(all, string(p))
			}
		}
	}
	if len(s.Codes) == 0 {
		for _, p := range s.Rule.Provisions(f.Edition) {
			all = append(all, string(p))
		}
	}
	return strings.Join(all, ", ")
}
