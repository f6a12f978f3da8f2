// Package account knows who is calling: tokens, their roles, and the short
// links and sessions of people. A token is a secret of 256 bits; only its hash
// is kept, so that whoever reads the database cannot call.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/seal"
)

// Role is what a caller may do. Who may call what is listed beside each route.
type Role string

// The roles.
const (
	Admin      Role = "admin"       // of the installation: organizations, tokens
	Operator   Role = "operator"    // a system of an organization
	Staff      Role = "staff"       // a person of an organization
	Officer    Role = "officer"     // the person responsible for organising processing, Art. 25(3)
	ThirdParty Role = "third-party" // a system of an organization that asks another's data
	Authority  Role = "authority"   // the authorised body, a court, a prosecutor
	Examiner   Role = "examiner"    // the State Technical Service
	Subject    Role = "subject"     // the person the data is about

	// Links, each of which opens one session of a role.
	login        Role = "login" // of a subject
	loginStaff   Role = "login-staff"
	loginOfficer Role = "login-officer"

	loginAuthority Role = "login-authority"
)

// opens is the role of the session that a link opens.
var opens = map[Role]Role{login: Subject, loginStaff: Staff, loginOfficer: Officer, loginAuthority: Authority}

// ParseRole reads a role that a token may be given.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Admin, Operator, Staff, Officer, ThirdParty, Authority, Examiner, Subject:
		return r, nil
	}
	return "", fault.Bad("role", "bad-enum", "allowed", "admin, operator, staff, officer, third-party, authority, examiner, subject")
}

// NeedsOrg reports whether a token of the role belongs to one organization.
func (r Role) NeedsOrg() bool {
	switch r {
	case Operator, Staff, Officer, ThirdParty, Authority, Examiner, loginStaff, loginOfficer, loginAuthority:
		return true
	default:
		return false
	}
}

// Token is a credential as the store keeps it.
type Token struct {
	ID      ident.ID
	Hash    [32]byte
	Role    Role
	Org     ident.ID // zero for admin and subject
	Subject ident.ID // internal id, for subject and login
	Label   []byte   // sealed: what the administrator wrote
	Created time.Time
	Expires time.Time // zero: never
}

// Caller is an authenticated caller.
type Caller struct {
	Token   ident.ID
	Role    Role
	Org     ident.ID
	Subject ident.ID
}

// Store keeps tokens.
type Store interface {
	// InsertToken is durable on return.
	InsertToken(ctx context.Context, t *Token) error
	// TokenByHash returns a fault.NotFound when there is none.
	TokenByHash(ctx context.Context, hash [32]byte) (*Token, error)
	// DeleteToken reports whether it was this call that deleted it.
	DeleteToken(ctx context.Context, hash [32]byte) (bool, error)
}

// Accounts issues and checks credentials.
type Accounts struct {
	Store Store
	Keys  *seal.Keyring
	Now   func() time.Time

	cache sync.Map // [32]byte → cached
}

// cacheFor bounds how long another node may honour a token that was taken back.
const cacheFor = 3 * time.Second

type cached struct {
	token *Token
	until time.Time
}

const tokenPrefix = "kls_"

// Issue makes a token; its text is returned this once. The token must name an
// organization or a subject where its role needs one.
func (a *Accounts) Issue(ctx context.Context, t Token, label string) (string, error) {
	if t.Role.NeedsOrg() == t.Org.IsZero() {
		return "", fault.Bad("role", "role-organization")
	}
	if (t.Role == Subject || t.Role == login) == t.Subject.IsZero() {
		return "", fault.Bad("subject", "role-subject")
	}
	now := a.Now()
	if !t.Expires.IsZero() && !t.Expires.After(now) {
		return "", fault.Bad("expiresAt", "time-past")
	}
	if len(label) > 200 {
		return "", fault.Bad("label", "too-long", "max", 200)
	}
	secret := make([]byte, 32)
	rand.Read(secret) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	text := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	t.ID, t.Created, t.Hash = ident.NewID(now), now, sha256.Sum256([]byte(text))
	t.Label = a.Keys.Label.Seal(nil, []byte(label), labelPlace(t.ID))
	if err := a.Store.InsertToken(ctx, &t); err != nil {
		return "", err
	}
	return text, nil
}

var errToken = fault.New(fault.Unauthenticated, "unauthenticated")

// Check returns the caller behind a token, or the same error whatever is wrong
// with it.
func (a *Accounts) Check(ctx context.Context, text string) (Caller, error) {
	t, err := a.find(ctx, text)
	if err != nil {
		return Caller{}, err
	}
	if opens[t.Role] != "" || !t.Expires.IsZero() && !a.Now().Before(t.Expires) {
		return Caller{}, errToken
	}
	return Caller{Token: t.ID, Role: t.Role, Org: t.Org, Subject: t.Subject}, nil
}

func (a *Accounts) find(ctx context.Context, text string) (*Token, error) {
	if !strings.HasPrefix(text, tokenPrefix) || len(text) > 100 {
		return nil, errToken
	}
	hash := sha256.Sum256([]byte(text))
	now := a.Now()
	if c, ok := a.cache.Load(hash); ok {
		if hit, ok := c.(cached); ok && now.Before(hit.until) {
			return hit.token, nil
		}
		a.cache.Delete(hash)
	}
	t, err := a.Store.TokenByHash(ctx, hash)
	if fault.KindOf(err) == fault.NotFound {
		return nil, errToken
	}
	if err != nil {
		return nil, err
	}
	a.cache.Store(hash, cached{t, now.Add(cacheFor)})
	return t, nil
}

// How long a link works, and what it opens: the cabinet of a subject, the
// console of an organization.
const (
	LoginLife   = 24 * time.Hour
	SessionLife = 12 * time.Hour
	ConsoleLife = 8 * time.Hour
)

// LoginLink makes the secret of a link that opens one session of a subject.
func (a *Accounts) LoginLink(ctx context.Context, subject ident.ID, life time.Duration) (string, error) {
	return a.Issue(ctx, Token{Role: login, Subject: subject, Expires: a.Now().Add(life)}, "")
}

// ConsoleLink makes the secret of a link that opens one session of the staff or
// the officer of an organization, or of a person of the authorised body. The
// session bears the label of the link.
func (a *Accounts) ConsoleLink(ctx context.Context, role Role, org ident.ID, label string, life time.Duration) (string, error) {
	t := Token{Org: org, Expires: a.Now().Add(life)}
	switch role {
	case Staff:
		t.Role = loginStaff
	case Officer:
		t.Role = loginOfficer
	case Authority:
		t.Role = loginAuthority
	default:
		return "", fault.Bad("role", "bad-enum", "allowed", "officer, staff, authority")
	}
	return a.Issue(ctx, t, label)
}

// Login spends a link of a subject and returns the token of a new session. A
// link works once: of two calls at one moment only one gets a session.
func (a *Accounts) Login(ctx context.Context, link string) (string, error) {
	return a.spend(ctx, link, SessionLife, Subject)
}

// LoginConsole is Login by a link to the console.
func (a *Accounts) LoginConsole(ctx context.Context, link string) (string, error) {
	return a.spend(ctx, link, ConsoleLife, Staff, Officer, Authority)
}

// spend opens a session of one of the roles. A link of another role is not one
// here, and stays good where it is.
func (a *Accounts) spend(ctx context.Context, link string, life time.Duration, roles ...Role) (string, error) {
	t, err := a.find(ctx, link)
	if err != nil {
		return "", err
	}
	role := opens[t.Role]
	if !slices.Contains(roles, role) || !a.Now().Before(t.Expires) {
		return "", errToken
	}
	label, err := a.Keys.Label.Open(t.Label, labelPlace(t.ID))
	if err != nil {
		return "", err
	}
	spent, err := a.Store.DeleteToken(ctx, t.Hash)
	if err != nil {
		return "", err
	}
	a.cache.Delete(t.Hash)
	if !spent {
		return "", errToken
	}
	return a.Issue(ctx, Token{Role: role, Org: t.Org, Subject: t.Subject, Expires: a.Now().Add(life)}, string(label))
}

// labelPlace binds a label to its token.
func labelPlace(token ident.ID) []byte { return seal.Place("token", token[:]) }

// Logout ends a session at once on this node, within seconds on others.
func (a *Accounts) Logout(ctx context.Context, text string) error {
	hash := sha256.Sum256([]byte(text))
	a.cache.Delete(hash)
	_, err := a.Store.DeleteToken(ctx, hash)
	return err
}

// Kept is an answer kept for a repeated call with the same idempotency key.
type Kept struct {
	Body    [32]byte // SHA-256 of the request
	Status  int      // 0 while the first call has not ended
	Headers string   // content type
	Answer  []byte
	At      time.Time
}
