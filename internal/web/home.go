package web

import (
	"bytes"
	"net/http"

	"kelisim/internal/disclosure"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
)

// homePage is what the subject sees first.
type homePage struct {
	For     string
	Whose   string // name of whom one acts for; empty where it is not known
	News    []day
	Unread  int
	More    bool     // there are more than we looked at
	Newest  ident.ID // until when they reach: what "read" marks
	Holders []holding
	Asked   []waiting
}

// holding is an operator that has consents in force.
type holding struct {
	Name     locale.String
	Consents int
	Purposes []string
}

// News are what others did: what the subject did needs no telling. So many are
// looked at, and so many lines shown.
const (
	newsDepth = 200
	newsLines = 4
)

func (p *Pages) home(w http.ResponseWriter, v *visit) error {
	b := homePage{For: v.For()}
	if v.behalf != nil {
		b.Whose = v.behalf.Name
	}
	if err := p.news(v, &b); err != nil {
		return err
	}
	var err error
	if b.Asked, err = p.waitingFor(v); err != nil {
		return err
	}
	all, err := p.cards(v)
	if err != nil {
		return err
	}
	b.Holders = byOperator(all)
	return p.render(w, v, "home", "home", b)
}

func (p *Pages) news(v *visit, b *homePage) error {
	read, err := p.Store.InboxRead(v.Context(), v.Me)
	if err != nil {
		return err
	}
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	entries, err := mine.News(v.Context(), read, newsDepth)
	if err != nil {
		return err
	}
	b.More = len(entries) == newsDepth
	var news []journal.Shown
	for i := range entries {
		if from := entries[i].Since(); bytes.Compare(from[:], b.Newest[:]) > 0 {
			b.Newest = from
		}
		if entries[i].Actor.Kind != self.Kind {
			news = append(news, entries[i])
		}
	}
	b.Unread = len(news)
	days, err := p.tellAll(v, disclosure.Lines(news))
	b.News = firstLines(days, newsLines)
	return err
}

func firstLines(days []day, n int) []day {
	for i := range days {
		if n <= len(days[i].Items) {
			days[i].Items = days[i].Items[:n]
			return days[:i+1]
		}
		n -= len(days[i].Items)
	}
	return days
}

func byOperator(all []card) []holding {
	var out []holding
	at := map[string]int{}
	for _, k := range all {
		if !k.open() {
			continue
		}
		i, ok := at[k.BIN]
		if !ok {
			i = len(out)
			at[k.BIN] = i
			out = append(out, holding{Name: k.Operator})
		}
		out[i].Consents++
		out[i].Purposes = append(out[i].Purposes, k.Purposes...)
	}
	return out
}

// markRead notes that the subject has seen the news up to an entry.
func (p *Pages) markRead(w http.ResponseWriter, v *visit) error {
	until, err := ident.ParseID(v.PostFormValue("until"))
	if err != nil {
		return errAbsent
	}
	if err := p.Store.MarkInbox(v.Context(), v.Me, until); err != nil {
		return err
	}
	return see(w, v, "/me")
}
