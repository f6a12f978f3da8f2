package vault_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// planted are values that stand nowhere by chance.
var planted = struct{ name, iin, phone, email, document, external, employer, paper, reason, label string }{
	"Құпиягүл Жасырынбаева", "", "+77019876543", "qupiya.zhasyryn@example.kz", "N98765432", "crm-qupiya-77",
	"Жасырын Трест", "шарт № QX-4711", "себебі QX-4712", "белгі QX-4713",
}

func init() { planted.iin = apptest.IIN(12345) }

// traces are the forms in which a value could be found.
func traces() map[string]string {
	out := map[string]string{}
	for _, v := range []string{
		planted.name, planted.iin, planted.phone, planted.phone[1:], "8" + planted.phone[2:], planted.phone[2:], planted.email, planted.document,
		planted.external, planted.employer, planted.paper, planted.reason, planted.label, "Құпиягүл", "QX-471", "qupiya",
	} {
		out[v] = v
		out[hex.EncodeToString([]byte(v))] = v + " in hexadecimal"
		escaped, _ := json.Marshal(v)
		out[strings.Trim(string(escaped), `"`)] = v + " in JSON"
	}
	return out
}

// search reports every trace of what was planted.
func search(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, x := range [][]byte{text, bytes.ToLower(text)} {
		for trace, what := range traces() {
			if bytes.Contains(x, []byte(trace)) || bytes.Contains(x, []byte(strings.ToLower(trace))) {
				t.Errorf("%s holds %s", where, what)
			}
		}
	}
}

// Nothing that a person could be known by stands in the database, in its log,
// beside it, in what is logged, or in errors.
//
// duty: L22.1.1
func TestNothingPersonalIsReadable(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, first *app.App, clock *apptest.Clock) {
		var log bytes.Buffer
		c := first.Config
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		a, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		p := &press{App: a, t: t, org: apptest.Org(t, a, ""), after: func(string) {}}
		p.plant()
		p.fail()
		apptest.Clean(t, a)
		p.searchStore("under way")
		p.destroy()
		p.searchStore("after the destruction")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		p.fail() // with a store that is closed
		a.Sealer.Run(ended(t))
		p.searchFiles("closed")
		search(t, "the log of the program", log.Bytes())
		if a.Database == "" && log.Len() == 0 {
			t.Error("nothing was logged, not even that sealing failed")
		}
	})
}

// Protection lasts from the first value collected to the last one destroyed: at no
// stage between, and in no copy of that stage, does a value stand open.
//
// duty: L22.2
func TestProtectionLastsFromCollectionToDestruction(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		p := &press{App: a, t: t, org: apptest.Org(t, a, "")}
		stages := 0
		p.after = func(stage string) {
			t.Helper()
			stages++
			p.searchStore("after " + stage)
			if a.Database == "" { // the copy goes into the directory that is searched next
				if _, err := a.Backup(t.Context(), filepath.Join(a.Data, fmt.Sprint("copy", stages)), "test", false); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.plant()
		for _, action := range []register.Action{register.Block, register.Unblock} {
			ask := p.ask(action, nil)
			ask.Purpose = ""
			if ans, err := p.Guard.Access(t.Context(), ask); err != nil || !ans.Permit {
				t.Fatal(action, ans, err)
			}
			p.after(action.String())
		}
		part := p.ask(register.Destroy, nil)
		part.Categories = []string{"email"}
		if ans, err := p.Guard.Access(t.Context(), part); err != nil || !ans.Permit || ans.Destroyed.Whole {
			t.Fatal(ans, err)
		}
		p.after("the destruction of a part")
		p.destroy()
		p.after("the destruction of all")
		p.searchFiles("at the end")
		left, err := a.Store.Values(t.Context(), p.org.Inside(p.sub), p.org.ID)
		if err != nil || len(left) > 0 || stages != 11 {
			t.Fatal(left, err, stages)
		}
	})
}

type press struct {
	*app.App
	t     *testing.T
	db    *sql.DB            // once it was looked into
	after func(stage string) // each step of plant
	org   *party.Organization
	sub   ident.ID
}

// plant puts the values everywhere they can be put.
func (p *press) plant() {
	p.t.Helper()
	ctx := p.t.Context()
	var err error
	if p.sub, _, err = p.Parties.Register(ctx, p.org, apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{
			{Kind: ident.IIN, Value: planted.iin},
			{Kind: ident.Phone, Value: planted.phone},
			{Kind: ident.Email, Value: planted.email},
			{Kind: ident.Document, Value: planted.document},
			{Kind: ident.External, Value: planted.external},
		},
		Profile: party.Profile{Name: planted.name, Contacts: map[string]string{"email": planted.email, "phone": planted.phone}},
		Origin:  planted.paper, Ground: &verify.Ground{Provision: "31(3)", Document: planted.paper},
	}); err != nil {
		p.t.Fatal(err)
	}
	p.after("registration")
	c, err := p.Consents.Record(ctx, p.org, &consent.New{
		Subject: p.sub, Terms: consent.Terms{Purposes: []string{"contracts"}}, Actor: apptest.System,
		Proof: consent.Proof{Channel: "paper", Document: planted.paper, Other: map[string]string{"employer": planted.employer}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.after("the consent")
	for _, a := range []*gate.Ask{
		p.ask(register.Collect, map[string]json.RawMessage{
			"name": quoted(planted.name), "phone": quoted(planted.phone), "iin": quoted(planted.iin), "email": quoted(planted.email),
		}),
		p.ask(register.View, nil), p.ask(register.Change, map[string]json.RawMessage{"name": quoted(planted.name + " кызы")}),
		p.ask(register.Supplement, map[string]json.RawMessage{"employer": quoted(planted.employer)}),
	} {
		if ans, err := p.Guard.Access(ctx, a); err != nil || !ans.Permit {
			p.t.Fatal(ans, err)
		}
		p.after(a.Action.String())
	}
	if _, err := p.Guard.OwnData(ctx, p.org.Inside(p.sub), p.org.ID, verify.Actor{Kind: "subject"}); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Accounts.Issue(ctx, account.Token{Role: account.Admin}, planted.label); err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Consents.Withdraw(ctx, c.ID, consent.AllScopes, planted.reason, apptest.Person); err != nil {
		p.t.Fatal(err)
	}
	p.after("the withdrawal")
}

func (p *press) ask(action register.Action, values map[string]json.RawMessage) *gate.Ask {
	a := &gate.Ask{
		Request: gate.Request{Action: action, Purpose: "contracts"}, Holder: p.org, Asker: p.org, Subject: p.sub,
		Actor: apptest.System, Reference: planted.paper, Values: values,
	}
	if action == register.View {
		a.Categories = []string{"name", "phone", "iin"}
	}
	return a
}

// ended is a context that is over.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func quoted(s string) json.RawMessage { return json.RawMessage(fmt.Sprintf("%q", s)) }

// fail does what cannot succeed and reads the errors.
func (p *press) fail() {
	p.t.Helper()
	ctx := p.t.Context()
	try := func(what string, do func() error) {
		p.t.Helper()
		if err := do(); err == nil {
			p.t.Errorf("%s succeeds", what)
		} else {
			search(p.t, "the error of "+what, []byte(err.Error()))
			search(p.t, "the error of "+what+", in full", fmt.Appendf(nil, "%+v %#v", err, err))
		}
	}
	reg := func(ids ...party.Identifier) func() error {
		return func() error {
			_, _, err := p.Parties.Register(ctx, p.org, apptest.System, party.NewSubject{Identifiers: ids, Profile: party.Profile{Name: planted.name, Language: "xx"}})
			return err
		}
	}
	try("a registration with a language that is none", reg(party.Identifier{Kind: ident.IIN, Value: planted.iin}))
	for _, kind := range []ident.Kind{ident.IIN, ident.BIN, ident.Phone, ident.Email, "passport"} {
		try("a registration by a wrong "+string(kind), reg(party.Identifier{Kind: kind, Value: planted.name}))
	}
	try("a lookup of nobody", func() error {
		_, err := p.Parties.Lookup(ctx, p.org, party.Identifier{Kind: ident.External, Value: planted.external + planted.paper})
		return err
	})
	try("a change of what is not there", func() error {
		_, err := p.Guard.Access(ctx, p.ask(register.Change, map[string]json.RawMessage{"education": quoted(planted.name)}))
		if err == nil { // denied by now, the consent is withdrawn
			err = fmt.Errorf("denied")
		}
		return err
	})
	try("a wrong phone", func() error {
		_, err := p.Guard.Access(ctx, p.ask(register.Collect, map[string]json.RawMessage{"phone": quoted(planted.name)}))
		return err
	})
	try("a consent to nothing known", func() error {
		_, err := p.Consents.Record(ctx, p.org, &consent.New{
			Subject: p.sub, Terms: consent.Terms{Purposes: []string{planted.name}}, Name: planted.name, Proof: consent.Proof{Channel: planted.paper}, Actor: apptest.System,
		})
		return err
	})
	try("a wrong token", func() error { _, err := p.Accounts.Check(ctx, "kls_"+planted.label); return err })
	try("a wrong role", func() error { _, err := account.ParseRole(planted.name); return err })
}

func (p *press) destroy() {
	p.t.Helper()
	ans, err := p.Guard.Access(p.t.Context(), p.ask(register.Destroy, nil))
	if err != nil || !ans.Permit {
		p.t.Fatal(ans, err)
	}
	search(p.t, "the act of destruction", ans.Destroyed.Signed)
}

// searchStore reads everything that the database keeps.
func (p *press) searchStore(when string) {
	p.t.Helper()
	p.searchFiles(when)
	if p.Database == "" {
		return
	}
	if p.db == nil {
		p.db = apptest.Raw(p.t, p.App)
	}
	tables, err := p.db.QueryContext(p.t.Context(), `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer tables.Close()
	n := 0
	for tables.Next() {
		var table string
		if err := tables.Scan(&table); err != nil {
			p.t.Fatal(err)
		}
		var text []byte
		if err := p.db.QueryRowContext(p.t.Context(), `SELECT coalesce(string_agg(x::text, ' '), '') FROM `+table+` x`).Scan(&text); err != nil {
			p.t.Fatal(err)
		}
		search(p.t, when+": the table "+table, text)
		n += len(text)
	}
	if err := tables.Err(); err != nil || n < 10_000 {
		p.t.Errorf("only %d bytes were looked through (%v)", n, err)
	}
}

// searchFiles reads all files of the data directory: on SQLite the database
// with its log, as they lie on the disk.
func (p *press) searchFiles(when string) {
	p.t.Helper()
	n := 0
	if err := filepath.WalkDir(p.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		n += len(b)
		search(p.t, when+": the file "+d.Name(), b)
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	if p.Database == "" && n < 50_000 {
		p.t.Errorf("only %d bytes were looked through", n)
	}
}
