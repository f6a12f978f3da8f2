// Package law is Law 94-V as dated data: what each provision says in words a
// person can read, which grounds stand in for consent, which terms run, and
// which provisions are behind each reason of a decision.
//
// An [Edition] is the Law as it stood from a date on. It is read from the files
// in editions/, which are embedded, and never changes while the program runs.
// What happened is judged by the edition of its own day, not of today, among
// those that the installation follows ([Following]).
//
// The package decides nothing: package gate does, and asks here what its answer
// rests on. The words are our own. They explain; they are not to be cited in
// court, where the text of the Law is.
package law

import (
	"slices"
	"strings"
	"sync"
	"time"

	"kelisim/internal/locale"
)

// Provision names a place in the Law as people cite it: article, paragraph in
// brackets, item after them: "14", "8-1(3)", "25(2)8". What an operator has
// promised in its policy is cited as "policy 5.9".
type Provision string

const policyPrefix = "policy "

// Article is the article, or the section of the policy, that p lies in: p
// itself where it is one.
func (p Provision) Article() Provision {
	name, inPolicy := strings.CutPrefix(string(p), policyPrefix)
	if i := strings.IndexAny(name, "(."); i >= 0 {
		name = name[:i]
	}
	if inPolicy {
		name = policyPrefix + name
	}
	return Provision(name)
}

// Compare orders provisions as they stand in the Law: 8, 8(4), 8(4)3, 8-1, 9,
// 9(9), 9(9-1), 9(10); the policy after the Law.
func (p Provision) Compare(q Provision) int {
	a, aPolicy := strings.CutPrefix(string(p), policyPrefix)
	b, bPolicy := strings.CutPrefix(string(q), policyPrefix)
	if aPolicy != bPolicy {
		if aPolicy {
			return 1
		}
		return -1
	}
	if c := slices.Compare(numbers(a), numbers(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// Within reports whether p is q or lies in it: 8(4)3 in 8(4) and in 8, not in 8-1.
func (p Provision) Within(q Provision) bool {
	a, aPolicy := strings.CutPrefix(string(p), policyPrefix)
	b, bPolicy := strings.CutPrefix(string(q), policyPrefix)
	in, of := numbers(a), numbers(b)
	return aPolicy == bPolicy && len(in) >= len(of) && slices.Equal(in[:len(of)], of)
}

// numbers reads "8-1(2)3" as 8 1, 2 0, 3 0: a pair for each level, the second
// of a pair for what was inserted later.
func numbers(s string) []int {
	var out []int
	for level := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("().", r) }) {
		n, inserted, _ := strings.Cut(level, "-")
		out = append(out, number(n), number(inserted))
	}
	return out
}

func number(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n = n*10 + int(r-'0')
		}
	}
	return n
}

// Certainty says how a fact is known. Whatever is not [Primary] is shown with
// its mark, so that nobody takes it for the letter of an act.
type Certainty string

// The marks of certainty.
const (
	Primary   Certainty = "P" // the text of the act was read
	Secondary Certainty = "S" // news, law firms, other people's notes
	Code      Certainty = "C" // public source code that calls the real thing
	Verified  Certainty = "V" // checked by running something
	Memory    Certainty = "M" // to be checked before anyone relies on it
	Unknown   Certainty = "?" // looked for and not found
)

// Origin is where a fact of an edition comes from and since when it holds.
type Origin struct {
	Source    locale.String
	Certainty Certainty
	// From is the day since which the Law has it. It may lie before the edition
	// that carries it: not every day on which a word of the Law changed has an
	// edition of its own.
	From     time.Time
	Computed bool // From was worked out from other dates, and not read
}

// Rule is one provision.
type Rule struct {
	ID    Provision
	Title locale.String // of its article
	Text  locale.String // in our own words
	Origin
	To time.Time // the day since which it does not hold any more; zero is open

	repealed bool // only while an edition is read
}

// Edition is the Law as it stood from a date on, until the next edition. It is
// whole, even where its files only say what it changes in the one before. It is
// safe for concurrent use; what its methods return is not to be changed.
type Edition struct {
	ID        string // "2023-04"
	From      time.Time
	Computed  bool // From was worked out from other dates, and not read
	Name      locale.String
	Authority locale.String // the name of the authorised body at that time

	before  *Edition // that this one changes; nil for the first
	changes []Change

	services Services
	orders   []OrderRule
	requests []Request
	endings  []Ending
	costs    []Cost

	// Lists stand in the order of the Law; the maps find a place in them.
	rules   []Rule
	rule    map[Provision]int
	grounds []Ground
	ground  map[Provision]int
	terms   []Term
	term    map[string]int
	reasons [reasonCount]Reason
	sizes   []SizeClass

	restrictedMovesUp bool
}

var editions = sync.OnceValue(loadEditions)

// Editions returns every edition, oldest first.
func Editions() []*Edition { return editions() }

// At returns the edition that was in force at t as far as its date says: the
// newest that had begun, and the oldest we have for what was before it. Which
// edition judges an event is for [Following.At] to say.
func At(t time.Time) *Edition { return at(editions(), t) }

func at(all []*Edition, t time.Time) *Edition {
	i, found := slices.BinarySearchFunc(all, t, func(e *Edition, t time.Time) int { return e.From.Compare(t) })
	if !found {
		i = max(i-1, 0)
	}
	return all[i]
}

// ByID returns the edition by its name, such as "2023-04".
func ByID(id string) (*Edition, bool) {
	for _, e := range editions() {
		if e.ID == id {
			return e, true
		}
	}
	return nil, false
}

// Provision returns the rule at p.
func (e *Edition) Provision(p Provision) (Rule, bool) { return find(e.rules, e.rule, p) }

// Provisions returns every rule in the order of the Law, the policy last.
func (e *Edition) Provisions() []Rule { return e.rules }

// Ground returns the ground at p; false where p gives none.
func (e *Edition) Ground(p Provision) (Ground, bool) { return find(e.grounds, e.ground, p) }

// Grounds returns every ground in the order of the Law.
func (e *Edition) Grounds() []Ground { return e.grounds }

// Term returns the term of a rule by its key, such as "public-removal".
func (e *Edition) Term(key string) (Term, bool) { return find(e.terms, e.term, key) }

// Terms returns every term in the order of the provisions it comes from.
func (e *Edition) Terms() []Term { return e.terms }

// Reason returns what a decision with the code rests on. It allocates nothing:
// each decision calls it.
func (e *Edition) Reason(code ReasonCode) Reason {
	if code >= reasonCount {
		return Reason{}
	}
	return e.reasons[code]
}

// Reasons returns every reason in the order of the codes.
func (e *Edition) Reasons() []Reason { return e.reasons[1:] }

func find[K comparable, V any](all []V, index map[K]int, key K) (V, bool) {
	i, ok := index[key]
	if !ok {
		var none V
		return none, false
	}
	return all[i], true
}
