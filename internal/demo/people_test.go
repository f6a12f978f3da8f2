package demo

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

const (
	russian = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
	kazakh  = "әғқңөұүһі"
)

func made(t *testing.T, n int) []*person {
	t.Helper()
	m := &maker{Rand: rand.New(rand.NewPCG(7, 7))}
	out := make([]*person, n)
	for i := range out {
		out[i] = m.person()
	}
	return out
}

// Names are spelled with letters that such names can have, and agree in gender.
func TestNames(t *testing.T) {
	t.Parallel()
	share := 0
	for i := range peoples {
		of := &peoples[i]
		share += of.share
		letters := russian
		if of.kazakh {
			letters += kazakh
		}
		lists := [][]string{of.men, of.women, of.surnames}
		for _, pair := range of.patronymics {
			lists = append(lists, pair[:])
			if !strings.HasSuffix(pair[0], "ич") || !strings.HasSuffix(pair[1], "на") {
				t.Errorf("not a son and a daughter: %v", pair)
			}
		}
		for _, list := range lists {
			for _, name := range list {
				for j, r := range []rune(name) {
					if !strings.ContainsRune(letters, unicode.ToLower(r)) || unicode.IsUpper(r) != (j == 0) {
						t.Errorf("%s: %c", name, r)
					}
				}
				if latin(name) == "" || strings.Trim(latin(name), "abcdefghijklmnopqrstuvwxyz") != "" {
					t.Errorf("%s in Latin letters: %q", name, latin(name))
				}
			}
		}
	}
	if share != 100 {
		t.Errorf("shares make %d of a hundred", share)
	}
	for r := range strings.SplitSeq(russian+kazakh, "") {
		if _, ok := letters[[]rune(r)[0]]; !ok {
			t.Errorf("%s has no Latin spelling", r)
		}
	}
}

func TestFeminine(t *testing.T) {
	t.Parallel()
	for man, woman := range map[string]string{
		"Ахметов": "Ахметова", "Нұрғалиев": "Нұрғалиева", "Киселёв": "Киселёва", "Никитин": "Никитина",
		"Белозерский": "Белозерская", "Шевченко": "Шевченко", "Қуандық": "Қуандық", "Ковальчук": "Ковальчук",
	} {
		if got := feminine(man); got != woman {
			t.Errorf("%s: %s", man, got)
		}
	}
}

// What people are known by would pass any form, and belongs to one of them.
func TestPeople(t *testing.T) {
	t.Parallel()
	taken := map[string]string{}
	languages := map[locale.Lang]int{}
	for _, p := range made(t, 2000) {
		languages[p.language]++
		for kind, v := range map[ident.Kind]string{ident.IIN: p.iin, ident.Phone: p.phone, ident.Email: p.email} {
			if got, err := (ident.Rules{}).Normalise(kind, v); err != nil || got != v {
				t.Errorf("%s %s: %v", kind, v, err)
			}
			if other, ok := taken[v]; ok {
				t.Errorf("%s is of %s and %s", v, other, p.name)
			}
			taken[v] = p.name
		}
		birth, _ := ident.BirthDate(p.iin)
		male, known := ident.Sex(p.iin)
		if !birth.Equal(p.birth) || !known || male != p.male {
			t.Errorf("%s does not fit %s", p.iin, p.name)
		}
		last := p.name[strings.LastIndexByte(p.name, ' ')+1:]
		son := strings.HasSuffix(last, "ұлы") || strings.HasSuffix(last, "ич")
		daughter := strings.HasSuffix(last, "қызы") || strings.HasSuffix(last, "на")
		if son == daughter || son != p.male || len(strings.Fields(p.name)) != 3 {
			t.Errorf("%s, male %v", p.name, p.male)
		}
		if !rightAccount(p.values["bank-account"]) {
			t.Errorf("account %s", p.values["bank-account"])
		}
		for category, v := range p.values {
			if v == "" || strings.ContainsAny(v, "%!") && category != "opinion" {
				t.Errorf("%s of %s: %q", category, p.name, v)
			}
		}
	}
	if languages[locale.KK] < 700 || languages[locale.RU] < 700 {
		t.Error(languages)
	}
}

// rightAccount is the check of ISO 13616: the country and the check digits go
// last, letters become numbers, and the rest by 97 is one.
func rightAccount(iban string) bool {
	n, ok := new(big.Int).SetString(iban[4:]+"2035"+iban[2:4], 10)
	return ok && len(iban) == 20 && n.Mod(n, big.NewInt(97)).Int64() == 1
}
