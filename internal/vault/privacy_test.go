package vault_test

import (
	"bytes"
	"context"
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
		p := &press{App: a, t: t, org: apptest.Org(t, a, "")}
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

type press struct {
	*app.App
	t   *testing.T
	org *party.Organization
	sub ident.ID
}

// plant puts the values everywhere they can be put.
func (p *press) plant() {
	p.t.Helper()
	ctx := p.t.Context()
	var err error
	if p.sub, _, err = p.Parties.Register(ctx, p.org, apptest.System, party.NewSubject{
		Identifiers: []party.Identifier{
			{Kind: ident.IIN, Value: planted.iin}, {Kind: ident.Phone, Value: planted.phone}, {Kind: ident.Email, Value: planted.email},
			{Kind: ident.Document, Value: planted.document}, {Kind: ident.External, Value: planted.external},
		},
		Profile: party.Profile{Name: planted.name, Contacts: map[string]string{"email": planted.email, "phone": planted.phone}},
		Origin:  planted.paper, Ground: &verify.Ground{Provision: "31(3)", Document: planted.paper},
	}); err != nil {
		p.t.Fatal(err)
	}
	c, err := p.Consents.Record(ctx, p.org, &consent.New{
		Subject: p.sub, Terms: consent.Terms{Purposes: []string{"contracts"}}, Actor: apptest.System,
		Proof: consent.Proof{Channel: "paper", Document: planted.paper, Other: map[string]string{"employer": planted.employer}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
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
	db := apptest.Raw(p.t, p.App)
	tables, err := db.QueryContext(p.t.Context(), `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`)
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
		if err := apptest.Raw(p.t, p.App).QueryRowContext(p.t.Context(), `SELECT coalesce(string_agg(x::text, ' '), '') FROM `+table+` x`).Scan(&text); err != nil {
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
