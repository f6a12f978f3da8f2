package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kelisim/internal/app/apptest"
)

// The whole way: collected, depersonalised, certified, and read as JSON and as CSV
// when the month is over.
//
// duty: P7.3, L17.1, L1.7
func TestDepersonalised(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.clock.Set(time.Date(2023, 11, 27, 6, 0, 0, 0, time.UTC))
		for n := 501; n < 507; n++ {
			w.names["one"] = apptest.Subject(t, w.App, apptest.Org(t, w.App, ""), n).String()
			w.do(t, "operator", "POST", "/v1/consents", `{"subject":"$one","purposes":["visit-statistics"],"evidence":{"channel":"form"}}`).want(t, 201)
			w.do(t, "operator", "POST", "/v1/access", fmt.Sprintf(
				`{"subject":"$one","action":"collect","purpose":"visit-statistics","values":{"visit-data":{"section":"contracts","device":"phone","pages":%d,"visitor":"qupiya-%d"}}}`, 20+n%5, n)).want(t, 200)
			done := w.do(t, "operator", "POST", "/v1/access", `{"subject":"$one","action":"depersonalise","purpose":"visit-statistics","categories":["visit-data"]}`).want(t, 200)
			w.names["act"] = done.str(t, "id")
		}
		act := w.do(t, "operator", "GET", "/v1/subjects/$one/destructions/$act", "").want(t, 200)
		for _, part := range []string{`"method":"band"`, `"purpose":"visit-statistics"`, `depersonalised then rows and data key deleted`} {
			if !strings.Contains(string(act.body), part) {
				t.Errorf("the certificate has no %s: %s", part, act.body)
			}
		}
		if paper := w.do(t, "operator", "GET", "/v1/subjects/$one/destructions/$act", "", "Accept", typePDF).want(t, 200); !strings.HasPrefix(string(paper.body), "%PDF") {
			t.Errorf("no paper: %.20s", paper.body)
		}
		early := w.do(t, "staff", "GET", "/v1/depersonalised?purpose=visit-statistics", "").want(t, 200)
		if !strings.Contains(string(early.body), `"groups":[],"records":0,"withheld":6`) {
			t.Errorf("%s", early.body)
		}
		w.clock.Set(time.Date(2023, 12, 3, 6, 0, 0, 0, time.UTC))
		late := w.do(t, "officer", "GET", "/v1/depersonalised?purpose=visit-statistics", "").want(t, 200)
		if !strings.Contains(string(late.body), `"until":"2023-11"`) || !strings.Contains(string(late.body), `{"cells":{"device":"phone","pages":"20-49","section":"contracts"},"records":6}`) {
			t.Errorf("%s", late.body)
		}
		csv := w.do(t, "operator", "GET", "/v1/depersonalised?purpose=visit-statistics&format=csv", "").want(t, 200)
		if string(csv.body) != "device,pages,section,records\nphone,20-49,contracts,6\n" || strings.Contains(string(csv.body)+string(late.body), "qupiya") {
			t.Errorf("%s", csv.body)
		}
		list := w.do(t, "officer", "GET", "/v1/journal?organization=$bin&action=depersonalised.read", "").want(t, 200)
		if n := strings.Count(string(list.body), `"action":"depersonalised.read"`); n != 3 {
			t.Errorf("%d looks stand in the journal: %s", n, list.body)
		}
	})
}
