package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

// Questions that the organization put to subjects, at the counter: the subject
// reads the QR code with the own phone, answers in the own session, and picks the
// number that the clerk sees. Nothing is dictated, and a link that somebody else
// sent shows another number.

// asked is a question as the office sees it.
type asked struct {
	ID       ident.ID
	Status   consent.RequestStatus
	Whom     ident.ID
	Operator locale.String // whose consent it would be
	Purposes []string
	Data     []string
	Created  time.Time
	Expires  time.Time
	Number   int // zero: not at a counter
	Consent  ident.ID
	Link     string
	Code     qr
}

// qr is a QR code as squares: a path on a field of Size by Size.
type qr struct {
	Path string
	Size int
}

type askedListPage struct{ Waiting []asked }

func (p *Pages) askedList(w http.ResponseWriter, v *visit) error {
	list, err := p.Requests.Requests(v.Context(), consent.RequestFilter{Asker: v.Desk.Org.ID, Status: consent.Pending, Limit: maxShown})
	if err != nil {
		return err
	}
	var b askedListPage
	for i := range list {
		if list[i].StatusAt(p.Now()) != consent.Pending {
			continue
		}
		a, err := p.questionAt(v, &list[i])
		if err != nil {
			return err
		}
		b.Waiting = append(b.Waiting, *a)
	}
	return p.render(w, v, "console-asked-list", "asked", &b)
}

func (p *Pages) askedOne(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	r, err := p.Requests.Request(v.Context(), id)
	if err != nil {
		return err
	}
	if r.Asker != v.Desk.Org.ID {
		return errAbsent
	}
	a, err := p.questionAt(v, r)
	if err != nil {
		return err
	}
	if a.Status == consent.Pending {
		if a.Code, err = drawQR(a.Link); err != nil {
			return err
		}
	}
	return p.render(w, v, "console-asked", "asked", a)
}

func (p *Pages) questionAt(v *visit, r *consent.Request) (*asked, error) {
	o, err := p.Parties.ByID(v.Context(), r.Org)
	if err != nil {
		return nil, err
	}
	reg, err := p.registerOf(v.Context(), o, r.Register)
	if err != nil {
		return nil, err
	}
	return &asked{
		ID: r.ID, Status: r.StatusAt(p.Now()), Whom: v.Desk.Org.Outside(r.Subject), Operator: nameOf(o), Created: r.Created, Expires: r.Expires,
		Number: r.Ask.Number, Consent: r.Consent, Link: p.public(v) + "/me/asked/" + r.ID.String(),
		Purposes: each(r.Ask.Purposes, func(id string) string { return purposeName(reg, v.Lang, id) }),
		Data:     each(r.Ask.Categories, func(id string) string { return categoryName(reg, v.Lang, id) }),
	}, nil
}

// public is our address as the reader's browser has it, where none is set.
func (p *Pages) public(v *visit) string {
	if p.PublicURL != "" {
		return strings.TrimSuffix(p.PublicURL, "/")
	}
	return "http://" + v.Host
}

func drawQR(link string) (qr, error) {
	q, err := qrcode.New(link, qrcode.Medium)
	if err != nil {
		return qr{}, err
	}
	bits := q.Bitmap()
	var path strings.Builder
	for y, row := range bits {
		for x, on := range row {
			if on {
				path.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h1v1h-1z")
			}
		}
	}
	return qr{path.String(), len(bits)}, nil
}
