package intake_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"kelisim/internal/app"
	"kelisim/internal/app/apptest"
	"kelisim/internal/fault"
	"kelisim/internal/gate"
	"kelisim/internal/ident"
	"kelisim/internal/intake"
	"kelisim/internal/journal"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/internal/register"
	"kelisim/verify"
)

var (
	clerk = verify.Actor{Kind: "person", ID: "clerk"}
	today = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
)

// house is an installation with one operator.
type house struct {
	testing.TB
	*app.App
	org *party.Organization
}

func newHouse(t testing.TB) *house { return newHouseAt(t, func() time.Time { return today }) }

func newHouseAt(t testing.TB, now func() time.Time) *house {
	t.Helper()
	a, err := app.Init(context.Background(), app.Config{Data: t.TempDir(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	h := &house{TB: t, App: a}
	text, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h.org = h.apply(text)
	return h
}

func (h *house) apply(text []byte) *party.Organization {
	h.Helper()
	d, err := register.Parse(text, h.Parties.Rules)
	if err != nil {
		h.Fatal(err)
	}
	if _, err := h.Parties.Apply(context.Background(), clerk, d, true); err != nil {
		h.Fatal(err)
	}
	org, err := h.Parties.Organization(context.Background(), d.Organization.BIN)
	if err != nil {
		h.Fatal(err)
	}
	return org
}

const clientsMap = `
origin: Реестр клиентов с 2012 года
ground: {document: Приказ № 7 от 1 марта 2012 года}
language: ru
columns:
  - {column: ИИН, identifier: iin, category: iin}
  - {column: ФИО, name: true, category: name}
  - {column: Телефон, identifier: phone, category: phone, optional: true}
  - {column: Почта, category: email, optional: true}
`

func (h *house) options(file []byte, mapText string) *intake.Options {
	h.Helper()
	m, err := intake.ParseMap([]byte(mapText))
	if err != nil {
		h.Fatal(err)
	}
	return &intake.Options{
		Store: h.Store, Parties: h.Parties, Org: h.org, Purpose: "contracts", Map: m,
		File: bytes.NewReader(file), By: clerk, Language: locale.RU,
	}
}

// bring brings a file in and returns the rows that did not pass, without the
// header.
func (h *house) bring(file []byte, mapText string) (intake.Result, [][]string) {
	h.Helper()
	o := h.options(file, mapText)
	var bad bytes.Buffer
	o.Bad = &bad
	r, err := intake.Run(context.Background(), o)
	if err != nil {
		h.Fatal(err)
	}
	return r, h.badRows(bad.Bytes())
}

func (h *house) badRows(file []byte) [][]string {
	h.Helper()
	if len(file) == 0 {
		return nil
	}
	text, ok := bytes.CutPrefix(file, []byte("\ufeff"))
	if !ok {
		h.Error("the bad rows have no byte order mark: spreadsheets show question marks")
	}
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord = -1
	if bytes.Contains(text[:bytes.IndexByte(text, '\n')], []byte(";")) {
		c.Comma = ';'
	}
	all, err := c.ReadAll()
	if err != nil {
		h.Fatal(err)
	}
	return all[1:]
}

// held is what the organization holds of the person with the IIN.
func (h *house) held(iin string) map[string]string {
	h.Helper()
	id, err := h.Parties.Lookup(context.Background(), h.org, party.Identifier{Kind: ident.IIN, Value: iin})
	if err != nil {
		h.Fatalf("lookup: %v", err)
	}
	ans, err := h.Guard.OwnData(context.Background(), h.org.Inside(id), h.org.ID, verify.Actor{Kind: "subject"})
	if err != nil {
		h.Fatal(err)
	}
	out := map[string]string{}
	for c, raw := range ans.Data {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			h.Fatal(err)
		}
		out[c] = s
	}
	return out
}

func (h *house) audit() {
	h.Helper()
	for {
		n, err := h.Sealer.Step(context.Background())
		if err != nil {
			h.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	rep, err := h.Audit(context.Background(), nil)
	if err != nil || len(rep.Findings) > 0 || rep.Unsealed > 0 {
		h.Fatal(err, rep)
	}
}

// imports are the entries that tell of people brought in.
func (h *house) imports() []*journal.Opened {
	h.Helper()
	_, all, err := h.Journal.List(context.Background(), journal.Filter{Org: h.org.ID, Action: "subject.import", Limit: 1000})
	if err != nil {
		h.Fatal(err)
	}
	return all
}

// iin is a made-up valid number.
func iin(t testing.TB, n int) string {
	t.Helper()
	for serial := n % 9000; ; serial++ {
		day := time.Date(1960, 1, 1+n/9000, 0, 0, 0, 0, time.UTC)
		if s, ok := ident.MakeIIN(day, n%2 == 0, serial); ok {
			return s
		}
	}
}

// What comes in is what the file says, whatever its form.
//
// duty: L31.3
func TestForms(t *testing.T) {
	t.Parallel()
	a, b := iin(t, 1), iin(t, 2)
	rows := [][]string{
		{"ФИО", " иин\n", "Телефон", "Лишнее", "Почта"},
		{"Иванова Мария Петровна", a, "8 (701) 111-22-33", "x", "Maria@Example.kz"},
		{},
		{"Қасымов \"Ербол\"; Серікұлы,", b, "", "", ""},
	}
	text := func(comma rune) []byte {
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		w.Comma, w.UseCRLF = comma, comma == ';'
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, file := range map[string][]byte{
		"utf-8, comma":                text(','),
		"byte order mark, tab":        append([]byte("\ufeff"), text('\t')...),
		"windows-1251, semicolon":     windows1251(t, text(';')),
		"a workbook":                  workbook(t, rows, nil),
		"a workbook, IIN as a number": workbook(t, rows, func(cell string) any { return asNumber(cell, a) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			r, bad := h.bring(file, clientsMap)
			if want := (intake.Result{Rows: 2, Added: 2}); r != want {
				t.Fatalf("%+v %v", r, bad)
			}
			want := map[string]string{"iin": a, "name": rows[1][0], "phone": "+77011112233", "email": "maria@example.kz"}
			if got := h.held(a); !maps.Equal(got, want) {
				t.Errorf("held %v", got)
			}
			want = map[string]string{"iin": b, "name": rows[3][0]}
			if strings.HasPrefix(name, "windows") {
				want["name"] = withoutKazakh.Replace(want["name"])
			}
			if got := h.held(b); !maps.Equal(got, want) {
				t.Errorf("held %v", got)
			}
			h.audit()
		})
	}
}

// withoutKazakh is for windows-1251, which lacks the letters.
var withoutKazakh = strings.NewReplacer("Қ", "К", "ұ", "у")

func windows1251(t testing.TB, text []byte) []byte {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().String(withoutKazakh.Replace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(out)
}

func asNumber(cell, which string) any {
	if cell != which {
		return cell
	}
	var n int64
	fmt.Sscan(cell, &n)
	return n
}

// workbook is rows as an XLSX; convert may turn a cell into a number.
func workbook(t testing.TB, rows [][]string, convert func(string) any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, cells := range rows {
		line := make([]any, len(cells))
		for j, c := range cells {
			if line[j] = c; convert != nil {
				line[j] = convert(c)
			}
		}
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &line); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Running a file again adds nothing and touches nothing, and a person who stands
// in it twice counts once.
func TestAgainAddsNothing(t *testing.T) { eachEngine(t, testAgainAddsNothing) }

// eachEngine runs a test on both databases.
func eachEngine(t *testing.T, test func(*testing.T, *house)) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, a *app.App, _ *apptest.Clock) {
		test(t, &house{TB: t, App: a, org: apptest.Org(t, a, "")})
	})
}

func testAgainAddsNothing(t *testing.T, h *house) {
	file := makeRows(t, 1201)
	file = append(file, bytes.Split(file, []byte("\n"))[5]...) // a person of the first batch, in the third
	r, bad := h.bring(file, wideMap)
	if want := (intake.Result{Rows: 1202, Added: 1201, Repeated: 1}); r != want {
		t.Fatalf("%+v %v", r, bad)
	}
	h.access(iin(t, 7), register.Change, map[string]json.RawMessage{"employer": []byte(`"elsewhere"`)})
	r, _ = h.bring(file, wideMap)
	if want := (intake.Result{Rows: 1202, Known: 1201, Repeated: 1}); r != want {
		t.Fatalf("again: %+v", r)
	}
	if got := h.held(iin(t, 7))["employer"]; got != "elsewhere" {
		t.Errorf("a value of a known person was written over: %q", got)
	}
	if n := len(h.imports()); n != 1000 { // the list's limit
		t.Errorf("%d entries", n)
	}
	h.audit()
}

// access does something on the ground the data is held on.
func (h *house) access(iin string, action register.Action, values map[string]json.RawMessage) *gate.Answer {
	h.Helper()
	id, err := h.Parties.Lookup(context.Background(), h.org, party.Identifier{Kind: ident.IIN, Value: iin})
	if err != nil {
		h.Fatal(err)
	}
	ans, err := h.Guard.Access(context.Background(), &gate.Ask{
		Request: gate.Request{Action: action, Purpose: "contracts", Ground: "31(3)", Document: "order"},
		Holder:  h.org, Asker: h.org, Subject: id, Actor: clerk, Values: values,
	})
	if err != nil || !ans.Permit {
		h.Fatal(err, ans)
	}
	return ans
}

// An entry tells what came in, where from, on which ground, by whose decision.
//
// duty: L31.3
func TestEntry(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.bring(makeRows(t, 1), wideMap)
	e := h.imports()[0]
	got := fmt.Sprint(e.Actor.ID, e.Purpose, e.Categories, e.Base, e.Detail, *e.Ground, e.Decision, e.Reasons, e.Register)
	want := "clerk contracts [iin name phone email employer] site Реестр клиентов с 2012 года" +
		" {31(3) Приказ № 7 от 1 марта 2012 года} permit [{ground [31(3)]}] 1"
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("%s\nwant %s", got, want)
	}
	id, err := h.Parties.Lookup(t.Context(), h.org, party.Identifier{Kind: ident.Phone, Value: "8 701 000 00 00"})
	if err != nil {
		t.Fatal("not found by the second identifier:", err)
	}
	held, err := h.Store.Holding(t.Context(), h.org.Inside(id), h.org.ID)
	if err != nil || !held.DestroyAt.Equal(today.AddDate(3, 0, 0)) {
		t.Error("retention does not look at the holding when its term is over:", err, held.DestroyAt)
	}
	prof, err := h.Parties.Profile(h.org, held)
	if err != nil || prof.Name != "Иванова Мария Петровна" || prof.Language != locale.RU {
		t.Error(err, prof)
	}
}

// A value that came in by the many is the one that the gate would have kept.
func TestValuesAreTheGates(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.bring([]byte("ИИН,ФИО,Телефон,Почта\n"+iin(t, 1)+",  А Б ,8 701 111 22 33,A@EXAMPLE.kz"), clientsMap)
	was := h.held(iin(t, 1))
	h.access(iin(t, 1), register.Change, map[string]json.RawMessage{
		"iin": []byte(`"` + iin(t, 1) + `"`), "name": []byte(`"А Б"`), "phone": []byte(`"8 701 111 22 33"`), "email": []byte(`"A@EXAMPLE.kz"`),
	})
	if is := h.held(iin(t, 1)); !maps.Equal(was, is) {
		t.Errorf("%v\n%v", was, is)
	}
}

// A person whom somebody else knows stays one person, and what was destroyed
// does not come back from an old file.
func TestKnownElsewhereAndDestroyed(t *testing.T) { eachEngine(t, testKnownElsewhereAndDestroyed) }

func testKnownElsewhereAndDestroyed(t *testing.T, h *house) {
	bestam := h.org
	other, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h.org = h.apply(bytes.ReplaceAll(other, []byte("150940018738"), []byte("180340022918")))
	h.bring(makeRows(t, 3), wideMap)
	h.org = bestam
	if r, _ := h.bring(makeRows(t, 5), wideMap); r.Added != 5 {
		t.Fatalf("%+v", r)
	}
	if got := h.held(iin(t, 2)); got["phone"] != "+77010000002" {
		t.Error(got)
	}
	h.access(iin(t, 2), register.Destroy, nil)
	r, _ := h.bring(makeRows(t, 5), wideMap)
	if want := (intake.Result{Rows: 5, Known: 4, Destroyed: 1}); r != want {
		t.Errorf("%+v", r)
	}
	id, err := h.Parties.Lookup(t.Context(), h.org, party.Identifier{Kind: ident.IIN, Value: iin(t, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if held, err := h.Store.Holding(t.Context(), h.org.Inside(id), h.org.ID); err != nil || held.State != party.Destroyed || held.DataKey != nil {
		t.Error("what was destroyed came back:", err, held.State)
	}
	n := 0
	if err := h.Store.JournalKeys(t.Context(), func(ident.ID, []byte, int64) error { n++; return nil }); err != nil || n != 5 {
		t.Error(n, "people instead of 5", err)
	}
	h.audit()
}

// Rows that do not pass stand in their file as they were, with the reason in
// words, and come in from it once mended.
func TestBadRows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	good := iin(t, 1)
	zeros, _ := ident.MakeIIN(time.Date(2005, 3, 7, 0, 0, 0, 0, time.UTC), true, 12)
	lines := []string{
		"ИИН;ФИО;Телефон;Почта",
		good + ";А Б;87011112233;",
		iin(t, 2) + "; ;;",
		good[:11] + string('0'+('9'-good[11])) + ";А Б;;",
		strings.TrimLeft(zeros, "0") + ";А Б;;",
		"9,00101E+11;А Б;;",
		";А Б;;",
		iin(t, 3) + ";А Б;8 701;",
		iin(t, 4) + ";А\x01Б;;",
		iin(t, 5) + ";А Б;;;Алматы",
		iin(t, 6) + `;А "Б" В;;`,
		iin(t, 7) + ";А Б;;not an address",
		iin(t, 8) + ";А Б;;",
	}
	reasons := []string{ // of the rows from the third line on
		"3 ФИО: Ячейка пустая.", "4 ИИН: Контрольная цифра", "5 ИИН: Табличный редактор сделал из этого число", "6 ИИН: Табличный редактор",
		"7 ИИН: Ячейка пустая.", "8 Телефон: В номере телефона", "9 ФИО: В тексте есть символы", "10 В строке ячеек больше",
		"11 Кавычка стоит не на месте.", "12 Почта: Это не адрес",
	}
	r, bad := h.bring([]byte(strings.Join(lines, "\r\n")), clientsMap)
	if want := (intake.Result{Rows: 12, Added: 2, Bad: 10}); r != want || len(bad) != len(reasons) {
		t.Fatalf("%+v %v", r, bad)
	}
	for i, want := range reasons {
		if got := strings.Join(bad[i][4:6], " "); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := bad[7]; got[0] != iin(t, 5) || got[6] != "Алматы" {
		t.Error("a cell was lost:", got)
	}

	mended := "row,ИИН,ФИО,Телефон,Почта,reason\n3," + iin(t, 2) + ",А Б,,,empty\n5," + zeros + ",В Г,,,number\n2," + good + ",А Б,,,-"
	r, _ = h.bring([]byte(mended), clientsMap)
	if want := (intake.Result{Rows: 3, Added: 2, Known: 1}); r != want {
		t.Errorf("mended: %+v", r)
	}
}

// Two people of the organization's own records cannot become one by a row.
func TestIdentifiersDiffer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	m := strings.Replace(clientsMap, "columns:", "columns:\n  - {column: Паспорт, identifier: document, optional: true}", 1)
	file := "ИИН,ФИО,Телефон,Почта,Паспорт\n%s,А,,,N1234567\n%s,Б,,,N7654321\n%s,В,,,N7654321\n"
	r, bad := h.bring(fmt.Appendf(nil, file, iin(t, 1), iin(t, 2), iin(t, 1)), m)
	if want := (intake.Result{Rows: 3, Added: 2, Bad: 1}); r != want || bad[0][6] == "" {
		t.Errorf("%+v %v", r, bad)
	}
}

// A workbook keeps an IIN in many ways; only one of them loses digits.
func TestNumbersOfWorkbooks(t *testing.T) {
	t.Parallel()
	short, _ := ident.MakeIIN(time.Date(2003, 1, 2, 0, 0, 0, 0, time.UTC), false, 77)
	var number int64
	fmt.Sscanf(strings.TrimLeft(short, "0"), "%d", &number)
	f := excelize.NewFile()
	defer f.Close()
	zeros, text := "000000000000", "@"
	padded, err := f.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
	if err != nil {
		t.Fatal(err)
	}
	asText, err := f.NewStyle(&excelize.Style{CustomNumFmt: &text})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		cell  any
		style int
	}{{"ИИН", 0}, {short, asText}, {number, padded}, {number, 0}, {900101300017, 0}} {
		at := fmt.Sprintf("A%d", i+1)
		if err := errors.Join(f.SetCellValue("Sheet1", at, c.cell), f.SetCellStyle("Sheet1", at, at, c.style)); err != nil {
			t.Fatal(err)
		}
	}
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14}) // the date as the system writes it
	if err = errors.Join(err, f.SetCellValue("Sheet1", "B1", "С какого дня"), f.SetCellValue("Sheet1", "B2", 45000), f.SetCellStyle("Sheet1", "B2", "B2", day)); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	r, bad := h.bring(file.Bytes(), "origin: x\nground: {document: y}\ncolumns: [{column: ИИН, identifier: iin, category: iin}, {column: с какого дня, category: employer, optional: true}]")
	if want := (intake.Result{Rows: 4, Added: 2, Repeated: 1, Bad: 1}); r != want {
		t.Fatalf("%+v %v", r, bad)
	}
	if bad[0][0] != fmt.Sprint(number) || bad[0][2] != "4" || !strings.Contains(bad[0][3], "«Текстовый»") {
		t.Error(bad)
	}
	if got := h.held(short)["employer"]; got != "2023-03-15" {
		t.Error("a date came in as", got)
	}
}

// Cut short, a run leaves whole batches, and the next one brings the rest.
func TestCutShort(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	file := makeRows(t, 2600)
	ctx, cancel := context.WithCancel(t.Context())
	o := h.options(file, wideMap)
	o.Progress = func(done, total int64) {
		if total != 2600 {
			t.Error("total", total)
		}
		if done == 1000 {
			cancel()
		}
	}
	r, err := intake.Run(ctx, o)
	if !errors.Is(err, context.Canceled) || r.Added%500 != 0 || r.Added < 1000 || r.Added > 2000 {
		t.Fatal(r, err)
	}
	again, _ := h.bring(file, wideMap)
	if again.Known < r.Added || again.Known%500 != 0 || again.Known+again.Added != 2600 {
		t.Errorf("%+v then %+v", r, again)
	}
	h.audit()
}

// What is decided under one version of the register does not land under another.
func TestRegisterChanges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../examples/bestam/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, code string }{
		"not what matters":  {"retention: P3Y", "retention: P4Y", ""},
		"category is gone":  {"categories: [name, iin, email, phone, education", "categories: [name, iin, email, education", "category-not-of-purpose"},
		"purpose is closed": {"id: contracts", "id: closed", "purpose-unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			o := h.options(makeRows(t, 1600), wideMap)
			o.Progress = func(done, _ int64) {
				if done == 500 {
					h.apply(bytes.Replace(text, []byte(c.old), []byte(c.new), 1))
				}
			}
			r, err := intake.Run(t.Context(), o)
			switch {
			case c.code == "" && (err != nil || r.Added != 1600):
				t.Fatal(r, err)
			case c.code != "" && (!fault.Is(err, c.code) || r.Added != 500):
				t.Fatal(r, err)
			}
			under := map[int]int{}
			for _, e := range h.imports() {
				under[e.Register]++
			}
			if c.code == "" && under[2] == 0 || c.code != "" && under[2] > 0 {
				t.Errorf("entries by version: %v", under)
			}
			h.audit()
		})
	}
}

// Errors that concern every row are told once, before any comes in.
func TestRefusedWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ok := makeRows(t, 1)
	for code, c := range map[string]struct {
		file    []byte
		purpose string
		m       string
	}{
		"purpose-unknown":         {ok, "nothing", clientsMap},
		"category-not-of-purpose": {ok, "news", clientsMap},
		"import-denied":           {ok, "contracts", strings.Replace(clientsMap, "{document:", "{provision: 9(1), document:", 1)},
		"file-empty":              {nil, "contracts", clientsMap},
		"file-format":             {[]byte("PK\x03\x04 and then nothing of a workbook"), "contracts", clientsMap},
		"column-missing":          {[]byte("ИИН;Имя\n1;2"), "contracts", clientsMap},
		"file-without-header":     {[]byte(iin(t, 1) + ";Иванов;x;y"), "contracts", clientsMap},
		"column-ambiguous":        {[]byte("ИИН,ФИО,фио,Телефон,Почта"), "contracts", clientsMap},
		"file-encrypted":          {encrypted(t), "contracts", clientsMap},
		"sheet-absent":            {workbook(t, nil, nil), "contracts", "sheet: Clients\n" + clientsMap},
		"file-too-large":          {packed(t, 1<<40, 1<<40, nil), "contracts", clientsMap},
		"file-damaged":            {packed(t, 10, 10, make([]byte, 1<<20)), "contracts", clientsMap}, // more in it than it says
		"not-utf8":                {[]byte("ИИН,ФИО\n\xff"), "contracts", "encoding: utf-8\n" + clientsMap},
		"row-too-long":            {[]byte("ИИН,ФИО,Телефон,Почта\n" + iin(t, 9) + ",\"" + strings.Repeat("a\n", 1<<20)), "contracts", clientsMap},
	} {
		t.Run(code, func(t *testing.T) {
			o := h.options(c.file, c.m)
			o.Purpose = c.purpose
			r, err := intake.Run(t.Context(), o)
			var f *fault.Error
			if !errors.As(err, &f) || r.Added != 0 {
				t.Fatal(r, err)
			}
			if code == "file-format" && f.Code == "file-damaged" { // no directory at all
				f.Code = code
			}
			if f.Code != code {
				t.Fatalf("%v", err)
			}
			if text, hint := locale.Fault(locale.RU, f); strings.Contains(text+hint, "⟦") || strings.Contains(text+hint, "Иванов") {
				t.Errorf("%s %s", text, hint)
			}
		})
	}
	if n := len(h.imports()); n != 0 {
		t.Error(n, "came in")
	}
}

func encrypted(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var out bytes.Buffer
	if err := f.Write(&out, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// packed is a workbook whose one sheet is not what its directory says.
func packed(t *testing.T, says, compressed uint64, sheet []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	if _, err := z.Create("xl/workbook.xml"); err != nil {
		t.Fatal(err)
	}
	h := &zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Store, UncompressedSize64: says, CompressedSize64: compressed}
	w, err := z.CreateRaw(h)
	if err == nil {
		_, err = w.Write(sheet)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The file of rows that did not pass is for its owner's eyes, even where one
// lay there open to all.
func TestBadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bad.csv")
	f := &intake.BadFile{Path: path}
	if err := f.Close(); err != nil || f.Made() {
		t.Error("a file was made for nothing", err)
	}
	if err := os.WriteFile(path, []byte("of an earlier run"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 1 || !f.Made() {
		t.Error(err, info.Mode(), info.Size())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	r := intake.Result{Rows: 121, Added: 101, Known: 3, Repeated: 5, Destroyed: 1, Bad: 11}
	for lang, want := range map[locale.Lang]string{
		locale.RU: "Прочитана 121 строка. Принят 101 человек. 3 человека уже были известны",
		locale.KK: "121 жол оқылды. 101 адам қабылданды.",
		locale.EN: "121 rows read. 101 people added. 3 people were known already",
	} {
		got := r.Summary(lang)
		if !strings.HasPrefix(strings.Join(got, " "), want) || len(got) != 6 || strings.Contains(strings.Join(got, ""), "⟦") {
			t.Errorf("%s: %q", lang, got)
		}
	}
	if got := (intake.Result{}).Summary(locale.EN); !slices.Equal(got, []string{"0 rows read."}) {
		t.Error(got)
	}
}

func makeRows(t testing.TB, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("ИИН,ФИО,Телефон,Почта,Работа\n")
	for i := range n {
		fmt.Fprintf(&out, "%s,Иванова Мария Петровна,+7701%07d,person%d@example.kz,ТОО «Пример %d»\n", iin(t, i), i, i, i%100)
	}
	return out.Bytes()
}

const wideMap = clientsMap + "  - {column: Работа, category: employer}\n"

func BenchmarkRun(b *testing.B) {
	const n = 100_000
	file := makeRows(b, n)
	for b.Loop() {
		b.StopTimer()
		h := newHouseAt(b, time.Now) // ids sort by time: with a clock that stands still every insert is at random
		o := h.options(file, wideMap)
		b.StartTimer()
		r, err := intake.Run(context.Background(), o)
		if err != nil || r.Added != n {
			b.Fatal(err, r)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
}
