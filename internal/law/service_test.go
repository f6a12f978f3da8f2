package law

import "testing"

// Each service tells of its own list: the state one of access too, the non-state
// one of whatever a third party did.
//
// duty: L8-1.2.3, L8-2.2.2, L8-2.2.3
func TestServicesTellByTheirLists(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for _, c := range []struct {
			state, third bool
			action       string
			want         Provision
		}{
			{true, false, "access", "8-1(2)3"},
			{true, false, "destroy", "8-1(2)3"},
			{true, true, "view", "8-1(2)3"},
			{true, false, "use", ""},
			{false, false, "access", ""},
			{false, false, "view", "8-2(2)2"},
			{false, false, "block", "8-2(2)2"},
			{false, true, "access", "8-2(2)3"},
			{false, true, "use", "8-2(2)3"},
			{false, false, "collect", ""},
		} {
			got, ok := e.Services().Notice(c.state, c.action, c.third)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("edition %s, %+v: %q", e.ID, c, got)
			}
			if _, known := e.Provision(got); ok && !known {
				t.Errorf("edition %s has no %s", e.ID, got)
			}
		}
	}
}
