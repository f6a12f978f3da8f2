package register

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Canonical is the one JSON form of a description: what was spelled differently
// and means the same has the same bytes, and [Parse] reads them back.
func (d *Description) Canonical() []byte {
	b, err := json.Marshal(d)
	if err != nil {
		// Only values without a JSON form fail, and the types have none.
		return nil
	}
	return b
}

// Hash is SHA-256 of the canonical form, in hex: equal for descriptions that
// mean the same.
func (d *Description) Hash() string {
	sum := sha256.Sum256(d.Canonical())
	return hex.EncodeToString(sum[:])
}

// ChangeKind is what happened to a part of a description.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed" // also a new order of what stays
)

// Difference is one part of a description that a new version adds, removes or
// changes. Path names things by their ids: "purposes[contracts].actions[view]".
type Difference struct {
	Path    string
	Kind    ChangeKind
	Purpose string // whose part it is, "" for no purpose's
	// Widens: more may be done for the purpose than before, so consents given
	// before do not cover it and subjects are asked again. A new purpose widens
	// nothing: nobody has consented to it.
	Widens bool
}

// Diff lists what next changes in old, by path. It is empty exactly where the
// canonical forms are equal. A nil description has nothing in it.
func Diff(old, next *Description) []Difference {
	var list []Difference
	compare("", tree(old), tree(next), func(path string, kind ChangeKind) {
		list = append(list, difference(old, next, path, kind))
	})
	return list
}

// tree is the canonical form as the JSON values it holds.
func tree(d *Description) map[string]any {
	members := map[string]any{}
	if d != nil {
		_ = json.Unmarshal(d.Canonical(), &members) // our own bytes
	}
	return members
}

// compare reports where two values differ. Lists are compared by what names
// their items; one that is absent is an empty one.
func compare(path string, a, b any, report func(string, ChangeKind)) {
	_, listA := a.([]any)
	_, listB := b.([]any)
	switch {
	case listA || listB:
		compareLists(path, a, b, report)
	case a == nil && b == nil:
	case a == nil:
		report(path, Added)
	case b == nil:
		report(path, Removed)
	default:
		compareValues(path, a, b, report)
	}
}

func compareValues(path string, a, b any, report func(string, ChangeKind)) {
	membersA, mapA := a.(map[string]any)
	membersB, mapB := b.(map[string]any)
	if !mapA || !mapB {
		if mapA || mapB || a != b {
			report(path, Changed)
		}
		return
	}
	for _, key := range keysOf(membersA, membersB) {
		inner := key
		if path != "" {
			inner = path + "." + key
		}
		compare(inner, membersA[key], membersB[key], report)
	}
}

func keysOf(a, b map[string]any) []string {
	all := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(all)
	return slices.Compact(all)
}

func compareLists(path string, a, b any, report func(string, ChangeKind)) {
	namesA, itemsA := byName(a)
	namesB, itemsB := byName(b)
	for _, name := range keysOf(itemsA, itemsB) {
		compare(path+"["+name+"]", itemsA[name], itemsB[name], report)
	}
	stays := func(name string) bool { return itemsA[name] != nil && itemsB[name] != nil }
	if !slices.Equal(filter(namesA, stays), filter(namesB, stays)) {
		report(path, Changed)
	}
}

// byName is the items of a list by their id, their BIN, or themselves.
func byName(v any) (names []string, items map[string]any) {
	list, _ := v.([]any)
	items = make(map[string]any, len(list))
	for _, item := range list {
		name, _ := item.(string)
		if members, ok := item.(map[string]any); ok {
			if name, ok = members["id"].(string); !ok {
				name, _ = members["bin"].(string)
			}
		}
		names = append(names, name)
		items[name] = item
	}
	return names, items
}

func filter(names []string, keep func(string) bool) (kept []string) {
	for _, name := range names {
		if keep(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// difference finds out whose part a path is and whether the purpose widens.
func difference(old, next *Description, path string, kind ChangeKind) Difference {
	diff := Difference{Path: path, Kind: kind}
	rest, ok := strings.CutPrefix(path, "purposes[")
	if !ok {
		return diff
	}
	diff.Purpose, rest, _ = strings.Cut(rest, "]")
	before, after := old.purpose(diff.Purpose), next.purpose(diff.Purpose)
	if before != nil && after != nil {
		diff.Widens = widens(strings.TrimPrefix(rest, "."), kind, before, after)
	}
	return diff
}

// widens reports whether a change of a part of a purpose lets more be done.
func widens(part string, kind ChangeKind, before, after *Purpose) bool {
	field, item, _ := strings.Cut(part, "[")
	switch field {
	case "actions":
		a, _ := ParseAction(strings.TrimSuffix(item, "]"))
		return kind == Added && !Duties.Has(a)
	case "categories", "cross_border", "public", "marketing", "compatible":
		return kind == Added
	case "recipients":
		return kind == Added || strings.HasSuffix(item, "].country")
	case "research":
		return kind == Removed // the data need not be depersonalised any more
	case "retention":
		return after.Retention.longerThan(before.Retention)
	default:
		return false
	}
}

func (d *Description) purpose(id string) *Purpose {
	if d == nil {
		return nil
	}
	for i := range d.Purposes {
		if d.Purposes[i].ID == id {
			return &d.Purposes[i]
		}
	}
	return nil
}
