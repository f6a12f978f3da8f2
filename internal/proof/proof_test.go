package proof_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kelisim/internal/app/apptest"
	"kelisim/internal/consent"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/proof"
	"kelisim/verify"
)

// The receipt has the four sections of ISO/IEC TS 27560 and, beside them, all
// eight elements of Art. 8(4).
//
// duty: L8.4.1, L8.4.2, L8.4.3, L8.4.4, L8.4.5, L8.4.6, L8.4.7, L8.4.8, L25.2.5
func TestReceipt(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		c := w.onPaper()
		file, err := w.Proofs.Receipt(w.ctx(), c, nil)
		w.must(err)
		s, err := verify.OpenSigned(file, w.Keys.JWKS)
		w.must(err)
		var r consent.Receipt
		w.must(json.Unmarshal(s.Document, &r))
		if s.Type != verify.TypeConsentReceipt || r.Type != s.Type || r.Metadata.SchemaVersion != "ISO/IEC TS 27560:2023" {
			w.t.Errorf("%s %+v", s.Type, r.Metadata)
		}
		p := r.Record.Processing
		if len(p.Purposes) != 2 || p.Purposes[0].Basis != "https://w3id.org/dpv#Consent" || p.Purposes[0].Information[0].Type == "" ||
			p.PrivacyNotice.SHA256 != c.TextHash || p.PrivacyNotice.Text == "" || p.Purposes[0].Controllers[0] != w.org.BIN {
			w.t.Errorf("processing %+v", p)
		}
		if len(r.Record.Parties) != 3 || r.Record.Parties[1].Name != "Әсел Қайратқызы Ғұмарова" {
			w.t.Errorf("parties %+v", r.Record.Parties)
		}
		last := r.Record.Events[len(r.Record.Events)-1]
		if len(r.Record.Events) != 2 || last.Type != "https://w3id.org/dpv#ConsentWithdrawn" || last.State != "https://w3id.org/dpv#ConsentGiven" || last.Entity != "principal" {
			w.t.Errorf("events %+v", r.Record.Events)
		}
		e := r.KZ.Elements
		if e.Operator.ID != w.org.BIN || e.Subject.Name == "" || e.Term.Until == nil || len(e.ThirdParties) != 1 || e.CrossBorder == nil || len(e.Data) == 0 ||
			e.Other.Extra["қала"] != "Өскемен" {
			w.t.Errorf("elements %+v", e)
		}
		if len(r.KZ.Evidence.Files) != 2 || r.KZ.Evidence.Files[1].Type != "image/png" {
			w.t.Errorf("files %+v", r.KZ.Evidence.Files)
		}
	})
}

// extract is the text of a PDF as a reader takes it out.
func extract(t *testing.T, file []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no pdftotext (Debian: apt-get install poppler-utils)")
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "-raw", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// On paper stands all that was agreed to, in each language, and the file is sealed.
//
// duty: L8.4.1, L8.4.2, L8.4.3, L8.4.4, L8.4.5, L8.4.6, L8.4.7, L8.4.8
func TestReceiptPDF(t *testing.T) {
	t.Parallel()
	w := one(t)
	c := w.onPaper()
	w.seal()
	for _, lang := range locale.All {
		file, err := w.Proofs.ReceiptPDF(w.ctx(), c, nil, w.office(), here, lang)
		w.must(err)
		if dir := os.Getenv("KEEP"); dir != "" {
			w.must(os.WriteFile(filepath.Join(dir, string(lang)+".pdf"), file, 0o600))
		}
		s, err := verify.OpenSeal(file, w.Keys.JWKS)
		if err != nil || s.Type != verify.TypePaper || s.Of != verify.TypeConsentReceipt || s.ID != c.ID.String() {
			t.Fatalf("%s: %+v, %v", lang, s, err)
		}
		flat := strings.Join(strings.Fields(extract(t, file)), " ")
		v, err := w.Consents.ViewIn(w.ctx(), c, lang)
		w.must(err)
		for _, want := range []string{
			v.Elements.Operator.ID, v.Elements.Subject.Name, v.Elements.Purposes[0].Name, v.Elements.Data[0].Name, v.Elements.ThirdParties[0].Name,
			locale.DateTime(lang, *v.Elements.Term.Until), "қала: Өскемен", "№ 7", c.TextHash, "scan.pdf",
			c.History[1].Entry.String(), locale.Text(lang, "proof.element.public"), locale.Text(lang, "scope.transfer"),
		} {
			if !strings.Contains(strings.ReplaceAll(flat, " ", ""), strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%s: the paper does not say %q", lang, want)
			}
		}
		if strings.Contains(flat, "⟦") || strings.Contains(flat, "\ufffd") {
			t.Errorf("%s: something is missing:\n%s", lang, flat)
		}
	}
}

// All of it in one file, for both sides, checked by the public package alone.
//
// duty: L25.2.5
func TestPack(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		c := w.onPaper()
		if _, err := w.Proofs.Pack(w.ctx(), c, w.office(), here, apptest.System); err == nil {
			w.t.Error("proven before it was sealed")
		}
		w.seal()
		for side, j := range map[string]proof.Journal{"operator": w.office(), "subject": w.mine()} {
			file, err := w.Proofs.Pack(w.ctx(), c, j, here, apptest.System)
			w.must(err)
			if dir := os.Getenv("KEEP"); dir != "" {
				w.must(os.WriteFile(filepath.Join(dir, "pack.zip"), file, 0o600))
			}
			p, err := verify.CheckPack(file, w.keys())
			if err != nil || p.Entries != 2 || p.Evidence != 2 || p.Texts != 1 || p.ID != c.ID.String() {
				w.t.Fatalf("%s: %+v, %v", side, p, err)
			}
			own, err := verify.PackKeys(file)
			w.must(err)
			if _, err := verify.CheckPack(file, own); err != nil {
				w.t.Errorf("%s: by its own keys: %v", side, err)
			}
			if got := unpack(w.t, file)["evidence/1-scan.pdf"]; !bytes.Equal(got, scan) {
				w.t.Errorf("%s: the scan is %q", side, got)
			}
		}
		// Who took it stands in the journal; what was refused above does not.
		_, taken, err := w.Journal.List(w.ctx(), journal.Filter{Org: w.org.ID, Action: "consent.prove", Limit: 10})
		w.must(err)
		if len(taken) != 2 || taken[0].Consent != verify.ID(c.ID) || taken[0].Actor != apptest.System {
			w.t.Errorf("%d entries of proofs taken", len(taken))
		}
		// A representation that nobody gave proves nothing to nobody.
		if file, err := w.Proofs.Pack(w.ctx(), c, w.mine(), here, verify.Actor{Kind: "representative"}); err == nil || file != nil {
			w.t.Error("handed out without an entry")
		}
	})
}

// Of a question that was answered, the way there is in the pack: that it was asked,
// and each text that was shown.
func TestPackOfAnAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		c := w.answered()
		w.seal()
		file, err := w.Proofs.Pack(w.ctx(), c, w.mine(), here, apptest.System)
		w.must(err)
		p, err := verify.CheckPack(file, w.keys())
		if err != nil || p.Entries != 4 || p.Texts != 2 {
			w.t.Errorf("%+v, %v", p, err)
		}
	})
}

func unpack(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
