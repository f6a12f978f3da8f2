package locale

import (
	"golang.org/x/text/language"
	numbers "golang.org/x/text/message"
)

// Number writes a whole number as people do, with its thousands apart: "10 000",
// "10,000".
func Number(lang Lang, n int) string {
	return numbers.NewPrinter(language.Make(string(All[lang.index()]))).Sprint(n)
}
