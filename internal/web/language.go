package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kelisim/internal/locale"
)

const (
	languageCookie = "kelisim_lang"
	languageLife   = 365 * 24 * 60 * 60 // seconds
)

// language is the one that the person chose, else what the browser prefers,
// else Kazakh.
func language(r *http.Request) locale.Lang {
	if c, err := r.Cookie(languageCookie); err == nil {
		if lang := locale.Lang(c.Value); known(lang) {
			return lang
		}
	}
	return locale.Match(r.Header.Get("Accept-Language"), locale.KK)
}

func known(lang locale.Lang) bool { return slices.Contains(locale.All[:], lang) }

// switched keeps a choice made by ?lang= in a cookie and sends the browser to
// the same address without it.
func (p *Pages) switched(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	query := r.URL.Query()
	if !query.Has("lang") {
		return false
	}
	if lang := locale.Lang(query.Get("lang")); known(lang) {
		http.SetCookie(w, p.cookie(languageCookie, string(lang), languageLife))
	}
	query.Del("lang")
	// One slash: with two the address would be that of another host.
	clean := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/"), RawQuery: query.Encode()}
	http.Redirect(w, r, clean.String(), http.StatusSeeOther)
	return true
}

// choice is a language that a page offers.
type choice struct {
	Lang        locale.Lang
	Short, Rest string // the name of the language in itself; a screen reader reads it whole
	Query       string // of the same page in that language
	On          bool
}

// letters is how many letters of a language's name stand on the page.
const letters = 3

func choices(v *visit) []choice {
	list := make([]choice, 0, len(locale.All))
	for _, lang := range locale.All {
		query := url.Values{}
		if v.Method == http.MethodGet {
			query = v.URL.Query()
		} else if v.behalf != nil {
			query.Set("for", v.behalf.ID.String())
		}
		query.Set("lang", string(lang))
		name := []rune(locale.Text(lang, "language."+string(lang)))
		list = append(list, choice{lang, string(name[:letters]), string(name[letters:]), "?" + query.Encode(), lang == v.Lang})
	}
	return list
}
