package term

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"kelisim/internal/calendar"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/journal"
	"kelisim/internal/law"
	"kelisim/internal/seal"
	"kelisim/verify"
)

// Decree is a decree as it was added.
type Decree struct {
	Number   int64 // 1, 2, 3 …: the calendar's version is made of it
	Digest   [32]byte
	At       time.Time
	Entry    ident.ID
	Document []byte // as it was given: the digest is of these bytes
}

// Read reads what the decree says.
func (d *Decree) Read() (*calendar.Decree, error) {
	r, err := calendar.ParseDecree(d.Document)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "internal", fmt.Errorf("decree %d: %w", d.Number, err))
	}
	return r, nil
}

// DecreeStore keeps decrees.
type DecreeStore interface {
	// DecreeCount is how many there are: a cheap question, asked again and again.
	DecreeCount(ctx context.Context) (int64, error)
	// Decrees lists all, oldest first.
	Decrees(ctx context.Context) ([]Decree, error)
	// InsertDecree lands a decree with its entry; taken reports that its number
	// is another's, and nothing was written.
	InsertDecree(ctx context.Context, d *Decree, r *journal.Record) (taken bool, err error)
}

// Calendars knows the calendar in force.
type Calendars struct {
	Store DecreeStore
	Keys  *seal.Keyring
	Now   func() time.Time
	Law   law.Following

	mu      sync.Mutex
	current *calendar.Calendar
	asked   time.Time
}

// freshFor bounds how long this node may go on with a calendar that another
// has added a decree to. What it computes meanwhile is computed anew.
const freshFor = 2 * time.Second

// Current is the calendar in force, seconds old at most.
func (s *Calendars) Current(ctx context.Context) (*calendar.Calendar, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.asked); s.current != nil && age >= 0 && age < freshFor {
		return s.current, nil
	}
	n, err := s.Store.DecreeCount(ctx)
	if err != nil {
		return nil, err
	}
	if s.current == nil || s.current.Version.Decree() != n {
		if s.current, _, err = s.load(ctx); err != nil {
			return nil, err
		}
	}
	s.asked = now
	return s.current, nil
}

// load reads the calendar anew with the decrees that it is made of.
func (s *Calendars) load(ctx context.Context) (*calendar.Calendar, []Decree, error) {
	list, err := s.Store.Decrees(ctx)
	if err != nil {
		return nil, nil, err
	}
	read := make([]calendar.Decree, len(list))
	for i := range list {
		d, err := list[i].Read()
		if err != nil {
			return nil, nil, err
		}
		read[i] = *d
	}
	return calendar.Base().Replay(read...), list, nil
}

// Decrees lists what was added, oldest first.
func (s *Calendars) Decrees(ctx context.Context) ([]Decree, error) { return s.Store.Decrees(ctx) }

// Added is what Add did.
type Added struct {
	Decree
	Changed bool // false: the very document was in force already
	Version calendar.Version
}

// Add checks a decree against the calendar in force and puts it on top. The
// same document twice changes nothing. Open terms are another step
// ([Terms.Recompute]): if power fails between the two, the job finds them.
func (s *Calendars) Add(ctx context.Context, by verify.Actor, document []byte) (*Added, error) {
	d, err := calendar.ParseDecree(document)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(document)
	for range maxTries {
		c, list, err := s.load(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if list[i].Digest == digest {
				return &Added{Decree: list[i], Version: c.Version}, nil
			}
		}
		if c, err = c.With(*d); err != nil {
			return nil, err
		}
		out := &Added{Changed: true, Version: c.Version}
		out.Decree = Decree{Number: int64(len(list)) + 1, Digest: digest, At: s.Now(), Document: document}
		taken, err := s.land(ctx, by, d.Year, &out.Decree)
		if err != nil {
			return nil, err
		}
		if !taken {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.current, s.asked = c, out.At
			return out, nil
		}
	}
	return nil, fault.New(fault.Conflict, "calendar-changed")
}

func (s *Calendars) land(ctx context.Context, by verify.Actor, year int, d *Decree) (taken bool, err error) {
	e := &verify.Entry{
		Actor: by, Action: "calendar.decree", Edition: s.Law.At(d.At, "").ID, Digest: d.Digest[:],
		Detail: fmt.Sprintf("decree=%d year=%d", d.Number, year),
	}
	rec, err := journal.Prepare(e, ident.ID{}, ident.ID{}, &s.Keys.Journal, d.At)
	if err != nil {
		return false, err
	}
	d.Entry = rec.ID
	return s.Store.InsertDecree(ctx, d, rec)
}
