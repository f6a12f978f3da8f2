package law

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Cost says who bears the cost of taking data out of public sources (Art. 6).
type Cost struct {
	Cause     string    `yaml:"-"` // why it goes: "unlawful", "withdrawn"
	Provision Provision `yaml:"provision"`
	Bearer    string    `yaml:"bearer"`   // one of Bearers
	Disputed  string    `yaml:"disputed"` // who decides where the parties do not agree; empty for nobody
}

// The causes of a removal: the data was collected or processed unlawfully, or the
// subject no longer agrees that it is public.
const (
	CostUnlawful  = "unlawful"
	CostWithdrawn = "withdrawn"
)

// Bearers are those who can bear a cost; court means that it has yet to say.
var Bearers = []string{"operator", "subject", "court"}

// Cost is who bears the cost of a removal for a cause.
func (e *Edition) Cost(cause string) (Cost, bool) {
	i := slices.IndexFunc(e.costs, func(c Cost) bool { return c.Cause == cause })
	if i < 0 {
		return Cost{}, false
	}
	return e.costs[i], true
}

// Costs is what the edition says of costs, by cause.
func (e *Edition) Costs() []Cost { return e.costs }

func (c Cost) known() error {
	if slices.Contains(Bearers, c.Bearer) && (c.Disputed == "" || c.Disputed == "court") {
		return nil
	}
	return fmt.Errorf("the cost of %s is borne by %s, disputed %s: nobody knows them", c.Cause, c.Bearer, c.Disputed)
}

func (l *layer) layCosts(e, below *Edition) error {
	var says []said[Cost]
	for _, cause := range slices.Sorted(maps.Keys(l.costs)) {
		c := l.costs[cause]
		c.Cause = cause
		says = append(says, said[Cost]{c, cause, c.Provision, cmp.Or(l.origin(c.Provision, Origin{}).Certainty, Primary), false})
	}
	all, err := lay(e, OfCost, below.costs, says, func(c Cost) string { return c.Cause }, func(was, is Cost) bool { return was == is })
	e.costs = all
	return err
}
