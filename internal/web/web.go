// Package web is the pages for people: the cabinet in which subjects see who
// holds their consents and who used their data, the console of the staff and
// officers of organizations, the policies of operators, and the public start. Pages are rendered
// here, work without JavaScript, and load nothing from another host.
//
// It decides nothing. A page and an endpoint of the API that do the same call
// the same service. routes.go lists every route; each action is a file.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kelisim/internal/account"
	"kelisim/internal/consent"
	"kelisim/internal/depersonal"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/kdp"
	"kelisim/internal/locale"
	"kelisim/internal/order"
	"kelisim/internal/outbox"
	"kelisim/internal/party"
	"kelisim/internal/proof"
	"kelisim/internal/publish"
	"kelisim/internal/represent"
	"kelisim/internal/request"
	"kelisim/internal/term"
	"kelisim/verify"
)

// Consents is what the pages do with a consent. None of it checks whose it is:
// that is done here, before.
type Consents interface {
	// WithdrawPart returns a *consent.BarredError where something stands against it.
	WithdrawPart(ctx context.Context, id ident.ID, d *consent.Demand, by verify.Actor) (*consent.Consent, error)
	Narrow(ctx context.Context, id ident.ID, stay *consent.Part, by verify.Actor) (*consent.Consent, error)
	Extend(ctx context.Context, id ident.ID, until time.Time, by verify.Actor) (*consent.Consent, error)
	// HoldsOf lists what bars a withdrawal, HoldNote opens what one of them says.
	HoldsOf(ctx context.Context, consent ident.ID) ([]consent.Hold, error)
	HoldNote(ctx context.Context, h *consent.Hold) (*consent.HoldNote, error)
	// DueOf is by when the appeal of a hold has to be decided; nil where no term runs.
	DueOf(ctx context.Context, h *consent.Hold) (*term.Term, error)
	AppealHold(ctx context.Context, hold ident.ID, reason string, by verify.Actor) (*consent.Hold, error)
	// HoldFile opens its document.
	HoldFile(ctx context.Context, h *consent.Hold) (*consent.File, []byte, error)
	SetHold(ctx context.Context, consent ident.ID, in *consent.NewHold) (*consent.Hold, error)
	LiftHold(ctx context.Context, hold ident.ID, reason string, by verify.Actor) (*consent.Hold, error)
	ReplyHold(ctx context.Context, hold ident.ID, text string, by verify.Actor) (*consent.Hold, error)
	// ReviewHold writes down that the authorised body looks, before it sees anything.
	ReviewHold(ctx context.Context, hold ident.ID, by verify.Actor) (*consent.Hold, error)
	DecideHold(ctx context.Context, hold ident.ID, lift bool, reason string, by verify.Actor) (*consent.Hold, error)
	Pause(ctx context.Context, id ident.ID, by verify.Actor) (*consent.Consent, error)
	Resume(ctx context.Context, id ident.ID, by verify.Actor) (*consent.Consent, error)
	// Proof opens how the consent was obtained.
	Proof(ctx context.Context, c *consent.Consent) (*consent.Proof, error)
	// Show writes down that a question was before the subject; Choose, Give and
	// Refuse are the answer.
	Show(ctx context.Context, id ident.ID, lang locale.Lang, by verify.Actor) (*consent.Request, *consent.Text, error)
	Note(ctx context.Context, r *consent.Request) (*consent.Note, error)
	// Publish is what an organization tells everybody of conditions and bans.
	Publish(ctx context.Context, org *party.Organization) ([]consent.Published, error)
	// Difference is what a question asks for beyond a consent that stands.
	Difference(ctx context.Context, r *consent.Request) (*consent.Difference, error)
	Choose(ctx context.Context, id ident.ID, number int, by verify.Actor) error
	// Draft is the text of exactly what a choice would give, to be signed.
	Draft(ctx context.Context, id ident.ID, choice *consent.Choice, lang locale.Lang, by verify.Actor) (*consent.Text, error)
	Give(ctx context.Context, id ident.ID, choice *consent.Choice, lang locale.Lang, proof consent.Proof, cms []byte, by verify.Actor) (*consent.Consent, error)
	Refuse(ctx context.Context, id ident.ID, reason string, by verify.Actor) (*consent.Request, error)
	// CodeContacts, SendCode and GiveByCode are the way by a one-time code.
	CodeContacts(ctx context.Context, r *consent.Request, by verify.Actor) ([]outbox.Contact, error)
	SendCode(ctx context.Context, id ident.ID, choice *consent.Choice, contact ident.ID, lang locale.Lang, by verify.Actor) (*consent.SentCode, error)
	GiveByCode(ctx context.Context, id ident.ID, choice *consent.Choice, lang locale.Lang, code string, by verify.Actor) (*consent.Consent, error)
	// Receipt is the signed receipt, a JSON file.
	Receipt(ctx context.Context, c *consent.Consent) ([]byte, error)
}

// Store is what the pages read besides.
type Store interface {
	Consents(ctx context.Context, f consent.Filter) ([]consent.Consent, error)
	// Consent and Text return a fault.NotFound where there is none.
	Consent(ctx context.Context, id ident.ID) (*consent.Consent, error)
	Text(ctx context.Context, hash string) (*consent.Text, error)
	// Hold returns a fault.NotFound where there is none.
	Hold(ctx context.Context, id ident.ID) (*consent.Hold, error)
	Holds(ctx context.Context, f consent.HoldFilter) ([]consent.Hold, error)
	Holders(ctx context.Context, subject ident.ID) ([]party.Holding, error)
	Versions(ctx context.Context, org ident.ID) ([]party.Version, error)
	// InboxRead is the last entry that the subject has seen, zero for none;
	// MarkInbox sets it.
	InboxRead(ctx context.Context, subject ident.ID) (ident.ID, error)
	MarkInbox(ctx context.Context, subject, until ident.ID) error
	// ConsentActs counts consents given to an organization and withdrawn since a
	// moment.
	ConsentActs(ctx context.Context, org ident.ID, since time.Time) (given, withdrawn int, err error)
}

// Journal is the journal as its subjects may see it. The pages of the cabinet
// have no other way to it.
type Journal interface {
	// ForSubject is the journal as the subject may see it, or whoever may act for
	// the subject towards these organizations; none are all.
	ForSubject(ctx context.Context, subject ident.ID, orgs ...ident.ID) (*journal.View, error)
	// Size is the number of entries under the newest checkpoint.
	Size(ctx context.Context) (int64, error)
}

// Guard is what the pages ask of the gate.
type Guard interface {
	// Statistics reads the depersonalised data of a purpose, under an entry.
	Statistics(ctx context.Context, o *party.Organization, purpose string, by verify.Actor) (*depersonal.Released, ident.ID, error)
	// OwnData shows a subject what an organization holds; the look is journaled.
	OwnData(ctx context.Context, subject, org ident.ID, by verify.Actor) (*gate.Answer, error)
	// Replay puts together the facts of a decision of the journal.
	Replay(ctx context.Context, j gate.Journal, o *party.Organization, entry ident.ID) (*gate.Replay, error)
}

// Represent is who may act for whom.
type Represent interface {
	// Enter lets somebody act for another by a representation, for one call.
	Enter(ctx context.Context, representative, id ident.ID, act represent.Acts) (*represent.Way, error)
	// Of are those who may act for a subject, By those for whom somebody may.
	Of(ctx context.Context, subject ident.ID) ([]represent.Representation, error)
	By(ctx context.Context, representative ident.ID) ([]represent.Representation, error)
	RevokeOwn(ctx context.Context, subject, id ident.ID) (*represent.Representation, error)
	// Behind is the representation that an actor in an entry stands for, a
	// fault.NotFound for none.
	Behind(ctx context.Context, subject ident.ID, o *party.Organization, by verify.Actor) (*represent.Representation, error)
	Name(ctx context.Context, r *represent.Representation, who ident.ID) (string, error)
	Basis(ctx context.Context, r *represent.Representation) (*represent.Basis, error)
}

// Requests are the questions put to subjects.
type Requests interface {
	Request(ctx context.Context, id ident.ID) (*consent.Request, error)
	Requests(ctx context.Context, f consent.RequestFilter) ([]consent.Request, error)
}

// Pages serves the pages.
type Pages struct {
	Requests Requests
	// Rights is what subjects demand, and what is done about it.
	Rights *request.Requests
	// Publications is what is public, and where.
	Publications *publish.Publications
	Accounts     *account.Accounts
	Parties      *party.Parties
	Consents     Consents
	Guard        Guard
	Journal      Journal
	Office       *journal.Reader // the journal as the organization sees it: for the console alone
	Store        Store
	Now          func() time.Time
	Log          *slog.Logger
	// PublicURL is the address that browsers see, such as
	// "https://kelisim.example". With https, cookies never travel in the clear.
	PublicURL string
	// Represent is who may act for whom.
	Represent Represent
	Orders    Orders
	Terms     Terms
	Due       Due
	// StateService is what the state service was asked of people.
	StateService *kdp.Requests
	Forms        Forms
	// Outbox is what others are told, and where the subject wants to be told.
	Outbox *outbox.Outbox
	// Proofs makes receipts on paper and packs; Keys are what documents and the
	// log are checked by.
	Proofs *proof.Proofs
	Keys   verify.Keys
	// NCALayer is its address on the person's own machine, such as
	// "wss://127.0.0.1:13579"; empty where signatures are not taken.
	NCALayer string

	checking  atomic.Int32 // files just now
	registers sync.Map     // registerKey → *register.Register, see registerOf
	counter   journal.Counter
}

// visit is one request for a page.
type visit struct {
	*http.Request
	Lang locale.Lang
	Me   ident.ID // internal id of the subject who is signed in; zero for nobody
	Desk *desk    // of the console; nil in the cabinet and for nobody
	// Acting for another, Me is that other and this says by what right.
	behalf *behalf
	mine   *journal.View
}

// mine is the journal as the subject, or who acts for the subject, may see it
// during this visit.
func (p *Pages) mine(v *visit) (*journal.View, error) {
	if v.mine != nil {
		return v.mine, nil
	}
	var err error
	v.mine, err = p.Journal.ForSubject(v.Context(), v.Me, v.way().Limits()...)
	return v.mine, err
}

// handler makes one page. What it returns as an error becomes the page of it.
type handler func(w http.ResponseWriter, v *visit) error

// maxForm bounds the body of a form, in bytes; maxSigned that of one with an
// electronic signature.
const (
	maxForm   = 64 << 10
	maxSigned = 256 << 10
)

func limitOf(r *http.Request) int64 {
	switch {
	case r.Pattern == uploads:
		return maxPapers
	case r.Pattern == orderAnswers:
		return order.MaxFile + 1<<20
	case r.Pattern == holdPapers:
		return consent.MaxFileSize + 1<<20
	case r.URL.Path == verifyPage:
		return maxUpload + maxForm
	case strings.HasPrefix(r.URL.Path, "/me/asked/"):
		return maxSigned
	}
	return maxForm
}

// The forms that bring documents along.
const (
	uploads      = "POST /me/requests"
	orderAnswers = "POST /console/orders/{id}/execute"
	holdPapers   = "POST /console/holds"
)

// show wraps a handler with what every page has: language, headers, errors.
func (p *Pages) show(private bool, serve handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header(), private)
		v := &visit{Request: r, Lang: language(r)}
		if p.switched(w, r) {
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limitOf(r))
		if err := serve(w, v); err != nil {
			p.fail(w, v, err)
		}
	})
}

// page is show with the session of a subject, whom a private page needs. With an
// act a page is also for those who may do it for the subject.
func (p *Pages) page(serve handler, private bool, act represent.Acts) http.Handler {
	return p.show(private, func(w http.ResponseWriter, v *visit) error {
		var err error
		if v.Me, err = p.session(v.Request); err == nil && private && v.Me.IsZero() {
			err = errSignIn
		}
		if err == nil && private {
			err = p.enter(v, act)
		}
		if err != nil {
			return err
		}
		return serve(w, v)
	})
}

// id reads the id in the path. One that cannot be read is nobody's.
func (v *visit) id() (ident.ID, error) {
	id, err := ident.ParseID(v.PathValue("id"))
	if err != nil {
		return ident.ID{}, errAbsent
	}
	return id, nil
}

// see sends the browser on to another page after a form did its work, so that
// reloading does not do it again.
func see(w http.ResponseWriter, v *visit, path string) error {
	http.Redirect(w, v.Request, path, http.StatusSeeOther)
	return nil
}
