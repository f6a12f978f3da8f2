package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/law"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/proof"
	"kelisim/internal/request"
	"kelisim/internal/term"
)

// requestsPage is what the subject demanded.
type requestsPage struct {
	For     string
	Waiting []demand
	Past    []demand
}

// demand is a request as pages tell of it.
type demand struct {
	*request.Request
	Operator locale.String
	Now      time.Time
	Stage    term.Stage
}

// Overdue reports whether the answer is late.
func (d *demand) Overdue() bool { return d.Stage >= term.Late }

// maxShown is how many requests a page lists.
const maxShown = 200

func (p *Pages) toDemand(v *visit, r *request.Request) (demand, error) {
	o, err := p.Parties.ByID(v.Context(), r.Org)
	if err != nil {
		return demand{}, err
	}
	c, err := p.Rights.Terms.Calendars.Current(v.Context())
	if err != nil {
		return demand{}, err
	}
	return demand{r, nameOf(o), p.Now(), p.Rights.Terms.Stage(c, &r.Term)}, nil
}

func (p *Pages) requests(w http.ResponseWriter, v *visit) error {
	list, err := p.Rights.Store.Demands(v.Context(), request.Filter{Subject: v.Me, Orgs: v.way().Limits(), Limit: maxShown})
	if err != nil {
		return err
	}
	b := requestsPage{For: v.For()}
	for i := range list {
		d, err := p.toDemand(v, &list[i])
		if err != nil {
			return err
		}
		if d.Status.Closed() {
			b.Past = append(b.Past, d)
		} else {
			b.Waiting = append(b.Waiting, d)
		}
	}
	return p.render(w, v, "requests", "requests", b)
}

// askingPage is a request that is being made: first what and of whom, then by
// when it will be due, and what has to be said.
type askingPage struct {
	For        string
	By         string // the representation, for a form that is sent by GET
	Kinds      []request.Kind
	Holders    []holder
	Kind       request.Kind // chosen; empty before
	BIN        string
	Operator   locale.String
	Due        *request.Due
	Categories []option
	Values     bool       // how it should be is asked for
	List       bool       // which data it is about is asked for
	Must       bool       // a text has to be written
	Cause      bool       // collected without consent is a case of its own
	Why        []law.Cost // why data has to leave public sources, with who bears the cost
	MaxFiles   int
	MaxSize    int // MiB
}

func (p *Pages) newRequest(w http.ResponseWriter, v *visit) error {
	q := v.URL.Query()
	list, err := p.holders(v)
	if err != nil {
		return err
	}
	b := askingPage{For: v.For(), Kinds: request.Kinds, Holders: list, MaxFiles: request.MaxDocuments, MaxSize: request.MaxDocument >> 20}
	if v.behalf != nil {
		b.By = v.by()
	}
	if q.Get("kind") == "" || q.Get("org") == "" {
		return p.render(w, v, "request-new", "requests", b)
	}
	o, k, err := p.askedOf(v, list, q)
	if err != nil {
		return err
	}
	if b.Due, err = p.Rights.Due(v.Context(), o, k, nil); err != nil {
		return err
	}
	b.Kind, b.BIN, b.Operator = k, o.BIN, nameOf(o)
	b.Values = k == request.Correct || k == request.Supplement
	b.List = k == request.Destroy || k == request.PublicRemoval || k == request.StopDissemination || k == request.Withdraw
	b.Must, b.Cause = k == request.Block || k == request.Complaint, k == request.Destroy
	if k == request.PublicRemoval {
		b.Why = o.Edition(p.Now()).Costs()
	}
	b.Categories = ownCategories(o, v.Lang)
	return p.render(w, v, "request-new", "requests", b)
}

// askedOf is the organization and the kind that a form names.
func (p *Pages) askedOf(v *visit, list []holder, form url.Values) (*party.Organization, request.Kind, error) {
	k, err := request.ParseKind(form.Get("kind"))
	if err != nil {
		return nil, "", err
	}
	bin := form.Get("org")
	if !slices.ContainsFunc(list, func(h holder) bool { return h.BIN == bin }) {
		return nil, "", errAbsent
	}
	o, err := p.Parties.Organization(v.Context(), bin)
	return o, k, err
}

// ownCategories are those that the organization declared to need.
func ownCategories(o *party.Organization, lang locale.Lang) []option {
	if o.Register == nil {
		return nil
	}
	var ids []string
	for i := range o.Register.Description.Purposes {
		for _, c := range o.Register.Description.Purposes[i].Categories {
			if !slices.Contains(ids, c) {
				ids = append(ids, c)
			}
		}
	}
	return options(ids, func(id string) string { return categoryName(o.Register, lang, id) })
}

// maxPapers is the largest form with documents.
const maxPapers = request.MaxDocuments*request.MaxDocument + 1<<20

// makeRequest sends a request. The page of its own then shows when it is due.
func (p *Pages) makeRequest(w http.ResponseWriter, v *visit) error {
	if err := v.ParseMultipartForm(8 << 20); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return fault.New(fault.TooLarge, "too-large")
		}
		return fault.New(fault.Invalid, "bad-request")
	}
	defer v.MultipartForm.RemoveAll() //nolint:errcheck // what is left goes with the folder of such files
	list, err := p.holders(v)
	if err != nil {
		return err
	}
	o, k, err := p.askedOf(v, list, v.PostForm)
	if err != nil {
		return err
	}
	in := &request.New{Kind: k, Language: v.Lang}
	if in.Details, err = detailsOf(v.PostForm, k); err != nil {
		return err
	}
	if in.Documents, err = filesOf(v.MultipartForm.File["document"]); err != nil {
		return err
	}
	if in.Actor, err = p.acting(v, o.ID); err != nil {
		return err
	}
	r, err := p.Rights.Receive(v.Context(), o, v.Me, in)
	if err != nil {
		return err
	}
	return see(w, v, v.to("/me/requests/"+r.ID.String(), "done", "sent"))
}

func detailsOf(form url.Values, k request.Kind) (request.Details, error) {
	d := request.Details{Text: form.Get("text"), Categories: form["data"], Cause: form.Get("cause")}
	if k == request.Correct || k == request.Supplement {
		if d.Categories = nil; form.Get("value") != "" {
			value, err := json.Marshal(form.Get("value"))
			if err != nil {
				return d, fault.New(fault.Invalid, "bad-request")
			}
			d.Values = map[string]json.RawMessage{form.Get("category"): value}
		}
	}
	return d, nil
}

func filesOf(headers []*multipart.FileHeader) ([]request.Document, error) {
	var out []request.Document
	for _, h := range headers {
		if h.Filename == "" && h.Size == 0 {
			continue // a field left empty
		}
		f, err := h.Open()
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad-request")
		}
		content, err := io.ReadAll(io.LimitReader(f, request.MaxDocument+1))
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fault.New(fault.Invalid, "bad-request")
		}
		out = append(out, request.Document{Name: h.Filename, Content: content})
	}
	return out, nil
}

// requestPage is one request with its answer.
type requestPage struct {
	demand
	For     string
	Body    *request.Body
	Right   law.Provision
	Done    string // sent, appealed
	Facts   []factRow
	Copy    bool // it can be fetched now
	MayCopy bool
	Appeals []appeal
	Appeal  bool // one can be lodged now
	Held    func(string) string
}

type appeal struct {
	*request.Appeal
	*request.Plea
	Due *term.Term // of the decision; nil where no term runs
}

// factRow is what a category that is held is for.
type factRow struct {
	Name, Source               string
	Since                      time.Time
	Purposes, Methods, Storage []string
	Recipients                 []string
}

func (p *Pages) ownRequest(v *visit) (*request.Request, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	return p.Rights.By(v.Context(), v.Me, id, v.way().Limits())
}

func (p *Pages) request(w http.ResponseWriter, v *visit) error {
	r, err := p.ownRequest(v)
	if err != nil {
		return err
	}
	o, err := p.Parties.ByID(v.Context(), r.Org)
	if err != nil {
		return err
	}
	b := requestPage{For: v.For(), Done: v.URL.Query().Get("done")}
	if b.demand, err = p.toDemand(v, r); err != nil {
		return err
	}
	if b.Body, err = p.Rights.Body(v.Context(), r); err != nil {
		return err
	}
	b.Right = r.Right(o, b.Body)
	b.Held = func(id string) string { return dataName(o.Register, v.Lang, id) }
	if a := b.Body.Answer; a != nil {
		b.Facts = factRows(a.Facts, v.Lang)
		b.Copy = p.Now().Before(a.CopyUntil)
	}
	b.MayCopy = v.behalf == nil || v.behalf.MayData()
	list, err := p.Rights.Store.Appeals(v.Context(), request.AppealFilter{Subject: r.Subject, Demand: r.ID, Limit: maxShown})
	if err != nil {
		return err
	}
	b.Appeal = r.Status.Closed() || b.Overdue()
	for i := range list {
		plea, err := p.Rights.Plea(v.Context(), &list[i])
		if err != nil {
			return err
		}
		owed, err := p.Rights.DueOf(v.Context(), &list[i])
		if err != nil {
			return err
		}
		b.Appeals = append(b.Appeals, appeal{&list[i], plea, owed})
		b.Appeal = b.Appeal && list[i].Status != request.Lodged
	}
	return p.render(w, v, "request", "requests", &b)
}

func factRows(f *request.Facts, lang locale.Lang) []factRow {
	if f == nil {
		return nil
	}
	var out []factRow
	for _, d := range f.Data {
		row := factRow{Name: d.Name, Source: d.Source, Since: d.Since}
		for i := range f.Purposes {
			x := &f.Purposes[i]
			if !slices.Contains(x.Categories, d.Category) {
				continue
			}
			row.Purposes = append(row.Purposes, x.Name)
			row.Storage = append(row.Storage, period(lang, x.Storage))
			for _, m := range x.Methods {
				if !slices.Contains(row.Methods, m) {
					row.Methods = append(row.Methods, m)
				}
			}
			for _, m := range x.Recipients {
				if !slices.Contains(row.Recipients, m) {
					row.Recipients = append(row.Recipients, m)
				}
			}
		}
		slices.Sort(row.Storage)
		row.Storage = slices.Compact(row.Storage)
		out = append(out, row)
	}
	return out
}

// fetchCopy is a POST, because a look is an act that the journal keeps.
func (p *Pages) fetchCopy(w http.ResponseWriter, v *visit) error {
	r, err := p.ownRequest(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, r.Org)
	if err != nil {
		return err
	}
	f, err := p.Rights.Fetch(v.Context(), r, by)
	if err != nil {
		return err
	}
	switch v.PostFormValue("format") {
	case "pdf":
		b, err := proof.CopyPDF(f)
		if err != nil {
			return err
		}
		return downloadAs(w, "application/pdf", "copy.pdf", b)
	case "csv":
		b, err := f.CSV()
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="copy.csv"`)
		w.Write(b) //nolint:errcheck // a browser that went away needs no file
		return nil
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return download(w, "copy.json", b)
}

func (p *Pages) requestPack(w http.ResponseWriter, v *visit) error {
	r, err := p.ownRequest(v)
	if err != nil {
		return err
	}
	b, err := p.Rights.Pack(v.Context(), r, v.way().Limits())
	if err != nil {
		return err
	}
	return download(w, "request-"+r.ID.String()+".json", b)
}

func (p *Pages) appeal(w http.ResponseWriter, v *visit) error {
	r, err := p.ownRequest(v)
	if err != nil {
		return err
	}
	by, err := p.acting(v, r.Org)
	if err != nil {
		return err
	}
	if _, err := p.Rights.Appeal(v.Context(), r, v.PostFormValue("text"), by); err != nil {
		return err
	}
	return see(w, v, v.to("/me/requests/"+r.ID.String(), "done", "appealed"))
}

func (p *Pages) attached(w http.ResponseWriter, v *visit, r *request.Request) error {
	n := slices.Index([]string{"0", "1", "2", "3", "4", "5", "6", "7"}, v.PathValue("n"))
	if n < 0 {
		return errAbsent
	}
	b, err := p.Rights.Document(v.Context(), r, n)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream") // it may hold anything: to keep, not to show
	w.Header().Set("Content-Disposition", "attachment")
	w.Write(b) //nolint:errcheck // a browser that went away needs no file
	return nil
}
