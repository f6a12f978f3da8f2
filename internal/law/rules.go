package law

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// parseRules reads provisions written as lines of "key: text", with an empty
// line between two provisions and # before a comment. It is a simpler form than
// the YAML of the other files because there is much of it, and every start of
// the program reads it: this way loading takes a quarter of the time.
func parseRules(source string) ([]Rule, error) {
	var all []Rule
	within, n := false, 0
	for line := range strings.Lines(source) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			within = within && line != ""
			continue
		}
		if !within {
			all, within = append(all, Rule{}), true
		}
		key, text, ok := strings.Cut(line, ": ")
		if !ok || text == "" {
			return nil, fmt.Errorf("line %d: no \"key: text\"", n)
		}
		if err := all[len(all)-1].set(key, text); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", n, key, err)
		}
	}
	return all, nil
}

func (r *Rule) set(key, text string) (err error) {
	switch key {
	case "from":
		r.From, err = day(text)
		return err
	case "to":
		r.To, err = day(text)
		return err
	case "computed":
		return yes(text, &r.Computed)
	case "repealed":
		return yes(text, &r.repealed)
	}
	place, ok := r.places()[key]
	switch {
	case !ok:
		return errors.New("there is no such key")
	case *place != "":
		return errors.New("stands here twice")
	}
	*place = text
	return nil
}

// yes reads a key that is there or is not.
func yes(text string, into *bool) error {
	if text != "yes" {
		return errors.New("only yes can stand here")
	}
	*into = true
	return nil
}

func (r *Rule) places() map[string]*string {
	return map[string]*string{
		"id": (*string)(&r.ID), "certainty": (*string)(&r.Certainty),
		"kk": &r.Text.KK, "ru": &r.Text.RU, "en": &r.Text.EN,
		"title.kk": &r.Title.KK, "title.ru": &r.Title.RU, "title.en": &r.Title.EN,
		"source.kk": &r.Source.KK, "source.ru": &r.Source.RU, "source.en": &r.Source.EN,
	}
}

// day is the midnight in Kazakhstan at which a date begins.
func day(date string) (time.Time, error) {
	almaty, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		return time.Time{}, err
	}
	return time.ParseInLocation(time.DateOnly, date, almaty)
}
