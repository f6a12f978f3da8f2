package demo

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// person is somebody who does not exist.
type person struct {
	name     string // surname, given name, patronymic
	language locale.Lang
	male     bool
	birth    time.Time
	iin      string
	phone    string
	email    string
	values   map[string]string // by category, what others hold of the person
	ties     []*tie
	acts     []act
}

// value is what an organization would hold of a category.
func (p *person) value(category string) json.RawMessage {
	if category == "visit-data" { // is no text
		return json.RawMessage(p.values[category])
	}
	b, err := json.Marshal(p.values[category])
	if err != nil {
		return nil // texts always encode
	}
	return b
}

// maker makes things up, always the same for one seed.
type maker struct {
	*rand.Rand
	n int // people made
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance is true that many times of a hundred.
func (c *maker) chance(percent int) bool { return c.IntN(100) < percent }

// person makes somebody up.
func (c *maker) person() *person {
	at, i := c.IntN(100), 0
	for at >= peoples[i].share {
		at -= peoples[i].share
		i++
	}
	of := &peoples[i]
	p := &person{male: c.chance(48), language: locale.RU}
	surname, names := pick(c.Rand, of.surnames), of.men
	if !p.male {
		names = of.women
	}
	if !p.male && !of.fixed {
		surname = feminine(surname)
	}
	given := pick(c.Rand, names)
	if of.kazakh && c.chance(75) {
		p.language = locale.KK
	}
	p.name = surname + " " + given + " " + c.patronymic(of, p.male)
	p.birth = time.Date(1950+c.IntN(56), time.Month(1+c.IntN(12)), 1+c.IntN(28), 0, 0, 0, 0, time.UTC)
	c.finish(p, latin(surname)+"."+latin(given))
	return p
}

func (c *maker) patronymic(of *people, male bool) string {
	if !of.kazakh {
		pair := pick(c.Rand, of.patronymics)
		if male {
			return pair[0]
		}
		return pair[1]
	}
	if male {
		return pick(c.Rand, of.men) + "ұлы"
	}
	return pick(c.Rand, of.men) + "қызы"
}

// finish gives a person numbers, addresses and a life.
func (c *maker) finish(p *person, mailbox string) {
	c.n++
	for serial := 1000 + 7*c.n; p.iin == ""; serial++ {
		p.iin, _ = ident.MakeIIN(p.birth, p.male, serial%10_000)
	}
	p.phone = fmt.Sprintf("+77%s%03d%04d", pick(c.Rand, words("01 02 05 07 08 47 71 75 76 77 78")), c.IntN(1000), c.n)
	p.email = fmt.Sprintf("%s%d@example.kz", mailbox, 10+c.n)
	l := lives[p.language]
	city := pick(c.Rand, l.cities)
	p.values = map[string]string{
		"name": p.name, "iin": p.iin, "phone": p.phone, "email": p.email, "birthdate": p.birth.Format(time.DateOnly),
		"education":  fmt.Sprintf(pick(c.Rand, l.education), p.birth.Year()+22+c.IntN(4)),
		"profession": pick(c.Rand, l.professions), "employer": pick(c.Rand, l.employers) + ", " + makeBIN(c),
		"address":       city + fmt.Sprintf(pick(c.Rand, l.streets), 1+c.IntN(120), 1+c.IntN(90)),
		"document":      fmt.Sprintf(l.document, 30_000_000+c.IntN(30_000_000), 2017+c.IntN(9)),
		"bank-account":  account(c.IntN(1_000_000_000)),
		"policy-number": fmt.Sprintf("DEMO-%07d", c.IntN(10_000_000)),
		"health":        pick(c.Rand, l.health), "opinion": pick(c.Rand, l.opinions),
		"visit-data": string(visitOf(c.Uint32(), 1+c.IntN(20))),
	}
}

func makeBIN(c *maker) string {
	for {
		if bin, ok := ident.MakeBIN(1999+c.IntN(25), time.Month(1+c.IntN(12)), c.IntN(100_000)); ok {
			return bin
		}
	}
}

// account is an IBAN with the right check digits, of a bank that is none.
func account(n int) string {
	bban := fmt.Sprintf("000%013d", n)
	digits, _ := new(big.Int).SetString(bban+"203500", 10) // KZ00
	check := 98 - new(big.Int).Mod(digits, big.NewInt(97)).Int64()
	return fmt.Sprintf("KZ%02d%s", check, bban)
}
