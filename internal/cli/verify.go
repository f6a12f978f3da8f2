package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/note"

	"kelisim/internal/app"
	"kelisim/verify"
)

type verifyCommand struct {
	URL   string   `name:"url" help:"A log served over HTTP: checks its checkpoint, tiles and entries." placeholder:"URL"`
	Key   string   `help:"The log's verifier key, as published; from the installation or the URL if absent." placeholder:"KEY"`
	JWKS  string   `name:"jwks" help:"File with the keys of consent receipts and confirmations." type:"existingfile" placeholder:"FILE"`
	Files []string `arg:"" optional:"" name:"file" help:"Receipts, promises, consent receipts, acts of destruction, confirmations, packs (JSON or ZIP)."`
}

// Run checks files, or a log over HTTP, or the installation.
func (c *verifyCommand) Run(e *env) error {
	switch {
	case len(c.Files) > 0:
		return c.files(e)
	case c.URL != "":
		return c.remote(e)
	default:
		return c.installation(e)
	}
}

func (c *verifyCommand) installation(e *env) error {
	a, err := e.open()
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // only read
	size, err := a.Store.LogSize(e.ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	bar := progress(e.stderr, size, "entries")
	r, err := a.Audit(e.ctx, func(n int64) { _ = bar.Set64(n) })
	_ = bar.Finish()
	if err != nil {
		return fmt.Errorf("the log could not be read: %w", err)
	}
	took := time.Since(start)
	fmt.Fprintf(e.stdout, "%d entries checked in %s (%.0f a second): %d under the newest checkpoint, %d not sealed yet\n",
		r.Entries, took.Round(time.Millisecond), float64(r.Entries)/took.Seconds(), r.Size, r.Unsealed)
	if len(r.Findings) == 0 {
		fmt.Fprintf(e.stdout, "the log is whole\nroot %s\nkey  %s\n", r.Root, a.Keys.LogKey)
		return nil
	}
	for _, f := range r.Findings {
		fmt.Fprintln(e.stdout, "WRONG:", f)
	}
	fmt.Fprintf(e.stderr, "kelisim: the log is not whole: %d findings\n", len(r.Findings))
	return errSilent
}

// remote replays a log over HTTP: every entry's commitment into the tree that
// the checkpoint signs.
func (c *verifyCommand) remote(e *env) error {
	key, err := c.verifier(e)
	if err != nil {
		return err
	}
	fetch := func(path string) ([]byte, error) { return download(e.ctx, strings.TrimRight(c.URL, "/")+path) }
	point, err := verify.CheckLog(key, fetch)
	if err != nil {
		fmt.Fprintln(e.stdout, "WRONG:", err)
		return errSilent
	}
	fmt.Fprintf(e.stdout, "the log is whole: %d leaves, root %s, signed by %s\n", point.Size, point.Root, key.Name())
	return nil
}

func (c *verifyCommand) files(e *env) error {
	bad := 0
	for _, name := range c.Files {
		said, err := c.file(e, name)
		if err != nil {
			bad++
			fmt.Fprintf(e.stdout, "WRONG: %s: %v\n", name, err)
			continue
		}
		fmt.Fprintf(e.stdout, "ok: %s: %s\n", name, said)
	}
	if bad > 0 {
		return errSilent
	}
	return nil
}

// answer is a decision's answer with its promise.
type answer struct {
	Receipt struct {
		Leaf    string         `json:"leaf"`
		Promise verify.Promise `json:"promise"`
	} `json:"receipt"`
}

func (c *verifyCommand) file(e *env, name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if verify.IsSealed(b) {
		return c.sealed(e, b)
	}
	kind, err := verify.KindOf(b)
	var ans answer
	switch {
	case err == nil && (kind == verify.TypeReceipt || kind == verify.TypeBlindReceipt):
		return c.receipt(e, b)
	case err == nil && kind == verify.TypeRequestPack:
		return c.pack(e, b)
	case err == nil:
		return c.signed(e, kind, b)
	case json.Unmarshal(b, &ans) == nil && ans.Receipt.Leaf != "":
		return c.promise(e, &ans)
	case strings.Count(string(b), ".") == 2:
		return c.confirmation(e, strings.TrimSpace(string(b)))
	}
	return "", err
}

func (c *verifyCommand) receipt(e *env, b []byte) (string, error) {
	r, err := verify.ReadReceipt(b)
	if err != nil {
		return "", err
	}
	key, err := c.verifier(e)
	own := ""
	if errors.Is(err, errNoKey) { // the file's own key: compare it with the published one
		key, err = note.NewVerifier(r.Key)
		own = "; signed by " + r.Key + ": compare this key with the published one"
	}
	if err != nil {
		return "", err
	}
	if r.Type == verify.TypeBlindReceipt {
		_, point, err := r.CheckBlind(key)
		return fmt.Sprintf("entry %d of %d stands in the log; this receipt does not tell what it says%s", r.Index, point.Size, own), err
	}
	entry, point, err := r.Check(key)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d: %s %s by %s at %s%s", r.Index, point.Size, entry.Action, entry.Decision,
		entry.Organization, time.UnixMilli(entry.At).UTC().Format(time.RFC3339), own), nil
}

func (c *verifyCommand) promise(e *env, ans *answer) (string, error) {
	leaf, err := base64.StdEncoding.DecodeString(ans.Receipt.Leaf)
	p := ans.Receipt.Promise
	if err != nil || copy(p.Leaf[:], leaf) != len(p.Leaf) {
		return "", verify.ErrFormat
	}
	key, err := c.verifier(e)
	if err != nil {
		return "", err
	}
	return "the log promised this leaf", p.Check(key)
}

func (c *verifyCommand) signed(e *env, kind string, b []byte) (string, error) {
	keys, err := c.keys(e)
	if err != nil {
		return "", err
	}
	_, err = verify.OpenSigned(b, keys)
	return kind, err
}

// sealed checks a PDF or a ZIP that is sealed whole.
func (c *verifyCommand) sealed(e *env, b []byte) (string, error) {
	if !verify.IsPack(b) {
		keys, err := c.keys(e)
		if err != nil {
			return "", err
		}
		s, err := verify.OpenSeal(b, keys)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s: %s %s, issued %s", s.Type, s.Of, s.ID, s.Issued.Format(time.RFC3339)), nil
	}
	keys, own, err := c.packKeys(e, b)
	if err != nil {
		return "", err
	}
	p, err := verify.CheckPack(b, keys)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: consent %s, issued %s: texts %d, evidence %d, entries in the log %d%s",
		p.Type, p.ID, p.Issued.Format(time.RFC3339), p.Texts, p.Evidence, p.Entries, own), nil
}

// packKeys are the keys that a pack is checked by: those that were given, else its
// own, to be compared with the published ones.
func (c *verifyCommand) packKeys(e *env, b []byte) (verify.Keys, string, error) {
	inside, inErr := verify.PackKeys(b)
	var keys verify.Keys
	var err error
	own := ""
	if keys.Sign, err = c.keys(e); errors.Is(err, errNoKeys) && inErr == nil {
		keys.Sign, err, own = inside.Sign, nil, "; checked by the keys inside: compare them with the published ones"
	}
	if err != nil {
		return keys, "", err
	}
	if keys.Log, err = c.verifier(e); errors.Is(err, errNoKey) && inErr == nil {
		keys.Log, err, own = inside.Log, nil, "; checked by the keys inside: compare them with the published ones"
	}
	return keys, own, err
}

// pack checks all evidence about a subject's request.
func (c *verifyCommand) pack(e *env, b []byte) (string, error) {
	var p verify.RequestPack
	if err := json.Unmarshal(b, &p); err != nil {
		return "", verify.ErrFormat
	}
	key, err := c.verifier(e)
	if err != nil {
		return "", err
	}
	keys, err := c.keys(e)
	if err != nil {
		return "", err
	}
	entries, err := p.Check(key, keys)
	return fmt.Sprintf("a request with its answer; entries of the journal: %d, consents: %d", len(entries), len(p.Consents)), err
}

func (c *verifyCommand) confirmation(e *env, token string) (string, error) {
	keys, err := c.keys(e)
	if err != nil {
		return "", err
	}
	got, err := verify.OpenConfirmation(token, keys, e.now())
	if err != nil {
		return "", err
	}
	return "consent " + got.Consent + " is in force until " + got.Expiry.Time().UTC().Format(time.RFC3339), nil
}

var (
	errNoKey  = errors.New("no key to check against: give --key, --url or --data")
	errNoKeys = errors.New("no keys to check against: give --jwks, --url or --data")
)

// verifier is the key that the log must be signed by.
func (c *verifyCommand) verifier(e *env) (note.Verifier, error) {
	switch {
	case c.Key != "":
		return note.NewVerifier(c.Key)
	case c.URL != "":
		b, err := download(e.ctx, strings.TrimRight(c.URL, "/")+"/log/key")
		if err != nil {
			return nil, err
		}
		return note.NewVerifier(strings.TrimSpace(string(b)))
	}
	a, err := e.open()
	if errors.Is(err, app.ErrNotInitialised) {
		return nil, errNoKey
	}
	if err != nil {
		return nil, err
	}
	defer a.Close() //nolint:errcheck // only read
	return a.Keys.Checker, nil
}

func (c *verifyCommand) keys(e *env) (*jose.JSONWebKeySet, error) {
	var b []byte
	var err error
	switch {
	case c.JWKS != "":
		b, err = os.ReadFile(c.JWKS)
	case c.URL != "":
		b, err = download(e.ctx, strings.TrimRight(c.URL, "/")+"/.well-known/jwks.json")
	default:
		a, err := e.open()
		if errors.Is(err, app.ErrNotInitialised) {
			return nil, errNoKeys
		}
		if err != nil {
			return nil, err
		}
		defer a.Close() //nolint:errcheck // only read
		return a.Keys.JWKS, nil
	}
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	return &set, json.Unmarshal(b, &set)
}

// download reads an address, 64 MiB at most.
func download(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to the end
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", req.URL.Path, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, 64<<20))
}
