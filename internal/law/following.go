package law

import (
	"strings"
	"time"

	"kelisim/internal/fault"
)

// The editions that an installation may follow, beside the ids of editions.
const (
	// Default is followed where nothing was chosen: the newest edition of which
	// the text itself was read, and not only what others say of it.
	Default = "2023-04"
	// Latest is the newest edition there is.
	Latest = "latest"
)

// Following says which editions bind. Later ones are shown, and bind only whom
// they are chosen by: what is known of them comes from amendment notes and from
// others, and nobody is to be refused, or let in, by hearsay that nobody chose.
// The zero value follows [Default].
type Following struct {
	Newest string // id of the newest edition that is followed, or Latest
}

// Follow is the following that a setting names. The fault is Invalid where there
// is no such edition.
func Follow(newest string) (Following, error) {
	if newest == "" || newest == Latest {
		return Following{newest}, nil
	}
	if _, ok := ByID(newest); !ok {
		return Following{}, fault.Bad("edition", "edition-unknown", "known", Known())
	}
	return Following{newest}, nil
}

// Known lists the ids of all editions, for a person who named another.
func Known() string {
	ids := make([]string, len(Editions()))
	for i, e := range Editions() {
		ids[i] = e.ID
	}
	return strings.Join(ids, ", ")
}

// At returns the edition that an event of time t is judged by: of those that are
// followed the newest that had begun, and the oldest for what was before it. An
// organization may go ahead by the id of an edition; it counts where it is newer
// than that. It allocates nothing: each decision asks.
func (f Following) At(t time.Time, ahead string) *Edition {
	all := editions()
	e := at(all[:f.place(all)+1], t)
	if i := place(all, ahead); i >= 0 && all[i].From.After(e.From) {
		return all[i]
	}
	return e
}

// place is that of the newest edition followed. A name that never went through
// [Follow] is taken for none.
func (f Following) place(all []*Edition) int {
	if f.Newest == Latest {
		return len(all) - 1
	}
	if i := place(all, f.Newest); i >= 0 {
		return i
	}
	return max(place(all, Default), 0)
}

func place(all []*Edition, id string) int {
	for i, e := range all {
		if e.ID == id {
			return i
		}
	}
	return -1
}
