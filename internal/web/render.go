package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/notify"
)

//go:embed templates
var templates embed.FS

// frame is what stands around every page.
type frame struct {
	Lang      locale.Lang
	Title     string
	Tab       string // the section of the cabinet or the console that the page belongs to
	Desk      *desk  // of the console
	Home      string // where the mark leads
	Behalf    *behalf
	For       string // what keeps a link in the cabinet of whom one acts for
	SignedIn  bool
	Private   bool
	Languages []choice
	Body      any
}

// sets are the templates of each language by page. A template asks for a text
// by {{t "key"}} and gets it in its own language.
var sets = sync.OnceValue(func() map[locale.Lang]map[string]*template.Template {
	all := map[locale.Lang]map[string]*template.Template{}
	for _, lang := range locale.All {
		all[lang] = parse(lang)
	}
	return all
})

// parse reads the templates. They are part of the program and the tests render
// each: a program with a broken one does not start.
func parse(lang locale.Lang) map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(functions(lang)).ParseFS(templates, "templates/shared/*.html"))
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		clone := template.Must(shared.Clone())
		pages[strings.TrimSuffix(path.Base(name), ".html")] = template.Must(clone.ParseFS(templates, name))
	}
	return pages
}

func functions(lang locale.Lang) template.FuncMap {
	return template.FuncMap{
		"t":    func(key string, args ...any) string { return locale.Text(lang, key, args...) },
		"in":   func(s locale.String) string { return s.In(lang) },
		"date": func(t time.Time) string { return locale.Date(lang, t) },
		// What ends as a day begins ended with the day before.
		"ends": locale.LastDay,
		"lastday": func(t time.Time) string {
			return locale.Text(lang, "page.lastday", "date", locale.Date(lang, locale.LastDay(t)))
		},
		"datetime": func(t time.Time) string { return locale.DateTime(lang, t) },
		"clock":    func(t time.Time) string { return locale.Time(lang, t) },
		"machine":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"country":  func(code string) string { return notify.Country(lang, code) },
		"since":    func(from time.Time, computed bool) string { return since(lang, from, computed) },
		"amount":   func(t law.Term) string { return t.Span(lang) },
		"period":   func(p string) string { return period(lang, p) },
		"names":    func(prefix string, keys []string) string { return names(lang, prefix, keys) },
		"limit":    func(s law.SizeClass) string { return s.Limit(lang) },
		"linked":   linked,
		"norms":    func(provisions []string) template.HTML { return norms(lang, provisions) },
		"list":     list,
		"rules":    func(all ...any) template.HTML { return rules(provisionsOf(all...)) },
		"icon":     icon,
		"brief":    brief,
		"number":   func(n any) string { return number(lang, fmt.Sprint(n)) },
		"asset":    func(name string) string { return loaded().address[name] },
	}
}

// provisionsOf are provisions as a list, each once, empty ones left out.
func provisionsOf(all ...any) (out []string) {
	for _, p := range all {
		if s := fmt.Sprint(p); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// list puts names in a row; names that have commas are kept apart by
// semicolons.
func list(names []string) string {
	for _, n := range names {
		if strings.Contains(n, ",") {
			return strings.Join(names, "; ")
		}
	}
	return strings.Join(names, ", ")
}

// number puts the digits of a count in groups of three, as people of the language
// do.
func number(lang locale.Lang, digits string) string {
	between := "\u00a0"
	if lang == locale.EN {
		between = ","
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + between + digits[i:]
	}
	return digits
}

// brief is the beginning of an id, enough to tell it from others on a page.
func brief(id fmt.Stringer) string {
	s := id.String()
	return s[:min(8, len(s))]
}

func (p *Pages) render(w http.ResponseWriter, v *visit, name, tab string, body any) error {
	return p.write(w, v, http.StatusOK, name, tab, body)
}

// renderStatus is for the page of an error: if that cannot be made either,
// there is nothing left but the log.
func (p *Pages) renderStatus(w http.ResponseWriter, v *visit, status int, name, tab string, body any) {
	if err := p.write(w, v, status, name, tab, body); err != nil {
		p.Log.LogAttrs(v.Context(), slog.LevelError, "a page could not be rendered", slog.String("page", name), slog.Any("error", err))
		http.Error(w, http.StatusText(status), status)
	}
}

// write renders the whole page before the first byte goes out, so that an
// error half way does not leave half a page.
func (p *Pages) write(w http.ResponseWriter, v *visit, status int, name, tab string, body any) error {
	f := frame{
		Lang: v.Lang, Title: locale.Text(v.Lang, "page."+name+".title"), Tab: tab, Desk: v.Desk, Home: "/", SignedIn: !v.Me.IsZero(),
		Private: strings.HasPrefix(v.URL.Path, "/me") || strings.HasPrefix(v.URL.Path, "/login/") || atConsole(v), Languages: choices(v), Body: body,
		Behalf: v.behalf, For: v.For(),
	}
	switch {
	case f.Desk != nil:
		f.Home = "/console"
	case f.SignedIn:
		f.Home = "/me"
	}
	if t, ok := body.(interface{ title() string }); ok {
		f.Title = t.title()
	}
	var out bytes.Buffer
	if err := sets()[v.Lang][name].ExecuteTemplate(&out, "frame", f); err != nil {
		return fault.Wrap(fault.Internal, "internal", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	out.WriteTo(w) //nolint:errcheck // a browser that went away needs no page
	return nil
}

// download sends a JSON file to be kept.
func download(w http.ResponseWriter, name string, body []byte) error {
	return downloadAs(w, "application/json", name, body)
}

func downloadAs(w http.ResponseWriter, kind, name string, body []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Write(body)
	return nil
}
