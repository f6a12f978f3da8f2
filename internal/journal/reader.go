package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// ReadStore is what reading the journal needs of the store.
type ReadStore interface {
	TileReader
	// Entries lists entries, newest first; those whose key was destroyed are
	// left out.
	Entries(ctx context.Context, f Filter) ([]Row, error)
	// Entry returns a fault.NotFound when the filter's subject or organization
	// has no such entry.
	Entry(ctx context.Context, f Filter, entry ident.ID) (*Row, error)
	// Checkpoint is the newest one, empty before the first.
	Checkpoint(ctx context.Context) (string, error)
	// Commitments returns those of the leaves from … to-1.
	Commitments(ctx context.Context, from, to int64) ([]verify.Commitment, error)
	// DeferralsOf lists all deferrals of a subject, whatever became of them.
	DeferralsOf(ctx context.Context, subject ident.ID) ([]Deferral, error)
	// ConsentEntries lists the entries in the life of the subject's consents,
	// which the subject finds there whatever is deferred.
	ConsentEntries(ctx context.Context, subject ident.ID) ([]ident.ID, error)
	// TermEntries lists the subject's terms that an entry set running.
	TermEntries(ctx context.Context, subject ident.ID) ([]TermEntry, error)
}

// TermEntry is a term with the entry that set it running.
type TermEntry struct{ Term, Entry ident.ID }

// Reader opens entries for those they concern.
type Reader struct {
	Store ReadStore
	Keys  *seal.Keyring
	// KeyOf opens the journal key of a subject.
	KeyOf func(ctx context.Context, subject ident.ID) (Key, error)
	Now   func() time.Time
}

// errWhose is the mistake of reading a subject's journal past [Reader.ForSubject],
// which would show what is deferred.
var errWhose = errors.New("a journal is read whole only by organization")

// List opens the entries of a filter, for the organization and those who oversee
// it. Row and entry stand at the same index.
func (r *Reader) List(ctx context.Context, f Filter) ([]Row, []*Opened, error) {
	if f.Org.IsZero() {
		return nil, nil, errWhose
	}
	rows, err := r.Store.Entries(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	keys := map[ident.ID]Key{}
	out := make([]*Opened, len(rows))
	for i := range rows {
		key, ok := keys[rows[i].Subject]
		if !ok {
			if key, err = r.KeyOf(ctx, rows[i].Subject); err != nil {
				return nil, nil, err
			}
			keys[rows[i].Subject] = key
		}
		if out[i], err = rows[i].Open(&key); err != nil {
			return nil, nil, fmt.Errorf("entry %s: %w", rows[i].ID, err)
		}
	}
	return rows, out, nil
}

// One opens one entry of an organization.
func (r *Reader) One(ctx context.Context, f Filter, entry ident.ID) (*Row, *Opened, error) {
	if f.Org.IsZero() {
		return nil, nil, errWhose
	}
	row, err := r.Store.Entry(ctx, Filter{Org: f.Org}, entry)
	if err != nil {
		return nil, nil, err
	}
	if row.Sealed == nil {
		return nil, nil, errUnknown
	}
	key, err := r.KeyOf(ctx, row.Subject)
	if err != nil {
		return nil, nil, err
	}
	o, err := row.Open(&key)
	return row, o, err
}

// Receipt proves one entry of an organization.
func (r *Reader) Receipt(ctx context.Context, f Filter, entry ident.ID) (*verify.Receipt, error) {
	row, o, err := r.One(ctx, f, entry)
	if err != nil {
		return nil, err
	}
	receipt, err := r.prove(ctx, row)
	if err != nil {
		return nil, err
	}
	receipt.Entry, receipt.Salt = o.Bytes, o.Salt
	return receipt, nil
}

// prove leads the leaf of an entry to the newest checkpoint. A fault.Conflict
// "not-sealed-yet" means that the entry is too young: seconds at most.
func (r *Reader) prove(ctx context.Context, row *Row) (*verify.Receipt, error) {
	signed, c, err := r.newest(ctx)
	if err != nil {
		return nil, err
	}
	if row.Leaf < 0 || row.Leaf >= c.Size {
		return nil, fault.New(fault.Conflict, "not-sealed-yet")
	}
	proof, err := tlog.ProveRecord(c.Size, row.Leaf, newHashes(ctx, r.Store))
	if err != nil {
		return nil, fmt.Errorf("prove entry: %w", err)
	}
	return &verify.Receipt{
		Type: verify.TypeReceipt, Key: r.Keys.LogKey, Index: row.Leaf, Proof: verify.Proof(proof), Checkpoint: signed,
	}, nil
}

// newest is the newest checkpoint, signed and opened; empty before the first.
func (r *Reader) newest(ctx context.Context) (signed string, c verify.Checkpoint, err error) {
	if signed, err = r.Store.Checkpoint(ctx); err != nil || signed == "" {
		return "", c, err
	}
	c, err = verify.OpenCheckpoint(signed, r.Keys.Checker)
	return signed, c, err
}

// Size is the number of entries under the newest checkpoint.
func (r *Reader) Size(ctx context.Context) (int64, error) {
	_, c, err := r.newest(ctx)
	return c.Size, err
}

// Tile returns the first width hashes of a tile (0: all that a full tile has),
// as C2SP tlog-tiles serves them; a fault.NotFound where the tree has fewer.
func (r *Reader) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	if width == 0 {
		width = tileWidth
	}
	data, err := r.Store.Tile(ctx, level, n)
	if err != nil {
		return nil, err
	}
	if len(data) < width*tlog.HashSize {
		return nil, fault.New(fault.NotFound, "not-found")
	}
	return data[:width*tlog.HashSize], nil
}

// Bundle returns a tile of entries: each commitment behind its length.
func (r *Reader) Bundle(ctx context.Context, n int64, width int) ([]byte, error) {
	if width == 0 {
		width = tileWidth
	}
	signed, err := r.Store.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	from := n * tileWidth
	c, err := verify.OpenCheckpoint(signed, r.Keys.Checker)
	if err != nil || from+int64(width) > c.Size {
		return nil, fault.New(fault.NotFound, "not-found")
	}
	list, err := r.Store.Commitments(ctx, from, from+int64(width))
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(list)*34)
	for _, x := range list {
		out = append(out, 0, byte(len(x)))
		out = append(out, x[:]...)
	}
	return out, nil
}
