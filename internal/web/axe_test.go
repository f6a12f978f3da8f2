package web

import (
	"context"
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
)

func TestAxe(t *testing.T) {
	js := os.Getenv("AXE")
	if js == "" {
		t.Skip("")
	}
	src, _ := os.ReadFile(js)
	w := newWorld(t)
	s := httptest.NewServer(w.mux)
	defer s.Close()
	ctx := chrome(t)
	token, err := w.Accounts.Issue(context.Background(), account.Token{Role: account.Subject, Subject: w.asel.inside}, "")
	w.must(err)
	for _, path := range []string{"/", "/login/x", "/me", "/me/consents", "/me/consents/" + w.delivery.ID.String() + "?done=part", "/me/journal", "/me/journal/" + w.denied(w.asel).String(), "/me/data", "/me/none", "/o/150940018738/policy"} {
		for _, mode := range []string{"light", "dark"} {
			for _, width := range []int64{320, 1280} {
				w.must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, tg *chromedp.Target) error {
					_, err := cdp.Call(ctx, tg, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode}}})
					if err == nil {
						_, err = cdp.Call(ctx, tg, network.SetCookie, network.SetCookieParams{Name: "kelisim_session", Value: token, URL: s.URL})
					}
					return err
				}), chromedp.Navigate(s.URL+path)))
				if path == "/me/data" {
					w.must(chromedp.Do(ctx, chromedp.Click(chromedp.CSS(".rows button"))))
					time.Sleep(300 * time.Millisecond)
				}
				_, err := chromedp.Run(ctx, chromedp.Evaluate[any](string(src)+";1"))
				w.must(err)
				res, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document,{runOnly:["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}).then(r=>JSON.stringify(r.violations.map(v=>v.id+": "+v.nodes.map(n=>n.target.join(" ")+" "+(n.any[0]?n.any[0].message:"")).join(" | "))))`, chromedp.EvalAwaitPromise))
				w.must(err)
				wide, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth-document.documentElement.clientWidth`))
				w.must(err)
				if res != "[]" || wide > 0 {
					t.Errorf("%s %s %d overflow %d: %s", strings.ReplaceAll(path, w.delivery.ID.String(), "ID"), mode, width, wide, res)
				}
			}
		}
	}
}
