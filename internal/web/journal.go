package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

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
	Older     string // query of the next page, empty on the last
	Newer     bool   // this is not the first page
}

// kinds are what entries can be asked for by, in the order of the page.
var kinds = []string{"look", "change", "hand", "consent", "protect", "denied"}

var kindOf = map[string]string{
	"view": "look", "access": "look", "use": "look", "representation.look": "look",
	"collect": "change", "accumulate": "change", "store": "change", "change": "change", "supplement": "change",
	"depersonalise": "change", "subject.register": "change", "subject.import": "change",
	"transfer": "hand", "crossBorder": "hand", "disseminate": "hand",
	"block": "protect", "unblock": "protect", "destroy": "protect", "retention.schedule": "protect",
}

func isKind(e *journal.Opened, kind string) bool {
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
	f := mine(v)
	if f.Org, b.Org, err = p.chosen(v, b.Operators); err != nil {
		return err
	}
	if before, err := ident.ParseID(query.Get("before")); err == nil {
		f.Before, b.Newer = before, true
	}
	entries, next, err := p.entries(v, f, b.Kind)
	if err != nil {
		return err
	}
	if b.Days, err = p.tellAll(v, entries); err != nil {
		return err
	}
	if !next.IsZero() {
		older := url.Values{"before": {next.String()}}
		for name, value := range map[string]string{"org": b.Org, "kind": b.Kind, "for": b.By} {
			if value != "" {
				older.Set(name, value)
			}
		}
		b.Older = "?" + older.Encode()
	}
	return p.render(w, v, "journal", "journal", b)
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

// A page of a kind is looked for in chunks, and no further than this many
// entries at once: the next page goes on where this one stopped.
const (
	chunk    = 200
	maxChunk = 15
)

// entries returns a page of entries of a kind, and where the next one begins,
// zero if this was the last.
func (p *Pages) entries(v *visit, f journal.Filter, kind string) (list []*journal.Opened, next ident.ID, err error) {
	f.Limit = chunk
	for range maxChunk {
		_, some, err := p.Journal.List(v.Context(), f)
		if err != nil {
			return nil, ident.ID{}, err
		}
		for _, e := range some {
			if !isKind(e, kind) {
				continue
			}
			if len(list) == pageLines {
				return list, ident.ID(list[len(list)-1].ID), nil
			}
			list = append(list, e)
		}
		if len(some) < chunk {
			return list, ident.ID{}, nil
		}
		f.Before = ident.ID(some[len(some)-1].ID)
	}
	return list, f.Before, nil
}
