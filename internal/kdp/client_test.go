package kdp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
	"kelisim/internal/ident"
	"kelisim/internal/kdp"
	"kelisim/internal/kdp/kdpsim"
)

// forms are both.
var forms = []string{kdp.FormSCB, kdp.FormSHEP}

// Keys are made once: they take a while.
var service = sync.OnceValues(func() (*kdpsim.Service, error) { return kdpsim.New("secret", time.Now) })

var keys = sync.OnceValues(func() (kdp.Account, error) {
	key, cert, err := kdpsim.KeyPair("organization", time.Now())
	return kdp.Account{User: "bestam", UserID: "17", Sender: "sender", Password: "secret", Key: key, Cert: cert}, err
})

// state is a simulated state service, reached in a form by the example operator.
type state struct {
	*kdpsim.Service
	set  *kdp.Settings
	last atomic.Pointer[string] // the newest message that came
	url  string
}

func simulated(t testing.TB, form string, now func() time.Time) *state {
	t.Helper()
	first, err := service()
	if err != nil {
		t.Fatal(err)
	}
	sim := first.Anew(now)
	account, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	s := &state{Service: sim, set: kdp.Standard()}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		message := string(b)
		s.last.Store(&message)
		r.Body = io.NopCloser(strings.NewReader(message))
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	s.set.Timeout = time.Minute // they answer, however busy the machine is
	s.set.Form, s.set.SCB.URL, s.set.SHEP.URL = form, srv.URL+kdpsim.PathSCB, srv.URL+kdpsim.PathSHEP
	s.set.Accounts[apptest.BIN] = account
	s.set.TrustGateway(sim.Cert)
	sim.Organizations[apptest.BIN] = kdpsim.Organization{User: "bestam", UserID: "17", Sender: "sender", Cert: account.Cert}
	return s
}

func question(iin string, more ...func(*kdp.Question)) *kdp.Question {
	q := &kdp.Question{Number: ident.NewID(time.Now()), IIN: iin, Content: kdp.Content{
		Initiator: kdp.Initiator{Name: "ТОО «Bestam & Co»", BIN: apptest.BIN, Responsible: "отдел", Employee: "Е. Р."},
		Services:  []string{"A_token", "B_token"}, Data: []string{"ФИО", "адрес"}, ValidFor: 5 * 365 * 24 * time.Hour,
	}}
	for _, f := range more {
		f(q)
	}
	return q
}

// Both forms send what was told of them, in its order.
func TestMessages(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		s := simulated(t, form, time.Now)
		s.Add(apptest.IIN(1), kdpsim.AtOnce)
		a, err := s.set.Client(time.Now).Ask(t.Context(), question(apptest.IIN(1)))
		if err != nil || a.Status != kdp.Valid || !s.Opens(a.Token, apptest.IIN(1), apptest.BIN, "A_token;B_token") || strings.ContainsAny(a.PublicKey, " \n") {
			t.Fatalf("%s: %+v %v", form, a, err)
		}
		got := s.Asked()[0]
		want := []string{"uin", "company", "company_bin", "company_responsible", "employee_name", "access_name", "personal_data_name", "expiresIn", "omit-sms"}
		if form == kdp.FormSCB {
			want = append([]string{"requestNumber"}, want...)
		}
		if !slices.Equal(got.Order, want) {
			t.Errorf("%s: %v", form, got.Order)
		}
		for field, value := range map[string]string{
			"uin": apptest.IIN(1), "company": "ТОО «Bestam & Co»", "company_bin": apptest.BIN, "company_responsible": "отдел", "employee_name": "Е. Р.",
			"access_name": "A_token;B_token", "personal_data_name": "ФИО;адрес", "expiresIn": "157680000", "omit-sms": "false",
		} {
			if got.Fields[field] != value {
				t.Errorf("%s: %s is %q", form, field, got.Fields[field])
			}
		}
	}
}

// However the service answers, it is one of the six statuses, or a trouble that says
// which; nothing hangs, nothing is followed.
func TestPeople(t *testing.T) {
	t.Parallel()
	type outcome struct {
		first, second kdp.Status
		trouble       kdp.Trouble
	}
	both := map[kdpsim.Person]outcome{
		kdpsim.AtOnce: {kdp.Valid, kdp.Valid, ""}, kdpsim.Yes: {kdp.Pending, kdp.Valid, ""}, kdpsim.No: {kdp.Pending, kdp.Invalid, ""},
		kdpsim.Never: {kdp.Pending, kdp.Pending, ""}, kdpsim.Late: {kdp.Pending, kdp.Timeout, ""}, kdpsim.Nobody: {kdp.NotFound, kdp.NotFound, ""},
		kdpsim.Broken: {kdp.Failed, kdp.Failed, ""}, kdpsim.Babel: {kdp.Failed, kdp.Failed, ""},
		kdpsim.Fault: {"", "", kdp.Faulty}, kdpsim.Down: {"", "", kdp.NoAnswer}, kdpsim.Slow: {"", "", kdp.NoAnswer}, kdpsim.Garbage: {"", "", kdp.Garbled},
		kdpsim.Bomb: {"", "", kdp.Garbled}, kdpsim.Huge: {"", "", kdp.Garbled}, kdpsim.Redirect: {"", "", kdp.NoAnswer}, kdpsim.Tokens: {"", "", kdp.Garbled},
	}
	signed := map[kdpsim.Person]outcome{kdpsim.Forged: {"", "", kdp.Unsigned}, kdpsim.Moved: {"", "", kdp.Unsigned}}
	for _, form := range forms {
		s := simulated(t, form, time.Now)
		patient := s.set.Client(time.Now)
		s.set.Timeout, s.Delay = 300*time.Millisecond, time.Minute
		hasty := s.set.Client(time.Now)
		n := 0
		check := func(p kdpsim.Person, want outcome) {
			n++
			s.Add(apptest.IIN(n), p)
			q, c := question(apptest.IIN(n)), patient
			if p == kdpsim.Slow {
				c = hasty
			}
			for i, status := range []kdp.Status{want.first, want.second} {
				call := c.Ask
				if i > 0 {
					call = c.Status
				}
				a, err := call(t.Context(), q)
				var trouble kdp.Trouble
				errors.As(err, &trouble)
				if trouble != want.trouble || (err != nil) != (want.trouble != "") || err == nil && a.Status != status {
					t.Errorf("%s, %s, %d: %+v %v", form, p, i, a, err)
				}
			}
		}
		for p, want := range both {
			check(p, want)
		}
		if form == kdp.FormSHEP {
			for p, want := range signed {
				check(p, want)
			}
		}
	}
}

// The service takes no wrong account, no wrong signature, no message twice; each
// message of ours is a new one.
func TestService(t *testing.T) {
	t.Parallel()
	for _, form := range forms {
		s := simulated(t, form, time.Now)
		account := s.set.Accounts[apptest.BIN]
		trouble := func(what string, want error, change func(*kdp.Account)) {
			a := account
			change(&a)
			s.set.Accounts[apptest.BIN] = a
			if _, err := s.set.Client(time.Now).Ask(t.Context(), question(apptest.IIN(1))); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v", form, what, err)
			}
		}
		refused := error(kdp.Refused)
		if form == kdp.FormSHEP {
			refused = kdp.Faulty
			trouble("another's key", kdp.Faulty, func(a *kdp.Account) { a.Key, a.Cert = s.Key, s.Cert })
			trouble("another's name", kdp.Faulty, func(a *kdp.Account) { a.Sender = "x" })
		} else {
			trouble("another's name", refused, func(a *kdp.Account) { a.User = "x" })
			trouble("on nobody's behalf", kdp.Faulty, func(a *kdp.Account) { a.UserID = "" })
		}
		trouble("a wrong password", refused, func(a *kdp.Account) { a.Password = "guess" })
		if len(s.Asked()) != 0 {
			t.Errorf("%s: %v", form, s.Asked())
		}
		delete(s.set.Accounts, apptest.BIN)
		if _, err := s.set.Client(time.Now).Ask(t.Context(), question(apptest.IIN(1))); !errors.Is(err, kdp.Refused) {
			t.Errorf("%s: without an account: %v", form, err)
		}
	}
}

func TestNoMessageTwice(t *testing.T) {
	t.Parallel()
	s := simulated(t, kdp.FormSHEP, time.Now)
	s.Add(apptest.IIN(1), kdpsim.Never)
	c := s.set.Client(time.Now)
	q := question(apptest.IIN(1))
	numbers := map[string]bool{}
	for range 3 {
		if _, err := c.Status(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range s.Asked() {
		numbers[a.Message] = true
	}
	if len(numbers) != 3 {
		t.Errorf("numbers were used again: %v", numbers)
	}
	res, err := http.Post(s.url+kdpsim.PathSHEP, "text/xml", strings.NewReader(*s.last.Load())) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), "came before") {
		t.Errorf("a message was taken twice: %s", b)
	}
}

// The message to the person is left out on a proof alone, of this organization and
// of now.
func TestProof(t *testing.T) {
	t.Parallel()
	s := simulated(t, kdp.FormSHEP, time.Now)
	s.Add(apptest.IIN(1), kdpsim.AtOnce)
	omit := func(q *kdp.Question) { q.OmitSMS = true }
	bio := func(q *kdp.Question) { q.Check = "Bio" }
	c := s.set.Client(time.Now)
	if _, err := c.Ask(t.Context(), question(apptest.IIN(1), omit)); !errors.Is(err, kdp.Faulty) {
		t.Errorf("without a proof: %v", err)
	}
	if _, err := c.Ask(t.Context(), question(apptest.IIN(1), omit, bio)); err != nil {
		t.Errorf("with one: %v", err)
	}
	if got := s.Asked(); len(got) != 1 || got[0].Fields["omit-sms"] != "true" || got[0].Order[9] != "ovt" {
		t.Errorf("%v", got)
	}
	past := func() time.Time { return time.Now().Add(-time.Hour) }
	if _, err := s.set.Client(past).Ask(t.Context(), question(apptest.IIN(1), omit, bio)); !errors.Is(err, kdp.Faulty) {
		t.Errorf("with an old one: %v", err)
	}
}

// Each detail that nobody has confirmed can be set otherwise.
func TestOtherDetails(t *testing.T) {
	t.Parallel()
	s := simulated(t, kdp.FormSCB, time.Now)
	s.set.SCB.Fields = []kdp.Field{{Is: "iin", Element: "person"}, {Is: "number", Element: "n"}, {Is: "expires-in", Element: "hours"}}
	s.set.SCB.Number, s.set.ExpiresIn.Unit, s.set.SCB.Namespace, s.set.SCB.Method = "digits", time.Hour, "urn:other", "ask"
	if _, err := s.set.Client(time.Now).Ask(t.Context(), question(apptest.IIN(1))); !errors.Is(err, kdp.Faulty) {
		t.Error(err)
	}
	m := *s.last.Load()
	for _, want := range []string{`<data:ask xmlns:data="urn:other"><person>` + apptest.IIN(1) + `</person><n>`, `<hours>43800</hours></data:ask>`} {
		if !strings.Contains(m, want) {
			t.Errorf("no %s in %s", want, m)
		}
	}
	_, after, _ := strings.Cut(m, "<n>")
	if number, _, _ := strings.Cut(after, "<"); len(number) != 15 {
		t.Error(number)
	}
	s = simulated(t, kdp.FormSHEP, time.Now)
	s.set.SHEP.Qualified, s.set.SHEP.KeyInfo, s.set.SHEP.BodyID = true, "x509-data", "Id"
	if _, err := s.set.Client(time.Now).Ask(t.Context(), question(apptest.IIN(1))); err != nil {
		t.Error(err)
	}
	if m := *s.last.Load(); !strings.Contains(m, "<kdp:uin>") || !strings.Contains(m, "<ds:X509Certificate>") {
		t.Error(m)
	}
}

// A caller that gives up is not waited for.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	s := simulated(t, kdp.FormSCB, time.Now)
	s.Add(apptest.IIN(1), kdpsim.Slow)
	s.Delay = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := s.set.Client(time.Now).Ask(ctx, question(apptest.IIN(1))); !errors.Is(err, kdp.NoAnswer) || time.Since(start) > 50*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}
