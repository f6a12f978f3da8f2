// Package paper draws documents that people file: a heading with a QR code, parts
// with lines of label and value, tables, running text, page numbers, and files
// inside. It takes texts that are ready and knows nothing of what they say.
//
// What it makes is a PDF that any reader opens, with its own fonts, which have all
// letters of Kazakh, Russian and English. The same sheet gives the same bytes.
package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"
	"golang.org/x/text/unicode/norm"
)

// Sheet is a document.
type Sheet struct {
	Lang    string // of the texts, ISO 639-1
	Title   string
	Under   string // below the title
	Created time.Time
	Code    *Code
	Parts   []Part
	Foot    string // at the bottom of every page, before the number
	Files   []File // inside, for programs
}

// Code is a QR code beside the title.
type Code struct {
	Link    string
	Caption string
}

// Part is a section: a heading, then whatever is given, in this order.
type Part struct {
	Heading string
	Rows    []Row
	Table   *Table
	Text    string // running text, its lines kept
	Note    string // small
}

// Row is a label with its value; several lines are parted by line ends.
type Row struct{ Label, Value string }

// Table is lines under heads. Shares are the widths of columns, of any sum.
type Table struct {
	Heads  []string
	Shares []float64
	Lines  [][]string
}

// File is a file inside the document.
type File struct {
	Name    string
	About   string
	Content []byte
}

//go:embed fonts/NotoSans-Regular.ttf
var regular []byte

//go:embed fonts/NotoSans-Bold.ttf
var bold []byte

// Millimetres and points.
const (
	width, height   = 210.0, 297.0
	side, top       = 20.0, 18.0
	bottom          = 22.0
	within          = width - 2*side
	labels          = 52.0 // width of labels in rows
	codeSize        = 30.0
	size, small     = 10.0, 8.0
	line, smallLine = 5.0, 4.0
	family          = "sheet"
	pages           = "\ue000" // in place of their number; no text has it, see clean
)

// grey is of labels and notes, rule of lines between.
const (
	grey = 95
	rule = 205
)

// pen is a sheet on its way to paper.
type pen struct {
	*fpdf.Fpdf
	sheet *Sheet
}

// PDF draws the sheet.
func (s *Sheet) PDF() ([]byte, error) {
	p := &pen{fpdf.New("P", "mm", "A4", ""), s}
	p.AddUTF8FontFromBytes(family, "", bytes.Clone(regular))
	p.AddUTF8FontFromBytes(family, "B", bytes.Clone(bold))
	p.SetCatalogSort(true)
	p.SetCreationDate(s.Created.UTC())
	p.SetModificationDate(s.Created.UTC())
	p.SetLang(s.Lang)
	p.SetTitle(clean(s.Title), true)
	p.SetProducer("Kelisim", true)
	p.SetMargins(side, top, side)
	p.SetAutoPageBreak(false, bottom)
	p.AliasNbPages(pages)
	p.SetFooterFunc(p.foot)
	p.SetDrawColor(rule, rule, rule)
	p.AddPage()
	if err := p.head(); err != nil {
		return nil, err
	}
	for i := range s.Parts {
		p.part(&s.Parts[i])
	}
	var files []fpdf.Attachment
	for _, f := range s.Files {
		files = append(files, fpdf.Attachment{Content: f.Content, Filename: f.Name, Description: f.About})
	}
	p.SetAttachments(files)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return out.Bytes(), nil
}

func (p *pen) font(style string, points float64, shade int) {
	p.SetFont(family, style, points)
	p.SetTextColor(shade, shade, shade)
}

func (p *pen) head() error {
	wide := within
	if p.sheet.Code != nil {
		wide -= codeSize + 6
	}
	p.font("B", 16, 20)
	p.lines(p.sheet.Title, side, wide, 7)
	if p.sheet.Under != "" {
		p.Ln(1)
		p.font("", size, grey)
		p.lines(p.sheet.Under, side, wide, line)
	}
	if p.sheet.Code == nil {
		p.Ln(3)
		return nil
	}
	end := p.GetY()
	under, err := p.code(width-side-codeSize, top)
	p.SetY(max(end, under) + 3)
	return err
}

// code draws the QR code as what it is, squares: sharp at any size. It returns
// where the caption ends.
func (p *pen) code(x, y float64) (float64, error) {
	q, err := qrcode.New(p.sheet.Code.Link, qrcode.Medium)
	if err != nil {
		return y, fmt.Errorf("code: %w", err)
	}
	q.DisableBorder = true
	bits := q.Bitmap()
	unit := codeSize / float64(len(bits))
	p.SetFillColor(0, 0, 0)
	for i, row := range bits {
		for j := 0; j < len(row); j++ {
			n := 0
			for j+n < len(row) && row[j+n] {
				n++
			}
			if n > 0 {
				p.Rect(x+float64(j)*unit, y+float64(i)*unit, float64(n)*unit, unit, "F")
				j += n
			}
		}
	}
	p.LinkString(x, y, codeSize, codeSize, p.sheet.Code.Link)
	p.SetXY(x, y+codeSize+1)
	p.font("", 7, grey)
	p.lines(p.sheet.Code.Caption, x, codeSize, 3.2)
	return p.GetY(), nil
}

func (p *pen) foot() {
	p.font("", small, grey)
	p.SetXY(side, height-14)
	p.CellFormat(within-25, smallLine, p.fit(p.sheet.Foot, within-25), "", 0, "L", false, 0, "")
	p.CellFormat(25, smallLine, fmt.Sprintf("%d / %s", p.PageNo(), pages), "", 0, "R", false, 0, "")
}

// fit cuts a text to a width.
func (p *pen) fit(text string, wide float64) string {
	parts := p.split(text, wide)
	if len(parts) == 0 {
		return ""
	}
	return parts[0]
}

// room goes on to the next page where less than this is left.
func (p *pen) room(high float64) {
	if p.GetY()+high > height-bottom {
		p.AddPage()
	}
}

func (p *pen) part(x *Part) {
	p.room(22)
	if x.Heading != "" {
		p.Ln(3)
		p.font("B", 12, 20)
		p.lines(x.Heading, side, within, 6)
		p.Line(side, p.GetY()+0.8, width-side, p.GetY()+0.8)
		p.Ln(2)
	}
	for _, r := range x.Rows {
		p.row(r)
	}
	if x.Table != nil {
		p.table(x.Table)
	}
	if x.Text != "" {
		p.font("", size, 20)
		p.lines(x.Text, side+2, within-4, line)
	}
	if x.Note != "" {
		p.Ln(1)
		p.font("", small, grey)
		p.lines(x.Note, side, within, smallLine)
	}
}

func (p *pen) table(t *Table) {
	sum := 0.0
	for _, s := range t.Shares {
		sum += s
	}
	wide := make([]float64, len(t.Shares))
	for i, s := range t.Shares {
		wide[i] = within * s / sum
	}
	p.cells(t.Heads, wide, func(int) { p.font("B", small, grey) })
	for _, l := range t.Lines {
		p.cells(l, wide, func(int) { p.font("", small, 20) })
	}
}

// row draws a label with its value, however many lines each takes.
func (p *pen) row(r Row) {
	p.cells([]string{r.Label, r.Value}, []float64{labels, within - labels}, func(i int) {
		p.font("", size, []int{grey, 20}[i])
	})
	p.Ln(1)
}

func (p *pen) cells(cells []string, wide []float64, font func(i int)) {
	parts, most := make([][]string, len(cells)), 0
	for i, c := range cells {
		font(i)
		parts[i] = p.split(c, wide[i]-2)
		most = max(most, len(parts[i]))
	}
	high := float64(most) * line
	if high < 40 { // a short one is not torn between two pages
		p.room(high)
	}
	if p.GetY()+high > height-bottom {
		for n := range most {
			p.room(line)
			p.across(parts, n, 1, wide, font)
		}
		return
	}
	p.across(parts, 0, most, wide, font)
}

// across draws some lines of each cell, cell by cell: a program that takes the text
// out reads a cell to its end before the next.
func (p *pen) across(parts [][]string, from, count int, wide []float64, font func(i int)) {
	x, y := side, p.GetY()
	for i := range parts {
		font(i)
		for n := from; n < min(from+count, len(parts[i])); n++ {
			p.SetXY(x, y+float64(n-from)*line)
			p.CellFormat(wide[i], line, parts[i][n], "", 0, "L", false, 0, "")
		}
		x += wide[i]
	}
	p.SetXY(side, y+float64(count)*line)
}

// lines draws a text in the font that is set.
func (p *pen) lines(text string, x, wide, high float64) {
	for _, l := range p.split(text, wide) {
		p.room(high)
		p.SetX(x)
		p.CellFormat(wide, high, l, "", 2, "L", false, 0, "")
	}
	p.SetX(side)
}

// split breaks a text into lines of a width, at spaces where there are any.
func (p *pen) split(text string, wide float64) []string {
	var out []string
	for l := range strings.SplitSeq(strings.TrimRight(clean(text), "\n"), "\n") {
		parts := p.SplitText(l, wide)
		if len(parts) == 0 {
			parts = []string{""}
		}
		out = append(out, parts...)
	}
	return out
}

// clean puts a text into the letters that the fonts have. Others, which a name
// from elsewhere may hold, show as a sign that something stood there: the file
// inside the document has them.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r >= ' ' && r < 0x7f, r >= 0xa0 && r <= 0x17f, r >= 0x400 && r <= 0x52f:
			return r
		case r >= 0x2010 && r <= 0x2015, r == 0x202f, r == 0x20ac, r == 0x20b8, r == 0x2116, r == 0x2122, r == 0x2212:
			return r
		case r >= 0x2018 && r <= 0x201e, r == 0x2022, r == 0x2026, r == 0x2030, r == 0x2032, r == 0x2033:
			return r
		case r == '\r', r == 0xad, unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		default:
			return 0xfffd
		}
	}, norm.NFC.String(s))
}
