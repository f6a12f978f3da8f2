package notify

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kelisim/internal/ident"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/register"
	"kelisim/verify"
)

var update = flag.Bool("update", false, "write golden files")

const (
	bin     = "150940018738"
	payment = "180340022918" // a recipient that the purpose "payment" names
)

func bestam(t testing.TB) *register.Register {
	t.Helper()
	source, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := register.Parse(source, ident.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return register.Compile(d, 1)
}

// events are the acts that are no decisions.
var events = []string{
	"consent.give", "consent.withdraw", "consent.pause", "consent.resume", "consent.expire", "consent.supersede",
	"subject.register", "subject.import", "retention.schedule", "destroy.replay", "relation.end",
	"organization.create", "register.apply", "register.approve",
	"consent.narrow", "consent.extend", "consent.hold", "consent.barred", "consent.appeal", "consent.uphold", "consent.lift", "consent.reply", "consent.review",
	"consent.ask", "consent.show", "consent.refuse", "consent.cancel", "consent.unanswered", "consent.mismatch", "consent.code", "consent.code-wrong", "consent.prove",
	"subject.state", "ban.set", "ban.lift", "undertaking.file", "depersonalised.read", "country.set", "country.end",
	"calendar.decree", "term.start", "term.done", "term.cancel", "term.extend", "term.pause", "term.resume", "term.recompute",
	"disclosure.defer", "disclosure.approve", "disclosure.refuse", "disclosure.lift",
	"representation.register", "representation.revoke", "representation.end", "representation.look",
	"publication.demand", "publication.remove", "publication.cost", "publication.conditions",
	"kdp.ask", "kdp.answer", "kdp.end", "kdp.token", "kdp.history", "kdp.withdraw",
	"order.issue", "order.confirm", "order.execute", "order.cancel", "oversight.look",
	"request.receive", "request.begin", "request.at-once", "request.approve", "request.resume", "request.halt", "request.check", "request.answer",
	"request.refuse", "request.extend", "request.assign", "request.appeal", "request.decide", "request.look",
	"delivery.acknowledge", "webhook.add", "webhook.remove",
	"govstack.config", "govstack.individual", "govstack.sign", "govstack.forget",
}

// entry is an act as the journal writes it, full enough to fill every place of
// its sentence.
func entry(action string) *verify.Entry {
	return &verify.Entry{
		ID: verify.ID{1}, At: time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC).UnixMilli(),
		Organization: bin, Actor: verify.Actor{Kind: "system", ID: "crm"}, Action: action,
		Register: 1, Edition: "2023-04",
	}
}

func with(e *verify.Entry, change func(*verify.Entry)) *verify.Entry {
	change(e)
	return e
}

func permit(e *verify.Entry) {
	e.Decision, e.Consent = "permit", verify.ID{7}
	e.Purpose, e.Categories = "contracts", []string{"name", "iin", "phone"}
	e.Reasons = []verify.Reason{{Code: "consent", Provisions: []string{"7(1)", "8(1)"}}}
}

func deny(codes ...string) func(*verify.Entry) {
	return func(e *verify.Entry) {
		e.Decision, e.Purpose, e.Categories = "deny", "contracts", []string{"name", "phone"}
		for _, c := range codes {
			e.Reasons = append(e.Reasons, verify.Reason{Code: c, Provisions: []string{"7(1)"}})
		}
	}
}

func by(kind string) func(*verify.Entry) {
	return func(e *verify.Entry) { e.Actor = verify.Actor{Kind: kind} }
}

type named struct {
	name  string
	entry *verify.Entry
}

// sentences are one entry for every sentence that there is.
func sentences() (all []named) {
	add := func(name string, e *verify.Entry, changes ...func(*verify.Entry)) {
		for _, change := range changes {
			change(e)
		}
		all = append(all, named{name, e})
	}
	for _, a := range register.AllActions() {
		add(a.String(), entry(a.String()), permit)
		add(a.String()+", denied", entry(a.String()), deny("consent-withdrawn"))
	}
	handed := func(e *verify.Entry) { e.Purpose, e.Recipient = "payment", payment }
	add("transfer to a known recipient", entry("transfer"), permit, handed)
	add("transfer abroad to an unknown one", entry("transfer"), permit, func(e *verify.Entry) { e.Recipient, e.Country = "991240000001", "DE" })
	add("crossBorder to a country", entry("crossBorder"), permit, func(e *verify.Entry) { e.Country = "DE" })
	add("view on a ground", entry("view"), permit, func(e *verify.Entry) {
		e.Consent, e.Purpose, e.Ground = verify.ID{}, "", &verify.Ground{Provision: "9(1)", Document: "№ 17"}
		e.Reasons = []verify.Reason{{Code: "ground", Provisions: []string{"9(1)"}}}
	})
	add("view of everything", entry("view"), permit, func(e *verify.Entry) {
		e.Categories = []string{"name", "iin", "email", "phone", "education", "profession", "employer"}
	})
	add("view of what has commas in its name", entry("view"), permit, func(e *verify.Entry) { e.Categories = []string{"name", "education"} })
	add("view, denied for two reasons", entry("view"), deny("purpose-undeclared", "data-blocked"))
	own := func(e *verify.Entry) {
		e.Decision, e.Reasons = "permit", []verify.Reason{{Code: "own-data", Provisions: []string{"24(1)1"}}}
	}
	add("view by the subject", entry("view"), own, by("subject"))
	add("view by the subject, denied", entry("view"), deny("data-destroyed"), by("subject"))
	add("destroy by retention", entry("destroy"), by("service"), func(e *verify.Entry) { e.Categories = []string{"email"} })
	add("depersonalise by retention", entry("depersonalise"), by("service"), func(e *verify.Entry) { e.Categories = []string{"visit-data"} })
	add("depersonalised.read, denied", entry("depersonalised.read"), deny("organization-suspended"))
	add("relation.end for two purposes", entry("relation.end"), func(e *verify.Entry) { e.Detail = "contracts,news" })
	for _, a := range events {
		add(a, entry(a), func(e *verify.Entry) {
			if a == "subject.state" {
				e.Detail = "missing"
			}
		})
	}
	give := func(e *verify.Entry) { e.Categories, e.Detail = []string{"name", "email"}, "inform,news" }
	add("consent.give to two purposes", entry("consent.give"), give)
	for _, a := range []string{"give", "withdraw", "pause", "resume"} {
		add("consent."+a+" by the subject", entry("consent."+a), by("subject"))
	}
	add("consent.ask about two purposes", entry("consent.ask"), give)
	add("consent.ask by a third party", entry("consent.ask"), func(e *verify.Entry) { e.Detail, e.Recipient = "payment", payment })
	add("consent.withdraw of a part", entry("consent.withdraw"), by("subject"), func(e *verify.Entry) { e.Detail = "transfer,crossBorder" })
	add("consent.withdraw of a purpose", entry("consent.withdraw"), by("subject"), func(e *verify.Entry) { e.Detail = "purpose:news,category:email" })
	add("consent.narrow", entry("consent.narrow"), by("subject"), func(e *verify.Entry) {
		e.Detail = "transfer,recipient:" + payment + ",recipient:991240000001,country:DE,category:phone"
	})
	add("consent.hold", entry("consent.hold"), func(e *verify.Entry) {
		e.Detail, e.Ground = "договор 7", &verify.Ground{Provision: "8(2)", Document: "договор 7 от 3 мая"}
	})
	add("consent.lift by the authority", entry("consent.lift"), by("authority"), func(e *verify.Entry) { e.Detail = "договор 7" })
	add("consent.withdraw of all", entry("consent.withdraw"), by("subject"), func(e *verify.Entry) { e.Detail = "process,transfer" })
	for _, state := range []string{"alive", "deceased", "declared-dead"} {
		add("subject.state "+state, entry("subject.state"), func(e *verify.Entry) { e.Detail = state })
	}
	add("ban.set by the subject", entry("ban.set"), by("subject"), func(e *verify.Entry) { e.Categories = []string{"name", "phone"} })
	add("ban.lift by the subject", entry("ban.lift"), by("subject"), func(e *verify.Entry) { e.Purpose = "news" })
	for _, status := range []string{"pending", "valid", "invalid", "timeout", "not_found", "error"} {
		add("kdp.answer "+status, entry("kdp.answer"), by("service"), func(e *verify.Entry) { e.Purpose, e.Detail = "contracts", status })
	}
	add("kdp.end without an answer", entry("kdp.end"), by("service"), func(e *verify.Entry) { e.Purpose, e.Detail = "contracts", "timeout" })
	add("kdp.ask for a purpose", entry("kdp.ask"), func(e *verify.Entry) { e.Purpose, e.Detail = "contracts", "GBDFL_FamilyInfoToken" })
	as := func(role string) func(*verify.Entry) {
		return func(e *verify.Entry) { e.Actor, e.Role = verify.Actor{Kind: "representative", ID: "9"}, role }
	}
	add("consent.give by a parent", entry("consent.give"), give, as("child"))
	add("consent.withdraw by a guardian", entry("consent.withdraw"), as("ward"))
	add("consent.appeal by a guardian", entry("consent.appeal"), as("ward"), func(e *verify.Entry) { e.Detail = "договор 7" })
	add("consent.pause by an attorney", entry("consent.pause"), as("principal"))
	add("consent.resume by a representative of an unknown sort", entry("consent.resume"), as("guest"))
	add("consent.show to a parent", entry("consent.show"), as("child"))
	add("consent.refuse by a parent", entry("consent.refuse"), give, as("child"))
	add("view by a parent", entry("view"), own, as("child"))
	add("view by an attorney, denied", entry("view"), deny("data-destroyed"), as("principal"))
	add("representation.register of a parent", entry("representation.register"), func(e *verify.Entry) {
		e.Role, e.Detail, e.Reference = "child", "read,consent,withdraw,request,data", "9"
	})
	add("representation.revoke by the subject", entry("representation.revoke"), by("subject"), func(e *verify.Entry) { e.Role = "principal" })
	add("representation.look of an attorney", entry("representation.look"), as("principal"))
	add("subject.import with its origin", entry("subject.import"), func(e *verify.Entry) { e.Detail = "CRM 2019" })
	owed := func(e *verify.Entry) {
		e.Detail = "key=transfer-notice term=0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e57 due=2024-06-18"
	}
	moved := func(e *verify.Entry) { e.Detail += " was=2024-06-17 calendar=1.3 decree=3" }
	add("term.start of a notice", entry("term.start"), owed)
	add("term.done of a notice", entry("term.done"), owed)
	add("term.recompute of a notice", entry("term.recompute"), owed, moved, by("service"))
	add("term.recompute of what no edition knows", entry("term.recompute"), func(e *verify.Entry) { e.Detail = "key=no-such due=soon" })
	add("request.receive of a copy", entry("request.receive"), func(e *verify.Entry) { e.Detail = "kind=copy" })
	add("request.answer to a complaint", entry("request.answer"), func(e *verify.Entry) { e.Detail = "kind=complaint acts=0" })
	deferral := func(e *verify.Entry) {
		e.Ground = &verify.Ground{Provision: "9(1)", Document: "№ 17"}
		e.Detail = "01941f29-7c00-7000-8000-000000000000 2027-05-23T09:00:00Z"
	}
	for _, a := range []string{"defer", "approve", "refuse", "lift"} {
		add("disclosure."+a+" to a date", entry("disclosure."+a), by("person"), deferral)
	}
	add("disclosure.lift by a court", entry("disclosure.lift"), by("authority"), deferral)
	beside := func(e *verify.Entry) { e.Role = verify.RoleIncidental }
	add("view beside another", entry("view"), permit, beside)
	add("view beside another, denied", entry("view"), deny("data-blocked"), beside)
	add("disclosure.defer beside another", entry("disclosure.defer"), by("person"), deferral, beside)
	add("unknown beside another", entry("enchant"), permit, beside)
	add("unknown", entry("enchant"), permit)
	add("unknown, denied", entry("enchant"), deny("new-reason"))
	return all
}

// duty: L8-1.2.3, L8-2.2.2
func TestWords(t *testing.T) {
	t.Parallel()
	reg := bestam(t)
	for _, lang := range locale.All {
		var got bytes.Buffer
		for _, s := range sentences() {
			m := Words(lang, s.entry, reg)
			fmt.Fprintf(&got, "%s\n  %s [%s]\n  %s\n", s.name, m.Title, m.Icon, m.Text)
		}
		golden(t, "words."+string(lang)+".txt", got.Bytes())
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	e := with(entry("transfer"), permit)
	e.Recorded = e.At + time.Hour.Milliseconds()
	e.Actor = verify.Actor{Kind: "person", ID: "17"}
	e.Purpose, e.Recipient, e.Country, e.Base, e.Reference = "payment", payment, "DE", "site", "A-1"
	e.Ground = &verify.Ground{Provision: "9(10)", Document: "№ 17"}
	var got bytes.Buffer
	for _, lang := range locale.All {
		for _, d := range Words(lang, e, bestam(t)).Details {
			fmt.Fprintf(&got, "%s: %s\n", d.Label, d.Value)
		}
		got.WriteByte('\n')
	}
	golden(t, "details.txt", got.Bytes())
}

// Of an act in which one only stood beside another, no more is said than who
// did what sort of thing, whatever the entry holds and whoever asks for words.
func TestGeneralWords(t *testing.T) {
	t.Parallel()
	full := func(e *verify.Entry) {
		e.Recorded, e.Actor = e.At+1, verify.Actor{Kind: "person", ID: "MARK-1"}
		e.Base, e.Recipient, e.Country, e.Reference, e.Edition, e.Detail = "site", payment, "DE", "MARK-2", "2023-04", "MARK-3"
		e.Ground = &verify.Ground{Provision: "9(10)", Document: "MARK-4"}
	}
	reg := bestam(t)
	for _, lang := range locale.All {
		for _, decision := range []func(*verify.Entry){permit, deny("data-blocked", "subject-deceased")} {
			e := with(with(entry("transfer"), decision), full)
			plain := Words(lang, e, reg)
			e.Role = verify.RoleIncidental
			m := Words(lang, e, reg)
			all := fmt.Sprint(m)
			for _, mark := range []string{"MARK", payment, "Germany", "Германия", "9(10)", "7(1)", "contracts", reg.Purpose("contracts").Name.In(lang), "2023"} {
				if strings.Contains(all, mark) {
					t.Errorf("%s: %q is told: %s", lang, mark, all)
				}
			}
			if len(m.Details) >= len(plain.Details) || len(m.Provisions) > 0 || !strings.Contains(m.Text, reg.Name.In(lang)) {
				t.Errorf("%s: %+v", lang, m)
			}
		}
	}
}

func TestLate(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 5, 23, 9, 0, 0, 0, time.UTC)
	for lang, want := range map[locale.Lang][2]string{
		locale.EN: {"Was not shown to you until 23 May 2027, 14:00. Ground: provision 9(1) of the Law", "Was not shown to you until 23 May 2027, 14:00."},
		locale.RU: {"Вам это не показывали до 23 мая 2027 г., 14:00. Основание: норма 9(1) Закона", "Вам это не показывали до 23 мая 2027 г., 14:00."},
		locale.KK: {"Сізге бірден көрсетілген жоқ. Көрсетілген уақыты: 2027 жылғы 23 мамыр, 14:00. Негізі: Заңның 9(1) нормасы", "Сізге бірден көрсетілген жоқ. Көрсетілген уақыты: 2027 жылғы 23 мамыр, 14:00."},
	} {
		if got := Late(lang, at, "9(1)"); !strings.HasPrefix(got, want[0]) {
			t.Errorf("%s: %s", lang, got)
		}
		if got := Late(lang, at, ""); got != want[1] {
			t.Errorf("%s: %s", lang, got)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-update writes it anew):\n%s", path, diff)
	}
}

// Whatever an act is, its words are whole, and ids show only where there is no
// name.
func TestWordsAreWhole(t *testing.T) {
	t.Parallel()
	reg := bestam(t)
	for _, lang := range locale.All {
		for _, s := range sentences() {
			for _, r := range []*register.Register{reg, nil} {
				m := Words(lang, s.entry, r)
				all := m.Title + m.Text
				for _, d := range m.Details {
					all += d.Label + d.Value
				}
				if strings.ContainsAny(all, "⟦{}") || m.Title == "" || m.Text == "" {
					t.Errorf("%s, %s: %+v", lang, s.name, m)
				}
				if strings.Contains(m.Text, "  ") || strings.Contains(m.Text, " .") || strings.Contains(m.Text, "()") || strings.HasPrefix(m.Text, " ") {
					t.Errorf("%s, %s: %q is badly put together", lang, s.name, m.Text)
				}
				for _, id := range []string{"contracts", "iin", "inform", "visit-statistics", bin} {
					if r != nil && strings.Contains(m.Text, id) {
						t.Errorf("%s, %s: %q shows %q, which has a name", lang, s.name, m.Text, id)
					}
				}
			}
		}
	}
}

// Nor does any act that could be, by whomever and however it ended, lack words.
func TestNoActIsSpeechless(t *testing.T) {
	t.Parallel()
	reg := bestam(t)
	for action := range icons {
		for _, kind := range []string{"person", "system", "subject", "bulk", "service", "representative", ""} {
			for _, decision := range []string{"", "permit", "deny"} {
				for _, lang := range locale.All {
					m := Words(lang, &verify.Entry{Action: action, Actor: verify.Actor{Kind: kind}, Decision: decision}, reg)
					if strings.Contains(m.Title+m.Text, "⟦") || m.Text == "" {
						t.Errorf("%s, %s by %q, %q: %q %q", lang, action, kind, decision, m.Title, m.Text)
					}
				}
			}
		}
	}
}

func TestEveryActAndReasonHasWords(t *testing.T) {
	t.Parallel()
	want := slices.Clone(events)
	for _, a := range register.AllActions() {
		want = append(want, a.String())
		if key := "notice." + a.String() + ".denied"; !locale.Has(key) {
			t.Errorf("no text for %s", key)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(icons))); diff != "" {
		t.Errorf("acts with an icon differ from those there are:\n%s", diff)
	}
	for _, a := range want {
		for _, key := range []string{"notice." + a, "notice." + a + ".title"} {
			if !locale.Has(key) {
				t.Errorf("no text for %s", key)
			}
		}
	}
	for _, r := range law.Editions()[0].Reasons() {
		if key := "notice.reason." + r.Code.String(); !locale.Has(key) {
			t.Errorf("no text for %s", key)
		}
	}
}

func TestProvisionsOnce(t *testing.T) {
	t.Parallel()
	m := Words(locale.EN, with(entry("view"), deny("data-blocked", "no-consent")), nil)
	if !m.Denied || m.Icon != "denied" || !slices.Equal(m.Provisions, []string{"7(1)"}) {
		t.Errorf("%+v", m)
	}
}

func TestCountry(t *testing.T) {
	t.Parallel()
	for lang, want := range map[locale.Lang]string{locale.KK: "Германия", locale.RU: "Германия", locale.EN: "Germany"} {
		if got := Country(lang, "DE"); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
	if got := Country(locale.RU, "??"); got != "??" {
		t.Errorf("a code that is none: %q", got)
	}
}

func BenchmarkWords(b *testing.B) {
	e, reg := with(entry("view"), permit), bestam(b)
	for b.Loop() {
		Words(locale.KK, e, reg)
	}
}

// What happened to a term names the provision behind it and both days.
func TestTermDetails(t *testing.T) {
	t.Parallel()
	e := with(entry("term.recompute"), func(e *verify.Entry) {
		e.Detail = "key=transfer-notice term=x was=2024-06-17 due=2024-06-18 calendar=1.3 decree=3"
	})
	m := Words(locale.EN, e, bestam(t))
	if !slices.Equal(m.Provisions, []string{"19(1)"}) {
		t.Error(m.Provisions)
	}
	for label, value := range map[string]string{
		"Owed": "tell the subject of a transfer", "Last day": "18 June 2024", "Last day before": "17 June 2024", "Calendar": "1.3",
	} {
		if !slices.Contains(m.Details, Detail{label, value}) {
			t.Errorf("no %s: %s in %v", label, value, m.Details)
		}
	}
}
