package verify_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"kelisim/verify"
)

func anyEntry(t *rapid.T) *verify.Entry {
	text := rapid.OneOf(rapid.Just(""), rapid.String())
	e := &verify.Entry{
		At: rapid.Int64().Draw(t, "at"), Recorded: rapid.Int64().Draw(t, "recorded"), Organization: text.Draw(t, "organization"),
		Base: text.Draw(t, "base"), Actor: verify.Actor{Kind: text.Draw(t, "kind"), ID: text.Draw(t, "actor")}, Action: text.Draw(t, "action"),
		Purpose: text.Draw(t, "purpose"), Decision: text.Draw(t, "decision"), Recipient: text.Draw(t, "recipient"), Country: text.Draw(t, "country"),
		Reference: text.Draw(t, "reference"), Role: text.Draw(t, "role"), Edition: text.Draw(t, "edition"), Register: rapid.Int().Draw(t, "register"),
		Detail: text.Draw(t, "detail"),
	}
	copy(e.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	copy(e.Subject[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "subject"))
	if rapid.Bool().Draw(t, "more") {
		copy(e.Consent[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "consent"))
		e.Categories = rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "categories")
		e.Reasons = []verify.Reason{{Code: text.Draw(t, "code"), Provisions: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "provisions")}}
		e.Ground = &verify.Ground{Provision: text.Draw(t, "ground"), Document: text.Draw(t, "document")}
		e.Digest = rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "digest")
	}
	return e
}

func TestEntryIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := verify.DecodeEntry(b)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("read back %+v, was %+v: %v", got, e, err)
		}
		h, err := verify.DecodeHead(b)
		if err != nil || h.ID != e.ID || h.Organization != e.Organization || h.Action != e.Action {
			t.Fatalf("head %+v of %+v: %v", h, e, err)
		}
	})
}

// One bit of an entry changed is another entry or none, so never the same leaf.
func TestChangedEntryIsAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		salt := make([]byte, verify.SaltSize)
		was := verify.Commit(salt, b)
		c := bytes.Clone(b)
		c[rapid.IntRange(0, len(c)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if verify.Commit(salt, c) == was {
			t.Fatal("one commitment for two entries")
		}
		if got, err := verify.DecodeEntry(c); err == nil && reflect.DeepEqual(got, e) {
			t.Fatal("one entry in two encodings")
		}
	})
}

// Other encodings of the same thing are refused: each entry has one leaf.
func TestOnlyTheOneEncoding(t *testing.T) {
	t.Parallel()
	e := &verify.Entry{Action: "view", Actor: verify.Actor{Kind: "system"}}
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][]byte{
		"as it should be":          b,
		"nothing":                  {},
		"null":                     {0xf6},
		"an empty map":             {0xa0},
		"more after it":            append(bytes.Clone(b), 0),
		"a map of no length":       append(append([]byte{0xbf}, b[1:]...), 0xff),
		"a length in two bytes":    append([]byte{0xb8, b[0] & 0x1f}, b[1:]...),
		"an unknown key":           append(append([]byte{b[0] + 1}, b[1:]...), 0x18, 0x63, 0x00),
		"a key twice":              append(append([]byte{b[0] + 1}, b[1:]...), 0x08, 0x64, 'v', 'i', 'e', 'w'),
		"a field that is left out": append(append([]byte{b[0] + 1}, b[1:]...), 0x09, 0x60),
	} {
		_, err := verify.DecodeEntry(c)
		if want := name == "as it should be"; want != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A person who only stands beside another is told no more than that something
// was done: whatever else an entry has, or will have, stays out.
func TestGeneralTellsNoMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		g := *e.General()
		if g.ID != e.ID || g.At != e.At || g.Organization != e.Organization || g.Action != e.Action || g.Decision != e.Decision || g.Role != e.Role {
			t.Fatalf("told otherwise: %+v", g)
		}
		g.ID, g.At, g.Subject, g.Organization, g.Action, g.Decision, g.Role, g.Register = verify.ID{}, 0, verify.ID{}, "", "", "", "", 0
		if !reflect.DeepEqual(g, verify.Entry{}) {
			t.Fatalf("more is told: %+v", g)
		}
	})
}

// The encoding is a public format: it does not change under anyone's receipts.
func TestEncodingIsFixed(t *testing.T) {
	t.Parallel()
	e := &verify.Entry{
		ID: verify.ID{1}, At: 1700730000000, Subject: verify.ID{2}, Organization: "150940018738", Base: "site",
		Actor: verify.Actor{Kind: "person", ID: "staff-3"}, Action: "view", Purpose: "contracts", Categories: []string{"name", "phone"},
		Decision: "permit", Reasons: []verify.Reason{{Code: "consent", Provisions: []string{"7(1)"}}}, Consent: verify.ID{3}, Edition: "2023-04", Register: 1,
	}
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = "ae015001000000000000000000000000000000021b0000018bfb685280045002000000000000000000000000000000056c313530393430303138373338066473697465" +
		"07a20166706572736f6e026773746166662d3308647669657709" + "69636f6e7472616374730a82646e616d656570686f6e650b667065726d69740c81a20167636f6e73656e7402816437283129" +
		"0e5003000000000000000000000000000000" + "1367323032332d30341401"
	if got := hex.EncodeToString(b); got != want {
		t.Fatalf("encoded to\n%s, want\n%s", got, want)
	}
	const leaf = "wfntePkIrDOqrlSMCVQt1BDcH+Co9XSMpnMW3+/k9Pc="
	if got := verify.Commit(make([]byte, verify.SaltSize), b).Leaf().String(); got != leaf {
		t.Fatalf("leaf %s, want %s", got, leaf)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	b, err := (&verify.Entry{Action: "view", Organization: "150940018738", Categories: []string{"name"}, Consent: verify.ID{7}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{0xa1, 0x01, 0x41, 0x00})
	f.Add([]byte{0xbf, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := verify.DecodeEntry(b)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x is read and written as %x: %v", b, again, err)
		}
		if h, err := verify.DecodeHead(b); err != nil || h.ID != e.ID || h.Action != e.Action || h.Organization != e.Organization {
			t.Fatalf("the head says %+v, the entry %+v: %v", h, e, err)
		}
	})
}
