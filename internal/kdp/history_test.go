package kdp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
	"kelisim/internal/kdp/kdpsim"
	"kelisim/verify"
)

// eachGateway runs a test on each engine, over the gateway, whose service tells what it
// keeps.
func eachGateway(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		d := open(t, a, clock, kdp.FormSHEP)
		d.sim.set.SHEP.History.On = true
		test(t, d)
	})
}

// look asks for the history of the n-th person in the days around now.
func (d *desk) look(subject ident.ID, n int, change ...func(*kdp.NewHistory)) (*kdp.History, error) {
	now := d.clock.Now()
	in := &kdp.NewHistory{Subject: d.org.Inside(subject), IIN: apptest.IIN(n), From: now.AddDate(0, -1, 0), To: now.Add(time.Hour)}
	for _, f := range change {
		f(in)
	}
	return d.StateService.History(d.t.Context(), d.org, apptest.Person, in)
}

// A person asks what the state service keeps; the message is as it was told of, the
// answer goes to the person and nowhere else, the look stands in the journal first.
func TestHistory(t *testing.T) {
	t.Parallel()
	eachGateway(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.AtOnce)
		other, _ := d.person(2, kdpsim.AtOnce)
		d.ask(about(subject, 1))
		d.ask(about(other, 2))
		h, err := d.look(subject, 1)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(h.Text, `"access_name":"A_token"`) != 1 || !strings.Contains(h.Text, apptest.BIN) || strings.Contains(h.Text, apptest.IIN(2)) {
			t.Errorf("told %s", h.Text)
		}
		sent := *d.sim.last.Load()
		for _, want := range []string{
			"<serviceId>KDP_PERSONALDATA</serviceId>", `xmlns:kdp="http://service.2fa-chain.kz/ns/kdp/personalData"`, `xsi:type="kdp:personalDataRequest"`,
			"<uin>" + apptest.IIN(1) + "</uin><start_date>2023-10-23T14:00:00.000+05:00</start_date><end_date>2023-11-23T15:00:00.000+05:00</end_date></data>",
		} {
			if !strings.Contains(sent, want) {
				t.Errorf("%s is not in %s", want, sent)
			}
		}
		// Of a time before anything was asked, there is nothing.
		if h, err = d.look(subject, 1, func(in *kdp.NewHistory) { in.From, in.To = in.From.AddDate(-1, 0, 0), in.From }); err != nil || h.Text != "[]" {
			t.Errorf("told %+v %v", h, err)
		}
		if n := d.entries(subject)["kdp.history"]; n != 2 {
			t.Errorf("%d looks in the journal", n)
		}
		apptest.Clean(t, d.App)
	})
}

// entries counts a person's entries by action.
func (d *desk) entries(subject ident.ID) map[string]int {
	d.t.Helper()
	mine, err := d.Journal.ForSubject(d.t.Context(), d.org.Inside(subject))
	if err != nil {
		d.t.Fatal(err)
	}
	list, err := mine.List(d.t.Context(), journal.Filter{Limit: 100})
	if err != nil {
		d.t.Fatal(err)
	}
	out := map[string]int{}
	for i := range list {
		out[list[i].Entry.Action]++
	}
	return out
}

// What is wrong with a look is told, and the service not asked.
func TestHistoryIsRefused(t *testing.T) {
	t.Parallel()
	eachGateway(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.AtOnce)
		d.person(2, kdpsim.AtOnce)
		for code, change := range map[string]func(*kdp.NewHistory){
			"missing-field":   func(in *kdp.NewHistory) { in.IIN = "" },
			"kdp-iin":         func(in *kdp.NewHistory) { in.IIN = apptest.IIN(2) },
			"kdp-period":      func(in *kdp.NewHistory) { in.From, in.To = in.To, in.From },
			"subject-unknown": func(in *kdp.NewHistory) { in.Subject = ident.NewID(d.clock.Now()) },
		} {
			if _, err := d.look(subject, 1, change); !fault.Is(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
		for _, change := range []func(*kdp.NewHistory){
			func(in *kdp.NewHistory) { in.From = time.Time{} }, func(in *kdp.NewHistory) { in.To = time.Time{} },
			func(in *kdp.NewHistory) { in.From = in.From.AddDate(-3, 0, 0) }, func(in *kdp.NewHistory) { in.To = in.To.AddDate(1, 0, 0) },
			func(in *kdp.NewHistory) { in.From = in.From.AddDate(-500, 0, 0) },
		} {
			if _, err := d.look(subject, 1, change); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
		}
		in := &kdp.NewHistory{Subject: d.org.Inside(subject), IIN: apptest.IIN(1), From: d.clock.Now().AddDate(0, -1, 0), To: d.clock.Now()}
		for _, by := range []verify.Actor{apptest.System, {Kind: "person", ID: "x"}, {Kind: "representative", ID: "x"}} {
			if _, err := d.StateService.History(t.Context(), d.org, by, in); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("%s: %v", by.Kind, err)
			}
		}
		d.sim.set.SHEP.History.On = false
		if _, err := d.look(subject, 1); !fault.Is(err, "kdp-history-off") {
			t.Error(err)
		}
		d.StateService.Client = nil
		if _, err := d.look(subject, 1); !fault.Is(err, "kdp-off") {
			t.Error(err)
		}
		if d.sim.last.Load() != nil || d.entries(subject)["kdp.history"] != 0 {
			t.Error("something was asked")
		}
	})
}

// However the service answers, it is its text or nothing; nothing hangs.
func TestHistoryThatIsNone(t *testing.T) {
	t.Parallel()
	for _, p := range []kdpsim.Person{
		kdpsim.Fault, kdpsim.Down, kdpsim.Garbage, kdpsim.Bomb, kdpsim.Huge, kdpsim.Redirect, kdpsim.Forged, kdpsim.Moved, kdpsim.Tokens, kdpsim.Babel,
	} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			a, clock := apptest.SQLite(t)
			apptest.Apply(t, a, apptest.Bestam(t))
			d := open(t, a, clock, kdp.FormSHEP)
			d.sim.set.SHEP.History.On = true
			subject, _ := d.person(1, p)
			h, err := d.look(subject, 1)
			if !fault.Is(err, "kdp-silent") || h != nil {
				t.Errorf("%+v %v", h, err)
			}
			if d.entries(subject)["kdp.history"] != 1 {
				t.Error("the look is not in the journal")
			}
			if strings.Contains(d.log.String(), apptest.IIN(1)) {
				t.Errorf("the log names the person: %s", d.log)
			}
		})
	}
}

// A person sees the questions of every organization, and whoever acts for the person
// those of the organizations that it may see.
func TestQuestionsAboutMe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, _ := d.person(1, kdpsim.AtOnce)
		other, _ := d.person(2, kdpsim.AtOnce)
		r := d.ask(about(subject, 1))
		d.ask(about(other, 2))
		me := d.org.Inside(subject)
		mine, err := d.Journal.ForSubject(t.Context(), me)
		if err != nil {
			t.Fatal(err)
		}
		list, err := d.StateService.Of(t.Context(), mine, me, nil)
		if err != nil || len(list) != 1 || list[0].ID != r.ID || list[0].Services[0] != "A_token" {
			t.Errorf("%+v %v", list, err)
		}
		for _, orgs := range [][]ident.ID{{}, {ident.NewID(d.clock.Now())}} {
			if list, err := d.StateService.Of(t.Context(), mine, me, orgs); err != nil || len(list) != 0 {
				t.Errorf("%+v %v", list, err)
			}
		}
		if list, err := d.StateService.Of(t.Context(), mine, me, []ident.ID{d.org.ID}); err != nil || len(list) != 1 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func (d *desk) withdraw(c *consent.Consent) {
	d.t.Helper()
	if _, err := d.Consents.Withdraw(d.t.Context(), c.ID, consent.AllScopes, "", apptest.Person); err != nil {
		d.t.Fatal(err)
	}
}

// No call is known by which the service would be told of a withdrawal: it is told
// nothing, and nobody tries again and again.
func TestWithdrawalIsNotTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		subject, c := d.person(1, kdpsim.AtOnce)
		r := d.ask(about(subject, 1))
		asked := len(d.sim.Asked())
		d.withdraw(c)
		d.work()
		if got := d.is(r, kdp.Invalid); !got.Next.IsZero() {
			t.Errorf("looked at again: %+v", got)
		}
		d.clock.Add(100 * 24 * time.Hour)
		d.work()
		if len(d.sim.Told()) != 0 || len(d.sim.Asked()) != asked || d.entries(subject)["kdp.withdraw"] != 0 {
			t.Errorf("told %v", d.sim.Told())
		}
	})
}

// Where the settings name a call, it is told, once it can be reached; without the
// IIN, which is erased, and with the number of the question.
func TestWithdrawalIsTold(t *testing.T) {
	t.Parallel()
	eachGateway(t, func(t *testing.T, d *desk) {
		set := d.sim.set
		set.TellWithdrawal = true
		set.SHEP.Withdraw = kdp.Withdrawal{
			Kind:   kdp.Kind{ServiceID: "KDP_WITHDRAW", Payload: "urn:test", Type: "withdrawal"},
			Fields: []kdp.Field{{Is: "number", Element: "requestNumber"}, {Is: "bin", Element: "company_bin"}, {Is: "services", Element: "access_name"}},
		}
		subject, c := d.person(1, kdpsim.AtOnce)
		r := d.ask(about(subject, 1))
		d.withdraw(c)
		d.work() // the service does not know such a call yet
		if got := d.is(r, kdp.Invalid); got.Trouble != kdp.Faulty || got.Next.IsZero() || len(d.sim.Told()) != 0 {
			t.Errorf("%+v", got)
		}
		d.sim.Withdrawals = "KDP_WITHDRAW"
		d.clock.Add(time.Hour)
		d.work()
		d.clock.Add(time.Hour)
		d.work()
		told := d.sim.Told()
		if len(told) != 1 || told[0].Fields["requestNumber"] != r.ID.String() || told[0].Fields["access_name"] != "A_token" || strings.Contains(*d.sim.last.Load(), apptest.IIN(1)) {
			t.Errorf("told %+v", told)
		}
		if got := d.is(r, kdp.Invalid); !got.Next.IsZero() || got.Trouble != "" || d.entries(subject)["kdp.withdraw"] != 1 {
			t.Errorf("%+v", got)
		}
		// What is never taken is given up.
		d.sim.Withdrawals = ""
		subject, c = d.person(2, kdpsim.AtOnce)
		r = d.ask(about(subject, 2))
		d.withdraw(c)
		for range 200 {
			d.clock.Add(time.Hour)
			d.work()
		}
		if got := d.is(r, kdp.Invalid); !got.Next.IsZero() || !strings.Contains(d.log.String(), "was not told of a withdrawal") {
			t.Errorf("%+v", got)
		}
		apptest.Clean(t, d.App)
	})
}

// The credit bureau is told in its form.
func TestWithdrawalAtTheBureau(t *testing.T) {
	t.Parallel()
	s := simulated(t, kdp.FormSCB, time.Now)
	answer := `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ok/></soap:Body></soap:Envelope>`
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(b)
		got = string(b)
		_, _ = w.Write([]byte(answer))
	}))
	defer srv.Close()
	s.set.SCB.URL = srv.URL
	s.set.SCB.Withdraw = kdp.Call{Name: "withdraw", Fields: []kdp.Field{{Is: "number", Element: "requestNumber"}}}
	q := question("")
	client := s.set.Client(time.Now)
	if err := client.Withdrawn(t.Context(), q); err != nil || !strings.Contains(got, "<data:withdraw") || !strings.Contains(got, "<requestNumber>"+q.Number.String()+"</requestNumber>") {
		t.Errorf("%v: %s", err, got)
	}
	answer = strings.Replace(answer, "<ok/>", "<soap:Fault/>", 1)
	if err := client.Withdrawn(t.Context(), q); err != kdp.Faulty { //nolint:errorlint // that very one
		t.Error(err)
	}
	if _, err := client.History(t.Context(), &kdp.Period{BIN: apptest.BIN}); err != kdp.Refused { //nolint:errorlint // that very one
		t.Error(err)
	}
}
