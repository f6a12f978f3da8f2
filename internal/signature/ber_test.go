package signature

import (
	"bytes"
	"slices"
	"testing"

	"kelisim/internal/signature/pkitest"
)

func TestToDER(t *testing.T) {
	t.Parallel()
	der := pkitest.Seq(pkitest.Int(5), pkitest.Octets([]byte("a text that is cut")), pkitest.Part(0, pkitest.Set(pkitest.Int(300))), pkitest.Octets(make([]byte, 300)))
	for name, in := range map[string][]byte{
		"DER":         der,
		"open":        pkitest.Open(der),
		"open twice":  pkitest.Open(pkitest.Seq(der))[2 : len(pkitest.Open(pkitest.Seq(der)))-2],
		"long length": slices.Concat([]byte{0x30, 0x83, 0}, der[2:4], der[4:]), // der has two bytes of length
	} {
		got, err := toDER(in)
		if err != nil || !bytes.Equal(got, der) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
	if got, err := toDER([]byte{0x24, 0x80, 0x24, 0x80, 4, 1, 'a', 0, 0, 4, 1, 'b', 0, 0}); err != nil || string(got) != "\x04\x02ab" {
		t.Errorf("pieces of pieces: %x, %v", got, err)
	}
}

// nested is so many elements in one another, each ended.
func nested(n int) []byte {
	return append(bytes.Repeat([]byte{0x30, 0x80}, n), make([]byte, 2*n)...)
}

func TestNotBER(t *testing.T) {
	t.Parallel()
	if _, err := toDER(nested(maxNesting)); err != nil {
		t.Errorf("as deep as allowed: %v", err)
	}
	for name, in := range map[string][]byte{
		"deeper":                      nested(maxNesting + 2),
		"nothing":                     nil,
		"a tag":                       {0x30},
		"an end":                      {0, 0},
		"a long tag":                  {0x3f, 0x81, 1, 0},
		"a value of open length":      {4, 0x80, 0, 0},
		"no end":                      {0x30, 0x80, 2, 1, 5},
		"half an end":                 {0x30, 0x80, 0},
		"an end in a closed one":      {0x30, 2, 0, 0},
		"longer than there is":        {0x30, 2, 5},
		"a child longer than it":      {0x30, 3, 2, 5, 1, 1, 1, 1, 1},
		"a length of five bytes":      {4, 0x85, 0, 0, 0, 0, 1, 7},
		"a length that is not there":  {4, 0x82, 1},
		"a reserved length":           {4, 0xff, 1, 1},
		"a length over every bound":   {4, 0x84, 0xff, 0xff, 0xff, 0xff},
		"a piece that is no octets":   {0x24, 0x80, 2, 1, 5, 0, 0},
		"something after":             {2, 1, 5, 0},
		"something after an open one": {0x30, 0x80, 0, 0, 0},
	} {
		if got, err := toDER(in); err == nil {
			t.Errorf("%s: %x", name, got)
		}
	}
}

// FuzzToDER: what comes out is DER, which comes out as it is.
func FuzzToDER(f *testing.F) {
	f.Add(nested(3))
	f.Add([]byte{0x24, 0x80, 4, 1, 'a', 4, 1, 'b', 0, 0})
	f.Add(pkitest.Seq(pkitest.Int(1), pkitest.Octets([]byte("x"))))
	f.Fuzz(func(t *testing.T, in []byte) {
		der, err := toDER(in)
		if err != nil {
			return
		}
		if again, err := toDER(der); err != nil || !bytes.Equal(again, der) {
			t.Errorf("%x, then %x, %v", der, again, err)
		}
		if len(der) > len(in)+8*maxNesting+8 {
			t.Errorf("%d bytes out of %d", len(der), len(in))
		}
	})
}
