package depersonal

import "strings"

// regions are the regions of Kazakhstan and the cities of their rank by ISO 3166-2,
// with what an address calls them. A region is named beside a word for region: most
// of the names are also those of streets and towns.
var regions = []struct{ code, names string }{
	{"KZ-10", "абай абайская abai abay"},
	{"KZ-11", "ақмола акмолинская akmola aqmola"},
	{"KZ-15", "ақтөбе актюбинская aktobe aqtobe"},
	{"KZ-19", "алматы алматинская almaty"},
	{"KZ-23", "атырау атырауская atyrau"},
	{"KZ-27", "батыс|қазақстан западно-казахстанская west|kazakhstan"},
	{"KZ-31", "жамбыл жамбылская zhambyl jambyl"},
	{"KZ-33", "жетісу жетысуская жетысу zhetysu jetisu"},
	{"KZ-35", "қарағанды карагандинская karaganda qaragandy"},
	{"KZ-39", "қостанай костанайская kostanay qostanay"},
	{"KZ-43", "қызылорда кызылординская kyzylorda qyzylorda"},
	{"KZ-47", "маңғыстау мангистауская мангыстауская mangystau"},
	{"KZ-55", "павлодар павлодарская pavlodar"},
	{"KZ-59", "солтүстік|қазақстан северо-казахстанская north|kazakhstan"},
	{"KZ-61", "түркістан туркестанская turkistan turkestan"},
	{"KZ-62", "ұлытау улытауская улытау ulytau"},
	{"KZ-63", "шығыс|қазақстан восточно-казахстанская east|kazakhstan"},
}

var cities = []struct{ code, names string }{
	{"KZ-71", "астана нұр-сұлтан нур-султан astana nur-sultan"},
	{"KZ-75", "алматы almaty"},
	{"KZ-79", "шымкент shymkent"},
}

// region is the code of the one region or city that an address names; empty where
// it names none, or several and no word says which is the region.
func region(address string) string {
	words := strings.Fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune(",.;()«»\"\n\t", r) {
			return ' '
		}
		return r
	}, strings.ToLower(address)))
	found := map[string]bool{}
	for _, r := range regions {
		for name := range strings.FieldsSeq(r.names) {
			if besideRegion(words, strings.Split(name, "|")) {
				found[r.code] = true
			}
		}
	}
	if len(found) == 0 {
		for _, c := range cities {
			for name := range strings.FieldsSeq(c.names) {
				if at(words, []string{name}) >= 0 {
					found[c.code] = true
				}
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	for code := range found {
		return code
	}
	return ""
}

// besideRegion reports whether a name stands beside a word for region.
func besideRegion(words, name []string) bool {
	i := at(words, name)
	if i < 0 {
		return false
	}
	for _, j := range []int{i - 1, i + len(name)} {
		if j >= 0 && j < len(words) && isRegion(words[j]) {
			return true
		}
	}
	return false
}

func isRegion(word string) bool {
	switch word {
	case "облысы", "обл", "область", "области", "region", "oblast", "oblysy":
		return true
	}
	return false
}

// at is where a name stands among words, -1 for nowhere.
func at(words, name []string) int {
	for i := 0; i+len(name) <= len(words); i++ {
		same := true
		for j, part := range name {
			same = same && words[i+j] == part
		}
		if same {
			return i
		}
	}
	return -1
}
