package web

import (
	"net/http"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/locale"
	"kelisim/internal/represent"
)

// representedPage is who acts for whom: those for whom the person may act, those
// who may act for the person, and those who might.
type representedPage struct {
	Mine, Of, Past []proxy
	Done           bool // one was just revoked
}

// proxy is a representation as one of the two reads it.
type proxy struct {
	represent.Representation
	Theirs   bool   // they act for the reader
	Name     string // of the other; empty where the operator told none
	Stands   represent.Status
	Since    time.Time // of that status
	Where    []string  // operators it is good with; none: all
	By       locale.String
	Document string
}

// Open reports whether the reader may open the cabinet of the other.
func (x *proxy) Open() bool { return !x.Theirs && x.Acts&represent.Read != 0 }

// Revocable reports whether the reader may take it back.
func (x *proxy) Revocable() bool {
	return x.Theirs && x.Stands == represent.Active && !x.Kind.OfChild()
}

// ByAge reports whether it ends only by itself.
func (x *proxy) ByAge() bool {
	return x.Theirs && x.Stands == represent.Active && x.Kind.OfChild()
}

func (p *Pages) represented(w http.ResponseWriter, v *visit) error {
	b := representedPage{Done: v.URL.Query().Get("done") == "revoked"}
	mine, err := p.Represent.By(v.Context(), v.Me)
	if err != nil {
		return err
	}
	for i := range mine {
		x, err := p.proxy(v, &mine[i])
		if err != nil {
			return err
		}
		b.Mine = append(b.Mine, *x)
	}
	of, err := p.Represent.Of(v.Context(), v.Me)
	if err != nil {
		return err
	}
	for i := range of {
		x, err := p.theirs(v, &of[i])
		if err != nil {
			return err
		}
		if x.Stands == represent.Active {
			b.Of = append(b.Of, *x)
		} else {
			b.Past = append(b.Past, *x)
		}
	}
	return p.render(w, v, "represented", "home", b)
}

// proxy is a representation by which the person acts.
func (p *Pages) proxy(v *visit, r *represent.Representation) (*proxy, error) {
	x := &proxy{Representation: *r}
	x.Stands, x.Since = r.StatusAt(p.Now())
	o, err := p.Parties.ByID(v.Context(), r.Org)
	if err != nil {
		return nil, err
	}
	x.By = orgName(o)
	for _, bin := range r.Organizations {
		name := bin
		o, err := p.Parties.Organization(v.Context(), bin)
		if err == nil {
			name = orgName(o).In(v.Lang)
		} else if fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		x.Where = append(x.Where, name)
	}
	x.Name, err = p.Represent.Name(v.Context(), r, r.Subject)
	return x, err
}

// theirs is a representation by which somebody acts for the person, with the
// document that it rests on.
func (p *Pages) theirs(v *visit, r *represent.Representation) (*proxy, error) {
	x, err := p.proxy(v, r)
	if err != nil {
		return nil, err
	}
	x.Theirs = true
	if x.Name, err = p.Represent.Name(v.Context(), r, r.Representative); err != nil {
		return nil, err
	}
	basis, err := p.Represent.Basis(v.Context(), r)
	if err != nil {
		return nil, err
	}
	d := basis.Document
	parts := []string{d.Kind}
	if d.Number != "" {
		parts = append(parts, d.Number)
	}
	if !d.Issued.IsZero() {
		parts = append(parts, locale.Date(v.Lang, d.Issued))
	}
	x.Document = strings.Join(parts, ", ")
	return x, nil
}

// revokeRepresentative takes back a power that the person gave.
func (p *Pages) revokeRepresentative(w http.ResponseWriter, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := p.Represent.RevokeOwn(v.Context(), v.Me, id); err != nil {
		return err
	}
	return see(w, v, "/me/represented?done=revoked")
}
