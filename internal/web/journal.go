package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kelisim/internal/disclosure"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

// journalPage is "who used my data".
type journalPage struct {
	For       string
	By        string // the representation in a form, empty for none
	Days      []day
	Operators []holder
	Kinds     []string
	Org, Kind string // the filters set
	Like      string // an act of the line whose acts are shown; empty for all lines
	Older     string // query of the next page, empty on the last
	Newer     bool   // this is not the first page
	State     bool   // the state service was asked, or can be
}

// kinds are what entries can be asked for by, in the order of the page.
var kinds = []string{"look", "change", "hand", "consent", "protect", "denied"}

var kindOf = map[string]string{
	"view": "look", "access": "look", "use": "look", "representation.look": "look",
	"collect": "change", "accumulate": "change", "store": "change", "change": "change", "supplement": "change",
	"depersonalise": "change", "subject.register": "change", "subject.import": "change",
	"transfer": "hand", "crossBorder": "hand", "disseminate": "hand",
	"block": "protect", "unblock": "protect", "destroy": "protect", "destroy.replay": "protect", "relation.end": "protect", "retention.schedule": "protect",
}

func isKind(e *journal.Shown, kind string) bool {
	switch {
	case kind == "":
		return true
	case kind == "denied":
		return e.Decision == "deny"
	case kind == "consent":
		return strings.HasPrefix(e.Action, "consent.")
	default:
		return kindOf[e.Action] == kind
	}
}

const pageLines = 30

func (p *Pages) journal(w http.ResponseWriter, v *visit) error {
	b := journalPage{For: v.For(), By: v.by(), Kinds: kinds}
	query := v.URL.Query()
	if k := query.Get("kind"); slices.Contains(kinds, k) {
		b.Kind = k
	}
	var err error
	if b.Operators, err = p.holders(v); err != nil {
		return err
	}
	mine, err := p.mine(v)
	if err != nil {
		return err
	}
	if b.State, err = p.hasState(v, mine); err != nil {
		return err
	}
	var f journal.Filter
	if f.Org, b.Org, err = p.chosen(v, b.Operators); err != nil {
		return err
	}
	if before, err := ident.ParseID(query.Get("before")); err == nil {
		f.Before, b.Newer = before, true
	}
	lines, next, err := p.lines(v, mine, f, &b)
	if err != nil {
		return err
	}
	if b.Days, err = p.tellAll(v, lines); err != nil {
		return err
	}
	if !next.IsZero() {
		older := url.Values{"before": {next.String()}}
		for name, value := range map[string]string{"org": b.Org, "kind": b.Kind, "like": b.Like, "for": b.By} {
			if value != "" {
				older.Set(name, value)
			}
		}
		b.Older = "?" + older.Encode()
	}
	return p.render(w, v, "journal", "journal", b)
}

// lines is a page of the journal: of a kind, or, where the subject asked for the
// acts of one line, each of them.
func (p *Pages) lines(v *visit, mine *journal.View, f journal.Filter, b *journalPage) ([]disclosure.Line, ident.ID, error) {
	like, err := ident.ParseID(v.URL.Query().Get("like"))
	if err != nil {
		return disclosure.Page(v.Context(), mine, f, pageLines, func(e *journal.Shown) bool { return isKind(e, b.Kind) })
	}
	of, err := mine.One(v.Context(), like)
	if err != nil {
		return nil, ident.ID{}, err
	}
	b.Like = like.String()
	return disclosure.Each(v.Context(), mine, f, pageLines, of)
}

// chosen is the operator that the page is filtered by; one that does not know
// the subject is no choice.
func (p *Pages) chosen(v *visit, from []holder) (id ident.ID, bin string, err error) {
	bin = v.URL.Query().Get("org")
	if !slices.ContainsFunc(from, func(h holder) bool { return h.BIN == bin }) {
		return ident.ID{}, "", nil
	}
	o, err := p.Parties.Organization(v.Context(), bin)
	if err != nil {
		return ident.ID{}, "", err
	}
	return o.ID, bin, nil
}
