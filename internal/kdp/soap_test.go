package kdp

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// reply is an answer of the credit bureau with something in it.
func reply(in string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` +
		`<n:getPersonDataAccessControlResponse xmlns:n="http://data.gbd.chdb.scb.kz/">` + in + `</n:getPersonDataAccessControlResponse></S:Body></S:Envelope>` + "\n"
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, good := range []string{reply(""), "\uFEFF" + reply("<a/>"), "<a>&lt;&#x20;<![CDATA[<b>]]><!-- c --></a>", " <a/>\n"} {
		if _, err := parse([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"nothing": "", "text": "hello", "half": "<a>", "crossed": "<a><b></a></b>", "two": "<a/><b/>", "after": "<a/>x", "before": "x<a/>",
		"a document type":       `<!DOCTYPE a><a/>`,
		"an entity":             `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`,
		"a file":                `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
		"an entity of nowhere":  `<a>&x;</a>`,
		"an instruction":        `<?xml-stylesheet href="x"?><a/>`,
		"an instruction inside": `<a><?php ?></a>`,
		"a declaration inside":  `<a><?xml version="1.0"?></a>`,
		"another encoding":      `<?xml version="1.0" encoding="windows-1251"?><a/>`,
		"not text":              "<a>\xff</a>",
		"deep":                  strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100),
		"broad":                 "<a>" + strings.Repeat("<b/>", 6000) + "</a>",
		"attributes":            "<a " + attributes(100) + "/>",
	} {
		if _, err := parse([]byte(bad)); !errors.Is(err, errXML) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(` a` + strings.Repeat("b", i) + `="1"`)
	}
	return b.String()
}

// body is the body of a reply.
func body(t testing.TB, message string) *etree.Element {
	t.Helper()
	root, err := parse([]byte(message))
	if err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	return child(root, "Body")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := Standard()
	for _, c := range []struct {
		name, in string
		want     Answer
		err      error
	}{
		{"pending", `<return><status>pending</status></return>`, Answer{Status: Pending}, nil},
		{"padded", "<return><status>\n valid </status><code> a\n b </code><public-key>\n k\te\ny</public-key></return>", Answer{Status: Valid, Token: "ab", PublicKey: "key"}, nil},
		{"a key in PEM", "<return><status>valid</status><code>a</code><public-key>-----BEGIN X-----\nk\n-----END X-----\n</public-key></return>", Answer{Status: Valid, Token: "a", PublicKey: "-----BEGIN X-----\nk\n-----END X-----"}, nil},
		{"no key", `<return><status>valid</status><code>a</code></return>`, Answer{Status: Valid, Token: "a"}, nil},
		{"wrapped", `<return><responseInfo><status><code>SCSS001</code></status></responseInfo><responseData><data><status>valid</status><code>a</code></data></responseData></return>`, Answer{Status: Valid, Token: "a"}, nil},
		{"invalid with a token", `<return><status>invalid</status><code>a</code></return>`, Answer{Status: Invalid}, nil},
		{"a code of the gateway", `<return><status>404</status></return>`, Answer{Status: NotFound}, nil},
		{"with words", `<return><status>error</status><message>x</message></return>`, Answer{Status: Failed, Message: "x"}, nil},
		{"of another language", `<return><status>ВАЛИДНО</status><code>a</code></return>`, Answer{Status: Failed}, nil},
		{"of another case", `<return><status>VALID</status><code>a</code></return>`, Answer{Status: Failed}, nil},
		{"of nothing", `<return><status/></return>`, Answer{Status: Failed}, nil},
		{"no token", `<return><status>valid</status><code> </code></return>`, Answer{}, Garbled},
		{"two tokens", `<return><status>valid</status><code>a</code><code>b</code></return>`, Answer{}, Garbled},
		{"two statuses", `<return><status>valid</status><status>invalid</status><code>a</code></return>`, Answer{}, Garbled},
		{"two answers", `<return><status>valid</status><code>a</code></return><return><status>invalid</status></return>`, Answer{}, Garbled},
		{"a token deeper", `<return><status>valid</status><x><code>a</code></x></return>`, Answer{}, Garbled},
		{"a token for an elephant", `<return><status>valid</status><code>` + strings.Repeat("a", maxToken+1) + `</code></return>`, Answer{}, Garbled},
		{"nothing", ``, Answer{}, Garbled},
		{"something else", `<results><status>valid</status><code>a</code></results>`, Answer{}, Garbled},
	} {
		got, err := s.answer(body(t, reply(c.in)), &s.SCB.Answer)
		if !errors.Is(err, c.err) || err == nil && *got != c.want {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
	}
	fault := `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultstring>x</faultstring></S:Fault><return><status>valid</status><code>a</code></return></S:Body></S:Envelope>`
	if _, err := s.answer(body(t, fault), &s.SCB.Answer); !errors.Is(err, Faulty) {
		t.Error(err)
	}
	long, err := s.answer(body(t, reply(`<return><status>error</status><message>`+strings.Repeat("ә", 900)+`</message></return>`)), &s.SCB.Answer)
	if err != nil || len(long.Message) > maxMessage || !utf8.ValidString(long.Message) {
		t.Errorf("%d %v", len(long.Message), err)
	}
}

// sound fails the test where an answer was read that is none.
func sound(t *testing.T, a *Answer, err error) {
	t.Helper()
	var trouble Trouble
	switch {
	case err != nil:
		if !errors.As(err, &trouble) && !errors.Is(err, errXML) && !errors.Is(err, errSignature) {
			t.Errorf("an error of no kind: %v", err)
		}
	case a.Status == Valid && (a.Token == "" || strings.ContainsAny(a.Token, " \n\t\r")), a.Status != Valid && a.Token+a.PublicKey != "", len(a.Message) > maxMessage:
		t.Errorf("%+v", a)
	}
}

// Whatever an answer of the credit bureau is, it is read or refused.
func FuzzSCB(f *testing.F) {
	for _, in := range []string{
		`<return><status>valid</status><code>a</code><public-key>k</public-key></return>`, `<return><status>pending</status></return>`,
		`<return><data><status>404</status></data></return>`, `<return><status>error</status><message>&lt;ә</message></return>`, ``,
	} {
		f.Add([]byte(reply(in)))
	}
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`))
	f.Add([]byte(`<a xmlns:a=""><a:b/></a>`))
	s := Standard()
	f.Fuzz(func(t *testing.T, message []byte) {
		root, err := parse(message)
		if err != nil {
			sound(t, nil, err)
			return
		}
		if b := child(root, "Body"); b != nil {
			a, err := s.answer(b, &s.SCB.Answer)
			sound(t, a, err)
		}
	})
}

// Whatever a signed message is, it is the gateway's own or refused; only one body
// was ever signed.
func FuzzSHEP(f *testing.F) {
	message, cert := gateway(f)
	f.Add(message)
	f.Add([]byte(reply(`<data><status>valid</status><code>a</code></data>`)))
	f.Add([]byte(strings.Replace(string(message), "token-of", "token-at", 1)))
	f.Add([]byte(strings.ReplaceAll(string(message), "SOAP-ENV", "s")))
	s := Standard()
	f.Fuzz(func(t *testing.T, message []byte) {
		root, err := parse(message)
		if err != nil {
			sound(t, nil, err)
			return
		}
		b, err := Verify(root, cert)
		if err != nil {
			sound(t, nil, err)
			return
		}
		a, err := s.answer(b, &s.SHEP.Answer)
		sound(t, a, err)
		if err == nil && a.Token != "token-ofxmlsec" {
			t.Errorf("nobody signed %+v", a)
		}
	})
}
