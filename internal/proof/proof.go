// Package proof makes what people hold in their hands to prove a consent or a
// destruction: the receipt as JSON and as a PDF, the act of destruction as a PDF,
// and the pack, one file that has all the proof of one consent and is checked
// without us.
//
// Whoever calls has checked that the caller is a party to it: nothing here asks
// whose a consent is. What is in a document is personal data of that party.
package proof

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Journal is the journal as the party who asks may see it: that of the subject or
// of the organization.
type Journal interface {
	// Receipt proves one entry; a fault.Conflict "not-sealed-yet" means that it is
	// seconds old, a fault.NotFound that the party may not see it.
	Receipt(ctx context.Context, entry ident.ID) (*verify.Receipt, error)
}

// Proofs makes documents.
type Proofs struct {
	Consents *consent.Consents
	Parties  *party.Parties
	Keys     *seal.Keyring
	Now      func() time.Time
}

// Place is where the document is checked: the address of this installation as
// others reach it. Empty where nobody is served; then codes say where to begin.
type Place string

// Mark is what a code on paper leads to: the number of an entry in the log and the
// beginning of its commitment. Without the salt nobody can guess from it what the
// entry says.
type Mark struct {
	Leaf  int64
	Begin [markSize]byte
}

const markSize = 12

// String is the mark as it stands in an address.
func (m Mark) String() string { return fmt.Sprintf("%d-%s", m.Leaf, hex.EncodeToString(m.Begin[:])) }

// ParseMark reads a mark; false for what is none.
func ParseMark(s string) (Mark, bool) {
	var m Mark
	number, begin, ok := strings.Cut(s, "-")
	b, err := hex.DecodeString(begin)
	if !ok || err != nil || copy(m.Begin[:], b) != markSize || len(b) != markSize {
		return m, false
	}
	n, err := fmt.Sscanf(number, "%d", &m.Leaf)
	return m, err == nil && n == 1 && m.Leaf >= 0 && m.String() == s
}

// Fits reports whether a commitment is the one that the mark is of.
func (m Mark) Fits(c verify.Commitment) bool { return m.Begin == [markSize]byte(c[:markSize]) }

// link leads to where a document that rests on an entry is checked. An entry that
// is not under a checkpoint yet has no mark: then the code leads to the page that
// checks files.
func (at Place) link(ctx context.Context, j Journal, entry ident.ID) (string, error) {
	r, err := j.Receipt(ctx, entry)
	switch {
	case fault.Is(err, "not-sealed-yet"), fault.KindOf(err) == fault.NotFound && err != nil:
		return string(at) + "/verify", nil
	case err != nil:
		return "", err
	}
	c := verify.Commit(r.Salt, r.Entry)
	if r.Type == verify.TypeBlindReceipt {
		copy(c[:], r.Commitment)
	}
	return string(at) + "/verify/" + Mark{r.Index, [markSize]byte(c[:markSize])}.String(), nil
}

// seal seals a PDF or a ZIP whole.
func (p *Proofs) seal(file []byte, of string, id ident.ID) ([]byte, error) {
	return verify.SealFile(file, verify.Seal{Of: of, ID: id.String(), Issued: p.Now().UTC().Truncate(time.Second)}, p.Keys.JWS)
}

func text(lang locale.Lang) func(string, ...any) string {
	return func(key string, args ...any) string { return locale.Text(lang, key, args...) }
}

// Office is the journal as an organization sees it.
type Office struct {
	*journal.Reader
	journal.Filter
}

// Receipt implements [Journal].
func (o Office) Receipt(ctx context.Context, entry ident.ID) (*verify.Receipt, error) {
	return o.Reader.Receipt(ctx, o.Filter, entry)
}
