package web

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"kelisim/internal/account"
	"kelisim/internal/gate"
	"kelisim/internal/register"
	"kelisim/verify"
)

// chrome starts a browser without a window and returns a context for its tab.
func chrome(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a browser takes seconds")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no chromium, and in CI there must be")
		}
		t.Skip("there is no chromium")
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a page in the browser with what it asked the network for.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu    sync.Mutex
	asked []string
}

func newTab(t *testing.T, base string) *tab {
	t.Helper()
	b := &tab{t: t, ctx: chrome(t), base: base}
	err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.asked = append(b.asked, e.Request.URL)
		}
	})
	if err == nil {
		_, err = chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// press clicks something and waits for the page that it leads to.
func (b *tab) press(what, next string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(what)), chromedp.WaitVisible(chromedp.CSS(next)))
}

func (b *tab) says(want string) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		b.t.Fatal(err)
	}
	if !strings.Contains(got, want) {
		b.t.Errorf("the page does not say %q:\n%s", want, got)
	}
}

// leaves lists what was asked for beyond this machine.
func (b *tab) leaves() (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.asked {
		if u, err := url.Parse(address); err != nil || u.Scheme != "data" && u.Scheme != "about" && u.Hostname() != "127.0.0.1" {
			out = append(out, address)
		}
	}
	return out
}

// The way of a subject on a phone: in by a link, to the consents, out of one,
// to the journal, and home with a receipt.
//
// duty: L8-1.2.2, L8-1.2.3, L8-1.2.4
func TestInABrowser(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	files := t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: files,
	})
	w.must(err)
	link, err := w.Accounts.LoginLink(t.Context(), w.asel.inside, time.Hour)
	w.must(err)

	b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(b.base+"/login/"+link+"?lang=ru"))
	b.press("main form button", "#holders")
	b.says("хотел просмотреть ваши данные")
	b.press(`.tabs a[href="/me/consents"]`, "#current")
	b.says("ТОО «Курьер Курык»")
	b.press(`.card .more a[href$="`+w.delivery.ID.String()+`"]`, "#withdraw")
	b.press(".decide button", ".done")
	b.says("С этой минуты всё, что на нём держалось, запрещено.")
	look := w.ask(w.shop, w.asel.shop, crm, gate.Request{Action: register.View, Purpose: "delivery", Categories: []string{"name"}})
	if look.Permit {
		t.Error("permitted after the withdrawal")
	}
	w.seal()
	b.press(`.tabs a[href="/me/journal"]`, ".filters")
	b.press(`a[href="/me/journal/`+look.ID.String()+`"]`, "#sealed")
	b.says("потому что вы отозвали согласие")
	b.do(chromedp.Click(chromedp.CSS("a[download]")))
	if e := w.receipt(files); e.Action != "view" || e.Decision != "deny" {
		t.Errorf("the receipt proves another entry: %+v", e)
	}
	b.press(".bottom button", ".hero")
	if left := b.leaves(); len(left) > 0 || len(b.asked) == 0 {
		t.Errorf("the pages asked other hosts: %v (of %d requests)", left, len(b.asked))
	}
}

// receipt waits for the file that the browser saved and checks it.
func (w *world) receipt(dir string) *verify.Entry {
	w.t.Helper()
	for range 1200 {
		time.Sleep(50 * time.Millisecond)
		names, err := filepath.Glob(filepath.Join(dir, "*.json"))
		w.must(err)
		if len(names) == 0 {
			continue
		}
		file, err := os.ReadFile(names[0])
		w.must(err)
		var r verify.Receipt
		w.must(json.Unmarshal(file, &r))
		e, _, err := r.Check(w.Keys.Checker)
		w.must(err)
		return e
	}
	w.t.Fatal("no receipt was saved")
	return nil
}

// The way of an officer at a desk: in by a link, over the day to the journal,
// home with the proof of a refusal, and a version of the description approved.
//
// duty: L25.3.1
func TestConsoleInABrowser(t *testing.T) {
	w := newWorld(t)
	w.widen("categories: [name, email, phone]", "categories: [name, email, phone, address]")
	w.seal()
	server := httptest.NewServer(w.mux)
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	files := t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: files,
	})
	w.must(err)
	link, err := w.Accounts.ConsoleLink(t.Context(), account.Officer, w.bestam.ID, "", time.Hour)
	w.must(err)

	b.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(b.base+ConsoleLogin+link+"?lang=ru"))
	b.press("main form button", "#refusals")
	b.says("Согласие этого не охватывает.")
	b.press(`.tabs a[href="/console/journal"]`, ".filters")
	b.do(chromedp.SetValue(chromedp.CSS(`select[name="decision"]`), "deny"))
	b.press(".filters button", `main:has(option[value="deny"][selected]) .lines`)
	b.press(".lines .act a", "#sealed")
	b.says("Согласие этого не охватывает.")
	b.do(chromedp.Click(chromedp.CSS("a[download]")))
	if e := w.receipt(files); e.Action != "view" || e.Decision != "deny" {
		t.Errorf("the receipt proves another entry: %+v", e)
	}
	b.press(`.tabs a[href="/console/register"]`, "#waiting")
	b.says("нужны новые согласия")
	b.press(".waiting form button", ".done")
	b.says("Версия утверждена")
	if o, err := w.Parties.Reload(t.Context(), w.bestam.ID); err != nil || o.Register.Version != 2 {
		t.Error("what was approved is not in force", err)
	}
	b.press(".bottom button", ".hero")
	b.do(chromedp.Navigate(b.base + "/console"))
	b.says("Войдите в консоль")
	if left := b.leaves(); len(left) > 0 || len(b.asked) == 0 {
		t.Errorf("the pages asked other hosts: %v (of %d requests)", left, len(b.asked))
	}
}
