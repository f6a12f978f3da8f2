package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"kelisim/internal/account"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/verify"
)

func TestShots(t *testing.T) {
	dir := os.Getenv("SHOTS")
	if dir == "" {
		t.Skip("")
	}
	w := newWorld(t)
	s := httptest.NewServer(w.mux)
	defer s.Close()
	ctx := chrome(t)
	token, err := w.Accounts.Issue(context.Background(), account.Token{Role: account.Subject, Subject: w.asel.inside}, "")
	w.must(err)
	_, es, err := w.Journal.List(context.Background(), mineOf(w))
	w.must(err)
	entry := ""
	for _, e := range es {
		if e.Decision == "deny" {
			entry = fmt.Sprintf("%s", idOf(e.ID))
		}
	}
	pages := map[string]string{
		"start": "/", "login": "/login/x", "home": "/me", "consents": "/me/consents", "consent": "/me/consents/" + w.delivery.ID.String(),
		"journal": "/me/journal", "entry": "/me/journal/" + entry, "data": "/me/data", "policy": "/o/150940018738/policy", "lost": "/me/nothing",
	}
	only := os.Getenv("ONLY")
	for name, path := range pages {
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		for _, lang := range strings.Split(os.Getenv("LANGS"), ",") {
			for _, mode := range strings.Split(os.Getenv("MODES"), ",") {
				for _, size := range [][2]int64{{390, 844}, {1280, 900}, {1281, 2000}, {391, 2000}} {
					if sz := os.Getenv("SIZE"); sz != "" && sz != fmt.Sprint(size[0]) {
						continue
					}
					c := func(n, v string) chromedp.Action[chromedp.Void] {
						return chromedp.Func(func(ctx context.Context, tg *chromedp.Target) error {
							_, err := cdp.Call(ctx, tg, network.SetCookie, network.SetCookieParams{Name: n, Value: v, URL: s.URL})
							return err
						})
					}
					sess := token
					if name == "start" || name == "login" || name == "policy" {
						sess = ""
					}
					err := chromedp.Do(ctx,
						chromedp.EmulateViewport(size[0], size[1]),
						chromedp.Func(func(ctx context.Context, tg *chromedp.Target) error {
							_, err := cdp.Call(ctx, tg, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode}}})
							return err
						}),
						c("kelisim_lang", lang), c("kelisim_session", sess),
						chromedp.Navigate(s.URL+path))
					w.must(err)
					if name == "data" {
						w.must(chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".rows button"))))
						time.Sleep(400 * time.Millisecond)
					}
					time.Sleep(150 * time.Millisecond)
					img, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
					if os.Getenv("FOLD") != "" {
						img, err = chromedp.Run(ctx, chromedp.CaptureScreenshot())
					}
					w.must(err)
					w.must(os.WriteFile(fmt.Sprintf("%s/%s-%s-%s-%d.png", dir, name, lang, mode, size[0]), img, 0o600))
				}
			}
		}
	}
}

func mineOf(w *world) journal.Filter {
	return journal.Filter{BySubject: true, Subject: w.asel.inside, Limit: 100}
}
func idOf(v verify.ID) ident.ID { return ident.ID(v) }
