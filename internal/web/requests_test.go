package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/locale"
	"kelisim/internal/request"
	"kelisim/verify"
)

// demand is a request that Асель sends.
func (w *world) demand(k request.Kind, d request.Details) *request.Request {
	w.t.Helper()
	r, err := w.Requests.Receive(w.t.Context(), w.bestam, w.asel.inside, &request.New{Kind: k, Details: d, Language: locale.RU, Actor: verify.Actor{Kind: "subject"}})
	w.must(err)
	w.later(time.Minute)
	return r
}

// upload sends a form with documents, as a browser does.
func (b *guest) upload(path string, form url.Values, name, content string) answer {
	b.w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for field, values := range form {
		for _, v := range values {
			b.w.must(m.WriteField(field, v))
		}
	}
	if name != "" {
		part, err := m.CreateFormFile("document", name)
		b.w.must(err)
		_, err = part.Write([]byte(content))
		b.w.must(err)
	}
	b.w.must(m.Close())
	return b.do(http.MethodPost, path, nil, func(r *http.Request) {
		fresh := httptest.NewRequest(http.MethodPost, path, &body)
		r.Body, r.ContentLength = fresh.Body, fresh.ContentLength
		r.Header.Set("Content-Type", m.FormDataContentType())
	})
}

// A subject sees when it is due before sending, the officer sees what will be
// done and confirms with one button, the subject reads the answer and fetches.
func TestRequestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me, desk := w.signedIn(locale.RU, w.asel), w.seatedAt(locale.RU, account.Officer, w.bestam)
	if body := me.want(http.StatusOK, "/me/requests/new?kind=copy&org="+w.bestam.BIN); !strings.Contains(body, "ответ должен быть до 25 ноября 2026") || !strings.Contains(body, "25(2)6") {
		t.Error(body)
	}
	a := me.upload("/me/requests", url.Values{"kind": {"copy"}, "org": {w.bestam.BIN}, "text": {"<b>прошу</b>"}}, "паспорт.pdf", "%PDF")
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	page, _, _ := strings.Cut(a.header.Get("Location"), "?")
	id := strings.TrimPrefix(page, "/me/requests/")
	me.want(http.StatusOK, a.header.Get("Location"))
	if body := desk.want(http.StatusOK, "/console/requests"); !strings.Contains(body, id) {
		t.Error("the officer does not see it")
	}
	body := desk.want(http.StatusOK, "/console/requests/"+id)
	if !strings.Contains(body, "&lt;b&gt;прошу") || !strings.Contains(body, "паспорт.pdf") || !strings.Contains(body, "Найдено: 3") {
		t.Error(body)
	}
	if a := desk.get("/console/requests/" + id + "/documents/0"); a.body != "%PDF" || a.header.Get("Content-Type") != "application/octet-stream" {
		t.Error(a)
	}
	if a := desk.post("/console/requests/"+id+"/refuse", url.Values{"reasons": {"нет"}, "provision": {"77"}}); a.status != http.StatusBadRequest {
		t.Error(a.status)
	}
	if a := desk.post("/console/requests/"+id+"/fulfil", nil); a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	if a := desk.post("/console/requests/"+id+"/fulfil", nil); a.status != http.StatusConflict {
		t.Error("a second time: ", a.status)
	}
	if body := me.want(http.StatusOK, page); !strings.Contains(body, "копия") && !strings.Contains(body, "көшірмесі") {
		t.Error(body)
	}
	if a := me.post(page+"/copy", url.Values{"format": {"pdf"}}); a.status != http.StatusOK || !strings.HasPrefix(a.body, "%PDF-") {
		t.Errorf("%d", a.status)
	}
	if a := me.post(page+"/copy", url.Values{"format": {"csv"}}); a.status != http.StatusOK || !strings.Contains(a.body, "Асель Қайратқызы") {
		t.Error(a.status, a.body)
	}
	w.seal()
	if a := me.get(page + "/pack"); a.status != http.StatusOK || !strings.Contains(a.body, verify.TypeRequestPack) {
		t.Error(a.status, a.body)
	}
	if a := me.post(page+"/appeal", url.Values{"text": {"не всё"}}); a.status != http.StatusSeeOther {
		t.Error(a.status, a.body)
	}
	w.signedIn(locale.RU, w.daniyar).want(http.StatusNotFound, page)
	w.seatedAt(locale.RU, account.Officer, w.shop).want(http.StatusNotFound, "/console/requests/"+id)
	if strings.Contains(w.log.String(), "прошу") {
		t.Error("the log has what was written")
	}
}

func TestRequestForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := w.signedIn(locale.EN, w.asel)
	send := func(form url.Values) answer { return me.upload("/me/requests", form, "", "") }
	a := send(url.Values{"kind": {"correct"}, "org": {w.bestam.BIN}, "category": {"phone"}, "value": {"+77010000001"}})
	if a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	for name, form := range map[string]url.Values{
		"no kind": {"org": {w.bestam.BIN}}, "no such kind": {"kind": {"sell"}, "org": {w.bestam.BIN}},
		"a block without a reason": {"kind": {"block"}, "org": {w.bestam.BIN}}, "no such data": {"kind": {"destroy"}, "org": {w.bestam.BIN}, "data": {"soul"}},
	} {
		if a := send(form); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := send(url.Values{"kind": {"copy"}, "org": {"991240000001"}}); a.status != http.StatusNotFound {
		t.Error(a.status)
	}
	if a := me.upload("/me/requests", url.Values{"kind": {"copy"}, "org": {w.bestam.BIN}}, "a.pdf", strings.Repeat("x", request.MaxDocument+1)); a.status != http.StatusRequestEntityTooLarge {
		t.Error(a.status)
	}
	desk := w.seatedAt(locale.EN, account.Staff, w.bestam)
	_, after, _ := strings.Cut(a.header.Get("Location"), "/me/requests/")
	id, _, _ := strings.Cut(after, "?")
	if a := desk.post("/console/requests/"+id+"/fulfil", url.Values{"answer": {"We did."}, "drafted": {"x"}}); a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	if body := me.want(http.StatusOK, "/me/requests/"+id); !strings.Contains(body, "We did.") {
		t.Error(body)
	}
	// Like ones together, each with what became of it.
	one, two := w.demand(request.Copy, request.Details{}), w.demand(request.Confirm, request.Details{})
	_, err := w.Requests.Refuse(t.Context(), w.bestam, two.ID, "no", "25(2)7", verify.Actor{Kind: "person", ID: "17"})
	w.must(err)
	group := desk.post("/console/requests/fulfil", url.Values{"id": {one.ID.String(), two.ID.String()}})
	if group.status != http.StatusOK || !strings.Contains(group.body, "2 requests were handled") || !strings.Contains(group.body, "answered already") {
		t.Error(group.status, group.body)
	}
	if a := desk.post("/console/requests/fulfil", nil); a.status != http.StatusBadRequest {
		t.Error(a.status)
	}
	if a := desk.post("/console/requests/"+w.demand(request.Copy, request.Details{}).ID.String()+"/assign", url.Values{"to": {"clerk-7"}}); a.status != http.StatusSeeOther {
		t.Error(a.status)
	}
}

func TestDueOnTheFirstPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.demand(request.Copy, request.Details{})
	desk := w.seatedAt(locale.RU, account.Staff, w.bestam)
	if body := desk.want(http.StatusOK, "/console"); strings.Contains(body, "Показать все сроки") {
		t.Error("there is time, and it is told of")
	}
	w.later(24 * 10 * time.Hour)
	if body := w.seatedAt(locale.RU, account.Staff, w.bestam).want(http.StatusOK, "/console"); !strings.Contains(body, "Просрочено 1 дело") {
		t.Error(body)
	}
}

// demanded are the pages of requests, by those who may see them.
func (w *world) demanded(lang locale.Lang) map[string]string {
	me, desk := w.signedIn(lang, w.asel), w.seatedAt(lang, account.Officer, w.bestam)
	pages := map[string]string{}
	see := func(b *guest, path string) { pages[path] = b.want(http.StatusOK, path) }
	see(me, "/me/requests")
	see(me, "/me/requests/new")
	for _, k := range request.Kinds {
		see(me, "/me/requests/new?kind="+string(k)+"&org="+w.bestam.BIN)
	}
	for i, r := range []*request.Request{
		w.demand(request.Copy, request.Details{}), w.demand(request.Destroy, request.Details{Categories: []string{"phone"}}),
		w.demand(request.Block, request.Details{Text: "x"}), w.demand(request.Complaint, request.Details{Text: "x"}),
		w.demand(request.Supplement, request.Details{Text: "x"}), w.demand(request.PublicRemoval, request.Details{}),
	} {
		see(desk, "/console/requests/"+r.ID.String())
		if i == 0 {
			_, err := w.Requests.Fulfil(w.t.Context(), w.bestam, r.ID, nil, verify.Actor{Kind: "person", ID: "17"})
			w.must(err)
			see(desk, "/console/requests/"+r.ID.String()+"?done=fulfilled")
		}
		if i == 2 {
			_, err := w.Requests.Refuse(w.t.Context(), w.bestam, r.ID, "y", "25(2)8", verify.Actor{Kind: "person", ID: "17"})
			w.must(err)
		}
		see(me, "/me/requests/"+r.ID.String()+"?done=sent")
	}
	see(desk, "/console/requests")
	see(me, "/me/requests")
	return pages
}

// The pages as they are, for eyes that compare.
func TestRequestGolden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	copied := w.demand(request.Copy, request.Details{Text: "Прошу всё, что у вас есть."})
	gone := w.demand(request.Destroy, request.Details{})
	_, err := w.Requests.Fulfil(t.Context(), w.bestam, copied.ID, nil, verify.Actor{Kind: "person", ID: "17"})
	w.must(err)
	for _, lang := range locale.All {
		me, desk := w.signedIn(lang, w.asel), w.seatedAt(lang, account.Officer, w.bestam)
		for name, body := range map[string]string{
			"requests": me.want(http.StatusOK, "/me/requests"), "request-new": me.want(http.StatusOK, "/me/requests/new?kind=destroy&org="+w.bestam.BIN),
			"request": me.want(http.StatusOK, "/me/requests/"+copied.ID.String()), "console-requests": desk.want(http.StatusOK, "/console/requests"),
			"console-request": desk.want(http.StatusOK, "/console/requests/"+gone.ID.String()),
		} {
			golden(t, name+"."+string(lang)+".html", normalise(body))
		}
	}
}
