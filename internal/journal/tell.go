package journal

import (
	"time"

	"kelisim/internal/ident"
)

// Tell is word of an entry on its way to somebody. It is durable with the entry
// or not at all: if power fails after the commit, whoever sends finds it; if
// before, neither is there. Nothing in it but Sealed says what was done with
// whose data.
type Tell struct {
	ID      ident.ID // stays the same however often it is sent
	Subject ident.ID // whose matter it is; zero for nobody's
	Org     ident.ID // who is told; zero: the subject
	Holder  ident.ID // whose entry it is
	Channel string
	Target  ident.ID // the webhook, the contact, or an id of the address; zero where Sealed says it
	Event   string   // "consent.withdrawn"
	About   ident.ID // the consent or the request
	Version int64    // of what it is about: the greater is the later
	Entry   ident.ID
	At      time.Time
	Due     time.Time // not sent before
	Term    time.Time // by when it is to be acknowledged; zero: it need not be
	Sealed  []byte    // under the key of who is told
	// Replaces: earlier word of the same event about the same that still waits is
	// dropped, and what is sealed of it forgotten, in the same write.
	Replaces bool
}
