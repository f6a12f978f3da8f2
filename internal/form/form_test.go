package form_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/form"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/verify"
)

// box catches the letters, which would have the secret sealed in them.
type box struct {
	form.Letters
	paths []string
	none  bool
}

func (b *box) LetterTo(org *party.Organization, _ locale.Lang, event, _, path string) (*journal.Tell, error) {
	if b.none {
		return nil, nil
	}
	b.paths = append(b.paths, path)
	now := time.Now()
	return &journal.Tell{ID: ident.NewID(now), Org: org.ID, Holder: org.ID, Channel: "email", Event: event, At: now, Due: now.AddDate(9, 0, 0), Sealed: []byte{1}}, nil
}

func (b *box) code() string { return strings.TrimPrefix(b.paths[len(b.paths)-1], form.ConfirmPath) }

type world struct {
	*app.App
	t     *testing.T
	org   *party.Organization
	box   *box
	clock *apptest.Clock
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		w := &world{a, t, apptest.Apply(t, a, apptest.Bestam(t)), &box{}, clock}
		a.Forms.Letters = w.box
		test(w)
	})
}

var good = map[string]string{
	"name": "Айсұлу Төлегенқызы", "iin": apptest.IIN(7), "email": "Aisulu@Mail.example", "phone": "8 701 555 01 42",
	"education": "КазНУ", "profession": "инженер", "employer": "ТОО «Жасыл алма»",
}

func (w *world) blank(with string) *form.Blank {
	w.t.Helper()
	b, err := w.Forms.Blank(w.t.Context(), w.org.BIN, "contracts", with, locale.KK)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) fill(with string, f *form.Filled) error {
	w.t.Helper()
	f.Language = locale.KK
	if f.Values == nil {
		f.Values = good
	}
	return w.Forms.Submit(w.t.Context(), w.blank(with), f)
}

func (w *world) confirm() *form.Given {
	w.t.Helper()
	g, err := w.Forms.Confirm(w.t.Context(), w.box.code())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) rows(table string) (n int) {
	w.t.Helper()
	if err := apptest.Raw(w.t, w.App).QueryRowContext(w.t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Until the link is opened nobody is known and nothing collected; then there are
// the subject, a consent with the very text that was shown, and the data.
//
// duty: P4.1.3
// duty: P7.2
// duty: P8.2
func TestFormBecomesConsent(t *testing.T) {
	each(t, func(w *world) {
		if err := w.fill("news", &form.Filled{Agree: true, Marketing: true}); err != nil {
			w.t.Fatal(err)
		}
		if w.rows("subject") != 0 || w.rows("consent") != 0 || w.rows("value") != 0 || w.rows("form") != 1 {
			w.t.Error("something was collected before the address was confirmed")
		}
		g := w.confirm()
		if w.rows("subject") != 1 || w.rows("consent") != 2 || w.rows("form") != 0 {
			w.t.Error("not one subject with two consents")
		}
		if g.Marketing == nil || g.Marketing.Terms.Covers("contracts") || g.Consent.Terms.Covers("news") || len(g.Consent.Terms.ThirdParties) != 0 {
			w.t.Errorf("%+v %+v", g.Consent.Terms, g.Marketing)
		}
		text, err := w.Store.Text(w.t.Context(), g.Consent.TextHash)
		if err != nil || text.Language != locale.KK || text.Body != w.without("contracts") {
			w.t.Errorf("%+v %v", text, err)
		}
		proof, err := w.Consents.Proof(w.t.Context(), g.Consent)
		if err != nil || proof.Channel != "form" || proof.Name != good["name"] || proof.Other["confirmedBy"] == "" {
			w.t.Errorf("%+v %v", proof, err)
		}
		data, err := w.Guard.OwnData(w.t.Context(), g.Consent.Subject, w.org.ID, verify.Actor{Kind: "subject"})
		if err != nil || string(data.Data["email"]) != `"aisulu@mail.example"` || len(data.Data) != len(good) {
			w.t.Errorf("%s %v", data.Data, err)
		}
		if _, err := w.Forms.Confirm(w.t.Context(), w.box.code()); code(err) != "form-code" {
			w.t.Error("the link works twice:", err)
		}
		apptest.Clean(w.t, w.App)
	})
}

// without is the text of a consent to a purpose and no recipient.
func (w *world) without(purpose string) string {
	p := w.org.Register.Purpose(purpose)
	return consent.StandardText(w.org.Register, locale.KK, &consent.New{
		Terms: consent.Terms{Purposes: []string{purpose}, Categories: p.Categories}, Language: locale.KK,
	}).Body
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// forgetful loses its last step: the power failed before the form was deleted.
type forgetful struct{ form.Store }

var errPower = errors.New("the power failed")

func (forgetful) DeleteForm(context.Context, ident.ID) error { return errPower }

// Cut short, the link still works, and what is there is found again: one subject,
// one consent in force, each value once more and none lost.
func TestFormCutShort(t *testing.T) {
	each(t, func(w *world) {
		if err := w.fill("", &form.Filled{Agree: true}); err != nil {
			w.t.Fatal(err)
		}
		whole := w.Forms.Store
		w.Forms.Store = forgetful{whole}
		if _, err := w.Forms.Confirm(w.t.Context(), w.box.code()); !errors.Is(err, errPower) {
			w.t.Fatal(err)
		}
		w.Forms.Store = whole
		g := w.confirm()
		standing, err := w.Store.Consents(w.t.Context(), consent.Filter{Subject: g.Consent.Subject, Status: consent.Active, Limit: 10})
		if err != nil || len(standing) != 1 || w.rows("subject") != 1 {
			w.t.Errorf("%d standing, %v", len(standing), err)
		}
		apptest.Clean(w.t, w.App)
	})
}

// A form that nobody confirmed is worth nothing after a day, and is deleted.
func TestFormIsForgotten(t *testing.T) {
	each(t, func(w *world) {
		for range 3 {
			if err := w.fill("", &form.Filled{Agree: true}); err != nil {
				w.t.Fatal(err)
			}
		}
		if err := w.fill("", &form.Filled{Agree: true}); code(err) != "form-too-many" {
			w.t.Error("letters without end:", err)
		}
		w.clock.Add(24 * time.Hour)
		if _, err := w.Forms.Confirm(w.t.Context(), w.box.code()); code(err) != "form-code" {
			w.t.Error(err)
		}
		if err := w.Store.ForgetForms(w.t.Context(), w.Now()); err != nil || w.rows("form") != 0 {
			w.t.Errorf("%d left, %v", w.rows("form"), err)
		}
		if err := w.fill("", &form.Filled{Agree: true}); err != nil {
			w.t.Error(err)
		}
	})
}

// What is wrong is told by field, and nothing is kept of it.
func TestBadForms(t *testing.T) {
	each(t, func(w *world) {
		with := func(id, v string) map[string]string {
			m := maps.Clone(good)
			m[id] = v
			return m
		}
		for name, c := range map[string]struct {
			in          form.Filled
			field, code string
		}{
			"not agreed":      {form.Filled{}, "agree", "form-agree"},
			"a field left":    {form.Filled{Agree: true, Values: with("phone", " ")}, "phone", "missing-field"},
			"no number":       {form.Filled{Agree: true, Values: with("iin", "900101300018")}, "iin", "iin-check"},
			"no address":      {form.Filled{Agree: true, Values: with("email", "nobody")}, "email", "email-form"},
			"a field of page": {form.Filled{Agree: true, Values: with("employer", strings.Repeat("x", 501))}, "employer", "too-long"},
		} {
			err := w.fill("", &c.in)
			var f *fault.Error
			if !errors.As(err, &f) || f.Field != c.field || f.Code != c.code {
				w.t.Errorf("%s: %v, want %s at %s", name, f, c.code, c.field)
			}
		}
		w.box.none = true
		if err := w.fill("", &form.Filled{Agree: true}); code(err) != "channel-absent" {
			w.t.Error("without a channel for letters:", err)
		}
		if w.rows("form") != 0 || w.rows("outbox") != 0 {
			w.t.Error("something was kept")
		}
		for _, bad := range [][2]string{{"news", ""}, {"visit-statistics", ""}, {"nothing", ""}, {"contracts", "contracts"}, {"contracts", "nothing"}} {
			if _, err := w.Forms.Blank(w.t.Context(), w.org.BIN, bad[0], bad[1], locale.RU); fault.KindOf(err) != fault.NotFound {
				w.t.Errorf("%v has a form: %v", bad, err)
			}
		}
	})
}

// A form is taken by what the register says when it is confirmed.
func TestFormOfASuspendedOperator(t *testing.T) {
	each(t, func(w *world) {
		if err := w.fill("", &form.Filled{Agree: true}); err != nil {
			w.t.Fatal(err)
		}
		apptest.Apply(w.t, w.App, strings.Replace(apptest.Bestam(w.t), "sector: private", "sector: private\n  obligations: refused", 1))
		if _, err := w.Forms.Confirm(w.t.Context(), w.box.code()); code(err) != "form-denied" || w.rows("value") != 0 {
			w.t.Error(err)
		}
	})
}
