package register

import (
	"fmt"
	"maps"
	"slices"
)

// check reports what no part of a description shows alone: names that refer to
// nothing, names given twice, and data that consent does not open.
func (r *reader) check(d *Description) {
	bases := r.unique("bases", len(d.Bases), func(i int) string { return d.Bases[i].ID })
	r.unique("categories", len(d.Categories), func(i int) string { return d.Categories[i].ID })
	for i := range d.Categories {
		r.checkCategory(fmt.Sprintf("categories[%d]", i), &d.Categories[i])
	}
	classes := d.index()
	purposes := r.unique("purposes", len(d.Purposes), func(i int) string { return d.Purposes[i].ID })
	for i := range d.Purposes {
		r.checkCompatible(fmt.Sprintf("purposes[%d]", i), &d.Purposes[i], purposes)
		r.checkPurpose(fmt.Sprintf("purposes[%d]", i), &d.Purposes[i], classes, bases)
	}
}

// unique reports ids given twice and returns all of them.
func (r *reader) unique(path string, n int, id func(int) string) []string {
	first := map[string]int{}
	var ids []string
	for i := range n {
		at := fmt.Sprintf("%s[%d].id", path, i)
		if line, twice := first[id(i)]; twice && isID(id(i)) {
			r.fail(at, "duplicate-id", "id", id(i), "line", line)
			continue
		}
		first[id(i)] = r.lines[at]
		ids = append(ids, id(i))
	}
	return ids
}

// checkCategory lets an operator rename a built-in category and nothing more:
// declared ordinary or public, health would pass where it must not.
func (r *reader) checkCategory(path string, c *Category) {
	i := slices.IndexFunc(builtin, func(b builtinCategory) bool { return b.id == c.ID })
	if i < 0 {
		return
	}
	if c.Class != builtin[i].class {
		r.fail(path+".class", "builtin-category", "id", c.ID, "is", builtin[i].class)
	}
	if c.Access != Restricted {
		r.fail(path+".access", "builtin-category", "id", c.ID, "is", Restricted)
	}
}

func (r *reader) checkPurpose(path string, p *Purpose, known map[string]Category, bases []string) {
	if isID(p.Base) && !slices.Contains(bases, p.Base) {
		r.fail(path+".base", "base-unknown", "id", p.Base)
	}
	r.checkRecipients(path, p)
	r.checkDepersonalise(path, p, known)
	for i, id := range p.Categories {
		at := fmt.Sprintf("%s.categories[%d]", path, i)
		c, ok := known[id]
		switch {
		case !isID(id) || r.full(): // said already, or enough is said
		case !ok:
			r.fail(at, "category-unknown", "id", id, "near", Nearest(id, slices.Sorted(maps.Keys(known))))
		case c.Class != Ordinary && p.Basis.Consent():
			r.fail(at, "special-on-consent", "id", id).Provisions = []string{"policy 5.9"}
		}
	}
}

// checkCompatible reports a purpose that is said to go with one that is not
// there, or that ends before it begins.
func (r *reader) checkCompatible(path string, p *Purpose, known []string) {
	for i, id := range p.Compatible {
		if isID(id) && !slices.Contains(known, id) {
			r.fail(fmt.Sprintf("%s.compatible[%d]", path, i), "purpose-not-declared", "id", id, "near", Nearest(id, known))
		}
	}
	if p.Until != (Date{}) && p.Until.Before(p.From) {
		r.fail(path+".until", "ends-before-it-begins")
	}
}

// checkRecipients reports a recipient named twice: a decision finds it by BIN.
func (r *reader) checkRecipients(path string, p *Purpose) {
	seen := map[string]bool{}
	for i, to := range p.Recipients {
		if seen[to.BIN] && to.BIN != "" {
			r.fail(fmt.Sprintf("%s.recipients[%d].bin", path, i), "duplicate-item")
		}
		seen[to.BIN] = true
	}
}
