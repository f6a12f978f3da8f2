package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kelisim/internal/app"
	"kelisim/internal/consent"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

// Categories are the five that a measured view asks for.
var Categories = []string{"name", "iin", "email", "phone", "employer"}

// Purpose is that of the measured calls, in the example operator's description.
const Purpose = "contracts"

// Fill makes n subjects with a consent each, and with data where withData is
// set, through the real services. It returns their ids.
func Fill(ctx context.Context, a *app.App, org *party.Organization, from, n int, withData bool, progress func(done int64)) ([]ident.ID, error) {
	ids := make([]ident.ID, n)
	var next, done atomic.Int64
	var once sync.Once
	var failed error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				id, err := one(ctx, a, org, from+i, withData)
				if err != nil {
					once.Do(func() { failed = err; cancel() })
					return
				}
				ids[i] = id
				progress(done.Add(1))
			}
		})
	}
	wg.Wait()
	return ids, failed
}

func one(ctx context.Context, a *app.App, org *party.Organization, i int, withData bool) (ident.ID, error) {
	by := verify.Actor{Kind: "system", ID: "bench"}
	id, _, err := a.Parties.Register(ctx, org, by, party.NewSubject{
		Identifiers: []party.Identifier{{Kind: ident.External, Value: fmt.Sprintf("bench-%d", i)}},
		Profile:     party.Profile{Name: fmt.Sprintf("Bench %d", i), Language: "kk"},
	})
	if err != nil {
		return id, err
	}
	if _, err := a.Consents.Record(ctx, org, &consent.New{
		Subject: id, Terms: consent.Terms{Purposes: []string{Purpose}}, Proof: consent.Proof{Channel: "api"}, Actor: by,
		Until: a.Now().Add(5 * 365 * 24 * time.Hour).Truncate(24 * time.Hour),
	}); err != nil || !withData {
		return id, err
	}
	_, err = a.Guard.Access(ctx, &gate.Ask{
		Request: gate.Request{Action: register.Collect, Purpose: Purpose, Categories: Categories},
		Holder:  org, Asker: org, Subject: id, Actor: by,
		Values: map[string]json.RawMessage{
			"name": fmt.Appendf(nil, `"Bench %d"`, i), "iin": json.RawMessage(`"900101300017"`), "email": fmt.Appendf(nil, `"b%d@example.kz"`, i),
			"phone": json.RawMessage(`"+77011112233"`), "employer": json.RawMessage(`{"name":"ТОО Пример","bin":"150140000017"}`),
		},
	})
	return id, err
}
