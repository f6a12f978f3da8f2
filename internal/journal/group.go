package journal

import (
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kelisim/verify"
)

// Group is the records that became durable in one commit. One signature serves
// them all: a small tree over their commitments, made only when the first
// promise is asked for.
type Group struct {
	commitments []verify.Commitment

	once   sync.Once
	hashes []tlog.Hash // as tlog stores them
	note   string
	err    error
}

// Add takes a record's commitment into the group and returns its place. Only
// the store calls it, before the commit; nobody may ask for a promise before.
func (g *Group) Add(c verify.Commitment) int {
	g.commitments = append(g.commitments, c)
	return len(g.commitments) - 1
}

// Truncate takes back what was added after n: an operation that failed.
func (g *Group) Truncate(n int) { g.commitments = g.commitments[:n] }

// Len is the number of records in the group.
func (g *Group) Len() int { return len(g.commitments) }

// ReadHashes serves tlog's proofs.
func (g *Group) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = g.hashes[x]
	}
	return out, nil
}

func (g *Group) sign(s note.Signer) {
	for i, c := range g.commitments {
		add, err := tlog.StoredHashesForRecordHash(int64(i), c.Leaf(), g)
		if err != nil {
			g.err = err
			return
		}
		g.hashes = append(g.hashes, add...)
	}
	n := int64(len(g.commitments))
	root, err := tlog.TreeHash(n, g)
	if err != nil {
		g.err = err
		return
	}
	text := verify.PromiseText(s.Name(), verify.Checkpoint{Size: n, Root: root})
	signed, err := note.Sign(&note.Note{Text: text}, s)
	g.note, g.err = string(signed), err
}

// Promise returns the promise for the record at index.
func (l Landed) Promise(s note.Signer) (verify.Promise, error) {
	g := l.Group
	g.once.Do(func() { g.sign(s) })
	if g.err != nil {
		return verify.Promise{}, fmt.Errorf("sign promise: %w", g.err)
	}
	proof, err := tlog.ProveRecord(int64(len(g.commitments)), int64(l.Index), g)
	if err != nil {
		return verify.Promise{}, fmt.Errorf("prove promise: %w", err)
	}
	return verify.Promise{
		Leaf: g.commitments[l.Index], Index: int64(l.Index), Proof: verify.Proof(proof), Note: g.note,
	}, nil
}
