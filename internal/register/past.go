package register

import "encoding/json"

// before is what could be done for a purpose by an earlier version of the
// description.
type before struct {
	allowed             Actions
	marketing, research bool
}

// Remember lets the register tell what an earlier version allowed: a consent
// that was given under it covers no more. It reads the canonical form of that
// version, of which it needs little, so that an organization with a long history
// is opened as quickly. It is called before anybody
// reads the register.
func (r *Register) Remember(version int, canonical []byte) error {
	var old struct {
		Purposes []struct {
			ID        string   `json:"id"`
			Actions   []Action `json:"actions"`
			Marketing bool     `json:"marketing"`
			Research  bool     `json:"research"`
		} `json:"purposes"`
	}
	if err := json.Unmarshal(canonical, &old); err != nil {
		return err
	}
	for _, p := range old.Purposes {
		e := r.purposes[p.ID]
		if e == nil {
			continue
		}
		b := before{ActionSet(p.Actions...) | Duties, p.Marketing, p.Research}
		if b == (before{e.Allowed, e.Marketing, e.Research}) {
			continue // mostly
		}
		if e.past == nil {
			e.past = map[int]before{}
		}
		e.past[version] = b
	}
	return nil
}

// Grown reports whether an action goes beyond what the purpose declared in an
// earlier version: another action, marketing that it was not, data no longer
// depersonalised. What of data, recipients, countries and publication has grown
// the terms of a consent tell by themselves. It allocates nothing.
func (e *Entry) Grown(version int, a Action) bool {
	b, ok := e.past[version]
	if !ok {
		return false
	}
	return !b.allowed.Has(a) || e.Marketing && !b.marketing || b.research && !e.Research
}

// GrownSince lists the actions that a purpose has taken on since an earlier
// version; more is true where it became marketing or takes data that is not
// depersonalised any more.
func (e *Entry) GrownSince(version int) (actions []Action, more bool) {
	b, ok := e.past[version]
	if !ok {
		return nil, false
	}
	for _, a := range AllActions() {
		if e.Allowed.Has(a) && !b.allowed.Has(a) {
			actions = append(actions, a)
		}
	}
	return actions, e.Marketing && !b.marketing || b.research && !e.Research
}
