package api

import (
	"encoding/json"

	"kelisim/internal/fault"
	"kelisim/internal/ident"
)

// depersonalRoutes are those of depersonalised data.
func depersonalRoutes() []route {
	return []route{
		get("/v1/depersonalised", "Depersonalised", "Depersonalised data of a purpose, in groups that hide everybody; the look is journaled", people, (*call).depersonalised,
			param{"purpose", "id"}, param{"format", "json or csv; json if absent"}),
	}
}

type depersonalisedBody struct {
	Purpose  string            `json:"purpose"`
	K        int               `json:"k"`               // how many people a group has at least
	Until    string            `json:"until,omitempty"` // the last month that is in it
	Columns  []string          `json:"columns"`
	Groups   []depersonalGroup `json:"groups"`
	Records  int               `json:"records"`  // in the groups
	Withheld int               `json:"withheld"` // records of which nothing is given out yet
	Entry    ident.ID          `json:"entry"`    // of the journal
}

type depersonalGroup struct {
	Cells   map[string]string `json:"cells"`
	Records int               `json:"records"`
}

func (c *call) depersonalised() (*raw, error) {
	q := c.r.URL.Query()
	purpose, format := q.Get("purpose"), q.Get("format")
	switch {
	case purpose == "":
		return nil, fault.Bad("purpose", "missing-field")
	case !plainID(purpose):
		return nil, fault.Bad("purpose", "bad-name")
	case format != "" && format != "json" && format != "csv":
		return nil, fault.Bad("format", "bad-enum", "allowed", "json, csv")
	}
	r, entry, err := c.Guard.Statistics(c.ctx(), c.org, purpose, c.actor())
	if err != nil {
		return nil, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	if format == "csv" {
		b, err := r.CSV()
		c.w.Header().Set("Content-Disposition", `attachment; filename="depersonalised.csv"`)
		return &raw{"text/csv; charset=utf-8", b}, err
	}
	out := depersonalisedBody{
		Purpose: purpose, K: r.K, Until: r.Until, Columns: r.Columns(), Groups: []depersonalGroup{}, Records: r.Records, Withheld: r.Withheld, Entry: entry,
	}
	for _, g := range r.Groups {
		out.Groups = append(out.Groups, depersonalGroup{g.Cells, g.Records})
	}
	b, err := json.Marshal(out)
	return &raw{typeJSON, b}, err
}
