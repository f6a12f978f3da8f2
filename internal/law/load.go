package law

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/goccy/go-yaml"

	"kelisim/internal/locale"
)

//go:embed editions
var files embed.FS

// loadEditions reads every edition. The files are part of the program, and the
// tests read them: a program whose copy of the Law is broken must not decide
// anything, so it does not start.
func loadEditions() []*Edition {
	dirs, err := fs.Glob(files, "editions/*")
	if err != nil {
		panic(err)
	}
	all := make([]*Edition, len(dirs))
	for i, dir := range dirs {
		if all[i], err = loadEdition(files, dir); err != nil {
			panic(err)
		}
	}
	slices.SortFunc(all, func(a, b *Edition) int { return a.From.Compare(b.From) })
	return all
}

// The files of an edition, as they are written.
type (
	header struct {
		ID        string        `yaml:"id"`
		From      string        `yaml:"from"` // a date
		Name      locale.String `yaml:"name"`
		Authority locale.String `yaml:"authority"`
		Sources   struct {
			Law    locale.String `yaml:"law"`
			Policy locale.String `yaml:"policy"`
		} `yaml:"sources"`
	}
	termEntry struct {
		Provision  Provision     `yaml:"provision"`
		Amount     int           `yaml:"amount"`
		Unit       Unit          `yaml:"unit"`
		Certainty  Certainty     `yaml:"certainty"`
		Source     locale.String `yaml:"source"`
		Exempt     Exempt        `yaml:"exempt"`
		Extendable *Extension    `yaml:"extendable"`
		Pausable   Provision     `yaml:"pausable"`
	}
)

func loadEdition(fsys fs.FS, dir string) (*Edition, error) {
	var (
		head    header
		grounds []Ground
		terms   map[string]termEntry
		reasons map[string][]Provision
	)
	for name, into := range map[string]any{"edition": &head, "grounds": &grounds, "terms": &terms, "reasons": &reasons} {
		if err := readYAML(fsys, path.Join(dir, name+".yaml"), into); err != nil {
			return nil, err
		}
	}
	from, err := day(head.From)
	if err != nil {
		return nil, err
	}
	e := &Edition{ID: head.ID, From: from, Name: head.Name, Authority: head.Authority}
	for name, origin := range map[string]locale.String{"provisions": head.Sources.Law, "policy": head.Sources.Policy} {
		if err := e.readRules(fsys, path.Join(dir, name+".txt"), origin); err != nil {
			return nil, err
		}
	}
	e.rule = inOrder(e.rules, func(r Rule) Provision { return r.ID }, func(r Rule) Provision { return r.ID })
	e.setGrounds(grounds)
	e.setTerms(terms)
	return e, e.setReasons(reasons)
}

func readYAML(fsys fs.FS, name string, into any) error {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(source, into, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readRules adds the rules of a file, and what they leave to the whole: the name
// of their article, where they come from, and since when.
func (e *Edition) readRules(fsys fs.FS, name string, origin locale.String) error {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	rules, err := parseRules(string(source))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	titles := map[Provision]locale.String{}
	for _, r := range rules {
		titles[r.ID] = r.Title
	}
	for i := range rules {
		r := &rules[i]
		r.Title = titles[r.ID.Article()]
		r.Source = cmp.Or(r.Source, origin)
		r.Certainty = cmp.Or(r.Certainty, Primary)
		if r.From.IsZero() {
			r.From = e.From
		}
	}
	e.rules = append(e.rules, rules...)
	return nil
}

func (e *Edition) setGrounds(grounds []Ground) {
	e.grounds = grounds
	at := func(g Ground) Provision { return g.Provision }
	e.ground = inOrder(e.grounds, at, at)
}

func (e *Edition) setTerms(entries map[string]termEntry) {
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		t := entries[key]
		term := Term{Key: key, Provision: t.Provision, Amount: t.Amount, Unit: t.Unit, Certainty: cmp.Or(t.Certainty, Primary), Source: t.Source, Exempt: t.Exempt, Extendable: t.Extendable, Pausable: t.Pausable}
		if rule, ok := e.Provision(t.Provision); ok {
			term.Source = cmp.Or(term.Source, rule.Source)
		}
		e.terms = append(e.terms, term)
	}
	e.term = inOrder(e.terms, func(t Term) Provision { return t.Provision }, func(t Term) string { return t.Key })
}

func (e *Edition) setReasons(provisions map[string][]Provision) error {
	for code := NoConsent; code < reasonCount; code++ {
		name := reasonNames[code]
		rests, ok := provisions[name]
		if !ok {
			return fmt.Errorf("edition %s: reason %s has no provisions", e.ID, name)
		}
		delete(provisions, name)
		_, variant := code.split()
		e.reasons[code] = Reason{Code: code, Variant: variant, Provisions: rests, TextKey: "reason." + name}
	}
	for name := range provisions {
		return fmt.Errorf("edition %s: there is no reason %s", e.ID, name)
	}
	return nil
}

// inOrder puts all in the order of the Law and returns the place of each key.
func inOrder[V any, K comparable](all []V, at func(V) Provision, key func(V) K) map[K]int {
	slices.SortStableFunc(all, func(a, b V) int { return at(a).Compare(at(b)) })
	places := make(map[K]int, len(all))
	for i, v := range all {
		places[key(v)] = i
	}
	return places
}
