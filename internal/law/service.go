package law

import "slices"

// Service is what a service of control over access to personal data tells the
// subject by itself: the state service of Art. 8-1 for data in state systems,
// the non-state service of Art. 8-2 for other data.
type Service struct {
	Notice  Provision `yaml:"notice"`
	Actions []string  `yaml:"actions"` // that the subject is told of
	// ThirdParties is where the subject is told of access by third parties,
	// whatever they did; empty where that is no matter of its own.
	ThirdParties Provision `yaml:"third-parties"`
	// Consent is where consent goes through the service.
	Consent Provision `yaml:"consent"`
}

// Services are the two of them.
type Services struct {
	State    Service `yaml:"state"`
	NonState Service `yaml:"non-state"`
}

// Services are what the services of control over access tell by themselves.
func (e *Edition) Services() *Services { return &e.services }

// Notice is the provision by which a subject is told of an action on data, and
// whether there is one. state says in whose systems the data is, third that
// somebody other than who holds it acted.
func (s *Services) Notice(state bool, action string, third bool) (Provision, bool) {
	v := &s.NonState
	if state {
		v = &s.State
	}
	switch {
	case third && v.ThirdParties != "":
		return v.ThirdParties, true
	case slices.Contains(v.Actions, action):
		return v.Notice, true
	default:
		return "", false
	}
}
