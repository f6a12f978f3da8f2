package web

import (
	"strings"

	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/register"
)

// change is a difference between two versions in words: where it is, what of it,
// and what became of that.
type change struct {
	Where, What string
	Kind        register.ChangeKind
	Widens      bool
}

func changes(lang locale.Lang, old, next *register.Register) []change {
	var out []change
	for _, d := range register.Diff(old.Description, next.Description) {
		out = append(out, changeOf(lang, d, next, old))
	}
	return out
}

// changeOf reads the path of a difference: purposes[contracts].actions[view] is
// the action view of the purpose contracts. What it cannot name it shows as it
// stands.
func changeOf(lang locale.Lang, d register.Difference, regs ...*register.Register) change {
	c := change{Kind: d.Kind, Widens: d.Widens}
	first, rest, _ := strings.Cut(d.Path, ".")
	list, id, _ := strings.Cut(strings.TrimSuffix(first, "]"), "[")
	c.Where = item(lang, list, id, regs)
	if rest == "" {
		return c
	}
	list, id, _ = strings.Cut(rest, "[")
	id, deeper, _ := strings.Cut(id, "]")
	c.What = item(lang, list, id, regs)
	if deeper = strings.TrimPrefix(deeper, "."); deeper != "" {
		c.What += ", " + label(lang, deeper)
	}
	return c
}

// item is an item of a list by what it is and its name, or the list itself.
func item(lang locale.Lang, list, id string, regs []*register.Register) string {
	if id == "" {
		return label(lang, list)
	}
	one := label(lang, list)
	if key := "page.console.one." + list; locale.Has(key) {
		one = locale.Text(lang, key)
	}
	return locale.Text(lang, "page.console.change.of", "part", one, "name", itemName(lang, list, id, regs))
}

// label is the name of a key of a description, with what of it as it stands.
func label(lang locale.Lang, path string) string {
	key, rest, _ := strings.Cut(path, ".")
	name := key
	if text := "page.console.part." + key; locale.Has(text) {
		name = locale.Text(lang, text)
	}
	return strings.TrimSuffix(name+" "+rest, " ")
}

// itemName is what an item of a list is called, in the first register that has
// it.
func itemName(lang locale.Lang, list, id string, regs []*register.Register) string {
	for _, reg := range regs {
		name := id
		switch list {
		case "purposes", "compatible":
			name = purposeName(reg, lang, id)
		case "bases":
			name = baseName(lang, reg, id)
		case "categories":
			name = categoryName(reg, lang, id)
		case "actions":
			name = actName(lang, id)
		case "cross_border":
			name = notify.Country(lang, id)
		case "recipients":
			name = recipientName(reg, lang, purposeIDs(reg), id)
		}
		if name != id {
			return name
		}
	}
	return id
}

func purposeIDs(reg *register.Register) []string {
	ids := make([]string, len(reg.Description.Purposes))
	for i := range reg.Description.Purposes {
		ids[i] = reg.Description.Purposes[i].ID
	}
	return ids
}
