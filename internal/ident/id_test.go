package ident_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "kelisim/internal/ident"
)

const someID = "0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e57"

func TestParseID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{someID, someID},
		{strings.ToUpper(someID), someID},
		{"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
		{"", "!bad-id"},
		{someID[1:], "!bad-id"},
		{someID + "0", "!bad-id"},
		{"{" + someID + "}", "!bad-id"},
		{"urn:uuid:" + someID, "!bad-id"},
		{strings.ReplaceAll(someID, "-", ""), "!bad-id"},
		{"0192f7c15-b1e-7a3c-9d42-3f6a1c0b8e57", "!bad-id"},
		{"0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8eg7", "!bad-id"},
		{"0192f7c1-5b1e-7a3c-9d42-3f6a1c0b8e5-", "!bad-id"},
	} {
		id, err := ParseID(tt.in)
		got := id.String()
		if err != nil {
			if !id.IsZero() {
				t.Errorf("%q: half an id came with the error", tt.in)
			}
			got = ""
		}
		if got := outcome(t, got, err); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 13, 0, 0, 123_456_789, time.UTC)
	id, later := NewID(now), NewID(now.Add(time.Millisecond))
	if id == NewID(now) {
		t.Error("two ids of one moment are equal")
	}
	if s := id.String(); s[14] != '7' || !strings.ContainsRune("89ab", rune(s[19])) {
		t.Errorf("%s is no UUIDv7", s)
	}
	if got, want := id.Time(), now.Truncate(time.Millisecond); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("Time() = %v, want %v", got, want)
	}
	first := FirstID(now)
	if bytes.Compare(first[:], id[:]) > 0 || bytes.Compare(id[:], later[:]) >= 0 {
		t.Errorf("%s, %s, %s do not stand in the order of time", first, id, later)
	}
	if before := NewID(time.Unix(-1, 0)).Time(); before.Unix() != 0 {
		t.Errorf("a moment before 1970 became %v", before)
	}
}

func TestIDInJSON(t *testing.T) {
	t.Parallel()
	in := map[ID]ID{NewID(time.Unix(1, 0)): NewID(time.Unix(2, 0))}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out map[ID]ID
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	for k, v := range in {
		if out[k] != v {
			t.Errorf("%s came back as %v", text, out)
		}
	}
	var id ID
	if err := json.Unmarshal([]byte(`"12"`), &id); err == nil {
		t.Error("a short id was read")
	}
}

func TestIDIsCheap(t *testing.T) {
	id, buf := NewID(time.Unix(1, 0)), make([]byte, 0, 36)
	if n := testing.AllocsPerRun(100, func() { sink = id.String() }); n > 1 {
		t.Errorf("String: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { buf = id.AppendTo(buf[:0]) }); n != 0 {
		t.Errorf("AppendTo: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { id, _ = ParseID(someID) }); n != 0 {
		t.Errorf("ParseID: %v allocations", n)
	}
}

var sink string

func FuzzParseID(f *testing.F) {
	for _, s := range []string{someID, strings.ToUpper(someID), "", "{" + someID + "}", someID[:35], "--------------------------------3636"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err == nil && id.String() != strings.ToLower(s) {
			t.Errorf("%q became %s", s, id)
		}
	})
}
