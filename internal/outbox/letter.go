package outbox

import (
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
)

// LetterTo makes a letter ready to an address that nobody has confirmed yet and
// that belongs to no subject: the link in it does. It is sealed under the key of
// the organization on whose behalf it goes. It is nil where no letters are sent.
func (o *Outbox) LetterTo(org *party.Organization, lang locale.Lang, event, address, path string) (*journal.Tell, error) {
	if o == nil || !o.Mail {
		return nil, nil
	}
	now := o.Now()
	t := &journal.Tell{ID: ident.NewID(now), Org: org.ID, Holder: org.ID, Channel: Mail, Event: event, At: now, Due: now}
	return t, sealParcel(&org.Key, t, &parcel{To: &Address{Kind: ident.Email, Value: address, Language: lang}, Path: path, BIN: org.BIN})
}
