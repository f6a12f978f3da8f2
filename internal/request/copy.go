package request

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/party"
	"kelisim/verify"
)

// File is the subject's data as it is at the moment it is fetched, with all that
// Art. 24(1)1 lets a subject know. No second copy is kept anywhere, and there is
// nothing in it of another person.
type File struct {
	Organization string                     `json:"organization"`
	Name         string                     `json:"name"`
	Request      ident.ID                   `json:"request"`
	Entry        ident.ID                   `json:"entry"` // of this look
	At           time.Time                  `json:"at"`
	Data         map[string]json.RawMessage `json:"data"`
	Facts        *Facts                     `json:"facts"`
	Language     locale.Lang                `json:"-"` // of the subject
}

// Fetch opens the copy that was granted by an answer, until its link expires. The
// look is journaled as any look of the subject at own data is.
func (s *Requests) Fetch(ctx context.Context, r *Request, by verify.Actor) (*File, error) {
	b, err := s.Body(ctx, r)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Kind != Copy || b.Answer == nil || b.Answer.CopyUntil.IsZero():
		return nil, fault.New(fault.NotFound, "request-no-copy")
	case !s.Now().Before(b.Answer.CopyUntil):
		return nil, fault.New(fault.Conflict, "request-copy-expired")
	}
	org, err := s.Parties.ByID(ctx, r.Org)
	if err != nil {
		return nil, err
	}
	ans, err := s.Guard.OwnData(ctx, r.Subject, r.Org, by)
	if err != nil {
		return nil, err
	}
	if !ans.Permit {
		return nil, refused(ans)
	}
	f, err := s.facts(ctx, org, r, b.Language)
	if err != nil {
		return nil, err
	}
	return &File{
		Organization: org.BIN, Name: orgName(org, b.Language), Request: r.ID, Entry: ans.ID, At: s.Now().UTC(), Data: ans.Data, Facts: f,
		Language: b.Language,
	}, nil
}

func orgName(o *party.Organization, l locale.Lang) string {
	if o.Register == nil {
		return o.BIN
	}
	return o.Register.Name.In(l)
}

// CSV is the copy as a table: a line for each category.
func (c *File) CSV() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\xef\xbb\xbf") // or spreadsheets take it for another alphabet
	w := csv.NewWriter(&b)
	rows := [][]string{{"category", "name", "value", "purposes", "basis", "methods", "source", "since", "storage", "recipients"}}
	for _, id := range slices.Sorted(maps.Keys(c.Data)) {
		row := []string{id, id, Plain(c.Data[id]), "", "", "", "", "", "", ""}
		for _, d := range c.Facts.Data {
			if d.Category == id {
				row[1], row[6], row[7] = d.Name, d.Source, d.Since.UTC().Format(time.RFC3339)
			}
		}
		for i := range c.Facts.Purposes {
			p := &c.Facts.Purposes[i]
			if !slices.Contains(p.Categories, id) {
				continue
			}
			basis := "consent"
			if p.Basis != "" {
				basis = string(p.Basis)
			}
			for n, v := range map[int]string{3: p.Name, 4: basis, 5: strings.Join(p.Methods, ", "), 8: p.Storage, 9: strings.Join(p.Recipients, ", ")} {
				row[n] = strings.TrimPrefix(row[n]+"; "+v, "; ")
			}
		}
		for i := range row {
			row[i] = inert(row[i])
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Plain is a value as people read it.
func Plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// inert keeps a spreadsheet from taking a value for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=@\t\r", rune(s[0])) || len(s) > 1 && (s[0] == '+' || s[0] == '-') && strings.ContainsAny(s, "(=!|") {
		return "'" + s
	}
	return s
}
