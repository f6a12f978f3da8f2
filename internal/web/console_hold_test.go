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
	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/request"
	"kelisim/verify"
)

// sendHold fills in the officer's form with a document.
func (b *guest) sendHold(form url.Values, name string, content []byte) answer {
	b.w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for key, values := range form {
		for _, v := range values {
			b.w.must(m.WriteField(key, v))
		}
	}
	if content != nil {
		f, err := m.CreateFormFile("file", name)
		b.w.must(err)
		_, err = f.Write(content)
		b.w.must(err)
	}
	b.w.must(m.Close())
	return b.do(http.MethodPost, "/console/holds", nil, func(r *http.Request) {
		fresh := httptest.NewRequest(http.MethodPost, "/console/holds", &body)
		r.Body, r.ContentLength = fresh.Body, fresh.ContentLength
		r.Header.Set("Content-Type", m.FormDataContentType())
	})
}

var contract = []byte("%PDF-1.7 договор 7")

func debt(c *consent.Consent) url.Values {
	return url.Values{
		"consent": {c.ID.String()}, "obligation": {"Оплата по рассрочке, договор 7"}, "document": {"договор 7 от 3 мая 2026 года"},
		"until": {"2027-05-03"}, "scope": {"process"}, "purpose": {"delivery", "reviews"},
	}
}

// The officer names an obligation with its document, the subject is refused by it,
// reads the document and appeals with one press; the officer answers, the authorised
// body reads both sides and decides; what was demanded is done in the same moment.
//
// duty: L8.2, L27-1.3, L27-1.conf
func TestHoldFromDeskToDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply("../../examples/authority/operator.yaml") // who owes the decision
	officer, subject, body := w.seatedAt(locale.RU, account.Officer, w.shop), w.signedIn(locale.RU, w.asel), w.seatedAt(locale.RU, account.Authority, w.bestam)
	officer.want(http.StatusOK, "/console/holds/new?subject="+w.asel.shop.String())
	a := officer.sendHold(debt(w.delivery), "Келісімшарт.pdf", contract)
	path, done, _ := strings.Cut(a.header.Get("Location"), "?")
	if a.status != http.StatusSeeOther || done != "done=set" {
		t.Fatal(a.status, a.body)
	}
	id := strings.TrimPrefix(path, "/console/holds/")
	if a := officer.get(path + "/file"); a.body != string(contract) || a.header.Get("Content-Type") != "application/pdf" || a.header.Get("Content-Disposition") != "attachment" {
		t.Errorf("the document: %d %v", a.status, a.header)
	}
	w.later(time.Minute)

	mine := "/me/consents/" + w.delivery.ID.String()
	refused := subject.post(mine+"/withdraw", url.Values{"scope": {"process"}, "reason": {"Заказ получен"}}).header.Get("Location")
	page := subject.want(http.StatusOK, refused)
	for _, want := range []string{"В отзыве отказано", "Оплата по рассрочке, договор 7", "договор 7 от 3 мая 2026 года", "Келісімшарт.pdf", mine + "/holds/" + id + "/file"} {
		if !strings.Contains(page, want) {
			t.Errorf("the refusal does not say %q", want)
		}
	}
	if a := subject.get(mine + "/holds/" + id + "/file"); a.body != string(contract) {
		t.Errorf("the document: %d", a.status)
	}
	w.signedIn(locale.RU, w.daniyar).want(http.StatusNotFound, mine+"/holds/"+id+"/file")
	body.want(http.StatusNotFound, "/console/appeals/holds/"+id) // nobody appealed
	w.later(time.Minute)
	if a := subject.post(mine+"/holds/"+id+"/appeal", nil); a.status != http.StatusSeeOther {
		t.Fatal("no appeal with one press: ", a.status, a.body)
	}

	w.later(26 * time.Hour)
	officer, subject, body = w.seatedAt(locale.RU, account.Officer, w.shop), w.signedIn(locale.RU, w.asel), w.seatedAt(locale.RU, account.Authority, w.bestam)
	if page := officer.want(http.StatusOK, "/console"); !strings.Contains(page, "Обжаловано 1 препятствие") {
		t.Error("the first page does not tell of the appeal")
	}
	if a := officer.post(path+"/reply", url.Values{"reply": {"Два платежа не поступили"}}); a.header.Get("Location") != path+"?done=replied" {
		t.Fatal(a.status, a.body)
	}
	list := body.want(http.StatusOK, "/console/appeals")
	if !strings.Contains(list, id) || !strings.Contains(list, "1 день") || !strings.Contains(list, "Решение ожидается до") || strings.Contains(list, "рассрочке") {
		t.Errorf("the list: %s", list)
	}
	page = body.want(http.StatusOK, "/console/appeals/holds/"+id)
	for _, want := range []string{"Оплата по рассрочке, договор 7", "Два платежа не поступили", "Заказ получен", "Келісімшарт.pdf", "Решение ожидается до"} {
		if !strings.Contains(page, want) {
			t.Errorf("the appeal does not say %q", want)
		}
	}
	if a := body.get("/console/appeals/holds/" + id + "/file"); a.body != string(contract) {
		t.Errorf("the document: %d", a.status)
	}
	if page := subject.want(http.StatusOK, "/me/journal"); !strings.Contains(page, "Уполномоченный орган открыл вашу жалобу") {
		t.Error("the look is not in the journal")
	}
	decide := "/console/appeals/holds/" + id + "/decide"
	for _, bad := range []url.Values{{"decision": {"lift"}}, {"reason": {"x"}}, {"decision": {"perhaps"}, "reason": {"x"}}} {
		if a := body.post(decide, bad); a.status != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
	if a := officer.post(decide, url.Values{"decision": {"uphold"}, "reason": {"x"}}); a.status != http.StatusForbidden {
		t.Errorf("the officer decides: %d", a.status)
	}
	w.later(time.Minute)
	if a := body.post(decide, url.Values{"decision": {"lift"}, "reason": {"Банк подтвердил оплату"}}); a.status != http.StatusSeeOther {
		t.Fatal(a.status, a.body)
	}
	c, err := w.Store.Consent(t.Context(), w.delivery.ID)
	w.must(err)
	if c.Status != consent.Withdrawn || c.History[len(c.History)-1].By != "service" {
		t.Errorf("what was demanded is not done: %+v", c.History)
	}
	for who, page := range map[string]string{
		"subject": subject.want(http.StatusOK, mine), "officer": officer.want(http.StatusOK, path), "body": body.want(http.StatusOK, "/console/appeals/holds/"+id),
	} {
		if !strings.Contains(page, "Банк подтвердил оплату") {
			t.Errorf("the %s does not read the decision", who)
		}
	}
	if a := body.post(decide, url.Values{"decision": {"lift"}, "reason": {"x"}}); a.status != http.StatusConflict {
		t.Errorf("decided twice: %d", a.status)
	}
	if list := body.want(http.StatusOK, "/console/appeals"); !strings.Contains(list, "Жалоб, которые ждут решения, нет") {
		t.Error("it still waits")
	}
	inbox := subject.want(http.StatusOK, "/me/journal")
	if !strings.Contains(inbox, "отозвано по вашему требованию") || !strings.Contains(inbox, "Уполномоченный орган снял препятствие") {
		t.Error("the subject is not told")
	}
}

// The pages of holds and appeals in each language.
func TestHoldPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	officer := w.seatedAt(locale.RU, account.Officer, w.shop)
	a := officer.sendHold(debt(w.delivery), "dogovor-7.pdf", contract)
	path, _, _ := strings.Cut(a.header.Get("Location"), "?")
	id := strings.TrimPrefix(path, "/console/holds/")
	w.later(time.Second)
	open := w.hold(w.delivery, consent.Transfer)
	lifted := w.hold(w.delivery, consent.CrossBorder)
	_, err := w.Consents.LiftHold(t.Context(), lifted, "Оплачено", verify.Actor{Kind: "person", ID: "9"})
	w.must(err)
	subject := w.signedIn(locale.RU, w.asel)
	mine := "/me/consents/" + w.delivery.ID.String()
	subject.post(mine+"/withdraw", url.Values{"scope": {"purpose:reviews"}, "reason": {"Отзывы больше не нужны"}})
	w.later(time.Minute)
	subject.post(mine+"/holds/"+id+"/appeal", url.Values{"reason": {"Всё оплачено в марте"}})
	w.later(time.Minute)
	officer.post(path+"/reply", url.Values{"reply": {"Два платежа не поступили"}})
	// one of the other sort, older
	r := w.demand(request.Block, request.Details{Text: "Данные устарели"})
	_, err = w.Requests.Refuse(t.Context(), w.bestam, r.ID, "Нарушения нет", "25(2)8", verify.Actor{Kind: "person", ID: "9"})
	w.must(err)
	ours := subject.post("/me/requests/"+r.ID.String()+"/appeal", url.Values{"text": {"Адрес сменился в мае"}})
	if ours.status != http.StatusSeeOther {
		t.Fatal(ours.status, ours.body)
	}
	appeals, err := w.Store.Appeals(t.Context(), request.AppealFilter{Limit: 10})
	w.must(err)
	w.later(50 * time.Hour)
	for _, lang := range locale.All {
		b, body := w.seatedAt(lang, account.Officer, w.shop), w.seatedAt(lang, account.Authority, w.bestam)
		for name, page := range map[string]string{
			"console-holds":          b.want(http.StatusOK, "/console/holds"),
			"console-hold":           b.want(http.StatusOK, path),
			"console-hold-open":      b.want(http.StatusOK, "/console/holds/"+open.String()+"?done=set"),
			"console-hold-find":      b.want(http.StatusOK, "/console/holds/new?subject="+w.asel.shop.String()),
			"console-hold-new":       b.want(http.StatusOK, "/console/holds/new?consent="+w.delivery.ID.String()),
			"console-appeals":        body.want(http.StatusOK, "/console/appeals"),
			"console-appeal":         body.want(http.StatusOK, "/console/appeals/holds/"+id),
			"console-appeal-request": body.want(http.StatusOK, "/console/appeals/requests/"+appeals[0].ID.String()),
			"console-hold-wrong":     b.sendHold(url.Values{"consent": {w.delivery.ID.String()}, "document": {"<b>"}, "until": {"2020-01-01"}, "scope": {"process"}}, "", nil).body,
		} {
			golden(t, name+"."+string(lang)+".html", normalise(strings.NewReplacer(" "+brief(w.asel.shop)+" ", " whom ", "<code>"+brief(w.asel.shop)+"<", "<code>whom<").Replace(page)))
			for _, fault := range faults(t, page) {
				t.Errorf("%s, %s: %s", lang, name, fault)
			}
			if strings.Contains(page, "⟦") {
				t.Errorf("%s, %s: a text is missing", lang, name)
			}
		}
	}
	body := w.seatedAt(locale.RU, account.Authority, w.bestam)
	if a := body.post("/console/appeals/requests/"+appeals[0].ID.String()+"/decide", url.Values{"decision": {"upheld"}, "reasons": {"Адрес не тот"}}); a.status != http.StatusSeeOther {
		t.Error(a.status, a.body)
	}
}

// Each sees only what is theirs, and what is wrong with a form is told on it.
func TestHoldDoors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	officer, other, staff := w.seatedAt(locale.RU, account.Officer, w.shop), w.seatedAt(locale.RU, account.Officer, w.bestam), w.seatedAt(locale.RU, account.Staff, w.shop)
	body := w.seatedAt(locale.RU, account.Authority, w.bestam)
	hold := w.hold(w.delivery, consent.Process).String()
	for _, path := range []string{"/console/holds", "/console/holds/new", "/console/holds/" + hold, "/console/holds/" + hold + "/file"} {
		staff.want(http.StatusForbidden, path)
		body.want(http.StatusForbidden, path)
	}
	for _, path := range []string{"/console/appeals", "/console/appeals/holds/" + hold, "/console/appeals/requests/" + hold} {
		staff.want(http.StatusForbidden, path)
		officer.want(http.StatusForbidden, path)
	}
	for _, path := range []string{"/console/journal", "/console/requests", "/console/orders", "/console/register", "/console/explain"} {
		body.want(http.StatusForbidden, path)
	}
	if a := body.get("/console"); a.header.Get("Location") != "/console/appeals" {
		t.Error("the authorised body is not led to its room")
	}
	for _, path := range []string{"/console/holds/" + hold, "/console/holds/" + hold + "/file", "/console/holds/new?consent=" + w.delivery.ID.String(), "/console/holds/x", "/console/holds/" + ident.NewID(w.now).String()} {
		other.want(http.StatusNotFound, path)
	}
	for _, what := range []string{"lift", "reply"} {
		if a := other.post("/console/holds/"+hold+"/"+what, url.Values{"reply": {"x"}}); a.status != http.StatusNotFound {
			t.Errorf("another's hold, %s: %d", what, a.status)
		}
	}
	officer.want(http.StatusNotFound, "/console/holds/"+hold+"/file") // none was given
	if a := other.sendHold(debt(w.delivery), "", nil); a.status != http.StatusNotFound {
		t.Errorf("on another's consent: %d", a.status)
	}
	for name, c := range map[string]struct {
		change url.Values
		file   []byte
		says   string
	}{
		"nothing":           {url.Values{"obligation": {""}}, nil, "Назовите закон"},
		"for nothing":       {url.Values{"document": {" "}}, nil, "Документ, который это подтверждает"},
		"for ever":          {url.Values{"until": {""}}, nil, "До конца какого дня"},
		"no day":            {url.Values{"until": {"tomorrow"}}, nil, "До конца какого дня"},
		"over":              {url.Values{"until": {"2020-01-01"}}, nil, "До конца какого дня"},
		"of nothing":        {url.Values{"scope": nil}, nil, "Что нельзя отозвать"},
		"of publication":    {url.Values{"scope": {"publicSources"}}, nil, "Прекращению распространения"},
		"of another's":      {url.Values{"purpose": {"news"}}, nil, "Для каких целей"},
		"a program":         {nil, []byte("MZ\x90"), "Сам документ"},
		"an empty document": {nil, []byte{}, "Сам документ"},
	} {
		form := debt(w.delivery)
		for k, v := range c.change {
			form[k] = v
		}
		a := officer.sendHold(form, "dogovor.pdf", c.file)
		if a.status != http.StatusBadRequest && a.status != http.StatusConflict || !strings.Contains(a.body, c.says) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if name == "over" && !strings.Contains(a.body, "Оплата по рассрочке, договор 7</textarea>") {
			t.Error("what was typed is gone")
		}
	}
	list, err := w.Store.Holds(t.Context(), consent.HoldFilter{Org: w.shop.ID, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Errorf("%d holds: something stayed", len(list))
	}
	if a := officer.post("/console/holds/"+hold+"/lift", url.Values{"reason": {"Оплачено"}}); a.header.Get("Location") != "/console/holds/"+hold+"?done=lifted" {
		t.Error(a.status, a.body)
	}
	for _, text := range []string{"x", ident.NewID(w.now).String(), w.asel.bestam.String()} {
		if page := officer.want(http.StatusOK, "/console/holds/new?subject="+text); strings.Contains(page, w.delivery.ID.String()) {
			t.Errorf("%s: a consent of another", text)
		}
	}
}
