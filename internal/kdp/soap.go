package kdp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/beevik/etree"
)

const soapNS = "http://schemas.xmlsoap.org/soap/envelope/"

// wire carries messages. What comes back is a stranger's: bounded in size, time
// and depth, read by no entity, fetched from nowhere else.
type wire struct {
	http http.Client
	max  int64
}

func newWire(s *Settings) *wire {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert,errcheck // it is one
	transport.TLSClientConfig = &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	return &wire{max: s.MaxAnswer, http: http.Client{
		Timeout: s.Timeout, Transport: transport,
		// A question names a person: it goes to the address of the settings alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// post sends a message and returns the envelope that came back.
func (w *wire) post(ctx context.Context, url, kind, action string, body []byte, sign func(*http.Request)) (*etree.Element, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, NoAnswer
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("SOAPAction", strconv.Quote(action))
	if sign != nil {
		sign(req)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return nil, NoAnswer
	}
	defer res.Body.Close() //nolint:errcheck // it was read, or will not be
	switch res.StatusCode {
	case http.StatusOK, http.StatusInternalServerError: // SOAP 1.1 tells faults by 500
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, Refused
	default:
		return nil, NoAnswer
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, w.max+1))
	if err != nil {
		return nil, NoAnswer
	}
	if int64(len(b)) > w.max {
		return nil, Garbled
	}
	root, err := parse(b)
	if err != nil {
		return nil, Garbled
	}
	if root.Tag != "Envelope" || root.NamespaceURI() != soapNS {
		return nil, Garbled
	}
	return root, nil
}

// No message of either form comes near these.
const (
	maxDepth    = 50
	maxElements = 5000
	maxAttrs    = 50
)

var errXML = errors.New("kdp: not XML that is read here")

// parse reads a document of plain XML: no document type, and so no entities, no
// instructions, nothing deep or broad. Its error never quotes the document.
func parse(b []byte) (*etree.Element, error) {
	if !utf8.Valid(b) {
		return nil, errXML
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\uFEFF")))
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errXML } // UTF-8 alone
	depth, elements, roots := 0, 0, 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errXML
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, errXML
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return nil, errXML
			}
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			elements++
			if depth > maxDepth || elements > maxElements || len(t.Attr) > maxAttrs || roots > 1 {
				return nil, errXML
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && strings.TrimFunc(string(t), unicode.IsSpace) != "" {
				return nil, errXML
			}
		}
	}
	doc := etree.NewDocument()
	doc.ReadSettings.ValidateInput = true
	if err := doc.ReadFromBytes(b); err != nil || doc.Root() == nil {
		return nil, errXML
	}
	return doc.Root(), nil
}

// envelope is a message that is empty as yet.
func envelope() (doc *etree.Document, header, body *etree.Element) {
	doc = etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	root := doc.CreateElement("soap:Envelope")
	root.CreateAttr("xmlns:soap", soapNS)
	return doc, root.CreateElement("soap:Header"), root.CreateElement("soap:Body")
}

// fields fills an element with the fields of a question, in the order of the
// settings.
func fields(into *etree.Element, list []Field, values map[string]string) {
	for _, f := range list {
		into.CreateElement(f.Element).SetText(plain(values[f.Is]))
	}
}

// plain drops what XML cannot carry.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// values are what a question says, by what it is.
func (s *Settings) values(q *Question, between string) map[string]string {
	return map[string]string{
		"number": q.Number.String(), "iin": q.IIN,
		"company": q.Initiator.Name, "bin": q.Initiator.BIN, "responsible": q.Initiator.Responsible, "employee": q.Initiator.Employee,
		"services": strings.Join(q.Services, between), "data": strings.Join(q.Data, between),
		"expires-in": strconv.FormatInt(int64(q.ValidFor/s.ExpiresIn.Unit), 10), "omit-sms": strconv.FormatBool(q.OmitSMS),
	}
}

const (
	maxToken   = 32 << 10
	maxMessage = 1000
)

// answer reads what came back. A word that means nothing here is an error; valid
// without a token is no answer.
func (s *Settings) answer(body *etree.Element, at *Places) (*Answer, error) {
	if child(body, "Fault") != nil {
		return nil, Faulty
	}
	data := find(body, at)
	if data == nil {
		return nil, Garbled
	}
	a := &Answer{Message: text(data, at.Message)}
	word := text(data, at.Status)
	var ok bool
	if a.Status, ok = s.Words[word]; !ok {
		a.Status = Failed
	}
	if len(a.Message) > maxMessage {
		a.Message = strings.ToValidUTF8(a.Message[:maxMessage], "")
	}
	if a.Status != Valid {
		return a, nil
	}
	a.Token, a.PublicKey = unspaced(text(data, at.Code)), text(data, at.PublicKey)
	if !strings.HasPrefix(a.PublicKey, "-----BEGIN") {
		a.PublicKey = unspaced(a.PublicKey)
	}
	if a.Token == "" || len(a.Token) > maxToken || len(a.PublicKey) > maxToken {
		return nil, Garbled
	}
	return a, nil
}

// taken reads the answer to something that was told: whatever is no fault is yes.
func taken(body *etree.Element) error {
	switch {
	case body == nil:
		return Garbled
	case child(body, "Fault") != nil:
		return Faulty
	}
	return nil
}

// find returns the one element of the names that has a status among its children.
// A code of the gateway stands in another place, and must not be taken for a token.
func find(body *etree.Element, at *Places) *etree.Element {
	for _, name := range at.In {
		var found []*etree.Element
		var walk func(e *etree.Element)
		walk = func(e *etree.Element) {
			for _, c := range e.ChildElements() {
				if c.Tag == name && child(c, at.Status) != nil {
					found = append(found, c)
				}
				walk(c)
			}
		}
		walk(body)
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 {
			return nil
		}
	}
	return nil
}

// child is the one child of a name, whatever its namespace: the forms differ in
// those. Nil where there is none, or more.
func child(e *etree.Element, name string) *etree.Element {
	var found *etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag != name {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

func text(e *etree.Element, name string) string {
	c := child(e, name)
	if c == nil {
		return ""
	}
	return strings.TrimSpace(c.Text())
}

func unspaced(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
