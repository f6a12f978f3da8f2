package web

import (
	"io"
	"net/http"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/proof"
	"kelisim/verify"
)

const (
	verifyPage = "/verify"
	maxUpload  = 20 << 20 // a pack with all the papers that are taken
	maxChecks  = 4        // at once: a file is held in memory whole
)

// verifyView is what came out of a check; nothing was checked where all is zero.
type verifyView struct {
	Good, Bad bool
	Kind      string // of the document: key of its name
	Number    string
	Issued    time.Time
	// of a code on paper
	Found, Absent bool
	Leaf, Size    int64
}

func (p *Pages) verifyForm(w http.ResponseWriter, v *visit) error {
	return p.render(w, v, "verify", "", verifyView{})
}

// verifyMark says whether the entry that a code on paper is of stands in the log.
// It tells nothing else: the code is for whoever holds the paper.
func (p *Pages) verifyMark(w http.ResponseWriter, v *visit) error {
	m, ok := proof.ParseMark(v.PathValue("mark"))
	if !ok {
		return p.render(w, v, "verify", "", verifyView{Absent: true})
	}
	size, err := p.Journal.Size(v.Context())
	if err != nil {
		return err
	}
	b := verifyView{Leaf: m.Leaf + 1, Size: size}
	if m.Leaf < size {
		list, err := p.Office.Store.Commitments(v.Context(), m.Leaf, m.Leaf+1)
		if err != nil {
			return err
		}
		b.Found = len(list) == 1 && m.Fits(list[0])
	}
	b.Absent = !b.Found
	return p.render(w, v, "verify", "", b)
}

// verifyFile checks a file that somebody holds. It is kept nowhere.
func (p *Pages) verifyFile(w http.ResponseWriter, v *visit) error {
	if p.checking.Add(1) > maxChecks {
		p.checking.Add(-1)
		return fault.New(fault.Unavailable, "unavailable")
	}
	defer p.checking.Add(-1)
	file, err := uploaded(v.Request)
	if err != nil {
		return err
	}
	b := p.check(file)
	b.Good, b.Bad = b.Kind != "", b.Kind == ""
	return p.render(w, v, "verify", "", b)
}

func uploaded(r *http.Request) ([]byte, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad-request")
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, fault.New(fault.Invalid, "verify-file")
		}
		if part.FormName() != "file" {
			continue
		}
		file, err := io.ReadAll(io.LimitReader(part, maxUpload+1))
		switch {
		case err != nil:
			return nil, fault.New(fault.Invalid, "bad-request")
		case len(file) > maxUpload:
			return nil, fault.New(fault.TooLarge, "too-large", "max", maxUpload)
		case len(file) == 0:
			return nil, fault.New(fault.Invalid, "verify-file")
		}
		return file, nil
	}
}

// documentKinds are the names of documents.
var documentKinds = map[string]string{verify.TypeConsentReceipt: "consent", verify.TypeConsentReceipt1: "consent", verify.TypeDestruction: "destruction"}

// check is what a file turns out to be, without a kind where it does not hold.
func (p *Pages) check(file []byte) verifyView {
	switch {
	case verify.IsPack(file):
		if k, err := verify.CheckPack(file, p.Keys); err == nil {
			return verifyView{Kind: "pack", Number: k.ID, Issued: k.Issued}
		}
	case verify.IsSealed(file):
		if s, err := verify.OpenSeal(file, p.Keys.Sign); err == nil {
			return verifyView{Kind: documentKinds[s.Of], Number: s.ID, Issued: s.Issued}
		}
	default:
		if s, err := verify.OpenSigned(file, p.Keys.Sign); err == nil {
			return verifyView{Kind: documentKinds[s.Type]}
		}
	}
	return verifyView{}
}
