package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"kelisim/internal/consent"
	"kelisim/internal/locale"
	"kelisim/internal/signature"
	"kelisim/internal/signature/fetch"
	"kelisim/internal/signature/pkitest"
)

// ncalayer is a scripted NCALayer: it speaks as the true one does and signs with
// a key of a test. Each time that it is called it plays its next turn; nil: nobody is
// there.
type ncalayer struct {
	t      *testing.T
	key    *pkitest.Cert
	now    func() time.Time
	turns  []turn
	called atomic.Int32
	origin atomic.Value
}

// turn answers what is asked, one after the other.
type turn func(n *ncalayer, q *question) string

// question is what a page asks for. Old modules take arguments by their place.
type question struct {
	Module, Method string
	Args           json.RawMessage
}

const (
	basics      = "kz.gov.pki.knca.basics"
	commonUtils = "kz.gov.pki.knca.commonUtils"
	noModule    = `{"success":false,"errorCode":"MODULE_NOT_FOUND"}`
)

func (n *ncalayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i := int(n.called.Add(1)) - 1
	if i >= len(n.turns) || n.turns[i] == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	n.origin.Store(r.Header.Get("Origin"))
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		n.t.Error(err)
		return
	}
	defer c.CloseNow() //nolint:errcheck // of a test
	say := func(text string) {
		if err := c.Write(r.Context(), websocket.MessageText, []byte(text)); err != nil {
			n.t.Error(err)
		}
	}
	say(`{"result":{"version":"1.4"}}`)
	for {
		_, asked, err := c.Read(r.Context())
		if err != nil { // the page goes
			return
		}
		q := &question{}
		if err := json.Unmarshal(asked, q); err != nil {
			n.t.Errorf("asked for %s (%v)", asked, err)
		}
		say(`--heartbeat--`)
		say(n.turns[i](n, q))
	}
}

// says answers the new module.
func says(answer string) turn {
	return func(*ncalayer, *question) string { return answer }
}

// old is an NCALayer that knows the old module alone: with a list of tokens, and
// something to say when it is to sign.
func old(tokens, answer string) turn {
	return func(n *ncalayer, q *question) string {
		switch {
		case q.Module != commonUtils:
			return noModule
		case q.Method == "getActiveTokens":
			return tokens
		case answer != "":
			return answer
		}
		return n.signCommon(q)
	}
}

func (n *ncalayer) cms(text []byte, attached bool) string {
	return base64.StdEncoding.EncodeToString((&pkitest.CMS{By: n.key, Text: text, At: n.now(), Attached: attached}).DER())
}

// signBasics signs what is asked for, as it is asked of the new module.
func (n *ncalayer) signBasics(q *question) string {
	var args struct {
		Format        string
		Data          []byte
		SigningParams struct{ Decode, Encapsulate string }
		SignerParams  struct{ ExtKeyUsageOids []string }
		Locale        string
	}
	if err := json.Unmarshal(q.Args, &args); err != nil || q.Module != basics || q.Method != "sign" || args.Format != "cms" ||
		args.SigningParams.Decode != "true" || args.SigningParams.Encapsulate != "false" || args.Locale != "kk" ||
		!slices.Equal(args.SignerParams.ExtKeyUsageOids, []string{pkitest.ForSigning}) {
		n.t.Errorf("asked for %+v (%v)", q, err)
	}
	return `{"status":true,"body":{"result":["` + n.cms(args.Data, false) + `"]}}`
}

// signCommon does the same as the old module. Whether its flag takes the text in is
// told differently by those who describe it, so this one always does.
func (n *ncalayer) signCommon(q *question) string {
	var args []any
	err := json.Unmarshal(q.Args, &args)
	if err != nil || q.Method != "createCMSSignatureFromBase64" || len(args) != 4 || args[0] != "AKKZIDCardStore" || args[1] != "SIGNATURE" || args[3] != false {
		n.t.Errorf("asked for %+v %v (%v)", q, args, err)
		return `{"code":"500","message":"internal"}`
	}
	text, err := base64.StdEncoding.DecodeString(args[2].(string))
	if err != nil {
		n.t.Error(err)
	}
	return `{"code":200,"message":"","responseObject":"-----BEGIN CMS-----\n` + n.cms(text, true) + `\n-----END CMS-----\n"}`
}

// trust makes an authority whose signatures the world takes, and a key of Асель.
func (w *world) trust() *pkitest.Cert {
	w.t.Helper()
	var a *pkitest.Authority
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { a.ServeHTTP(rw, r) }))
	w.t.Cleanup(srv.Close)
	a = pkitest.NewAuthority(srv.URL, w.now, pkitest.GOST)
	roots, between := w.t.TempDir(), w.t.TempDir()
	w.must(os.WriteFile(filepath.Join(roots, "root.pem"), a.Root.PEM(), 0o600))
	w.must(os.WriteFile(filepath.Join(between, "ca.pem"), a.CA.PEM(), 0o600))
	config := signature.Config{Roots: roots, Intermediates: between}
	var err error
	w.Consents.Signatures, err = config.Checker(fetch.New(nil), w.Now, w.Parties.Rules)
	w.must(err)
	w.ca = a
	return a.Issue("Асель", a.Person(pkitest.Human("ҚАЙРАТҚЫЗЫ", "АСЕЛЬ", "", "900101300017")))
}

// signing is a browser before the page that signs, with a scripted NCALayer.
func signing(t *testing.T, turns ...turn) (*world, *tab, *ncalayer, *consent.Request, string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a browser takes seconds")
	}
	n := &ncalayer{t: t, turns: turns}
	layer := httptest.NewServer(n)
	t.Cleanup(layer.Close)
	w := newWorld(t, func(p *Pages) { p.NCALayer = "ws" + strings.TrimPrefix(layer.URL, "http") })
	n.key, n.now = w.trust(), w.Now
	r := w.question()
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	link, err := w.Accounts.LoginLink(t.Context(), w.asel.inside, time.Hour)
	w.must(err)
	b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(b.base+"/login/"+link+"?lang=kk"))
	b.press("main form button", "#holders")
	b.do(chromedp.Navigate(b.base + "/me/asked/" + r.ID.String()))
	b.do(chromedp.Click(chromedp.CSS(`input[name="purpose"][value="reviews"]`)))
	b.press(`button[formaction$="/sign"]`, "#ncalayer")
	return w, b, n, r, server.URL
}

// tries presses the button and waits for what the page says.
func (b *tab) tries(says string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS("#ncalayer")))
	b.says(says, "#said")
	b.do(chromedp.WaitVisible(chromedp.CSS(`#other[open] textarea`))) // another way is open
}

// A person is asked, takes a purpose out, reads what is left and signs it with
// NCALayer: in a browser, with the script and the policy of the page as they are.
//
// duty: L8.1
func TestSignInABrowser(t *testing.T) {
	w, b, n, r, origin := signing(t, nil,
		says(`{"status":true,"body":{}}`), says(`{"status":false,"code":"500","message":"action.canceled","responseObject":null}`),
		says(`{"status":false,"code":"CERTIFICATE_EXPIRED","message":"certificate expired"}`), says(`{"status":false,"code":"SIGNING_FAILURE","message":""}`),
		(*ncalayer).signBasics)
	b.picture("sign")
	b.says("Оқып шығып, қол қойыңыз")
	b.tries("NCALayer жауап бермейді")
	b.tries("Қол қойылмады")
	b.tries("Қол қойылмады")
	b.tries("мерзімі өтіп кеткен")
	b.tries("NCALayer қол қоя алмады")
	b.picture("sign-failed")
	b.press("#ncalayer", ".done")
	b.picture("signed")
	c, err := w.Store.Consent(t.Context(), w.asked(r.ID).Consent)
	w.must(err)
	p, err := w.Consents.Proof(t.Context(), c)
	w.must(err)
	if p.Channel != consent.Signed || p.Signature == nil || p.Signature.Name != "ҚАЙРАТҚЫЗЫ АСЕЛЬ" || c.Terms.Covers("reviews") || len(p.Files) != 1 {
		t.Errorf("%+v of %+v", p, c.Terms)
	}
	if left := b.leaves(); len(left) > 0 || n.called.Load() != 6 || n.origin.Load() != origin {
		t.Errorf("asked others: %v; NCALayer %d times, by %v", left, n.called.Load(), n.origin.Load())
	}
}

// An NCALayer without the new module is asked for the old one; what it answers is
// read in all its shapes, and a certificate that is over leaves every way open.
func TestSignWithAnOldNCALayerInABrowser(t *testing.T) {
	const token = `{"code":"200","message":"","responseObject":["AKKZIDCardStore"]}`
	w, b, n, r, _ := signing(t,
		says(noModule), old(token, `{"code":"500","message":"action.canceled"}`), old(token, `{"code":"500","message":"Срок действия сертификата истек"}`),
		old(token, `{"errorCode":"INVOCATION_ERROR","message":"NoSuchMethodException"}`), old(token, ""), old(token, ""))
	good := n.key
	over := w.ca.Person(pkitest.Human("ҚАЙРАТҚЫЗЫ", "АСЕЛЬ", "", "900101300017"))
	over.NotBefore, over.Until = w.now.AddDate(-2, 0, 0), w.now.AddDate(-1, 0, 0)
	b.tries("тым ескі")
	b.tries("Қол қойылмады")
	b.tries("мерзімі өтіп кеткен")
	b.tries("тым ескі")
	n.key = w.ca.Issue("Асель, бұрын", over)
	b.press("#ncalayer", `.done[role="alert"]`) // the server refuses it, on the page that signs
	b.picture("sign-expired")
	b.says("Сертификаттың қолданылу мерзімі өтіп кеткен")
	b.says("қолтаңбасыз жауап беріңіз")
	n.key = good
	b.press("#ncalayer", `.done[role="status"]`)
	c, err := w.Store.Consent(t.Context(), w.asked(r.ID).Consent)
	w.must(err)
	p, err := w.Consents.Proof(t.Context(), c)
	w.must(err)
	if p.Channel != consent.Signed || p.Signature == nil || c.Terms.Covers("reviews") {
		t.Errorf("%+v of %+v", p, c.Terms)
	}
	if n.called.Load() != 6 {
		t.Errorf("NCALayer was called %d times", n.called.Load())
	}
}

// picture keeps what the page looks like, where somebody wants to look.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("KEEP")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// The page that signs, and how a signature made elsewhere is taken.
func TestSignPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *Pages) { p.NCALayer = "wss://127.0.0.1:13579" })
	key := w.trust()
	r := w.question(optional("address"))
	path := "/me/asked/" + r.ID.String()
	form := url.Values{"purpose": {"delivery"}, "recipient": {"170540056788"}, "until": {"2027-01-31"}}
	for _, lang := range locale.All {
		b := w.signedIn(lang, w.asel)
		if page := b.want(http.StatusOK, path); !strings.Contains(page, `formaction="`+path+`/sign"`) {
			t.Errorf("%s: signing is not offered", lang)
		}
		a := b.post(path+"/sign", form)
		golden(t, "sign."+string(lang)+".html", normalise(a.body))
		policy := a.header.Get("Content-Security-Policy")
		if a.status != http.StatusOK || !strings.Contains(policy, "; script-src 'self'; connect-src wss://127.0.0.1:13579") {
			t.Errorf("%s: %d %s", lang, a.status, policy)
		}
	}
	b := w.signedIn(locale.RU, w.asel)
	text := w.Consents.RequestText(w.shop.Register, &consent.Request{Ask: consent.Asked{
		Terms: consent.Terms{Purposes: []string{"delivery"}, Categories: []string{"name", "phone"}, ThirdParties: []string{"170540056788"}},
		Until: time.Date(2027, 1, 31, 19, 0, 0, 0, time.UTC),
	}}, locale.KK)
	page := b.post(path+"/sign", form).body
	data, _, _ := strings.Cut(page[strings.Index(page, `data-text="`)+len(`data-text="`):], `"`)
	shown, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(data, "&#43;", "+"))
	w.must(err)
	if !bytes.Contains(shown, []byte("БИН")) || text == nil {
		t.Errorf("to be signed: %s", shown)
	}
	form.Set("answer", "give")
	form.Set("language", "ru")
	form.Set("signature", base64.StdEncoding.EncodeToString((&pkitest.CMS{By: key, Text: append(shown, ' '), At: w.now}).DER()))
	if a := b.post(path, form); a.status != http.StatusBadRequest || !strings.Contains(a.body, "Подписан не тот текст") || !strings.Contains(a.body, `data-text="`) {
		t.Errorf("another text: %d %s", a.status, a.body)
	}
	form.Set("signature", "-----BEGIN CMS-----\n"+base64.StdEncoding.EncodeToString((&pkitest.CMS{By: key, Text: shown, At: w.now}).DER())+"\n-----END CMS-----\n")
	if a := b.post(path, form); a.status != http.StatusSeeOther {
		t.Errorf("%d %s", a.status, a.body)
	}
	c, err := w.Store.Consent(t.Context(), w.asked(r.ID).Consent)
	w.must(err)
	files, err := w.Consents.OpenFiles(t.Context(), c)
	w.must(err)
	if len(files) != 1 || files[0].Content[0] != 0x30 {
		t.Errorf("%d files, not bare", len(files))
	}
	if page := b.want(http.StatusOK, "/me/consents/"+c.ID.String()); !strings.Contains(page, key.SerialNumber.Text(16)) {
		t.Error("the page does not say who signed")
	}
	if p := w.signedIn(locale.KK, w.daniyar); p.post(path+"/sign", form).status != http.StatusNotFound {
		t.Error("another person's question")
	}
}

// Where signatures are not taken nothing offers them, and an address that is no
// WebSocket opens nothing.
func TestSignNotOffered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.question()
	path := "/me/asked/" + r.ID.String()
	b := w.signedIn(locale.RU, w.asel)
	if page := b.want(http.StatusOK, path); strings.Contains(page, "/sign") {
		t.Error("offered")
	}
	if a := b.post(path+"/sign", url.Values{"purpose": {"delivery"}}); a.status != http.StatusBadRequest {
		t.Errorf("%d", a.status)
	}
	for _, address := range []string{"", "https://127.0.0.1:1", "wss://", "wss://a;script-src *", "wss://a b", "javascript:1", "wss://*", "wss://a'"} {
		if policy, ok := signingCSP(address); ok || policy != csp {
			t.Errorf("%q: %s", address, policy)
		}
	}
}
