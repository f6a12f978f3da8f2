package outbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

// typePrefix begins the type of each event.
const typePrefix = "kz.kelisim."

// cloudEvent is what an organization is told, in the form of CloudEvents 1.0. Its
// subject is the person as the receiver knows them, and the person is named in
// no other way.
func cloudEvent(t *journal.Tell, subject ident.ID, data *Data) ([]byte, error) {
	return json.Marshal(struct {
		Version string    `json:"specversion"`
		ID      ident.ID  `json:"id"`
		Source  string    `json:"source"`
		Type    string    `json:"type"`
		Subject ident.ID  `json:"subject"`
		Time    time.Time `json:"time"`
		Kind    string    `json:"datacontenttype"`
		Data    *Data     `json:"data"`
	}{"1.0", t.ID, "/v1/organizations/" + data.Organization, typePrefix + t.Event, subject, t.At.UTC(), "application/json", data})
}

// Sign is the signature of Standard Webhooks over the id, the moment of sending
// and the body: a receiver that checks all three takes no repeat of an old call
// for a new one.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
