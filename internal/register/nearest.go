package register

// Nearest is the known word that a mistyped one most likely meant: the one with
// the fewest letters added, dropped or replaced.
func Nearest(word string, known []string) string {
	if len(word) > 64 {
		word = word[:64] // enough to tell, and a bound on the work
	}
	best, least := "", len(word)+1000
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's, on bytes: known words are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
