package kdpsim

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"kelisim/internal/kdp"
)

const (
	soapNS = "http://schemas.xmlsoap.org/soap/envelope/"
	scbNS  = "http://data.gbd.chdb.scb.kz/"
	shepNS = "http://bip.bee.kz/SyncChannel/v10/Types"
	kdpNS  = "http://service.2fa-chain.kz/ns/kdp"
)

// Services of the gateway.
const (
	serviceKDP     = "KDP_SERVICE"
	serviceHistory = "KDP_PERSONALDATA"
)

// orderSCB is the order in which the credit bureau wants its fields.
var orderSCB = []string{
	"requestNumber", "uin", "company", "company_bin", "company_responsible", "employee_name", "access_name", "personal_data_name", "expiresIn", "omit-sms",
}

// scb is the form of the credit bureau.
func (s *Service) scb(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var in struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		UserID  string   `xml:"Header>userId"`
		Body    struct {
			Call *struct {
				Fields []struct {
					XMLName xml.Name
					Text    string `xml:",chardata"`
				} `xml:",any"`
			} `xml:"http://data.gbd.chdb.scb.kz/ getPersonDataAccessControl"`
		} `xml:"Body"`
	}
	if err == nil {
		err = xml.Unmarshal(body, &in)
	}
	if err != nil || in.Body.Call == nil {
		fault(w, "not a message of this service")
		return
	}
	a := Asked{Form: kdp.FormSCB, Service: serviceKDP, Fields: map[string]string{}}
	for _, f := range in.Body.Call.Fields {
		a.Fields[f.XMLName.Local] = f.Text
		a.Order = append(a.Order, f.XMLName.Local)
	}
	user, password, _ := r.BasicAuth()
	org, ok := s.Organizations[a.Fields["company_bin"]]
	if !ok || user != org.User || password != s.Password {
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "who are you", http.StatusUnauthorized)
		return
	}
	if in.UserID != org.UserID || !slices.Equal(a.Order, orderSCB) {
		fault(w, "not a message of this service")
		return
	}
	ans := s.take(a, a.Fields["uin"], a.Fields["company_bin"], a.Fields["company_responsible"], a.Fields["access_name"])
	if s.misbehave(w, r, ans.person) {
		return
	}
	doc, _, out := message()
	res := out.CreateElement("ns2:getPersonDataAccessControlResponse")
	res.CreateAttr("xmlns:ns2", scbNS)
	ans.into(res.CreateElement("return"), "")
	write(w, doc)
}

func message() (doc *etree.Document, header, body *etree.Element) {
	doc = etree.NewDocument()
	root := doc.CreateElement("soap:Envelope")
	root.CreateAttr("xmlns:soap", soapNS)
	return doc, root.CreateElement("soap:Header"), root.CreateElement("soap:Body")
}

func (a *reply) into(e *etree.Element, prefix string) {
	e.CreateElement(prefix + "status").SetText(a.status)
	if a.status == "valid" {
		e.CreateElement(prefix + "code").SetText(a.token)
		e.CreateElement(prefix + "public-key").SetText(a.key)
	}
	if a.words != "" {
		e.CreateElement(prefix + "message").SetText(a.words)
	}
}

func write(w http.ResponseWriter, doc *etree.Document) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	_, _ = doc.WriteTo(w)
}

// shep is the form of the gateway.
func (s *Service) shep(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	doc := etree.NewDocument()
	if err == nil {
		err = doc.ReadFromBytes(body)
	}
	if err != nil || doc.Root() == nil {
		fault(w, "not a message of the channel")
		return
	}
	open := doc.Root()
	asked, org, why := s.read(open)
	if why == "" && org.Cert != nil {
		var signed *etree.Element
		if signed, err = kdp.Verify(open, org.Cert); err != nil {
			why = "the signature does not hold"
		} else if asked, _, why = s.readBody(signed); why == "" && asked.Service == serviceKDP {
			why = s.proof(&asked, &org)
		}
	}
	if why == "" {
		why = s.once(asked.Message)
	}
	if why != "" {
		fault(w, why)
		return
	}
	switch asked.Service {
	case serviceHistory:
		s.history(w, r, &asked)
		return
	case s.Withdrawals:
		s.withdrawn(asked)
		doc, header, body := message()
		body.CreateElement("ch:SendMessageResponse").CreateAttr("xmlns:ch", shepNS)
		s.write(w, doc, header, body, "")
		return
	}
	ans := s.take(asked, asked.Fields["uin"], asked.Fields["company_bin"], asked.Fields["company_responsible"], asked.Fields["access_name"])
	if s.misbehave(w, r, ans.person) {
		return
	}
	s.answer(w, &asked, &ans)
}

func (s *Service) read(root *etree.Element) (Asked, Organization, string) {
	b := root.SelectElement("Body")
	if b == nil {
		return Asked{}, Organization{}, "not a message of the channel"
	}
	return s.readBody(b)
}

func (s *Service) readBody(b *etree.Element) (Asked, Organization, string) {
	a := Asked{Form: kdp.FormSHEP, Fields: map[string]string{}}
	send := b.SelectElement("SendMessage")
	info, data := b.FindElement("SendMessage/request/requestInfo"), b.FindElement("SendMessage/request/requestData/data")
	if send == nil || send.NamespaceURI() != shepNS || info == nil || data == nil {
		return a, Organization{}, "not a message of the channel"
	}
	a.Service = value(info, "serviceId")
	want, ok := map[string]string{serviceKDP: "getUserDataRequest", serviceHistory: "personalDataRequest", s.Withdrawals: "withdrawal"}[a.Service]
	if _, kind, named := strings.Cut(data.SelectAttrValue("xsi:type", ""), ":"); !ok || a.Service == "" || !named || kind != want {
		return a, Organization{}, "not a message of the service"
	}
	for _, f := range data.ChildElements() {
		a.Fields[f.Tag] = f.Text()
		a.Order = append(a.Order, f.Tag)
	}
	a.Message = value(info, "messageId")
	sender := info.SelectElement("sender")
	org, ok := s.Organizations[a.Fields["company_bin"]]
	if a.Service != serviceKDP { // it names the sender alone
		org, ok = s.bySender(sender)
	}
	if !ok || sender == nil || value(sender, "senderId") != org.Sender || value(sender, "password") != s.Password {
		return a, org, "the sender is not known"
	}
	return a, org, ""
}

func (s *Service) bySender(sender *etree.Element) (Organization, bool) {
	for _, org := range s.Organizations {
		if sender != nil && value(sender, "senderId") == org.Sender {
			return org, true
		}
	}
	return Organization{}, false
}

func value(e *etree.Element, name string) string {
	if c := e.SelectElement(name); c != nil {
		return c.Text()
	}
	return ""
}

// proof is there where the person gets no message.
func (s *Service) proof(a *Asked, org *Organization) string {
	if a.Fields["omit-sms"] != "true" {
		return ""
	}
	t, err := jwt.ParseSigned(a.Fields["ovt"], []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "no proof that the person was checked"
	}
	var claims struct {
		CBIN   string `json:"cbin"`
		MCheck string `json:"mcheck"`
		Exp    int64  `json:"exp"`
	}
	if t.Claims(org.Cert.PublicKey, &claims) != nil || claims.CBIN != a.Fields["company_bin"] || claims.MCheck == "" || claims.Exp <= s.Now().Unix() {
		return "no proof that the person was checked"
	}
	return ""
}

// once refuses a message whose number came before.
func (s *Service) once(number string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number == "" || s.numbers[number] {
		return "the message came before"
	}
	s.numbers[number] = true
	return ""
}

func (s *Service) answer(w http.ResponseWriter, a *Asked, ans *reply) {
	doc, header, body := message()
	send := body.CreateElement("ch:SendMessageResponse")
	send.CreateAttr("xmlns:ch", shepNS)
	response := send.CreateElement("response")
	info := response.CreateElement("responseInfo")
	info.CreateElement("messageId").SetText(a.Message)
	info.CreateElement("responseDate").SetText(s.Now().Format("2006-01-02T15:04:05.000-07:00"))
	status := info.CreateElement("status")
	status.CreateElement("code").SetText("SCSS001")
	status.CreateElement("message").SetText("Message has been processed successfully")
	data := response.CreateElement("responseData").CreateElement("data")
	data.CreateAttr("xmlns:ns3", kdpNS)
	ans.into(data, "ns3:")
	s.write(w, doc, header, body, ans.person)
}

// write signs an answer of the gateway and sends it.
func (s *Service) write(w http.ResponseWriter, doc *etree.Document, header, body *etree.Element, p Person) {
	key := s.Key
	if p == Forged {
		key = s.other
	}
	if err := kdp.Sign(header, body, key, s.Cert, "wsu:Id", "key-identifier"); err != nil {
		fault(w, "cannot sign")
		return
	}
	if p == Moved { // the signed body is put aside, and another in its place
		root := doc.Root()
		root.RemoveChild(body)
		header.CreateElement("aside").AddChild(body)
		fresh := body.Copy()
		for _, name := range []string{"code", "r_pdata"} {
			if e := fresh.FindElement("//ns3:" + name); e != nil {
				e.SetText("forged")
			}
		}
		root.AddChild(fresh)
	}
	write(w, doc)
}

// history tells what was asked about a person in a period: in what form the real
// service does is not known, so this one says it in JSON, the newest last.
func (s *Service) history(w http.ResponseWriter, r *http.Request, a *Asked) {
	const layout = "2006-01-02T15:04:05.000-07:00"
	iin := a.Fields["uin"]
	from, err := time.Parse(layout, a.Fields["start_date"])
	to, errTo := time.Parse(layout, a.Fields["end_date"])
	if err != nil || errTo != nil || len(a.Order) != 3 || !from.Before(to) {
		fault(w, "not a message of the service")
		return
	}
	type access struct {
		Date     string `json:"date"`
		Company  string `json:"company"`
		BIN      string `json:"company_bin"`
		Services string `json:"access_name"`
		Status   string `json:"status"`
	}
	list := []access{}
	for _, x := range s.Asked() {
		if x.Fields["uin"] == iin && x.Service == serviceKDP && !x.At.Before(from) && x.At.Before(to) {
			list = append(list, access{x.At.Format(time.RFC3339), x.Fields["company"], x.Fields["company_bin"], x.Fields["access_name"], x.Returned})
		}
	}
	p := s.answers(iin)
	if s.misbehave(w, r, p) {
		return
	}
	text, err := json.Marshal(list)
	if err != nil {
		fault(w, "cannot tell")
		return
	}
	doc, header, body := message()
	send := body.CreateElement("ch:SendMessageResponse")
	send.CreateAttr("xmlns:ch", shepNS)
	data := send.CreateElement("response").CreateElement("responseData").CreateElement("data")
	data.CreateAttr("xmlns:ns3", kdpNS+"/personalData")
	if p == Babel { // the history of somebody else
		iin = "000000000000"
	}
	data.CreateElement("ns3:uin").SetText(iin)
	if p != Tokens {
		data.CreateElement("ns3:r_pdata").SetText(string(text))
	}
	s.write(w, doc, header, body, p)
}
