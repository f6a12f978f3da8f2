package locale

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"

	"kelisim/internal/fault"
)

//go:embed texts
var files embed.FS

// texts is built once and only read afterwards. A file that cannot be read
// leaves its keys without texts rather than the service without a start; the
// tests do not let such a file pass.
var texts, errTexts = load(files)

// Text returns the text of key in lang. args are name, value pairs for the
// {{.name}} places of the text; the one named "count" picks the plural form.
//
// A text without such places costs a map look-up and no allocation: decisions
// fill their reasons by it. A key without a text, and a text whose places are
// not all given, show as ⟦key⟧.
func Text(lang Lang, key string, args ...any) string {
	m, ok := texts.byLang[lang.index()][key]
	switch {
	case !ok:
		return missing(key)
	case m.constant:
		return m.text
	default:
		return texts.fill(All[lang.index()], key, m.plural, args)
	}
}

// Has reports whether key has a text. Hints are optional, so their callers ask.
func Has(key string) bool {
	_, ok := texts.byLang[RU.index()][key]
	return ok
}

// Fault returns the text of an error and, where there is one, the hint that
// says the way out. Nothing of the cause inside is in them.
func Fault(lang Lang, err *fault.Error) (text, hint string) {
	key := "error." + err.Code
	text = Text(lang, key, err.Args...)
	if key += ".hint"; Has(key) {
		hint = Text(lang, key, err.Args...)
	}
	return text, hint
}

func missing(key string) string { return "⟦" + key + "⟧" }

// message is what Text must know of a text before it asks for more.
type message struct {
	text     string // the text itself, where constant
	constant bool   // no places to fill and no plural forms
	plural   bool
}

type catalogue struct {
	byLang  [len(All)]map[string]message
	fillers [len(All)]*i18n.Localizer
}

// strict refuses to print "<no value>" for a place that nobody filled.
var strict = &template.TextParser{Option: "missingkey=error"}

func (c *catalogue) fill(lang Lang, key string, plural bool, args []any) string {
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	config := i18n.LocalizeConfig{MessageID: key, TemplateData: data, TemplateParser: strict}
	if count, ok := data["count"]; ok && plural {
		config.PluralCount = fmt.Sprint(count)
	}
	text, err := c.fillers[lang.index()].Localize(&config)
	if err != nil {
		return missing(key)
	}
	return text
}

// load reads texts/<area>.<lang>.yaml of every area. It returns what it could
// read together with every error it met.
func load(fsys fs.FS) (*catalogue, error) {
	c, bundle := &catalogue{}, i18n.NewBundle(language.Russian)
	for i := range All {
		c.byLang[i] = map[string]message{}
	}
	names, err := fs.Glob(fsys, "texts/*.yaml")
	errs := []error{err}
	for _, name := range names {
		errs = append(errs, c.loadFile(fsys, bundle, name))
	}
	for i, lang := range All {
		c.fillers[i] = i18n.NewLocalizer(bundle, string(lang))
	}
	return c, errors.Join(errs...)
}

func (c *catalogue) loadFile(fsys fs.FS, bundle *i18n.Bundle, name string) error {
	lang := Lang(strings.TrimPrefix(path.Ext(strings.TrimSuffix(name, ".yaml")), "."))
	if All[lang.index()] != lang {
		return fmt.Errorf("%s: the name must end in .kk.yaml, .ru.yaml or .en.yaml", name)
	}
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	var entries map[string]any
	if err := yaml.Unmarshal(source, &entries); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var errs []error
	for key, value := range entries {
		if err := c.add(bundle, lang, key, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", name, key, err))
		}
	}
	return errors.Join(errs...)
}

func (c *catalogue) add(bundle *i18n.Bundle, lang Lang, key string, value any) error {
	if _, taken := c.byLang[lang.index()][key]; taken {
		return errors.New("another file has this key too")
	}
	var m message
	switch v := value.(type) {
	case string:
		v = strings.TrimSpace(v)
		m = message{text: v, constant: !strings.Contains(v, "{{")}
		value = v
	case map[string]any:
		m.plural = true
	default:
		return fmt.Errorf("a text or a map of plural forms is needed, not %T", value)
	}
	full, err := i18n.NewMessage(value)
	if err != nil {
		return err
	}
	full.ID = key
	if err := bundle.AddMessages(language.Make(string(lang)), full); err != nil {
		return err
	}
	c.byLang[lang.index()][key] = m
	return nil
}
