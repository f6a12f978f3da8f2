package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"kelisim/internal/account"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// upload sends a file to the page that checks.
func (b *guest) uploadFile(field string, file []byte) answer {
	b.w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	f, err := m.CreateFormFile(field, "x")
	b.w.must(err)
	_, err = f.Write(file)
	b.w.must(err)
	b.w.must(m.Close())
	return b.do(http.MethodPost, "/verify", nil, func(r *http.Request) {
		r.Header.Set("Content-Type", m.FormDataContentType())
		n, _ := http.NewRequest(http.MethodPost, "/verify", &body)
		r.Body, r.ContentLength = n.Body, n.ContentLength
	})
}

// Anybody checks what somebody was given; one byte else, and it does not hold.
func TestVerifyPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.contracts.ID.String()
	mine := w.signedIn(locale.RU, w.asel)
	files := map[string][]byte{}
	for _, part := range []string{"receipt", "receipt.pdf", "pack"} {
		a := mine.get("/me/consents/" + id + "/" + part)
		if a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s: %d %s", part, a.status, a.body)
		}
		files[part] = []byte(a.body)
		if other := w.signedIn(locale.RU, w.daniyar).get("/me/consents/" + id + "/" + part); other.status != http.StatusNotFound {
			t.Errorf("%s: another person gets %d", part, other.status)
		}
	}
	for _, lang := range locale.All {
		b := w.visitor(lang)
		golden(t, "verify."+string(lang)+".html", normalise(b.want(http.StatusOK, "/verify")))
		for part, file := range files {
			if a := b.uploadFile("file", file); a.status != http.StatusOK || !strings.Contains(a.body, locale.Text(lang, "page.verify.good")) {
				t.Errorf("%s: %d %s", part, a.status, a.body)
			}
			file = bytes.Clone(file)
			file[len(file)/2] ^= 1
			if a := b.uploadFile("file", file); a.status != http.StatusOK || !strings.Contains(a.body, locale.Text(lang, "page.verify.bad")) {
				t.Errorf("%s changed: %d %s", part, a.status, a.body)
			}
		}
		for name, a := range map[string]answer{"no file": b.uploadFile("other", nil), "an empty file": b.uploadFile("file", nil), "no form": b.post("/verify", nil)} {
			if a.status != http.StatusBadRequest {
				t.Errorf("%s: %d", name, a.status)
			}
		}
		if a := b.uploadFile("file", make([]byte, maxUpload+1)); a.status != http.StatusRequestEntityTooLarge {
			t.Errorf("too large: %d", a.status)
		}
	}
}

// The code on paper leads to the entry, and tells nothing but that it is there.
func TestVerifyMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(locale.EN, w.asel)
	var r verify.Receipt
	w.must(json.Unmarshal([]byte(b.want(http.StatusOK, "/me/journal/"+w.contracts.History[0].Entry.String()+"/receipt")), &r))
	c := verify.Commit(r.Salt, r.Entry)
	mark := fmt.Sprintf("%d-%x", r.Index, c[:12])
	page := w.visitor(locale.EN).want(http.StatusOK, "/verify/"+mark)
	if !strings.Contains(page, "The journal has this entry: number") || strings.Contains(page, "Асель") || strings.Contains(page, "Bestam") {
		t.Errorf("%s", page)
	}
	for _, wrong := range []string{fmt.Sprintf("%d-%x", r.Index+1, c[:12]), fmt.Sprintf("%d-%x", 1<<40, c[:12]), fmt.Sprintf("%d-%x", r.Index, c[1:13]), "x", "-1-aa", mark + "0", "0" + mark} {
		if page := w.visitor(locale.EN).want(http.StatusOK, "/verify/"+wrong); !strings.Contains(page, "There is no such entry") {
			t.Errorf("%s is found", wrong)
		}
	}
}

// The officer takes the proof from an entry of the consent; the staff does not, nor
// another organization.
func TestConsolePack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	entry, path := w.contracts.History[0].Entry.String(), "/console/consents/"+w.contracts.ID.String()+"/pack"
	officer := w.seatedAt(locale.EN, account.Officer, w.bestam)
	if page := officer.want(http.StatusOK, "/console/journal/"+entry); !strings.Contains(page, path) {
		t.Error("the entry does not offer the proof")
	}
	p, err := verify.CheckPack([]byte(officer.want(http.StatusOK, path)), verify.Keys{Log: w.Keys.Checker, Sign: w.Keys.JWKS})
	if err != nil || p.Entries != 1 {
		t.Errorf("%+v %v", p, err)
	}
	w.seatedAt(locale.EN, account.Staff, w.bestam).want(http.StatusForbidden, path)
	w.seatedAt(locale.EN, account.Officer, w.shop).want(http.StatusNotFound, path)
}
