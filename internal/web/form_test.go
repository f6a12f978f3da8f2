package web

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kelisim/internal/form"
	"kelisim/internal/locale"
)

// A stranger fills in the form on the operator's site, in each language; what was
// typed wrong stands beside its field, what was ticked is never ticked again; the
// link in the letter asks once more, and only then something is collected.
//
// duty: P4.1.3, P4.2
func TestFormOnThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Outbox.Mail = true
	path := "/o/" + w.bestam.BIN + "/form/contracts?with=news"
	for _, lang := range locale.All {
		b := w.visitor(lang)
		page := b.want(http.StatusOK, path)
		golden(t, "form."+string(lang)+".html", normalise(page))
		if !strings.Contains(html.UnescapeString(page), locale.Text(lang, "page.form.true")) {
			t.Errorf("%s: nothing is said of data that is not true, or another's", lang)
		}
		golden(t, "confirmed."+string(lang)+".html", normalise(b.want(http.StatusOK, form.ConfirmPath+"x")))
	}
	b := w.visitor(locale.RU)
	if page := b.want(http.StatusOK, path); strings.Contains(page, "checked") {
		t.Error("a box is ticked")
	}
	filled := url.Values{
		"name": {"Айгүл Сәрсенова"}, "iin": {"900101300017"}, "email": {"aigul@mail.example"}, "phone": {"+7 701 555 01 42"},
		"education": {"КазНУ"}, "profession": {"инженер"}, "employer": {"ТОО «Жер»"}, "agree": {"yes"}, "marketing": {"yes"},
	}
	wrong := url.Values{}
	for k, v := range filled {
		wrong[k] = v
	}
	wrong["phone"] = []string{"никакой"}
	a := b.post(path, wrong)
	if a.status != http.StatusBadRequest || !strings.Contains(a.body, `value="никакой"`) || !strings.Contains(a.body, `class="wrong"`) || strings.Contains(a.body, "checked") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := a.header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors https://casinomontana.kz") {
		t.Error(got)
	}
	if a = b.post(path, filled); a.status != http.StatusOK || !strings.Contains(a.body, "проверьте почту") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	sent := w.deliver()
	if len(sent) != 1 || sent[0].To != "aigul@mail.example" || strings.Contains(sent[0].Text, "Сәрсенова") {
		t.Fatalf("%+v", sent)
	}
	_, code, _ := strings.Cut(sent[0].Text, form.ConfirmPath)
	code, _, _ = strings.Cut(code, "\n")
	b.want(http.StatusOK, form.ConfirmPath+code) // a messenger draws its preview
	if a = b.post(form.ConfirmPath+code, nil); a.status != http.StatusOK || !strings.Contains(a.body, "Подтверждено") || !strings.Contains(a.body, "отдельно") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a = b.post(form.ConfirmPath+code, nil); a.status != http.StatusBadRequest || strings.Contains(a.body, code) {
		t.Errorf("twice: %d", a.status)
	}
	b.want(http.StatusNotFound, "/o/"+w.bestam.BIN+"/form/news")
	b.want(http.StatusNotFound, "/o/1/form/contracts")
}
