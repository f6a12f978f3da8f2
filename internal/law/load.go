package law

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"kelisim/internal/locale"
)

//go:embed editions
var files embed.FS

// loadEditions reads every edition. The files are part of the program, and the
// tests read them: a program whose copy of the Law is broken must not decide
// anything, so it does not start.
func loadEditions() []*Edition {
	all, err := load(files, "editions")
	if err != nil {
		panic(err)
	}
	return all
}

// load reads the editions in the folders of root, which are named by the month
// of each. The first is whole; each later one says only what it adds, amends or
// repeals, and lies over the one before it.
func load(fsys fs.FS, root string) ([]*Edition, error) {
	dirs, err := fs.Glob(fsys, path.Join(root, "*"))
	if err != nil {
		return nil, err
	}
	var all []*Edition
	var before *Edition
	for _, dir := range dirs { // Glob sorts, and months sort as they follow each other
		e, err := loadEdition(fsys, dir, before)
		if err != nil {
			return nil, err
		}
		if name := path.Base(dir); e.ID != name {
			return nil, fmt.Errorf("%s: the edition calls itself %q", dir, e.ID)
		}
		all, before = append(all, e), e
	}
	return all, nil
}

// The files of an edition, as they are written.
type (
	header struct {
		ID        string        `yaml:"id"`
		Over      string        `yaml:"over"` // the edition before; empty for a whole one
		From      string        `yaml:"from"` // a date
		Computed  bool          `yaml:"computed"`
		Name      locale.String `yaml:"name"`
		Authority locale.String `yaml:"authority"`
		// Certainty and Sources are of every entry that names none of its own.
		Certainty Certainty `yaml:"certainty"`
		Sources   struct {
			Law    locale.String `yaml:"law"`
			Policy locale.String `yaml:"policy"`
		} `yaml:"sources"`
	}
	groundEntry struct {
		Ground    `yaml:",inline"`
		Repealed  bool          `yaml:"repealed"`
		Certainty Certainty     `yaml:"certainty"`
		Source    locale.String `yaml:"source"`
	}
	termEntry struct {
		Provision  Provision     `yaml:"provision"`
		Amount     int           `yaml:"amount"`
		Unit       Unit          `yaml:"unit"`
		Repealed   bool          `yaml:"repealed"`
		Certainty  Certainty     `yaml:"certainty"`
		Source     locale.String `yaml:"source"`
		Exempt     Exempt        `yaml:"exempt"`
		Extendable *Extension    `yaml:"extendable"`
		Pausable   Provision     `yaml:"pausable"`
		Owes       string        `yaml:"owes"` // authority
		Limit      bool          `yaml:"limit"`
		Dated      bool          `yaml:"dated"`
	}
	sizesEntry struct {
		Provision         Provision   `yaml:"provision"`
		Classes           []SizeClass `yaml:"classes"`
		RestrictedMovesUp bool        `yaml:"restricted-moves-up"`
	}
)

// layer is what one folder says, before it lies over the edition before.
type layer struct {
	header
	from    time.Time
	rules   []Rule
	grounds []groundEntry
	terms   map[string]termEntry
	reasons map[string][]Provision
	sizes   sizesEntry

	services Services
	orders   []OrderRule
	requests map[string]Request
	endings  map[string]endingEntry
	costs    map[string]Cost
}

// loadEdition reads the edition of a folder. One that lies over another has only
// the files it needs; a whole one has all but sizes.yaml.
func loadEdition(fsys fs.FS, dir string, before *Edition) (*Edition, error) {
	l, err := readLayer(fsys, dir)
	if err != nil {
		return nil, err
	}
	e, err := l.over(before)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return e, nil
}

func readLayer(fsys fs.FS, dir string) (*layer, error) {
	l := &layer{}
	if err := readYAML(fsys, path.Join(dir, "edition.yaml"), &l.header); err != nil {
		return nil, err
	}
	var err error
	if l.from, err = day(l.From); err != nil {
		return nil, err
	}
	read := map[string]func(name string) error{
		"grounds.yaml":   func(name string) error { return readYAML(fsys, name, &l.grounds) },
		"terms.yaml":     func(name string) error { return readYAML(fsys, name, &l.terms) },
		"orders.yaml":    func(name string) error { return readYAML(fsys, name, &l.orders) },
		"requests.yaml":  func(name string) error { return readYAML(fsys, name, &l.requests) },
		"endings.yaml":   func(name string) error { return readYAML(fsys, name, &l.endings) },
		"costs.yaml":     func(name string) error { return readYAML(fsys, name, &l.costs) },
		"services.yaml":  func(name string) error { return readYAML(fsys, name, &l.services) },
		"reasons.yaml":   func(name string) error { return readYAML(fsys, name, &l.reasons) },
		"provisions.txt": func(name string) error { return l.readRules(fsys, name, l.Sources.Law) },
		"policy.txt":     func(name string) error { return l.readRules(fsys, name, l.Sources.Policy) },
	}
	if l.Over == "" {
		for name, fn := range read {
			if err := fn(path.Join(dir, name)); err != nil {
				return nil, err
			}
		}
		return l, nil
	}
	read["sizes.yaml"] = func(name string) error { return readYAML(fsys, name, &l.sizes) }
	read["edition.yaml"] = func(string) error { return nil }
	present, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, f := range present {
		fn, ok := read[f.Name()]
		if !ok {
			return nil, fmt.Errorf("%s: an edition has no file of this name", path.Join(dir, f.Name()))
		}
		if err := fn(path.Join(dir, f.Name())); err != nil {
			return nil, err
		}
	}
	return l, nil
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

// readRules adds the rules of a file, and what they leave to the whole: where
// they come from, how sure that is, and since when they are in force.
func (l *layer) readRules(fsys fs.FS, name string, origin locale.String) error {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	rules, err := parseRules(string(source))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i := range rules {
		r := &rules[i]
		r.Source = cmp.Or(r.Source, origin)
		r.Certainty = cmp.Or(r.Certainty, l.Certainty, Primary)
		if r.From.IsZero() {
			r.From, r.Computed = l.from, l.Computed
		}
	}
	l.rules = append(l.rules, rules...)
	return nil
}

// ruleAt is the layer's own rule at a provision.
func (l *layer) ruleAt(p Provision) (Rule, bool) {
	i := slices.IndexFunc(l.rules, func(r Rule) bool { return r.ID == p })
	if i < 0 {
		return Rule{}, false
	}
	return l.rules[i], true
}

// origin is what an entry at a provision leaves to the layer: the source, the
// certainty and the day of the layer's rule there, else those of the whole layer.
func (l *layer) origin(p Provision, own Origin) Origin {
	o := Origin{Source: l.Sources.Law, Certainty: cmp.Or(l.Certainty, Primary), From: l.from, Computed: l.Computed}
	if r, ok := l.ruleAt(p); ok {
		o = r.Origin
	}
	o.Source, o.Certainty = cmp.Or(own.Source, o.Source), cmp.Or(own.Certainty, o.Certainty)
	return o
}
