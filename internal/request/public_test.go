package request_test

import (
	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/publish"
)

// publish makes the name of a person public in two sources, with consent.
func (w *world) publish(who ident.ID) {
	w.t.Helper()
	outside := w.org.Outside(who)
	if _, err := w.Consents.Record(w.t.Context(), w.org, &consent.New{
		Subject: outside, Terms: consent.Terms{Purposes: []string{"board"}, PublicSources: true}, Proof: consent.Proof{Channel: "form"}, Actor: apptest.System,
	}); err != nil {
		w.t.Fatal(err)
	}
	for _, address := range []string{"https://board.example/1", "https://board.example/2"} {
		_, ans, err := w.Publications.Publish(w.t.Context(), w.org, &publish.New{
			Subject: outside, Purpose: "board", Categories: []string{"name"}, Kind: publish.Site, Source: publish.Source{Name: "Board", Address: address}, Actor: officer,
		})
		if err != nil || !ans.Permit {
			w.t.Fatal(ans, err)
		}
	}
}

// takeOut writes down that what was demanded is out of its sources.
func (w *world) takeOut(who ident.ID) {
	w.t.Helper()
	list, err := w.Publications.List(w.t.Context(), publish.Filter{Subject: who, Org: w.org.ID, Status: publish.Removing})
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range list {
		if _, err := w.Publications.Done(w.t.Context(), w.org, list[i].ID, &publish.Report{How: "deleted", Document: "act 1", Actor: officer}); err != nil {
			w.t.Fatal(err)
		}
	}
}
