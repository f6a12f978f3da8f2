package depersonal

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kelisim/internal/ident"
	"kelisim/internal/locale"
)

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// duty: L1.7
func TestMethods(t *testing.T) {
	t.Parallel()
	iin, _ := ident.MakeIIN(time.Date(1991, 5, 14, 0, 0, 0, 0, time.UTC), false, 1234)
	for serial := 1235; iin == ""; serial++ {
		iin, _ = ident.MakeIIN(time.Date(1991, 5, 14, 0, 0, 0, 0, time.UTC), false, serial)
	}
	for _, c := range []struct {
		method    Method
		value, is string
	}{
		{Drop, "anything", ""},
		{Year, "1991-05-14", "1991"},
		{Year, "14.05.1991", "1991"},
		{Year, "May 1991", ""},
		{Year, "0001-01-01", ""},
		{Decade, "1991-05-14", "1990s"},
		{Decade, "2000-01-01", "2000s"},
		{AgeBand, "1991-05-14", "30-39"},
		{AgeBand, "1996-11-23", "30-39"},
		{AgeBand, "1996-11-24", "20-29"},
		{AgeBand, "2026-11-24", ""},
		{AgeBand, "2026-01-01", "0-9"},
		{AgeBand, "1900-01-01", "90+"},
		{AgeBand, "1996-02-29", "30-39"},
		{Band, "0", "0"},
		{Band, "1", "1-1"},
		{Band, "2", "2-4"},
		{Band, "4", "2-4"},
		{Band, "5", "5-9"},
		{Band, "9", "5-9"},
		{Band, "10", "10-19"},
		{Band, "250 000", "200000-499999"},
		{Band, "250000.75", "200000-499999"},
		{Band, "250000,75", "200000-499999"},
		{Band, "-5", ""},
		{Band, "many", ""},
		{Band, "99999999999999999999", ""},
		{SexDecade, iin, "female, 1990s"},
		{SexDecade, "123456789011", ""},
		{SexDecade, "Асыл", ""},
		{Region, "г. Алматы, ул. Мира, д. 1", "KZ-75"},
		{Region, "Алматы қ., Достық көшесі, 5", "KZ-75"},
		{Region, "Almaty, 1 Apple Street", "KZ-75"},
		{Region, "Алматинская область, г. Талгар", "KZ-19"},
		{Region, "Алматы облысы, Талғар қ.", "KZ-19"},
		{Region, "West Kazakhstan region, Oral", "KZ-27"},
		{Region, "Батыс Қазақстан облысы, Орал қ.", "KZ-27"},
		{Region, "обл. Абай, г. Семей", "KZ-10"},
		{Region, "Туркестанская обл., ул. Астана, 4", "KZ-61"},
		{Region, "г. Тараз, ул. Абай, 4", ""},
		{Region, "г. Павлодар, ул. Мира, 4", ""},
		{Region, "г. Астана, ул. Алматы, 4", ""},
		{Region, "Berlin", ""},
		{Keep, "phone", "phone"},
		{Keep, " phone ", "phone"},
		{Keep, "Phone", Other},
		{Keep, "+77011112233", Other},
		{Keep, "", ""},
	} {
		if got := c.method.of(c.value, []string{"phone", "tablet"}, now); got != c.is {
			t.Errorf("%s of %q is %q, want %q", c.method, c.value, got, c.is)
		}
	}
	for _, m := range Methods() {
		if !locale.Has("depersonal.method." + string(m)) {
			t.Errorf("%s is not described", m)
		}
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	columns := []Column{
		{ID: "pages", Category: "visit", Field: "pages", Method: Band},
		{ID: "device", Category: "visit", Field: "device", Method: Keep, Values: []string{"phone"}},
		{ID: "member", Category: "member", Method: Keep, Values: []string{"true", "false"}},
		{ID: "born", Category: "birthdate", Method: Decade},
	}
	for name, c := range map[string]struct{ values, cells string }{
		"everything":        {`{"visit": {"pages": 12, "device": "phone", "ip": "10.0.0.1"}, "member": true, "birthdate": "1991-05-14", "name": "Асыл"}`, `{"born":"1990s","device":"phone","member":"true","pages":"10-19"}`},
		"nothing":           {`{}`, `{}`},
		"a text for fields": {`{"visit": "phone"}`, `{}`},
		"no such field":     {`{"visit": {"screen": 5}}`, `{}`},
		"an object":         {`{"birthdate": {"year": 1991}, "visit": {"pages": [1], "device": null}}`, `{}`},
		"something else":    {`{"visit": {"device": "Асыл, +77011112233"}}`, `{"device":"other"}`},
	} {
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(c.values), &values); err != nil {
			t.Fatal(err)
		}
		if got := string(Make(columns, values, now).Text()); got != c.cells {
			t.Errorf("%s: %s, want %s", name, got, c.cells)
		}
	}
}

// Whatever stands in a value, no text of it longer than a listed word comes through.
//
// duty: L1.7
func TestNothingOfAValueComesThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-ZА-Я][a-zа-я]{4,12} [0-9]{5,12}|\+7[0-9]{10}|[a-z]{5,9}@[a-z]{5}\.kz`).Draw(t, "secret")
		m := rapid.SampledFrom(Methods()).Draw(t, "method")
		raw, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		cells := Make([]Column{{ID: "c", Category: "x", Method: m, Values: []string{"one", "two"}}}, map[string]json.RawMessage{"x": raw}, now)
		for _, v := range cells {
			if v != Other && strings.Contains(v, secret) {
				t.Fatalf("%s lets %q through as %q", m, secret, v)
			}
		}
		if c := string(cells.Text()); strings.Contains(c, secret) {
			t.Fatal(c)
		}
	})
}

// visit is one of a made-up crowd, of whom some come again.
type visit struct{ who, month, cells int }

func cellsOf(n int) Cells { return Cells{"a": fmt.Sprint(n % 3), "b": fmt.Sprint(n / 3)} }

// count is what the store keeps of visits in the order in which they came.
func count(crowd []visit, months []string) []Group {
	groups, seen := map[[2]int]*Group{}, map[int]bool{}
	for _, v := range crowd {
		key := [2]int{v.month, v.cells}
		if groups[key] == nil {
			groups[key] = &Group{Month: months[v.month], Cells: cellsOf(v.cells)}
		}
		groups[key].Records++
		if !seen[v.who] {
			seen[v.who] = true
			groups[key].People++
		}
	}
	out := make([]Group, 0, len(groups))
	for _, g := range groups {
		out = append(out, *g)
	}
	return out
}

// distinct is how many people some of the visits are of.
func distinct(crowd []visit, keep func(v visit) bool) int {
	who := map[int]bool{}
	for _, v := range crowd {
		if keep(v) {
			who[v.who] = true
		}
	}
	return len(who)
}

// Nobody is alone in what is given out, by whichever columns it is looked at, and
// between two answers at least k people have come, however often one comes again.
//
// duty: L1.7, L17.1
func TestReleaseHidesEverybodyAmongK(t *testing.T) {
	t.Parallel()
	months := []string{"2026-07", "2026-08", "2026-09", "2026-10", "2026-11"}
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(LeastGroup, 9).Draw(t, "k")
		crowd := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) visit {
			return visit{rapid.IntRange(0, 40).Draw(t, "who"), rapid.IntRange(0, len(months)-1).Draw(t, "month"), rapid.IntRange(0, 8).Draw(t, "cells")}
		}), 0, 80).Draw(t, "crowd")
		slices.SortStableFunc(crowd, func(a, b visit) int { return a.month - b.month })
		before := ""
		for i := range months {
			at := time.Date(2026, time.Month(8+i), 1, 9, 0, 0, 0, time.UTC) // the month is over
			r := Release(count(crowd, months), k, at)
			records := 0
			for _, g := range r.Groups {
				if g.Month != "" || g.People != 0 {
					t.Fatal("a group tells its month, or how many are new")
				}
				records += g.Records
				for _, columns := range [][]string{{"a", "b"}, {"a"}, {"b"}, {}} {
					n := distinct(crowd, func(v visit) bool {
						return months[v.month] <= r.Until && !slices.ContainsFunc(columns, func(c string) bool { return cellsOf(v.cells)[c] != g.Cells[c] })
					})
					if n < k {
						t.Fatalf("by %v the group %s is of %d people, at least %d", columns, g.Cells.Text(), n, k)
					}
				}
			}
			if r.Until >= Month(at) {
				t.Fatal("a month that is not over is let out")
			}
			if n := distinct(crowd, func(v visit) bool { return months[v.month] > before && months[v.month] <= r.Until }); r.Until != before && n < k {
				t.Fatalf("between two answers %d people came", n)
			}
			before = r.Until
			if records != r.Records || r.Records+r.Withheld != len(crowd) || r.K != k {
				t.Fatalf("%+v of %d", r, len(crowd))
			}
		}
	})
}

// One who comes every day is no crowd.
func TestOneIsNoCrowd(t *testing.T) {
	t.Parallel()
	var crowd []visit
	for range 30 {
		crowd = append(crowd, visit{who: 1})
	}
	if r := Release(count(crowd, []string{"2026-07"}), 5, now); len(r.Groups) > 0 || r.Withheld != 30 || r.Until != "" {
		t.Errorf("%+v", r)
	}
}

func TestReleaseIsInOneOrder(t *testing.T) {
	t.Parallel()
	var all []Group
	for i := range 6 {
		all = append(all, Group{Month: "2026-09", Cells: Cells{"a": fmt.Sprint(i)}, People: 5, Records: 5 + i%2})
	}
	want := Release(all, 5, now)
	slices.Reverse(all)
	if got := Release(all, 5, now); !slices.EqualFunc(got.Groups, want.Groups, func(a, b Group) bool { return a.Records == b.Records && maps.Equal(a.Cells, b.Cells) }) {
		t.Errorf("%+v, want %+v", got.Groups, want.Groups)
	}
	if want.Groups[0].Records != 6 || want.Records != 33 || want.Until != "2026-09" {
		t.Errorf("%+v", want)
	}
	if r := Release(nil, 5, now); r.Until != "" || len(r.Groups) != 0 || r.Withheld != 0 {
		t.Errorf("of nothing: %+v", r)
	}
}

// Month is that of the people's clocks.
func TestMonth(t *testing.T) {
	t.Parallel()
	if m := Month(time.Date(2026, 10, 31, 20, 0, 0, 0, time.UTC)); m != "2026-11" {
		t.Error(m)
	}
}
