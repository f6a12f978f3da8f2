package law

import (
	"cmp"
	"maps"
	"slices"
)

// Request is something that a subject may demand of an operator.
type Request struct {
	Kind string `yaml:"-"` // "copy"
	// Right is the provision that gives it, Term the key of the term that it is
	// answered in.
	Right Provision `yaml:"right"`
	Term  string    `yaml:"term"`
	// AtOnce is the provision by which it takes effect the moment it arrives;
	// empty where somebody decides first.
	AtOnce Provision `yaml:"at-once"`
	// Otherwise is the key of the term in which what took effect at once is undone
	// where the reason for it was not confirmed.
	Otherwise string `yaml:"otherwise"`
}

// Request is what may be demanded under a name.
func (e *Edition) Request(kind string) (Request, bool) {
	i := slices.IndexFunc(e.requests, func(r Request) bool { return r.Kind == kind })
	if i < 0 {
		return Request{}, false
	}
	return e.requests[i], true
}

// Requests is all that may be demanded, by name.
func (e *Edition) Requests() []Request { return e.requests }

func (l *layer) layRequests(e, below *Edition) error {
	var says []said[Request]
	for _, kind := range slices.Sorted(maps.Keys(l.requests)) {
		r := l.requests[kind]
		r.Kind = kind
		says = append(says, said[Request]{r, kind, r.Right, cmp.Or(l.origin(r.Right, Origin{}).Certainty, Primary), false})
	}
	all, err := lay(e, OfRequest, below.requests, says, func(r Request) string { return r.Kind }, func(was, is Request) bool { return was == is })
	e.requests = all
	return err
}
