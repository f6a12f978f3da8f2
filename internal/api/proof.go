package api

import (
	"mime"
	"strconv"
	"strings"

	"kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/proof"
)

const (
	typeJSON = "application/json"
	typePDF  = "application/pdf"
	typeZIP  = "application/zip"
)

// wantsPDF reports whether the caller would rather have a PDF than JSON.
func (c *call) wantsPDF() bool {
	c.w.Header().Set("Vary", "Accept, Accept-Language")
	accept := strings.Join(c.r.Header.Values("Accept"), ",")
	return weight(accept, typePDF) > weight(accept, typeJSON)
}

// weight is how much an Accept header wants a type, by the most precise range that
// names it (RFC 9110, 12.5.1).
func weight(accept, kind string) float64 {
	best, precise := 0.0, -1
	group, _, _ := strings.Cut(kind, "/")
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		level := map[string]int{"*/*": 0, group + "/*": 1, kind: 2}
		n, fits := level[name]
		if !fits || n < precise {
			continue
		}
		q := 1.0
		if v, given := params["q"]; given {
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				q = 0
			}
		}
		best, precise = q, n
	}
	return best
}

// paperLang is the language of a document on paper: the one asked for, the caller's,
// else the given.
func (c *call) paperLang(otherwise locale.Lang) (locale.Lang, error) {
	switch l := locale.Lang(c.r.URL.Query().Get("lang")); l {
	case locale.KK, locale.RU, locale.EN:
		return l, nil
	case "":
	default:
		return "", fault.Bad("lang", "bad-enum", "allowed", "kk, ru, en")
	}
	if c.r.Header.Get("Accept-Language") != "" {
		return c.lang, nil
	}
	return otherwise, nil
}

var paperLanguage = param{"lang", "of a PDF: kk, ru, en; that of Accept-Language, else of the consent, if absent"}

// journalOf is the journal as the caller may see it for a document of a consent.
func (c *call) journalOf(org ident.ID) (proof.Journal, error) {
	if c.caller.Role == account.Subject {
		return c.mayRead()
	}
	return proof.Office{Reader: c.Journal, Filter: journal.Filter{Org: org}}, nil
}

func (c *call) consentReceipt() (*raw, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	if !c.wantsPDF() {
		b, err := c.Proofs.Receipt(c.ctx(), x, c.forThird(x))
		return &raw{typeJSON, b}, err
	}
	lang, err := c.paperLang(locale.Lang(x.Language))
	if err != nil {
		return nil, err
	}
	j, err := c.journalOf(x.Org)
	if err != nil {
		return nil, err
	}
	b, err := c.Proofs.ReceiptPDF(c.ctx(), x, c.forThird(x), j, proof.Place(c.Public), lang)
	return &raw{typePDF, b}, err
}

// consentPack is all the proof of a consent, for its two sides: a third party that
// it names is told that there is no such consent here.
func (c *call) consentPack() (*raw, error) {
	x, err := c.consent()
	if err != nil {
		return nil, err
	}
	if c.org != nil && c.org.ID != x.Org {
		return nil, fault.New(fault.NotFound, "consent-unknown")
	}
	j, err := c.journalOf(x.Org)
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(x.Org)
	if err != nil {
		return nil, err
	}
	b, err := c.Proofs.Pack(c.ctx(), x, j, proof.Place(c.Public), by)
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Content-Disposition", `attachment; filename="kelisim-consent-`+x.ID.String()+`.zip"`)
	return &raw{typeZIP, b}, nil
}

// getDestruction is one act of destruction, signed JSON or a PDF.
func (c *call) getDestruction() (*raw, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	list, err := c.Store.Destructions(c.ctx(), c.inside(id), c.org.ID)
	if err != nil {
		return nil, err
	}
	for _, file := range list {
		d, err := proof.Act(file)
		if err != nil {
			return nil, err
		}
		if d.ID.String() != c.r.PathValue("act") {
			continue
		}
		if !c.wantsPDF() {
			return &raw{typeJSON, file}, nil
		}
		lang, err := c.paperLang(locale.KK)
		if err != nil {
			return nil, err
		}
		j, err := c.journalOf(c.org.ID)
		if err != nil {
			return nil, err
		}
		b, err := c.Proofs.DestructionPDF(c.ctx(), c.org, id, file, j, proof.Place(c.Public), lang)
		return &raw{typePDF, b}, err
	}
	return nil, fault.New(fault.NotFound, "act-unknown")
}
