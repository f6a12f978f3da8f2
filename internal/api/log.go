package api

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"kelisim/internal/fault"
)

func (c *call) checkpoint() (*raw, error) {
	note, err := c.Journal.Store.Checkpoint(c.ctx())
	if err != nil {
		return nil, err
	}
	if note == "" {
		return nil, fault.New(fault.NotFound, "not-found")
	}
	c.w.Header().Set("Cache-Control", "no-cache")
	return &raw{"text/plain; charset=utf-8", []byte(note)}, nil
}

func (c *call) logKey() (*raw, error) {
	return &raw{"text/plain; charset=utf-8", []byte(c.Keys.LogKey + "\n")}, nil
}

// tile serves tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>] of C2SP
// tlog-tiles. A full tile never changes.
func (c *call) tile() (*raw, error) {
	level, rest, ok := strings.Cut(c.r.PathValue("path"), "/")
	n, width, valid := parseTile(rest)
	if !ok || !valid {
		return nil, fault.New(fault.NotFound, "not-found")
	}
	var b []byte
	var err error
	if level == "entries" {
		b, err = c.Journal.Bundle(c.ctx(), n, width)
	} else {
		l, convErr := strconv.Atoi(level)
		if convErr != nil || l < 0 || l > 7 || strconv.Itoa(l) != level {
			return nil, fault.New(fault.NotFound, "not-found")
		}
		b, err = c.Journal.Tile(c.ctx(), l, n, width)
	}
	if err != nil {
		return nil, err
	}
	if width == 0 {
		c.w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	return &raw{"application/octet-stream", b}, nil
}

// parseTile reads x001/x234/067 with an optional .p/W.
func parseTile(s string) (n int64, width int, ok bool) {
	s, w, partial := strings.Cut(s, ".p/")
	if partial {
		var err error
		if width, err = strconv.Atoi(w); err != nil || width < 1 || width > 255 || strconv.Itoa(width) != w {
			return 0, 0, false
		}
	}
	parts := strings.Split(s, "/")
	// Five groups are more tiles than there can be entries, and no number that
	// overflows; a leading zero group would be a second name of a tile.
	if len(parts) > 5 || len(parts) > 1 && parts[0] == "x000" {
		return 0, 0, false
	}
	for i, p := range parts {
		if i < len(parts)-1 {
			if p, ok = strings.CutPrefix(p, "x"); !ok {
				return 0, 0, false
			}
		}
		d, err := strconv.ParseUint(p, 10, 16)
		if err != nil || len(p) != 3 {
			return 0, 0, false
		}
		n = n*1000 + int64(d) //nolint:gosec // three digits
	}
	return n, width, true
}

func (c *call) jwks() (*raw, error) {
	b, err := json.Marshal(c.Keys.JWKS)
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	return &raw{"application/jwk-set+json", b}, err
}
