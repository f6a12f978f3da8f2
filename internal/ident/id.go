package ident

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"kelisim/internal/fault"
)

// ID is a 16-byte identifier: a UUIDv7 where we made it, 16 opaque bytes in the
// same form where it is a subject as one organization sees it.
type ID [16]byte

// NewID returns a UUIDv7 of the moment: it sorts by time to the millisecond.
func NewID(now time.Time) ID {
	id := FirstID(now)
	rand.Read(id[6:]) //nolint:errcheck // since Go 1.24 it never fails: the program stops instead
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// FirstID returns the id that no UUIDv7 of the moment or later sorts before, for
// ranges. Moments before 1970 count as 1970.
func FirstID(t time.Time) ID {
	var id ID
	ms := max(t.UnixMilli(), 0)
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i)) //nolint:gosec // one byte of it is meant
	}
	return id
}

// Time returns the moment of a UUIDv7, to the millisecond, in UTC. Of any other
// id it returns a moment without meaning.
func (id ID) Time() time.Time {
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(id[i])
	}
	return time.UnixMilli(ms).UTC()
}

// IsZero reports whether the id is absent.
func (id ID) IsZero() bool { return id == ID{} }

// AppendTo appends the canonical form to b.
func (id ID) AppendTo(b []byte) []byte {
	b = hex.AppendEncode(b, id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		b = append(b, '-')
		b = hex.AppendEncode(b, part)
	}
	return b
}

func (id ID) String() string { return string(id.AppendTo(make([]byte, 0, 36))) }

// ParseID reads the canonical form of a UUID of any version: 36 characters in
// five groups, lower or upper case; no braces, no urn.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, fault.New(fault.Invalid, "bad-id")
	}
	var packed [32]byte
	n := copy(packed[:], s[:8])
	n += copy(packed[n:], s[9:13])
	n += copy(packed[n:], s[14:18])
	n += copy(packed[n:], s[19:23])
	copy(packed[n:], s[24:])
	if _, err := hex.Decode(id[:], packed[:]); err != nil {
		return ID{}, fault.New(fault.Invalid, "bad-id")
	}
	return id, nil
}

// MarshalText returns the canonical form.
func (id ID) MarshalText() ([]byte, error) { return id.AppendTo(nil), nil }

// UnmarshalText reads it.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	*id = v
	return err
}
