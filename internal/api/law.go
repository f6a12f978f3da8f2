package api

import (
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
)

// lawEdition is an edition of the Law.
type lawEdition struct {
	ID        string `json:"id"`
	From      string `json:"from"` // a date
	Computed  bool   `json:"computed,omitzero"`
	Name      string `json:"name"`
	Authority string `json:"authority"`
	Binding   bool   `json:"binding"` // judges what happens here today
}

// lawRule is a provision in a list.
type lawRule struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Text      string `json:"text"`
	Certainty string `json:"certainty"` // P, S, C, V, M, ?
	Change    string `json:"change,omitempty"`
}

type lawList struct {
	Edition    lawEdition   `json:"edition"`
	Editions   []lawEdition `json:"editions"`
	Provisions []lawRule    `json:"provisions"`
}

// lawPlace is one provision with all that rests on it.
type lawPlace struct {
	ID        string      `json:"id"`
	Title     string      `json:"title"`
	Text      string      `json:"text"`
	Certainty string      `json:"certainty"`
	Change    string      `json:"change,omitempty"`
	Edition   string      `json:"edition"`
	Source    string      `json:"source"`
	From      string      `json:"from"` // a date
	Computed  bool        `json:"computed,omitzero"`
	Before    string      `json:"before,omitempty"` // the text that the edition amended
	Ground    *lawGround  `json:"ground,omitempty"`
	Terms     []lawTerm   `json:"terms"`
	Sizes     []lawSize   `json:"sizes,omitempty"`
	Reasons   []lawReason `json:"reasons"`
	Duties    []lawDuty   `json:"duties"`
	Within    []lawRule   `json:"within"`
}

type lawGround struct {
	Text              string   `json:"text"`
	Sector            string   `json:"sector,omitempty"`
	Kinds             []string `json:"kinds,omitempty"`
	Actions           []string `json:"actions,omitempty"`
	Document          bool     `json:"document"`
	Link              bool     `json:"link"`
	Business          bool     `json:"business"`
	Outside           bool     `json:"outside"`
	TellsInitiator    bool     `json:"tellsInitiator"`
	IntegrationExempt bool     `json:"integrationExempt"`
	Depersonalise     bool     `json:"depersonalise"`
	CrossBorder       bool     `json:"crossBorder"`
	OverBans          bool     `json:"overBans"`
	NotFor            []string `json:"notFor,omitempty"`
	ReachBack         int      `json:"reachBack,omitempty"` // years before its document
	// Defer: what is done on it may be shown to the subject later.
	Defer *lawDeferral `json:"defer,omitempty"`
}

type lawDeferral struct {
	Max       string `json:"max"` // ISO 8601
	Certainty string `json:"certainty"`
	Source    string `json:"source"`
}

type lawTerm struct {
	Key       string `json:"key"`
	Provision string `json:"provision"`
	Text      string `json:"text"`
	Amount    int    `json:"amount"`
	Unit      string `json:"unit"`
	Certainty string `json:"certainty"`
	Source    string `json:"source"`
}

type lawSize struct {
	Class             string `json:"class"`
	AtLeast           int    `json:"atLeast"`
	UpTo              int    `json:"upTo,omitzero"`
	RestrictedMovesUp bool   `json:"restrictedMovesUp"`
}

type lawReason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

type lawDuty struct {
	ID   string `json:"id"`
	Who  string `json:"who"`
	Text string `json:"text"`
}

// edition is the one that the query names, else the one that binds today.
func (c *call) edition() (shown, binding *law.Edition, err error) {
	binding = c.Parties.Law.At(c.Now(), "")
	id := c.r.URL.Query().Get("edition")
	if id == "" {
		return binding, binding, nil
	}
	shown, ok := law.ByID(id)
	if !ok {
		return nil, nil, fault.Bad("edition", "edition-unknown", "known", law.Known())
	}
	return shown, binding, nil
}

func (c *call) showLaw() (*lawList, error) {
	shown, binding, err := c.edition()
	if err != nil {
		return nil, err
	}
	out := &lawList{Edition: c.editionBody(shown, binding), Provisions: c.lawRules(shown, shown.Provisions())}
	for _, e := range law.Editions() {
		out.Editions = append(out.Editions, c.editionBody(e, binding))
	}
	return out, nil
}

func (c *call) editionBody(e, binding *law.Edition) lawEdition {
	return lawEdition{
		ID: e.ID, From: e.From.Format(time.DateOnly), Computed: e.Computed, Name: e.Name.In(c.lang), Authority: e.Authority.In(c.lang), Binding: e == binding,
	}
}

func (c *call) lawRules(e *law.Edition, rules []law.Rule) []lawRule {
	out := make([]lawRule, len(rules))
	for i, r := range rules {
		out[i] = lawRule{string(r.ID), r.Title.In(c.lang), r.Text.In(c.lang), string(r.Certainty), string(e.Change(r.ID))}
	}
	return out
}

// showProvision answers what a provision of a decision says. An id that the
// edition has not is absent; the hint names the editions that have it.
func (c *call) showProvision() (*lawPlace, error) {
	shown, _, err := c.edition()
	if err != nil {
		return nil, err
	}
	id := law.Find(c.r.PathValue("provision"))
	a, ok := shown.About(id)
	if !ok {
		return nil, law.Absent(id)
	}
	out := &lawPlace{
		ID: string(a.ID), Title: a.Title.In(c.lang), Text: a.Text.In(c.lang), Certainty: string(a.Certainty), Change: string(a.Change), Edition: shown.ID,
		Source: a.Source.In(c.lang), From: a.From.Format(time.DateOnly), Computed: a.Computed,
		Terms: []lawTerm{}, Reasons: []lawReason{}, Duties: []lawDuty{}, Within: c.lawRules(shown, a.Within),
	}
	if a.Was != nil {
		out.Before = a.Was.Text.In(c.lang)
	}
	if g := a.Ground; g != nil {
		out.Ground = &lawGround{
			Text: c.text(g.TextKey()), Sector: string(g.Sector), Kinds: g.Kinds, Actions: g.Actions, Document: g.Document, Link: g.Link,
			Business: g.Business, Outside: g.Outside, TellsInitiator: g.TellsInitiator, IntegrationExempt: g.IntegrationExempt,
			Depersonalise: g.Depersonalise, CrossBorder: g.CrossBorder, OverBans: g.OverBans, NotFor: g.NotFor, ReachBack: g.ReachBack,
		}
	}
	if a.Ground != nil && a.Ground.Defer != nil {
		d := a.Ground.Defer
		out.Ground.Defer = &lawDeferral{d.Max, string(d.Certainty), d.Source.In(c.lang)}
	}
	for _, t := range a.Terms {
		out.Terms = append(out.Terms, lawTerm{
			t.Key, string(t.Provision), c.text(t.TextKey()), t.Amount, string(t.Unit), string(t.Certainty), t.Source.In(c.lang),
		})
	}
	for _, s := range a.Sizes {
		out.Sizes = append(out.Sizes, lawSize{s.Class, s.AtLeast, s.UpTo, shown.RestrictedMovesUp()})
	}
	for _, r := range a.Reasons {
		out.Reasons = append(out.Reasons, lawReason{r.Code.String(), c.text(r.TextKey)})
	}
	for _, d := range a.Duties {
		out.Duties = append(out.Duties, lawDuty{d.ID, d.Who, d.Text.In(c.lang)})
	}
	return out, nil
}

func (c *call) text(key string) string { return locale.Text(c.lang, key) }
