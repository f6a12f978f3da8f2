package web

import (
	"net/http"
	"slices"
	"strings"

	"kelisim/internal/account"
	"kelisim/internal/due"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/verify"
)

// The console is where the staff and the officer of an organization see what
// happens to the data it answers for. It shows no names and no identifiers of
// people: the journal has none. Its session is not a subject's: another cookie,
// another link, and a token of another role.

// ConsoleLogin is what the path of a link to the console begins with.
const ConsoleLogin = "/console/login/"

// section is a part of the console in the navigation. A new one is a line here,
// a route in routes.go and the text page.console.tab.<name>.
type section struct {
	Name, Path, Icon string
	roles            []account.Role
}

var (
	office   = []account.Role{account.Staff, account.Officer}
	officers = []account.Role{account.Officer}
	// The authorised body sits at the same console, in a room of its own.
	inspectors = []account.Role{account.Authority}
	seats      = []account.Role{account.Staff, account.Officer, account.Authority}

	sections = []section{
		{"today", "/console", "home", office},
		{"requests", "/console/requests", "bell", office},
		{"due", due.ListPath, "clock", office},
		{"journal", "/console/journal", "journal", office},
		{"publications", "/console/publications", "globe", office},
		{"orders", "/console/orders", "scales", officers},
		{"holds", "/console/holds", "lock", officers},
		{"asked", "/console/asked", "consents", office},
		{"register", "/console/register", "document", officers},
		{"explain", "/console/explain", "seal", officers},
		{"appeals", "/console/appeals", "scales", inspectors},
	}
)

// desk is who sits at the console.
type desk struct {
	account.Caller
	Org *party.Organization
}

// Name is the organization's, in its own words once it has described itself.
func (d *desk) Name() locale.String {
	if d.Org.Register == nil {
		return locale.String{RU: d.Org.BIN}
	}
	return d.Org.Register.Name
}

// Sections are those that are open to the role.
func (d *desk) Sections() []section {
	return slices.DeleteFunc(slices.Clone(sections), func(s section) bool { return !slices.Contains(s.roles, d.Role) })
}

// actor is how the desk stands in the journal: a pseudonym, never a name.
func (d *desk) actor() verify.Actor { return verify.Actor{Kind: "person", ID: d.Token.String()} }

// console wraps a page of the console for those who may see it.
func (p *Pages) console(serve handler, roles []account.Role) http.Handler {
	return p.show(true, func(w http.ResponseWriter, v *visit) error {
		var err error
		if v.Desk, err = p.seated(v.Request); err != nil {
			return err
		}
		if !slices.Contains(roles, v.Desk.Role) {
			return errRole
		}
		return serve(w, v)
	})
}

// seated finds who is signed in to the console. A token of another role, a
// subject's too, is nobody here.
func (p *Pages) seated(r *http.Request) (*desk, error) {
	c, err := r.Cookie(consoleCookie)
	if err != nil {
		return nil, errSignIn
	}
	caller, err := p.Accounts.Check(r.Context(), c.Value)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(seats, caller.Role) {
		return nil, errSignIn
	}
	o, err := p.Parties.ByID(r.Context(), caller.Org)
	return &desk{caller, o}, err
}

const consoleCookie = "kelisim_console"

// consoleSession is the cookie of a session: it goes to the console alone, and
// never with a request that another site began.
func (p *Pages) consoleSession(token string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: consoleCookie, Value: token, Path: "/console", MaxAge: maxAge, HttpOnly: true,
		Secure: strings.HasPrefix(p.PublicURL, "https:"), SameSite: http.SameSiteStrictMode,
	}
}

func atConsole(v *visit) bool {
	return v.URL.Path == "/console" || strings.HasPrefix(v.URL.Path, "/console/")
}
