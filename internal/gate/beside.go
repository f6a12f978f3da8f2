package gate

import (
	"strings"

	"kelisim/internal/law"
	"kelisim/internal/register"
)

// What a request says that an entry has no field for stands in its detail, as
// name=value. It is rare, so that mostly there is nothing.
const (
	besideFrom     = "from="
	besideCrossing = "crossing="
	besidePaper    = "permission"
	besideOthers   = "others"
	besideInstead  = "instead-of-destruction"
)

func (r *Request) beside() string {
	if r.FromBase == "" && r.Crossing == "" && !r.HurtsOther && !r.Instead {
		return ""
	}
	var parts []string
	if r.FromBase != "" {
		parts = append(parts, besideFrom+r.FromBase)
	}
	if r.Crossing != "" {
		parts = append(parts, besideCrossing+string(r.Crossing))
	}
	if r.Permission != "" {
		parts = append(parts, besidePaper)
	}
	if r.HurtsOther {
		parts = append(parts, besideOthers)
	}
	if r.Instead {
		parts = append(parts, besideInstead)
	}
	return strings.Join(parts, ";")
}

func (r *Request) readBeside(detail string) {
	for part := range strings.SplitSeq(detail, ";") {
		if v, ok := strings.CutPrefix(part, besideFrom); ok {
			r.FromBase = v
		}
		if v, ok := strings.CutPrefix(part, besideCrossing); ok {
			r.Crossing = law.Provision(v)
		}
		if part == besidePaper {
			r.Permission = part
		}
		if part == besideInstead { // what was decided was a destruction
			r.Instead, r.Action = true, register.Destroy
		}
		r.HurtsOther = r.HurtsOther || part == besideOthers
	}
}
