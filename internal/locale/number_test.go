package locale

import "testing"

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lang Lang
		n    int
		want string
	}{
		{EN, 499_999, "499,999"}, {RU, 499_999, "499\u00a0999"}, {KK, 499_999, "499\u00a0999"}, {EN, 7, "7"}, {"", 10_000, "10\u00a0000"},
	} {
		if got := Number(c.lang, c.n); got != c.want {
			t.Errorf("%d in %q: %q, want %q", c.n, c.lang, got, c.want)
		}
	}
}
