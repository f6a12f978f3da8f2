package gost_test

import (
	"bytes"
	"encoding/hex"
	"hash"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	. "kelisim/internal/gost"
)

func sum(h hash.Hash, message []byte) string {
	h.Write(message)
	return hex.EncodeToString(h.Sum(nil))
}

// The examples of RFC 6986, section 10, and messages of 0xff around the length
// of a block, where sums carry, as another implementation hashes them.
func TestStreebogVectors(t *testing.T) {
	t.Parallel()
	verse, err := charmap.Windows1251.NewEncoder().String("Се ветри, Стрибожи внуци, веютъ с моря стрелами на храбрыя плъкы Игоревы")
	if err != nil {
		t.Fatal(err)
	}
	full := func(n int) string { return string(bytes.Repeat([]byte{0xff}, n)) }
	for _, tt := range []struct{ message, long, short string }{
		{
			"012345678901234567890123456789012345678901234567890123456789012",
			"1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48",
			"9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500",
		},
		{
			verse,
			"1e88e62226bfca6f9994f1f2d51569e0daf8475a3b0fe61a5300eee46d961376035fe83549ada2b8620fcd7c496ce5b33f0cb9dddc2b6460143b03dabac9fb28",
			"9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50",
		},
		{
			full(0),
			"8e945da209aa869f0455928529bcae4679e9873ab707b55315f56ceb98bef0a7362f715528356ee83cda5f2aac4c6ad2ba3a715c1bcd81cb8e9f90bf4c1c1a8a",
			"3f539a213e97c802cc229d474c6aa32a825a360b2a933a949fd925208d9ce1bb",
		},
		{
			full(63),
			"e25174143ef38ce72325e613274d5afecf86a11aba79c93f2e07af1b8819e310738396d19b24524fd831d71e2ec3313f25dbc9dffdcd46e3fdf897f1e51a88f5",
			"bc1febc79d650abb4fc031aac7c6cf35312ffbfa083353f4eeed9db647e5c9be",
		},
		{
			full(64),
			"41629de677d7e8090c3cd70affe3300d1e1cfba2db97945ec37feb4e1375bc02a53f00370b7d715b07f37f93cac844efadbfd1b85f9ddae3de9656c0e95affc7",
			"964a5ab60286f106288743e2fe1a422d160898ca1bd535e831aa500cfe34d7e8",
		},
		{
			full(65),
			"b9690cbd837b4331b75cdff6a0c452f0978177e57f799a2c7ade51a0cad2b08137fac89c2ef3637ead559560614cd02f5f2d3998bedae9a312dabd5c5baf09e8",
			"a363df25cb169ab7b2cc691ddd778f75b10394e803d75b1bd167441a09b9f9ba",
		},
		{
			full(200),
			"a32bc44c32d9f7fc60d133fbddd468fc49e43253bcce4d90befcdbe5d4899d46a54ca52f416ed90cd74c46a5e1d67932b5e8350370424e6918ab80a19ffc97c6",
			"766ecebac5817150ace66c0c94c9feb9fa6ee9a238a500a3592b0943571b3020",
		},
	} {
		if got := sum(New512(), []byte(tt.message)); got != tt.long {
			t.Errorf("512 of %d bytes: %s", len(tt.message), got)
		}
		if got := sum(New256(), []byte(tt.message)); got != tt.short {
			t.Errorf("256 of %d bytes: %s", len(tt.message), got)
		}
	}
}

// However a message is cut, and however often the sum is asked for on the way.
func TestStreebogInPieces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := rapid.SampledFrom([]hash.Hash{New512(), New256()}).Draw(t, "hash")
		message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "message")
		whole := sum(h, message)
		h.Reset()
		for rest := message; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			h.Write(rest[:n])
			h.Sum(nil)
			rest = rest[n:]
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != whole {
			t.Fatalf("in pieces %s, at once %s", got, whole)
		}
		if len(whole) != 2*h.Size() || h.BlockSize() != BlockSize {
			t.Fatalf("%d digits, size %d, block %d", len(whole), h.Size(), h.BlockSize())
		}
	})
}
