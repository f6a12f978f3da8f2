package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
)

// chain finds the entries of a subject or an organization on SQLite without an
// index over them: each entry points to the one before it of the same subject and of the
// same organization, and chain knows the newest of each. An index over subjects
// would be written at a random place by every decision, which costs more than
// all the rest of it; the end of the journal is one place.
//
// The newest entries (heads) are kept in memory and written to the rows of
// subjects and organizations now and then, in order. log.indexed says up to
// which leaf they are written: after a crash the entries behind it are read
// once more. What another process wrote meanwhile is taken in the same way.
type chain struct {
	mu       sync.RWMutex
	subjects map[ident.ID]int64 // newer than in the database, committed
	orgs     map[ident.ID]int64
	next     int64 // leaf after the last committed one that heads know of
	indexed  int64 // leaves before it have their heads in the database

	// Of the group under way: only the writer touches these.
	moves []move
	under map[ident.ID]int64
}

// move is a head that the group under way has moved, to be taken back if it
// fails.
type move struct {
	id  ident.ID
	was int64
	had bool
}

// flushAt is how many entries the heads in the database may lag behind: about
// what is read in a third of a second when the store opens.
const flushAt = 200_000

// flushEvery is how long they may.
const flushEvery = time.Minute

func newChain() *chain {
	return &chain{subjects: map[ident.ID]int64{}, orgs: map[ident.ID]int64{}, under: map[ident.ID]int64{}}
}

// last returns the newest entry of a subject or organization inside a group,
// given what the database has.
func (c *chain) last(of map[ident.ID]int64, who ident.ID, stored int64) int64 {
	if l, ok := c.under[who]; ok {
		return l
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if l, ok := of[who]; ok {
		return max(l, stored)
	}
	return stored
}

func (c *chain) move(who ident.ID, leaf int64) {
	was, had := c.under[who]
	c.moves = append(c.moves, move{who, was, had})
	c.under[who] = leaf
}

// rollback takes back the moves after n.
func (c *chain) rollback(n int) {
	for i := len(c.moves) - 1; i >= n; i-- {
		m := c.moves[i]
		if m.had {
			c.under[m.id] = m.was
		} else {
			delete(c.under, m.id)
		}
	}
	c.moves = c.moves[:n]
}

// commit makes the group's heads known to readers.
func (c *chain) commit(next int64, isOrg func(ident.ID) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for who, leaf := range c.under {
		if isOrg(who) {
			c.orgs[who] = leaf
		} else {
			c.subjects[who] = leaf
		}
	}
	c.next = next
	clear(c.under)
	c.moves = c.moves[:0]
}

// catchUp reads what is in the journal and not in the heads.
func (c *chain) catchUp(to int64, rows *sqlite3.Stmt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := rows.BindInt64(1, c.next); err != nil {
		return err
	}
	for rows.Step() {
		var subject, org ident.ID
		copy(subject[:], rows.ColumnRawBlob(1))
		copy(org[:], rows.ColumnRawBlob(2))
		c.subjects[subject], c.orgs[org] = rows.ColumnInt64(0), rows.ColumnInt64(0)
	}
	c.next = to
	return errors.Join(rows.Err(), rows.Reset())
}

// head returns the newest committed entry of a subject or organization, -1 for
// none.
func (s *sqlite) head(ctx context.Context, f journal.Filter) (int64, error) {
	if err := s.others(ctx); err != nil {
		return 0, err
	}
	who, of, query := f.Org, s.chain.orgs, `SELECT head FROM organization WHERE id = ?1`
	if f.BySubject {
		who, of, query = f.Subject, s.chain.subjects, `SELECT head FROM subject WHERE id = ?1`
	}
	s.chain.mu.RLock()
	leaf, ok := of[who]
	s.chain.mu.RUnlock()
	if ok {
		return leaf, nil
	}
	err := s.readers.row(ctx, query, who[:]).Scan(&leaf)
	if errors.Is(err, sql.ErrNoRows) {
		return -1, nil
	}
	return leaf, err
}

// others takes in what another process wrote since our own last write.
func (s *sqlite) others(ctx context.Context) error {
	var next int64
	if err := s.readers.row(ctx, `SELECT COALESCE(MAX(leaf) + 1, 0) FROM entry`).Scan(&next); err != nil {
		return err
	}
	s.chain.mu.RLock()
	known := s.chain.next
	s.chain.mu.RUnlock()
	if next <= known {
		return nil
	}
	_, err := s.write(ctx, nil, func(context.Context, tx) error { return nil }) // a group begins by catching up
	return err
}

func (s *sqlite) pointers() string { return `before, org_before` }
func (s *sqlite) heads() string    { return `head` }

func (s *sqlite) indexed(ctx context.Context) (n int64, err error) {
	err = s.readers.row(ctx, `SELECT indexed FROM log WHERE id = 1`).Scan(&n)
	return n, err
}

// next is where a row points to.
func next(r *journal.Row, f journal.Filter) int64 {
	if f.BySubject {
		return r.Before
	}
	return r.OrgBefore
}

// walk follows the chain of a subject or an organization from a leaf, by as many
// entries as are wanted at most: one question for many, since most of what one
// costs is the asking. It ends early at a hole.
func (s *sqlite) walk(ctx context.Context, f journal.Filter, leaf int64, most int) ([]journal.Row, error) {
	query := walkOrg
	if f.BySubject {
		query = walkSubject
	}
	rows, err := s.readers.query(ctx, query, leaf, most)
	return collect(rows, err, scanEntry)
}

const (
	walkColumns = `leaf, subject_id, org_id, id, action, sealed, commitment, before, org_before`
	walkSubject = `WITH RECURSIVE walk (` + walkColumns + `) AS (SELECT ` + walkColumns + ` FROM entry WHERE leaf = ?1
		UNION ALL SELECT e.leaf, e.subject_id, e.org_id, e.id, e.action, e.sealed, e.commitment, e.before, e.org_before
		FROM walk w CROSS JOIN entry e WHERE e.leaf = w.before LIMIT ?2) SELECT ` + walkColumns + ` FROM walk`
	walkOrg = `WITH RECURSIVE walk (` + walkColumns + `) AS (SELECT ` + walkColumns + ` FROM entry WHERE leaf = ?1
		UNION ALL SELECT e.leaf, e.subject_id, e.org_id, e.id, e.action, e.sealed, e.commitment, e.before, e.org_before
		FROM walk w CROSS JOIN entry e WHERE e.leaf = w.org_before LIMIT ?2) SELECT ` + walkColumns + ` FROM walk`
)

// A walk begins with a few entries, which is often all that is wanted, and takes
// more with each question that follows.
const (
	firstWalk = 16
	maxWalk   = 512
)

// skew is by how much ids may differ from the order of commits before the list
// of a period loses an entry. Lists without a beginning lose none.
const skew = 10 * time.Second

// entries walks the chain of a filter from its newest entry, or from the one
// that Before names.
func (s *sqlite) entries(ctx context.Context, f journal.Filter) ([]journal.Row, error) {
	leaf, err := s.start(ctx, f)
	if err != nil {
		return nil, err
	}
	most := firstWalk
	if f.Action == "" && f.Since.IsZero() {
		most = min(max(firstWalk, f.Limit), maxWalk)
	}
	var out []journal.Row
	for leaf >= 0 && len(out) < f.Limit {
		list, err := s.walk(ctx, f, leaf, most)
		if err == nil && len(list) == 0 {
			list, err = s.beyond(ctx, f, leaf)
		}
		if err != nil || len(list) == 0 {
			return out, err
		}
		for i := 0; i < len(list) && len(out) < f.Limit; i++ {
			l := &list[i]
			if l.ID.Time().Before(f.Since.Time().Add(-skew)) {
				return out, nil
			}
			leaf = next(l, f)
			if wanted(l, f) {
				out = append(out, *l)
			}
		}
		most = min(4*most, maxWalk)
	}
	return out, nil
}

// beyond steps over a hole in the chain, which only somebody who deletes rows
// makes: it looks at each row below.
func (s *sqlite) beyond(ctx context.Context, f journal.Filter, leaf int64) ([]journal.Row, error) {
	where, who := `org_id = ?2`, f.Org
	if f.BySubject {
		where, who = `subject_id = ?2`, f.Subject
	}
	rows, err := s.readers.query(ctx, `SELECT `+entryColumns+s.pointers()+` FROM entry
		WHERE leaf < ?1 AND `+where+` ORDER BY leaf DESC LIMIT 1`, leaf, who[:])
	return collect(rows, err, scanEntry)
}

// start is the leaf to begin at.
func (s *sqlite) start(ctx context.Context, f journal.Filter) (int64, error) {
	if !f.Before.IsZero() {
		l, err := s.locate(ctx, f.Before)
		if err != nil {
			return 0, err
		}
		if l != nil && (f.BySubject && l.Subject == f.Subject || !f.BySubject && l.Org == f.Org) {
			return next(l, f), nil
		}
	}
	return s.head(ctx, f)
}

// wanted checks what the chain does not. A Before that is no entry of the chain
// is a moment: only then are later ids left out by it.
func wanted(r *journal.Row, f journal.Filter) bool {
	if r.Sealed == nil || f.Action != "" && r.Action != f.Action || f.BySubject && !f.Org.IsZero() && r.Org != f.Org || !f.Sees(r.Org) {
		return false
	}
	if !f.Since.IsZero() && bytes.Compare(r.ID[:], f.Since[:]) < 0 {
		return false
	}
	return f.Before.IsZero() || !isMoment(f.Before) || bytes.Compare(r.ID[:], f.Before[:]) < 0
}

// isMoment reports whether an id is only the bound of a time, see ident.FirstID.
func isMoment(id ident.ID) bool { return id == ident.FirstID(id.Time()) }

// locate finds an entry by its id alone. Ids grow with time, so their index is
// written at its end; but they are not in the order of leaves: clocks are set
// back, and an id is made when the act is decided, its leaf when it is written.
func (s *sqlite) locate(ctx context.Context, entry ident.ID) (*journal.Row, error) {
	rows, err := s.readers.query(ctx, `SELECT `+entryColumns+s.pointers()+` FROM entry WHERE id = ?1`, entry[:])
	list, err := collect(rows, err, scanEntry)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func (s *sqlite) entry(ctx context.Context, f journal.Filter, entry ident.ID) (*journal.Row, error) {
	l, err := s.locate(ctx, entry)
	if err != nil {
		return nil, err
	}
	if l == nil || f.BySubject && l.Subject != f.Subject || !f.BySubject && l.Org != f.Org {
		return nil, fault.New(fault.NotFound, "entry-unknown")
	}
	return l, nil
}

// flush writes the heads to the database, a few in each operation so that no
// decision waits long, and then notes how far they go.
func (s *sqlite) flush(ctx context.Context) error {
	c := s.chain
	c.mu.RLock()
	subjects, orgs, mark := maps.Clone(c.subjects), maps.Clone(c.orgs), c.next
	c.mu.RUnlock()
	for _, part := range []struct {
		heads map[ident.ID]int64
		query string
	}{
		{subjects, `UPDATE subject SET head = ?1 WHERE id = ?2 AND head < ?1`},
		{orgs, `UPDATE organization SET head = ?1 WHERE id = ?2 AND head < ?1`},
	} {
		if err := s.flushPart(ctx, part.heads, part.query); err != nil {
			return err
		}
	}
	_, err := s.write(ctx, nil, func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, `UPDATE log SET indexed = ?1 WHERE id = 1 AND indexed < ?1`, mark)
		return err
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for who, leaf := range subjects {
		if c.subjects[who] == leaf {
			delete(c.subjects, who)
		}
	}
	c.indexed = mark
	return nil
}

func (s *sqlite) flushPart(ctx context.Context, heads map[ident.ID]int64, query string) error {
	ids := slices.SortedFunc(maps.Keys(heads), func(a, b ident.ID) int { return bytes.Compare(a[:], b[:]) })
	for chunk := range slices.Chunk(ids, 256) {
		_, err := s.write(ctx, nil, func(ctx context.Context, t tx) error {
			for _, who := range chunk {
				if _, err := t.exec(ctx, query, heads[who], who[:]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// flusher flushes when the heads lag far enough behind, until the store closes.
func (s *sqlite) flusher() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	waited := time.Duration(0)
	for {
		select {
		case <-s.closing:
			return
		case <-tick.C:
		}
		s.chain.mu.RLock()
		lag := s.chain.next - s.chain.indexed
		s.chain.mu.RUnlock()
		if waited += time.Second; lag == 0 || lag < flushAt && waited < flushEvery {
			continue
		}
		if s.flush(context.Background()) == nil { // else it is tried again: nothing is lost by it
			waited = 0
		}
	}
}

func (s *sqlite) copies(ctx context.Context, r *journal.Row) (n int, err error) {
	err = s.readers.row(ctx, `SELECT COUNT(*) FROM entry WHERE id = ?1`, r.ID[:]).Scan(&n)
	return n, err
}
