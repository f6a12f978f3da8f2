package signature

import (
	"errors"
	"slices"
)

var errBER = errors.New("signature: not BER")

// maxNesting is far above what a signature with a time stamp has.
const maxNesting = 48

// toDER rewrites BER as DER, as far as programs that sign differ from DER: lengths
// that are left open or longer than they need be, and octet strings in pieces.
// What is DER comes out as it was. Bytes after the end are refused.
func toDER(in []byte) ([]byte, error) {
	r := ber{in}
	out, err := r.element(0)
	if err != nil {
		return nil, err
	}
	if len(r.rest) > 0 {
		return nil, errBER
	}
	return out, nil
}

type ber struct{ rest []byte }

const (
	octets      = 0x04
	constructed = 0x20
	highTag     = 0x1f // tags over 30: nothing that we read has them
)

func (r *ber) element(depth int) ([]byte, error) {
	tag, length, err := r.header()
	if err != nil || depth > maxNesting {
		return nil, errBER
	}
	if tag&constructed == 0 {
		if length < 0 {
			return nil, errBER
		}
		content := r.rest[:length]
		r.rest = r.rest[length:]
		return encode(tag, content), nil
	}
	content, err := r.children(tag, length, depth)
	if err != nil {
		return nil, err
	}
	if tag == octets|constructed {
		tag = octets
	}
	return encode(tag, content), nil
}

// children reads what is inside of a constructed element. Of an octet string in
// pieces it returns the octets.
func (r *ber) children(tag byte, length, depth int) ([]byte, error) {
	inner := ber{r.rest}
	if length >= 0 {
		inner.rest = r.rest[:length]
	}
	var out []byte
	for len(inner.rest) > 0 {
		if length < 0 && len(inner.rest) >= 2 && inner.rest[0] == 0 && inner.rest[1] == 0 {
			r.rest = inner.rest[2:]
			return out, nil
		}
		child, err := inner.element(depth + 1)
		if err != nil {
			return nil, err
		}
		if tag == octets|constructed {
			if child[0] != octets {
				return nil, errBER
			}
			_, n, _ := (&ber{child}).header()
			child = child[len(child)-n:]
		}
		out = append(out, child...)
	}
	if length < 0 {
		return nil, errBER // the end never came
	}
	r.rest = r.rest[length:]
	return out, nil
}

// header reads a tag and a length, -1 where it is left open. A length is never
// more than there is.
func (r *ber) header() (tag byte, length int, err error) {
	if len(r.rest) < 2 {
		return 0, 0, errBER
	}
	tag, first := r.rest[0], r.rest[1]
	r.rest = r.rest[2:]
	switch {
	case tag&highTag == highTag || tag == 0:
		return 0, 0, errBER
	case first < 0x80:
		length = int(first)
	case first == 0x80:
		return tag, -1, nil
	default:
		n := int(first & 0x7f)
		if n > 4 || n > len(r.rest) {
			return 0, 0, errBER
		}
		for _, b := range r.rest[:n] {
			length = length<<8 | int(b)
		}
		r.rest = r.rest[n:]
	}
	if length < 0 || length > len(r.rest) {
		return 0, 0, errBER
	}
	return tag, length, nil
}

// encode writes an element by the rules of DER.
func encode(tag byte, content []byte) []byte {
	n := len(content)
	if n < 0x80 {
		return append([]byte{tag, byte(n)}, content...)
	}
	var length []byte
	for ; n > 0; n >>= 8 {
		length = append(length, byte(n))
	}
	slices.Reverse(length)
	return slices.Concat([]byte{tag, 0x80 | byte(len(length))}, length, content) //nolint:gosec // four bytes at most
}
