package api

import (
	"strconv"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
)

// askRunBody is how far the asking again after a version has come.
type askRunBody struct {
	Version   int        `json:"version"`
	Status    string     `json:"status"` // running, done
	StartedAt time.Time  `json:"startedAt"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	Seen      int        `json:"seen"`    // consents looked at
	Asked     int        `json:"asked"`   // questions put
	Skipped   int        `json:"skipped"` // not asked: refused lately, destroyed, too many questions open
}

func toAskRun(r *consent.AskRun, err error) (*askRunBody, error) {
	if err != nil {
		return nil, err
	}
	b := &askRunBody{Version: r.Version, Status: "running", StartedAt: r.Started, Seen: r.Seen, Asked: r.Asked, Skipped: r.Skipped}
	if !r.Ended.IsZero() {
		b.Status, b.EndedAt = "done", &r.Ended
	}
	return b, nil
}

func (c *call) versionNumber() (int, error) {
	n, err := strconv.Atoi(c.r.PathValue("n"))
	if err != nil {
		return 0, fault.New(fault.NotFound, "version-unknown")
	}
	return n, nil
}

// askAgain begins; the work is done behind the answer, batch by batch.
func (c *call) askAgain(*nothing) (*askRunBody, error) {
	o, err := c.governed()
	if err != nil {
		return nil, err
	}
	n, err := c.versionNumber()
	if err != nil {
		return nil, err
	}
	return toAskRun(c.Consents.StartAsking(c.ctx(), o, n))
}

func (c *call) askedAgain() (*askRunBody, error) {
	o, err := c.governed()
	if err != nil {
		return nil, err
	}
	n, err := c.versionNumber()
	if err != nil {
		return nil, err
	}
	return toAskRun(c.Consents.AskRuns.AskRun(c.ctx(), o.ID, n))
}

// differenceOf is what a question asks for beyond the consent that stands.
type differenceOf struct {
	Consent       string        `json:"consent"`
	Purposes      []string      `json:"purposes"`
	Categories    []string      `json:"categories"`
	ThirdParties  []string      `json:"thirdParties"`
	Countries     []string      `json:"countries"`
	PublicSources bool          `json:"publicSources"`
	Actions       []grownAction `json:"actions"`
	Renamed       []string      `json:"renamed"`
}

type grownAction struct {
	Purpose string `json:"purpose"`
	Action  string `json:"action"`
}

func toDifference(d *consent.Difference) *differenceOf {
	if d == nil {
		return nil
	}
	b := &differenceOf{
		Consent: d.Consent.String(), Purposes: append([]string{}, d.Purposes...), Categories: append([]string{}, d.Categories...),
		ThirdParties: append([]string{}, d.ThirdParties...), Countries: append([]string{}, d.Countries...),
		PublicSources: d.Scopes&consent.PublicSources != 0, Actions: []grownAction{}, Renamed: append([]string{}, d.Renamed...),
	}
	for _, a := range d.Actions {
		b.Actions = append(b.Actions, grownAction{a.Purpose, a.Action.String()})
	}
	return b
}
