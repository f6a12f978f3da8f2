package api

import (
	"net/http"
	"time"

	"kelisim/internal/consent"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/represent"
)

// sendCodeRequest asks for a one-time code that confirms a choice.
type sendCodeRequest struct {
	choiceBody
	Contact  ident.ID    `json:"contact"` // one of GET /v1/me/contacts that is confirmed
	Language locale.Lang `json:"language,omitempty"`
}

// codeSentBody says where a code went. The code itself is in the letter alone.
type codeSentBody struct {
	Contact   ident.ID   `json:"contact"`
	Kind      ident.Kind `json:"kind"`
	Masked    string     `json:"masked"`
	TextHash  string     `json:"textHash"`
	SentAt    time.Time  `json:"sentAt"`
	ExpiresAt time.Time  `json:"expiresAt"`
}

// sendCode sends a code for the choice whose text was shown before, see …/text. It
// is answered with the same choice and language.
func (c *call) sendCode(in *sendCodeRequest) (*codeSentBody, error) {
	r, err := c.mine()
	if err != nil {
		return nil, err
	}
	by, err := c.actingWith(r.Org)
	if err != nil {
		return nil, err
	}
	lang, err := (&answerRequest{Language: in.Language}).language(r, c.lang)
	if err != nil {
		return nil, err
	}
	x, err := c.Consents.SendCode(c.ctx(), r.ID, in.choice(), in.Contact, lang, by)
	if err != nil {
		return nil, err
	}
	return &codeSentBody{x.ContactID, x.Contact, x.Masked, x.TextHash, x.SentAt, x.Until}, nil
}

// give gives a choice: by a code, with a signature, or by the session alone.
func (c *call) give(r *consent.Request, in *answerRequest, lang locale.Lang) (*consent.Consent, error) {
	by, err := c.actingWith(r.Org)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Code != "":
		return c.Consents.GiveByCode(c.ctx(), r.ID, in.choice(), lang, in.Code, by)
	case in.Signature != nil:
		return c.Consents.Give(c.ctx(), r.ID, in.choice(), lang, consent.Proof{Channel: consent.Signed}, in.Signature, by)
	default:
		return c.Consents.Give(c.ctx(), r.ID, in.choice(), lang, consent.Proof{Channel: consent.Cabinet}, nil, by)
	}
}

// codeRoutes are one-time codes.
func codeRoutes() []route {
	return []route{
		post("/v1/me/consents/requests/{id}/code", "Me", "Send a one-time code that confirms a choice to a confirmed address of mine", subjects, http.StatusCreated, (*call).sendCode).onBehalf(represent.Consent),
	}
}
