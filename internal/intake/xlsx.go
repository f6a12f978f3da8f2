package intake

import (
	"archive/zip"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"kelisim/internal/fault"
)

// xlsxTable reads one sheet of a workbook. The unpacked workbook stays in
// memory, so that no copy of the people in it lies in a folder of temporary
// files.
//
// The library stands behind functions and in no field: a type that an interface
// can lead to keeps all its methods in the program, and there are megabytes of
// them.
type xlsxTable struct {
	cells  func() ([]string, error) // of the next row; errEnd after the last
	shut   func() error
	number int
	total  int64
}

func openXLSX(file io.ReadSeeker, m *Map) (t table, err error) {
	defer recoverDamage(&err)
	if err := checkPacked(file); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(file, excelize.Options{
		UnzipSizeLimit: maxWorkbook, UnzipXMLSizeLimit: maxWorkbook, ShortDatePattern: "yyyy-mm-dd",
	})
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "file-damaged", err)
	}
	sheets := book.GetSheetList()
	name := m.Sheet
	if name == "" && len(sheets) > 0 {
		name = sheets[0]
	}
	if !slices.Contains(sheets, name) {
		return nil, errors.Join(fault.New(fault.Invalid, "sheet-absent", "there", quoted(sheets)), book.Close())
	}
	sheet, err := book.Rows(name)
	if err != nil {
		return nil, errors.Join(fault.Wrap(fault.Invalid, "file-damaged", err), book.Close())
	}
	return &xlsxTable{
		total: height(book, name),
		shut:  func() error { return errors.Join(sheet.Close(), book.Close()) },
		cells: func() ([]string, error) {
			if sheet.Next() {
				return sheet.Columns()
			}
			if err := sheet.Error(); err != nil {
				return nil, err
			}
			return nil, errEnd
		},
	}, nil
}

// checkPacked refuses what is no workbook, and one that unpacks to more than is
// taken, before any of it is unpacked.
func checkPacked(file io.ReadSeeker) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fault.Wrap(fault.Invalid, "file-unreadable", err)
	}
	at, ok := file.(io.ReaderAt)
	if !ok {
		return fault.New(fault.Invalid, "file-unreadable")
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		return fault.Wrap(fault.Invalid, "file-damaged", err)
	}
	var unpacked uint64
	workbook := false
	for _, f := range z.File {
		unpacked += min(f.UncompressedSize64, 1<<40)
		workbook = workbook || strings.EqualFold(f.Name, "xl/workbook.xml")
	}
	switch {
	case !workbook:
		return fault.New(fault.Invalid, "file-format")
	case unpacked > maxWorkbook:
		return fault.New(fault.TooLarge, "file-too-large", "mebibytes", maxWorkbook>>20)
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

// height is how many rows a sheet says it has.
func height(book *excelize.File, sheet string) int64 {
	area, err := book.GetSheetDimension(sheet)
	if err != nil {
		return 0
	}
	_, last, _ := strings.Cut(area, ":")
	_, n, err := excelize.CellNameToCoordinates(last)
	if err != nil {
		return 0
	}
	return int64(n)
}

func (t *xlsxTable) rows() int64 { return t.total }

var errEnd = errors.New("the sheet has ended")

func (t *xlsxTable) close() error { return t.shut() }

func (t *xlsxTable) next() (r row, err error) {
	defer recoverDamage(&err)
	for {
		cells, err := t.cells()
		if err == errEnd { //nolint:errorlint // made here, and a damaged file may end in io.EOF
			return row{}, io.EOF
		}
		if err != nil {
			return row{}, fault.Wrap(fault.Invalid, "file-damaged", err)
		}
		t.number++
		if r = (row{number: t.number, cells: cells}); !r.blank() {
			return r, nil
		}
	}
}

// recoverDamage turns a fault of the library, which reads what strangers send,
// into a file that cannot be read.
func recoverDamage(err *error) {
	if recover() != nil {
		*err = fault.New(fault.Invalid, "file-damaged")
	}
}
