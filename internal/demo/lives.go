package demo

import "kelisim/internal/locale"

// life is what organizations hold of people, in a language. %d are numbers.
type life struct {
	cities, streets, education, professions, employers, health, opinions []string
	document                                                             string
}

var lives = map[locale.Lang]life{
	locale.KK: {
		cities:  []string{"Алматы қ., ", "Астана қ., ", "Шымкент қ., ", "Қарағанды қ., ", "Тараз қ., ", "Ақтөбе қ., "},
		streets: []string{"Алмалы көшесі, %d-үй, %d-пәтер", "Бейбітшілік көшесі, %d-үй, %d-пәтер", "Достық көшесі, %d-үй, %d-пәтер"},
		education: []string{
			"жоғары, «Экономика», %d жылғы диплом", "жоғары, «Құқықтану», %d жылғы диплом",
			"жоғары, «Ақпараттық жүйелер», %d жылғы диплом", "орта арнаулы, «Есеп және аудит», %d жылғы диплом",
		},
		professions: []string{"бухгалтер", "құрылысшы инженер", "мұғалім", "заңгер", "бағдарламашы", "логист", "сатып алу маманы", "дәрігер"},
		employers:   []string{"«Үлгі Құрылыс» ЖШС", "«Үлгі Логистика» ЖШС", "«Үлгі Сауда» ЖШС", "№ 999 үлгі мектебі"},
		health: []string{
			"қан тобы II (A), Rh+; аллергиясы жоқ", "қан тобы I (0), Rh+; пенициллинге аллергия",
			"қан қысымы 120/80; жыл сайынғы тексеруден өтті", "көру қабілеті 0,8; көзілдірік жазылды",
		},
		opinions: []string{
			"Кезек жоқ, дәрігер бәрін түсінікті айтты.", "Тіркеу бөлімі сыпайы, қабылдау уақытында басталды.",
			"Талдау нәтижесі сол күні келді, рақмет!",
		},
		document: "жеке куәлік № 0%d, ІІМ, %d жыл",
	},
	locale.RU: {
		cities:  []string{"г. Алматы, ", "г. Астана, ", "г. Шымкент, ", "г. Караганда, ", "г. Павлодар, ", "г. Костанай, "},
		streets: []string{"ул. Яблоневая, д. %d, кв. %d", "ул. Мира, д. %d, кв. %d", "ул. Степная, д. %d, кв. %d"},
		education: []string{
			"высшее, «Экономика», диплом %d года", "высшее, «Юриспруденция», диплом %d года",
			"высшее, «Информационные системы», диплом %d года", "среднее специальное, «Учёт и аудит», диплом %d года",
		},
		professions: []string{"бухгалтер", "инженер-строитель", "учитель", "юрист", "программист", "логист", "специалист по закупкам", "врач"},
		employers:   []string{"ТОО «Пример Строй»", "ТОО «Пример Логистика»", "ТОО «Пример Торг»", "Примерная школа № 999"},
		health: []string{
			"группа крови II (A), Rh+; аллергии нет", "группа крови I (0), Rh+; аллергия на пенициллин",
			"давление 120/80; ежегодный осмотр пройден", "зрение 0,8; выписаны очки",
		},
		opinions: []string{
			"Без очереди, врач всё понятно объяснил.", "Вежливая регистратура, приём начался вовремя.",
			"Результаты анализов пришли в тот же день, спасибо!",
		},
		document: "удостоверение личности № 0%d, МВД, %d год",
	},
	locale.EN: {
		cities:      []string{"Almaty, ", "Astana, "},
		streets:     []string{"1 Apple Street, building %d, apartment %d"},
		education:   []string{"master of business administration, %d"},
		professions: []string{"consultant", "teacher of English"},
		employers:   []string{"Example Consulting LLP"},
		health:      []string{"blood group 0, Rh+; no allergies"},
		opinions:    []string{"No queue, and the doctor took time to explain everything."},
		document:    "residence permit No. 0%d, Ministry of Internal Affairs, %d",
	},
}
