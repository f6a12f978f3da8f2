package law

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	"kelisim/internal/locale"
)

// OrderRule says that a source may order something of an operator, on which
// provision, and by the term of which rule the order is carried out.
type OrderRule struct {
	Kind      string    `yaml:"kind"`   // clarify, block, unblock, destroy, unpublish, suspend, resume, inquiry, examination, integration
	Source    string    `yaml:"source"` // authorised-body, prosecutor, court, technical-service, operator
	Provision Provision `yaml:"provision"`
	Term      string    `yaml:"term"` // key; empty where no term runs
	// Certainty is how sure it is that such a source may order this, and by that
	// term; where the rule does not say, it is as sure as the provision. Basis says
	// what it rests on where the provision does not say so itself.
	Certainty Certainty     `yaml:"certainty"`
	Basis     locale.String `yaml:"basis"`
}

// Sure is how sure the rule of an order is.
func (e *Edition) Sure(o OrderRule) Certainty {
	r, _ := e.Provision(o.Provision)
	return cmp.Or(o.Certainty, r.Certainty, Unknown)
}

// Order returns the rule of an order; false where such a source cannot order it.
func (e *Edition) Order(kind, source string) (OrderRule, bool) {
	i := slices.IndexFunc(e.orders, func(o OrderRule) bool { return o.Kind == kind && o.Source == source })
	if i < 0 {
		return OrderRule{}, false
	}
	return e.orders[i], true
}

// Orders returns every rule of an order.
func (e *Edition) Orders() []OrderRule { return e.orders }

// layOrders takes the list of a layer in the place of the one below; a layer
// without one leaves it as it was.
func (l *layer) layOrders(e, below *Edition) error {
	if len(l.orders) == 0 {
		e.orders = below.orders
		return nil
	}
	if reflect.DeepEqual(l.orders, below.orders) {
		return errors.New("the orders are as they were")
	}
	e.orders = l.orders
	if at := l.orders[0].Provision; e.before != nil {
		e.changes = append(e.changes, Change{Kind: Amended, Of: OfOrders, Provision: at, Certainty: cmp.Or(l.Certainty, Primary)})
	}
	return nil
}
