package api

import "testing"

// What Art. 8(4)3-6 names is registered and can be counted: until when consents
// last, to whom data was handed, where abroad it was sent, what was published; the
// attempts that were refused too.
//
// duty: L22.1.5
func TestTransfersAndPublicationsAreAccountedFor(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w *world) {
		w.names["consent"] = w.give(t, "payment", `,"thirdParties":["$payer"],"validUntil":"2024-11-23T00:00:00Z"`)
		if until := w.do(t, "officer", "GET", "/v1/consents/$consent", "").want(t, 200).at(t, "elements", "term", "until"); until != "2024-11-23T00:00:00Z" {
			t.Errorf("the term is %v", until)
		}
		acts := map[string]string{
			"transfer":    `"recipient":"$payer","purpose":"payment"`,
			"crossBorder": `"country":"DE","purpose":"payment"`,
			"disseminate": `"purpose":"payment"`,
		}
		for action, more := range acts {
			for range 2 {
				w.do(t, "operator", "POST", "/v1/decisions", `{"subject":"$subject","action":"`+action+`","categories":["name"],`+more+`}`).want(t, 200)
			}
		}
		for action := range acts {
			got := list(t, w.do(t, "officer", "GET", "/v1/journal?action="+action, "").want(t, 200))
			if len(got) != 2 {
				t.Errorf("%s: %d entries", action, len(got))
				continue
			}
			e, _ := got[0].(map[string]any)
			if e["decision"] == nil || action == "transfer" && (e["recipient"] != payer || e["decision"] != "permit") || action == "crossBorder" && e["country"] != "DE" {
				t.Errorf("%s: %v", action, e)
			}
		}
	})
}
