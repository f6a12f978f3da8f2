package demo

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	callers "kelisim/internal/account"
	"kelisim/internal/fault"
	"kelisim/internal/ident"
	"kelisim/internal/locale"
	"kelisim/internal/order"
	"kelisim/internal/request"
)

// What people write in demands, and what staff answer.
type saying map[locale.Lang]string

var (
	wrongMail = saying{
		locale.KK: "Электрондық пошта мекенжайым ауысты.", locale.RU: "У меня сменился адрес электронной почты.", locale.EN: "My e-mail address has changed.",
	}
	breach = saying{
		locale.KK: "Маған мен берген нөмір бойынша бөтен адамдар қоңырау шалып жатыр.",
		locale.RU: "По номеру, который я дал только вам, мне звонят посторонние.",
		locale.EN: "Strangers call me at a number that I gave to you alone.",
	}
	slow = saying{
		locale.KK: "Келісімді кері қайтарғаныма қарамастан, маған хабарламалар келіп жатыр.",
		locale.RU: "Я отказался от рассылки, а сообщения всё приходят.",
		locale.EN: "I said no to your messages, and they keep coming.",
	}
	answered = saying{
		locale.KK: "Тексердік: хабарламаларды ескі тізім бойынша жіберіппіз. Сіз ол тізімнен шығарылдыңыз. Кешірім сұраймыз.",
		locale.RU: "Мы проверили: сообщения ушли по старому списку. Вас в нём больше нет. Просим прощения.",
		locale.EN: "We looked into it: the messages went by an old list. You are no longer on it. We are sorry.",
	}
	needed = saying{
		locale.KK: "Шарт бойынша міндеттемелер орындалып жатыр, деректер олар орындалғанша қажет.",
		locale.RU: "Обязательства по договору ещё исполняются, и до тех пор данные нужны.",
		locale.EN: "The contract is still being carried out, and the data is needed until then.",
	}
	disagree = saying{
		locale.KK: "Шарт өткен айда орындалды.", locale.RU: "Договор исполнен ещё в прошлом месяце.", locale.EN: "The contract was carried out last month.",
	}
)

// claim is one demand and what became of it.
type claim struct {
	t    *tie
	kind request.Kind
	text saying
	data []string // how these categories should be, or which of them
	id   ident.ID // zero: the person was not there any more
}

func (c *claim) make(ctx context.Context, m *moment) error {
	t := c.t
	if t.gone || t.id.IsZero() {
		return nil
	}
	d := request.Details{Text: c.text[t.p.language]}
	if c.kind == request.Correct {
		d.Values = map[string]json.RawMessage{}
		for _, x := range c.data {
			d.Values[x] = t.p.value(x)
		}
	}
	r, err := m.requests.Receive(ctx, t.org, t.org.Inside(t.id), &request.New{Kind: c.kind, Details: d, Language: t.p.language, Actor: subject})
	if err == nil {
		c.id = r.ID
	}
	return err
}

// fulfil is one confirmation of a colleague. What the gate refuses stays open, as
// it does in life.
func (c *claim) fulfil(by string, answer saying) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		if c.id.IsZero() {
			return nil
		}
		r, err := m.requests.Fulfil(ctx, c.t.org, c.id, &request.Fulfilment{Answer: answer[c.t.p.language]}, staff(by))
		if err == nil && c.kind == request.Destroy && r.Status == request.Fulfilled {
			c.t.gone = true
		}
		if fault.Is(err, "request-refused-by-gate") {
			return nil
		}
		return err
	}
}

func (c *claim) refuse(reasons saying, provision string) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		if c.id.IsZero() {
			return nil
		}
		_, err := m.requests.Refuse(ctx, c.t.org, c.id, reasons[c.t.p.language], provision, staff("officer"))
		return err
	}
}

func (c *claim) appeal(text saying) func(context.Context, *moment) error {
	return func(ctx context.Context, m *moment) error {
		if c.id.IsZero() {
			return nil
		}
		r, err := m.requests.Of(ctx, c.t.org, c.id)
		if err == nil {
			_, err = m.requests.Appeal(ctx, r, text[c.t.p.language], subject)
		}
		return err
	}
}

// ask puts a demand into a life.
func ask(t *tie, when time.Time, c claim) *claim {
	c.t = t
	t.on(when, c.make)
	return &c
}

// rights are demands to the first operator, whose console the demo opens, in every
// state: those of the showcase are always there, those of others where they still
// know the operator. And the authorised body asks a question that waits.
func (w *world) rights() {
	kk, ru, en := w.showcase[0].at(w.bestam), w.showcase[1].at(w.bestam), w.showcase[2].at(w.bestam)

	given := ask(kk, w.ago(6, 20, 10), claim{kind: request.Copy})
	kk.on(w.worked(5, 10, 20), given.fulfil("officer", nil))
	ask(kk, w.now.Add(-3*time.Hour), claim{kind: request.Correct, text: wrongMail, data: []string{"email"}})

	refused := ask(ru, w.ago(9, 19, 5), claim{kind: request.Destroy, text: slow})
	ru.on(w.worked(8, 11, 40), refused.refuse(needed, "25(2)7"))
	ru.on(w.ago(5, 21, 15), refused.appeal(disagree))
	second := ask(ru, w.now.Add(-26*time.Hour), claim{kind: request.Destroy})
	ru.on(w.now.Add(-100*time.Minute), second.fulfil("manager-2", nil)) // waits for a second person

	complaint := ask(en, w.ago(8, 18, 30), claim{kind: request.Complaint, text: slow})
	en.on(w.worked(7, 15, 5), complaint.fulfil("officer", answered))
	ask(en, w.ago(12, 9, 45), claim{kind: request.Confirm}) // nobody answered: overdue
	ask(en, w.now.Add(-150*time.Minute), claim{kind: request.Copy})

	w.guestRights()
	w.stops = append(w.stops, stop{w.worked(2, 11, 0), w.inquiry})
}

// guestRights are demands of some of the others.
func (w *world) guestRights() {
	guests := slices.DeleteFunc(slices.Clone(w.people[len(w.showcase):]), func(p *person) bool { return p.at(w.bestam) == nil })
	for i, p := range guests[:min(len(guests), 24)] {
		t := p.at(w.bestam)
		switch i % 6 {
		case 0:
			c := ask(t, w.ago(4, 13, i), claim{kind: request.Confirm})
			t.on(w.worked(3, 16, i), c.fulfil("manager-2", nil))
		case 1:
			ask(t, w.now.Add(-time.Duration(i+20)*time.Hour), claim{kind: request.Copy})
		case 2:
			c := ask(t, w.ago(7, 12, i), claim{kind: request.Unsubscribe})
			t.on(w.worked(6, 12, i), c.fulfil("manager-2", nil))
		case 3:
			ask(t, w.now.Add(-time.Duration(i+4)*time.Hour), claim{kind: request.Block, text: breach})
		case 4:
			c := ask(t, w.ago(11, 17, i), claim{kind: request.Destroy})
			t.on(w.worked(10, 10, i), c.fulfil("manager-2", nil))
			t.on(w.worked(9, 14, i), c.fulfil("officer", nil)) // the second
		default:
			ask(t, w.now.Add(-time.Duration(i+2)*time.Hour), claim{kind: request.Withdraw})
		}
	}
}

// theAuthority is the token of a made-up official, the same in each demo.
var theAuthority = ident.ID{1, 0x8c, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}

// inquiry is an order that waits to be carried out.
func (w *world) inquiry(ctx context.Context, m *moment) error {
	by := callers.Caller{Token: theAuthority, Role: callers.Authority, Org: w.authority.ID}
	_, err := m.orders.Issue(ctx, by, &order.New{Organization: w.bestam.BIN, Kind: order.Inquiry, Content: order.Content{
		Document: "№ 04-17/318",
		Details: "Дербес деректердің қандай санаттары үшінші тұлғаларға берілетінін және бұған келісімдер қалай алынатынын хабарлаңыз. / " +
			"Сообщите, какие категории персональных данных передаются третьим лицам и как получены согласия на это.",
	}})
	return err
}
