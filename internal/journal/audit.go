package journal

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"kelisim/internal/ident"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// AuditStore is what checking the whole log needs of the store.
type AuditStore interface {
	// Scan calls fn for every entry in the order of leaves, those without a
	// leaf last.
	Scan(ctx context.Context, fn func(*Row) error) error
	// Tiles calls fn for every stored tile.
	Tiles(ctx context.Context, fn func(level int, n int64, data []byte) error) error
	// Checkpoints lists all, oldest first.
	Checkpoints(ctx context.Context) ([]string, error)
	// LogSize is what the log says its size is.
	LogSize(ctx context.Context) (int64, error)
	// JournalKey is one subject's wrapped journal key.
	JournalKey(ctx context.Context, subject ident.ID) ([]byte, error)
	// JournalKeys calls fn for every subject's wrapped journal key, with the
	// newest entry that is noted for the subject, NoChain where none is.
	JournalKeys(ctx context.Context, fn func(subject ident.ID, wrapped []byte, head int64) error) error
	// Heads is up to which leaf those notes go, and what is noted for each
	// organization.
	Heads(ctx context.Context) (upTo int64, orgs map[ident.ID]int64, err error)
	// Copies is how many rows there are of one entry.
	Copies(ctx context.Context, r *Row) (int, error)
}

// Finding is one thing that is wrong with the log.
type Finding struct {
	Leaf int64  // -1 where no leaf is meant
	What string // in English, for an administrator; never data
}

func (f Finding) String() string {
	if f.Leaf < 0 {
		return f.What
	}
	return fmt.Sprintf("leaf %d: %s", f.Leaf, f.What)
}

// Report is the outcome of an audit.
type Report struct {
	Entries  int64 // checked
	Unsealed int64 // committed, not under a checkpoint yet
	Size     int64
	Root     string
	Findings []Finding
}

// maxFindings bounds a report: a log that was replaced has millions.
const maxFindings = 100

// Audit checks everything that is stored of the log against everything else:
// each entry against its commitment and columns, the leaves against the tree,
// the tiles, and every checkpoint that was ever signed.
type Audit struct {
	Store AuditStore
	Keys  *seal.Keyring
	// OpenKey unwraps a subject's journal key.
	OpenKey func(subject ident.ID, wrapped []byte) (Key, error)
	// Orgs are the BINs of organizations by their internal id.
	Orgs map[ident.ID]string
	// Outside is a checkpoint kept apart from the database, empty for none: the
	// log may not be shorter than it, nor differ under it.
	Outside string
	// Progress is called now and then with the number of entries checked.
	Progress func(n int64)

	mu     sync.Mutex
	report Report
	keys   map[ident.ID]*Key
	heads  map[ident.ID]int64     // as noted
	last   map[ident.ID]lastEntry // as found
	// indexed is the leaf that the notes of heads went up to before any was read.
	indexed int64
}

func (a *Audit) found(leaf int64, format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.report.Findings) < maxFindings {
		a.report.Findings = append(a.report.Findings, Finding{leaf, fmt.Sprintf(format, args...)})
	}
}

// Run checks the log. An error means that it could not be read; what is wrong
// with it is in the report. A server may be at work beside it: what is added
// meanwhile is no fault.
func (a *Audit) Run(ctx context.Context) (*Report, error) {
	if err := a.load(ctx); err != nil {
		return nil, err
	}
	points, err := a.checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	tree := &edge{dirty: map[[2]int64]Tile{}}
	if err := a.entries(ctx, tree, points); err != nil {
		return nil, err
	}
	a.notes()
	if err := a.tiles(ctx, tree); err != nil {
		return nil, err
	}
	return &a.report, nil
}

// load reads the keys and the notes, before any entry: what comes later is newer.
func (a *Audit) load(ctx context.Context) (err error) {
	a.keys, a.last = map[ident.ID]*Key{{}: &a.Keys.Journal}, map[ident.ID]lastEntry{}
	if a.indexed, a.heads, err = a.Store.Heads(ctx); err != nil {
		return err
	}
	return a.Store.JournalKeys(ctx, func(subject ident.ID, wrapped []byte, head int64) error {
		a.heads[subject] = head
		k, err := a.OpenKey(subject, wrapped)
		if err != nil {
			a.found(-1, "a subject's journal key does not open")
			return nil
		}
		a.keys[subject] = &k
		return nil
	})
}

// checkpoints reads all that were signed, by size, and the log's own size as of
// the same moment.
func (a *Audit) checkpoints(ctx context.Context) (map[int64]verify.Checkpoint, error) {
	var list []string
	for size := int64(-1); size != a.report.Size; {
		var err error
		if size, err = a.Store.LogSize(ctx); err != nil {
			return nil, err
		}
		if list, err = a.Store.Checkpoints(ctx); err != nil {
			return nil, err
		}
		if a.report.Size, err = a.Store.LogSize(ctx); err != nil {
			return nil, err
		}
	}
	if a.Outside != "" {
		list = append(list, a.Outside)
	}
	out := make(map[int64]verify.Checkpoint, len(list))
	for _, signed := range list {
		c, err := verify.OpenCheckpoint(signed, a.Keys.Checker)
		if err != nil {
			a.found(-1, "a checkpoint is not signed by this log's key")
			continue
		}
		if was, ok := out[c.Size]; ok && was.Root != c.Root {
			a.found(-1, "two checkpoints of size %d differ", c.Size)
		}
		out[c.Size] = c
	}
	return out, nil
}

// batch is rows on their way to the workers that open them.
const batch = 1024

// entries checks each entry and grows the tree, comparing it with each
// checkpoint on the way: so every two checkpoints are consistent.
func (a *Audit) entries(ctx context.Context, tree *edge, points map[int64]verify.Checkpoint) error {
	work := make(chan []Row, 8)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for rows := range work {
				for i := range rows {
					a.entry(&rows[i])
				}
			}
		})
	}
	rows := make([]Row, 0, batch)
	var next int64
	err := a.Store.Scan(ctx, func(r *Row) error {
		next = a.leaf(r, next, tree, points)
		if rows = append(rows, *r); len(rows) == batch {
			work <- rows
			rows = make([]Row, 0, batch)
			if a.Progress != nil {
				a.Progress(a.report.Entries)
			}
		}
		return ctx.Err()
	})
	work <- rows
	close(work)
	workers.Wait()
	if err != nil {
		return err
	}
	a.ends(tree, points)
	return nil
}

// leaf takes the next row into the tree and returns the leaf expected after it.
func (a *Audit) leaf(r *Row, next int64, tree *edge, points map[int64]verify.Checkpoint) int64 {
	a.report.Entries++
	older := a.chain(r)
	if r.Leaf < 0 || r.Leaf >= a.report.Size {
		a.report.Unsealed++
		if !older { // newer than all before it of its subject: it stands once
			return next
		}
		if n, err := a.Store.Copies(context.Background(), r); err != nil || n != 1 {
			a.found(r.Leaf, "entry %s stands twice", r.ID)
		}
		return next
	}
	switch {
	case r.Leaf == next:
	case r.Leaf < next:
		a.found(r.Leaf, "stands twice")
		return next
	case r.Leaf == next+1:
		a.found(next, "the entry is missing")
	default:
		a.found(next, "the entries %d to %d are missing", next, r.Leaf-1)
	}
	for tree.size < r.Leaf { // keep the later leaves at their places
		tree.add(tlog.Hash{})
	}
	tree.add(r.Commitment.Leaf())
	if c, ok := points[tree.size]; ok {
		if root, err := tlog.TreeHash(tree.size, newHashes(context.Background(), memory(tree.dirty))); err != nil || root != c.Root {
			a.found(-1, "the tree of size %d is not the one that was signed", c.Size)
		}
	}
	return r.Leaf + 1
}

// lastEntry is the newest entry of somebody while the log is read.
type lastEntry struct {
	leaf int64
	id   ident.ID
}

// chain checks that the entry points to the one before it, so that none is
// hidden from its subject's own list, and returns whether its id is not newer
// than that one's.
func (a *Audit) chain(r *Row) (older bool) {
	if r.Before == NoChain {
		return false
	}
	for _, link := range []struct {
		who    ident.ID
		before int64
	}{{r.Subject, r.Before}, {r.Org, r.OrgBefore}} {
		was, ok := a.last[link.who]
		if !ok {
			was.leaf = -1
		}
		if was.leaf != link.before && !link.who.IsZero() {
			a.found(r.Leaf, "points to entry %d as the one before it, which is %d", link.before, was.leaf)
		}
		older = older || link.who == r.Subject && bytes.Compare(r.ID[:], was.id[:]) <= 0
		a.last[link.who] = lastEntry{r.Leaf, r.ID}
	}
	return older
}

// notes checks the newest entry that is noted for each subject and organization.
func (a *Audit) notes() {
	for who, head := range a.heads {
		last := int64(-1)
		if l, ok := a.last[who]; ok {
			last = l.leaf
		}
		if head != NoChain && (head > last || head < last && last < a.indexed) {
			a.found(last, "is somebody's newest entry, and %d is noted", head)
		}
	}
}

// ends compares the sizes: what was signed, what is there.
func (a *Audit) ends(tree *edge, points map[int64]verify.Checkpoint) {
	var last int64
	for size := range points {
		last = max(last, size)
	}
	if tree.size < last {
		a.found(tree.size, "the newest entries are missing: a checkpoint was signed for %d, %d are there", last, tree.size)
	}
	if a.report.Size != last {
		a.found(-1, "the log says %d leaves, the newest checkpoint %d", a.report.Size, last)
	}
	if c, ok := points[last]; ok {
		a.report.Root = hex.EncodeToString(c.Root[:])
	}
}

// entry opens one row and compares it with its commitment.
func (a *Audit) entry(r *Row) {
	if r.Sealed == nil {
		a.found(r.Leaf, "the entry is gone, only its commitment is left")
		return
	}
	key := a.key(r.Subject)
	if key == nil {
		a.found(r.Leaf, "its subject has no journal key")
		return
	}
	if err := r.check(key, a.Orgs[r.Org]); err != nil {
		a.found(r.Leaf, "entry %s was changed: %v", r.ID, err)
	}
}

// key is that of a subject, who may have come after the keys were read; nil for
// none.
func (a *Audit) key(subject ident.ID) *Key {
	if k := a.keys[subject]; k != nil {
		return k
	}
	wrapped, err := a.Store.JournalKey(context.Background(), subject)
	if err != nil {
		return nil
	}
	k, err := a.OpenKey(subject, wrapped)
	if err != nil {
		return nil
	}
	return &k
}

// memory serves tiles that are still in memory.
type memory map[[2]int64]Tile

func (m memory) Tile(_ context.Context, level int, n int64) ([]byte, error) {
	return m[[2]int64{int64(level), n}].Data, nil
}

// tiles compares the stored tiles with those of the tree, of which they are
// longer where the log has grown meanwhile.
func (a *Audit) tiles(ctx context.Context, tree *edge) error {
	left := make(map[[2]int64]bool, len(tree.dirty))
	for k := range tree.dirty {
		left[k] = true
	}
	var longer []Tile
	err := a.Store.Tiles(ctx, func(level int, n int64, data []byte) error {
		k := [2]int64{int64(level), n}
		delete(left, k)
		if want := tree.dirty[k].Data; !bytes.HasPrefix(data, want) {
			a.found(-1, "tile %d/%d does not match the entries", level, n)
		} else if len(data) > len(want) {
			longer = append(longer, Tile{Level: level, N: n})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for k := range left {
		a.found(-1, "tile %d/%d is missing", k[0], k[1])
	}
	size, err := a.Store.LogSize(ctx)
	if size == a.report.Size {
		for _, t := range longer {
			a.found(-1, "tile %d/%d does not match the entries", t.Level, t.N)
		}
	}
	return err
}
