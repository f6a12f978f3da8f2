package proof

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/verify"
)

// pack is a pack while it is put together.
type pack struct {
	zip *zip.Writer
	at  time.Time
}

func (k *pack) add(name string, content []byte) error {
	w, err := k.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: k.at})
	if err == nil {
		_, err = w.Write(content)
	}
	return err
}

// Pack is all the proof of a consent in one file: the receipt, signed and on paper
// in each language; every text that was shown; the evidence, opened; the receipts
// of the journal of every step; the keys; a word on how to check it. It is for the
// two sides of the consent: a third party that it names is none.
//
// That it was taken, and by whom, is an entry of the subject's journal, durable
// before the pack is returned.
//
// A fault.Conflict "not-sealed-yet" means that the newest step is seconds old.
func (p *Proofs) Pack(ctx context.Context, c *consent.Consent, j Journal, at Place, by verify.Actor) ([]byte, error) {
	var out bytes.Buffer
	k := &pack{zip.NewWriter(&out), p.Now().UTC().Truncate(time.Second)}
	asked, err := p.Consents.AskedBy(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, part := range []func() error{
		func() error { return k.add(verify.PackReadme, []byte(readme)) },
		func() error { return p.packReceipts(ctx, k, c, j, at) },
		func() error { return p.packTexts(ctx, k, c, asked) },
		func() error { return p.packEvidence(ctx, k, c) },
		func() error { return p.packJournal(ctx, k, c, asked, j) },
		func() error { return k.add(verify.PackLogKey, []byte(p.Keys.LogKey+"\n")) },
		func() error {
			keys, err := json.Marshal(p.Keys.JWKS)
			if err != nil {
				return err
			}
			return k.add(verify.PackJWKS, keys)
		},
		k.zip.Close,
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	file, err := p.seal(out.Bytes(), verify.TypeConsentReceipt, c.ID)
	if err != nil {
		return nil, err
	}
	if err := p.Consents.Proven(ctx, c, by); err != nil {
		return nil, err
	}
	return file, nil
}

func (p *Proofs) packReceipts(ctx context.Context, k *pack, c *consent.Consent, j Journal, at Place) error {
	receipt, err := p.Receipt(ctx, c, nil)
	if err != nil {
		return err
	}
	if err := k.add(verify.PackReceipt, receipt); err != nil {
		return err
	}
	link, err := at.link(ctx, j, c.History[0].Entry)
	if err != nil {
		return err
	}
	for _, lang := range locale.All {
		file, err := p.receiptPDF(ctx, shown{c, nil}, receipt, link, lang)
		if err != nil {
			return err
		}
		if err := k.add("receipt."+string(lang)+".pdf", file); err != nil {
			return err
		}
	}
	return nil
}

// packTexts adds the text that the consent was given to, and those that were
// before the subject on the way.
func (p *Proofs) packTexts(ctx context.Context, k *pack, c *consent.Consent, asked *consent.Request) error {
	hashes := []string{c.TextHash}
	if asked != nil {
		for _, s := range asked.Shown {
			hashes = append(hashes, s.TextHash)
		}
	}
	done := map[string]bool{}
	for _, h := range hashes {
		if done[h] {
			continue
		}
		done[h] = true
		t, err := p.Consents.Store.Text(ctx, h)
		if err != nil {
			return err
		}
		if err := k.add(verify.PackTexts+"/"+h+"."+string(t.Language)+".txt", []byte(t.Body)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Proofs) packEvidence(ctx context.Context, k *pack, c *consent.Consent) error {
	files, err := p.Consents.OpenFiles(ctx, c)
	if err != nil {
		return err
	}
	for i, f := range files { // two may have one name
		if err := k.add(fmt.Sprintf("%s/%d-%s", verify.PackEvidence, i+1, f.Name), f.Content); err != nil {
			return err
		}
	}
	return nil
}

// packJournal adds the receipts of every step: how the consent was asked for and
// shown, and what became of it. Of the way to it the party may be shown less.
func (p *Proofs) packJournal(ctx context.Context, k *pack, c *consent.Consent, asked *consent.Request, j Journal) error {
	var before, life []ident.ID
	if asked != nil {
		before = append(before, asked.Ask.Entry)
		for _, s := range asked.Shown {
			before = append(before, s.Entry)
		}
	}
	proof, err := p.Consents.Proof(ctx, c)
	if err != nil {
		return err
	}
	if proof.Code != nil { // that it was sent, and when
		before = append(before, proof.Code.Entry)
	}
	for _, h := range c.History {
		life = append(life, h.Entry)
	}
	for i, entry := range append(before, life...) {
		if entry.IsZero() { // asked before entries were noted
			continue
		}
		r, err := j.Receipt(ctx, entry)
		if i < len(before) && (fault.KindOf(err) == fault.NotFound && err != nil || err == nil && r.Type != verify.TypeReceipt) {
			continue
		}
		if err != nil {
			return err
		}
		file, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := k.add(fmt.Sprintf("%s/%03d-%s.json", verify.PackJournal, i+1, entry), file); err != nil {
			return err
		}
	}
	return nil
}

// readme says in each language what the pack is and how it is checked.
var readme = func() string {
	var b strings.Builder
	for i, lang := range locale.All {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(locale.Text(lang, "proof.readme"))
	}
	return b.String() + "\n"
}()
