package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"kelisim/internal/disclosure"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
)

// dataPage is what operators hold of the subject.
type dataPage struct {
	For     string
	Holders []holder
	Shown   *shown // of one operator, after the subject asked
	Law     *law.Edition
}

// operator is an organization as pages name it.
type operator struct {
	BIN  string
	Name locale.String
}

// holder is an operator that knows the subject.
type holder struct {
	operator
	State string // party.Held …
	Since time.Time
}

// shown is the data that one operator holds.
type shown struct {
	operator
	Gone    bool // destroyed: there is nothing to show
	Outside bool // some of it lies in systems of the operator's own
	Rows    []datum
}

type datum struct{ Name, Value string }

func (p *Pages) data(w http.ResponseWriter, v *visit) error {
	list, err := p.holders(v)
	if err != nil {
		return err
	}
	return p.render(w, v, "data", "data", dataPage{For: v.For(), Holders: list, Law: p.binding()})
}

// holders are the operators that the subject may know to hold something.
func (p *Pages) holders(v *visit) ([]holder, error) {
	mine, err := p.mine(v)
	if err != nil {
		return nil, err
	}
	list, err := disclosure.Holders(v.Context(), p.Store, v.Me, mine)
	if err != nil {
		return nil, err
	}
	out := make([]holder, 0, len(list))
	for i := range list {
		h := &list[i]
		if !v.way().Sees(h.Org) {
			continue
		}
		o, err := p.Parties.ByID(v.Context(), h.Org)
		if err != nil {
			return nil, err
		}
		out = append(out, holder{operator{o.BIN, orgName(o)}, h.State, h.Since})
	}
	return out, nil
}

// showData shows what one operator holds. It is a POST, because a look is an
// act that the journal keeps, and a browser that fetches ahead must not look.
func (p *Pages) showData(w http.ResponseWriter, v *visit) error {
	list, err := p.holders(v)
	if err != nil {
		return err
	}
	bin := v.PostFormValue("org")
	i := slices.IndexFunc(list, func(h holder) bool { return h.BIN == bin })
	if i < 0 {
		return errAbsent
	}
	o, err := p.Parties.Organization(v.Context(), bin)
	if err != nil {
		return err
	}
	by, err := p.acting(v, o.ID)
	if err != nil {
		return err
	}
	ans, err := p.Guard.OwnData(v.Context(), v.Me, o.ID, by)
	if err != nil {
		return err
	}
	s := &shown{operator: list[i].operator, Gone: slices.Contains(ans.Codes(), law.DataDestroyed), Outside: outside(o)}
	for id, raw := range ans.Data {
		s.Rows = append(s.Rows, datum{dataName(o.Register, v.Lang, id), inText(raw)})
	}
	slices.SortFunc(s.Rows, func(a, b datum) int { return strings.Compare(a.Name, b.Name) })
	return p.render(w, v, "data", "data", dataPage{For: v.For(), Holders: list, Shown: s, Law: p.binding()})
}

func orgName(o *party.Organization) locale.String {
	if o.Register == nil {
		return locale.String{RU: o.BIN}
	}
	return o.Register.Name
}

func dataName(reg *register.Register, lang locale.Lang, id string) string {
	if reg == nil {
		return id
	}
	return categoryName(reg, lang, id)
}

func outside(o *party.Organization) bool {
	return o.Register != nil && slices.ContainsFunc(o.Register.Description.Bases, func(b register.Base) bool { return b.Holds != register.Vault })
}

// inText writes a value as a person reads it: a text as it is, a list in a row,
// named parts one a line.
func inText(raw json.RawMessage) string {
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // or a long number would lose its end
	if d.Decode(&value) != nil {
		return string(raw)
	}
	return plain(value)
}

func plain(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = plain(item)
		}
		return list(items)
	case map[string]any:
		lines := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			lines = append(lines, name+": "+plain(v[name]))
		}
		return strings.Join(lines, "\n")
	default:
		return fmt.Sprint(v)
	}
}
