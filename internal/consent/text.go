package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"kelisim/internal/locale"
	"kelisim/internal/notify"
	"kelisim/internal/register"
)

func newText(lang locale.Lang, body string) *Text {
	sum := sha256.Sum256([]byte(body))
	return &Text{Hash: hex.EncodeToString(sum[:]), Language: lang, Body: body}
}

func (t *Text) sum() []byte {
	b, _ := hex.DecodeString(t.Hash) // made by newText
	return b
}

// textOf is the text that the consent is kept with: the very text the operator
// showed, or the standard one of the same terms.
func textOf(reg *register.Register, in *New) *Text {
	if in.Text != "" {
		return newText(in.Language, in.Text)
	}
	return StandardText(reg, in.Language, in)
}

// StandardText says in the subject's language all that Art. 8(4) asks for but
// the subject's own name, which stands beside the text: a text that names
// nobody can be kept by its hash for everyone who agreed to the same.
func StandardText(reg *register.Register, lang locale.Lang, in *New) *Text {
	t := func(key string, args ...any) string { return locale.Text(lang, key, args...) }
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	line(t("consent.text.title"))
	line("")
	line(t("consent.text.operator", "name", reg.Name.In(lang), "bin", reg.BIN))
	line(t("consent.text.purposes"))
	for _, id := range in.Terms.Purposes {
		if p := reg.Purpose(id); p != nil {
			line("— " + p.Name.In(lang))
		}
	}
	line(t("consent.text.categories"))
	for _, id := range in.Terms.Categories {
		c, _ := reg.Category(id)
		line("— " + c.Name.In(lang))
	}
	if in.Until.IsZero() {
		line(t("consent.text.term-open"))
	} else {
		line(t("consent.text.term", "date", locale.Date(lang, locale.LastDay(in.Until))))
	}
	line(listOrNone(t, "third-parties", recipientNames(reg, &in.Terms, lang)))
	line(listOrNone(t, "cross-border", countryNames(&in.Terms, lang)))
	if in.Terms.PublicSources {
		line(t("consent.text.public-yes"))
		for _, c := range in.Terms.Conditions {
			category, _ := reg.Category(c.Category)
			key := "consent.text.condition"
			if c.Ban {
				key = "consent.text.ban"
			}
			line("— " + t(key, "name", category.Name.In(lang)))
		}
	} else {
		line(t("consent.text.public-no"))
	}
	line(t("consent.text.rights"))
	return newText(lang, b.String())
}

func listOrNone(t func(string, ...any) string, what string, names []string) string {
	if len(names) == 0 {
		return t("consent.text." + what + "-no")
	}
	return t("consent.text."+what+"-yes", "list", strings.Join(names, "; "))
}

func countryNames(terms *Terms, lang locale.Lang) []string {
	out := make([]string, len(terms.Countries))
	for i, code := range terms.Countries {
		out[i] = notify.Country(lang, code) + " (" + code + ")"
	}
	return out
}

func recipientNames(reg *register.Register, terms *Terms, lang locale.Lang) []string {
	var out []string
	for _, bin := range terms.ThirdParties {
		name := bin
		for _, id := range terms.Purposes {
			if p := reg.Purpose(id); p != nil && p.Recipient(bin) != nil {
				name = p.Recipient(bin).Name.In(lang) + " (" + bin + ")"
			}
		}
		out = append(out, name)
	}
	return out
}
