package cli

import (
	"flag"
	"slices"
	"testing"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// ending gives n people a consent each that ends in an hour, and puts a question
// to every third of them.
func ending(t testing.TB, a *app.App, clock *apptest.Clock, org *party.Organization, n int) []ident.ID {
	t.Helper()
	subs := make([]ident.ID, n)
	for i := range subs {
		subs[i] = apptest.Subject(t, a, org, i+1)
		_, err := a.Consents.Record(t.Context(), org, &consent.New{
			Subject: subs[i], Terms: consent.Terms{Purposes: []string{"news"}}, Until: clock.Now().Add(time.Hour),
			Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
		})
		if err == nil && i%3 == 0 {
			_, _, err = a.Consents.Ask(t.Context(), org, org, &consent.NewRequest{
				Subject: subs[i], Ask: consent.Asked{Terms: consent.Terms{Purposes: []string{"inform"}}}, Actor: apptest.System,
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return subs
}

func decide(t testing.TB, a *app.App, org *party.Organization, sub ident.ID) *gate.Answer {
	t.Helper()
	ans, err := a.Guard.Decide(t.Context(), &gate.Ask{
		Request: gate.Request{Action: register.Use, Purpose: "news", Categories: []string{"email"}}, Holder: org, Asker: org, Subject: sub, Actor: apptest.System,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ans
}

// Consents that end on one day and questions that nobody answered are written
// down by the work that runs by itself, each once, while others decide.
func TestExpiresByTheMany(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, clock *apptest.Clock) {
		org := apptest.Org(t, a, "")
		const n = 30
		subs := ending(t, a, clock, org, n)
		lasting := apptest.Subject(t, a, org, n+1)
		apptest.Consent(t, a, org, lasting, "news")
		clock.Add(15 * 24 * time.Hour)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
					if !decide(t, a, org, lasting).Permit {
						t.Error("a consent in force is not permitted on meanwhile")
					}
				}
			}
		}()
		tend(t.Context(), a)
		tend(t.Context(), a) // nothing is left
		close(stop)
		<-done
		for status, want := range map[consent.Status]int{consent.Expired: n, consent.Active: 1} {
			list, err := a.Store.Consents(t.Context(), consent.Filter{Org: org.ID, Status: status, Now: clock.Now()})
			kept := 0
			for i := range list {
				if list[i].Status == status && len(list[i].History) == map[consent.Status]int{consent.Expired: 2, consent.Active: 1}[status] {
					kept++
				}
			}
			if err != nil || kept != want {
				t.Errorf("%d are written down as %s, want %d (%v)", kept, status, want, err)
			}
		}
		for i, sub := range subs {
			list, err := a.Store.Requests(t.Context(), consent.RequestFilter{Subject: org.Inside(sub), Limit: 5})
			if err != nil || i%3 == 0 && (len(list) != 1 || list[0].Status != consent.ExpiredRequest) {
				t.Errorf("question to %d: %+v (%v)", i, list, err)
			}
		}
		apptest.Clean(t, a)
	})
}

var expiring = flag.Int("expiring", 1000, "how many consents end in BenchmarkExpire")

// BenchmarkExpire ends consents by the many and tells how many a second, and how
// long a decision took meanwhile and took before.
func BenchmarkExpire(b *testing.B) {
	for name, open := range map[string]func(testing.TB) (*app.App, *apptest.Clock){"sqlite": apptest.SQLite, "postgres": apptest.Postgres} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				a, clock := open(b)
				org := apptest.Apply(b, a, apptest.Bestam(b))
				ending(b, a, clock, org, *expiring)
				lasting := apptest.Subject(b, a, org, *expiring+1)
				apptest.Consent(b, a, org, lasting, "news")
				clock.Add(2 * time.Hour)
				before := latency(b, a, org, lasting, 500, nil)
				done := make(chan struct{})
				start := time.Now() //nolint:forbidigo // a measurement
				go func() {
					defer close(done)
					expire(b.Context(), a)
				}()
				during := latency(b, a, org, lasting, 0, done)
				b.ReportMetric(float64(*expiring)/time.Since(start).Seconds(), "expired/s") //nolint:forbidigo // a measurement
				b.ReportMetric(float64(before.Microseconds())/1000, "p99-before-ms")
				b.ReportMetric(float64(during.Microseconds())/1000, "p99-during-ms")
			}
		})
	}
}

// latency is the p99 of decisions, n of them or until done.
func latency(b *testing.B, a *app.App, org *party.Organization, sub ident.ID, n int, done chan struct{}) time.Duration {
	b.Helper()
	var took []time.Duration
	for n == 0 || len(took) < n {
		select {
		case <-done:
			n = max(len(took), 1)
			done = nil
			continue
		default:
		}
		start := time.Now() //nolint:forbidigo // a measurement
		decide(b, a, org, sub)
		took = append(took, time.Since(start)) //nolint:forbidigo // a measurement
		time.Sleep(2 * time.Millisecond)
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}
