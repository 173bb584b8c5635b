package absence

import (
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/base/money"
	"parvis/internal/base/web"
)

// The builder's form is the whole state, as that of deadlines: every button sends it back and shows it again.

// writeForm fills the form with rules.
func writeForm(f *web.Form, r Rules) {
	f.Set("motifs", strconv.Itoa(len(r.Reasons)))
	for i, x := range r.Reasons {
		writeReason(f, reasonField(i)+"_", x)
	}
	for _, k := range Kinds() {
		x, known := r.Incident(k)
		at := k.field() + "_"
		f.Set(at+"prix", string(x.Price))
		if !known {
			continue
		}
		f.Set(at+"montant", euros(x.Amount))
		f.Set(at+"part", orEmpty(x.Percent))
		f.Set(at+"pardon", orEmpty(x.Forgiven))
		f.Set(at+"fois", orEmpty(x.Times))
		f.Set(at+"des", orEmpty(x.TimesFrom))
		f.Set(at+"compte", string(x.Span))
		f.Set(at+"heure", typedClock(x.After))
		f.Set(at+"tolerance", orEmpty(x.Tolerance))
	}
	f.Set("impaye", "")
	if r.Debt.On {
		f.Set("impaye", "oui")
		f.Set("impaye_montant", euros(r.Debt.Over))
		if r.Debt.Over == 0 {
			f.Set("impaye_montant", "0")
		}
	}
	f.Set("quotient", string(r.Quotient))
}

func writeReason(f *web.Form, at string, x Reason) {
	yes := map[bool]string{true: "oui", false: ""}
	f.Set(at+"cle", x.Key)
	f.Set(at+"libelle", x.Label)
	f.Set(at+"qui", string(x.By))
	f.Set(at+"medical", yes[x.Medical])
	f.Set(at+"dire", string(x.Tell.Kind))
	f.Set(at+"dire_nombre", orEmpty(x.Tell.Count))
	f.Set(at+"dire_heure", x.Tell.typed())
	f.Set(at+"dire_ouvre", typedClock(x.Tell.Opens))
	f.Set(at+"justificatif", yes[x.Proof])
	f.Set(at+"preuve", string(x.Bring.Kind))
	f.Set(at+"preuve_nombre", orEmpty(x.Bring.Count))
	f.Set(at+"preuve_heure", x.Bring.typed())
	f.Set(at+"effet", string(x.Effect.Kind))
	f.Set(at+"effet_jours", orEmpty(x.Effect.Days))
	f.Set(at+"effet_part", orEmpty(x.Effect.Percent))
}

func orEmpty(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func typedClock(minute int) string {
	if minute == 0 {
		return ""
	}
	return clock(minute)
}

// typed is the hour of a moment as a field shows it, "" for a kind that has none.
func (m Moment) typed() string {
	switch m.Kind {
	case ThatDay, DaysBefore, DaysAfter:
		return clock(m.Minute)
	}
	return ""
}

// euros is "12,50", as a field holds it.
func euros(c money.Cents) string {
	if c == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.NewReplacer("\u202f", "", "\u00a0", "", "€", "").Replace(c.String()), ",00")
}

// formReader reads the builder's form.
type formReader struct {
	f     *web.Form
	wrong []fault.Field
}

func (x *formReader) fail(name, sentence string) {
	x.wrong = append(x.wrong, fault.Field{Name: name, Sentence: sentence})
}

func (x *formReader) number(name string) int {
	text := x.f.Text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		x.fail(name, "Indiquez un nombre, en chiffres.")
		return 0
	}
	return n
}

func (x *formReader) sum(name string) money.Cents {
	text := x.f.Text(name)
	if text == "" {
		return 0
	}
	n, err := money.Parse(text)
	if err != nil {
		x.fail(name, "Indiquez un montant, par exemple 10 ou 1,50.")
	}
	return n
}

// minute reads an hour; left empty it is another.
func (x *formReader) minute(name string, empty int) int {
	text := x.f.Text(name)
	if text == "" {
		return empty
	}
	text = strings.NewReplacer(" ", "", "\u202f", "", "\u00a0", "", "H", ":", "h", ":").Replace(text)
	hours, minutes, _ := strings.Cut(text, ":")
	if minutes == "" {
		minutes = "0"
	}
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if err != nil || err2 != nil || h < 0 || h > 23 || m < 0 || m > 59 {
		x.fail(name, "Indiquez une heure, par exemple 23 h 59.")
		return empty
	}
	return h*60 + m
}

// readRules is the rules that the form holds, with what cannot be read of them.
func readForm(f *web.Form) (Rules, []fault.Field) {
	x := &formReader{f: f}
	var r Rules
	if text := f.Text("depuis"); text != "" {
		d, err := civil.ParseFrench(text)
		if err != nil {
			x.fail("depuis", "Indiquez le jour, par exemple 3 mars 2027.")
		}
		r.From = d
	}
	for i := range reasonCount(f) {
		r.Reasons = append(r.Reasons, x.reason(reasonField(i)+"_"))
	}
	for _, k := range Kinds() {
		if f.Text(k.field()+"_prix") != "" {
			r.Incidents = append(r.Incidents, x.incident(k))
		}
	}
	if f.Bool("impaye") {
		r.Debt = Debt{On: true, Over: x.sum("impaye_montant")}
		if f.Text("impaye_montant") == "" {
			x.fail("impaye_montant", "Indiquez un montant, par exemple 100.")
		}
	}
	r.Quotient = Back(f.Text("quotient"))
	if r.Quotient != NoQuotientRule && r.Quotient != FromProof && r.Quotient != FromMonthAfter {
		x.fail("quotient", "Choisissez une réponse de la liste.")
		r.Quotient = NoQuotientRule
	}
	return r, x.wrong
}

func reasonCount(f *web.Form) int {
	n, err := strconv.Atoi(f.Text("motifs"))
	if err != nil || n < 0 {
		return 0
	}
	return min(n, mostReasons)
}

func (x *formReader) reason(at string) Reason {
	f := x.f
	out := Reason{Key: f.Text(at + "cle"), Label: f.Line(at + "libelle"), By: Party(f.Text(at + "qui")), Medical: f.Bool(at + "medical"), Proof: f.Bool(at + "justificatif"),
		Tell: Moment{Kind: MomentKind(f.Text(at + "dire"))}, Bring: Moment{Kind: Anytime}, Effect: Effect{Kind: EffectKind(f.Text(at + "effet"))}}
	if out.Key == "" {
		out.Key = KeyOf(out.Label)
	}
	out.Tell = x.moment(at+"dire", out.Tell.Kind)
	if out.Proof {
		out.Bring = x.moment(at+"preuve", MomentKind(f.Text(at+"preuve")))
	}
	switch out.Effect.Kind {
	case FirstBilled, FirstFree:
		out.Effect.Days = x.number(at + "effet_jours")
	case Share:
		out.Effect.Percent = x.number(at + "effet_part")
	}
	return out
}

// moment reads the fields that a kind of moment has, and no other.
func (x *formReader) moment(at string, k MomentKind) Moment {
	m := Moment{Kind: k}
	switch k {
	case ThatDay:
		m.Minute, m.Opens = x.minute(at+"_heure", lastMinute), x.minute(at+"_ouvre", 0)
	case HoursBefore, HoursAfter:
		m.Count = x.number(at + "_nombre")
	case DaysBefore, DaysAfter:
		m.Count, m.Minute = x.number(at+"_nombre"), x.minute(at+"_heure", lastMinute)
	}
	return m
}

func (x *formReader) incident(k Kind) Incident {
	at := k.field() + "_"
	out := Incident{Kind: k, Price: PriceKind(x.f.Text(at + "prix")), Span: Span(x.f.Text(at + "compte")), Forgiven: x.number(at + "pardon"),
		Times: x.number(at + "fois"), TimesFrom: x.number(at + "des")}
	switch out.Price {
	case Flat, PerUnit, Surcharge:
		out.Amount = x.sum(at + "montant")
	case Percent:
		out.Percent = x.number(at + "part")
	}
	if k == LatePickup {
		out.After, out.Tolerance = x.minute(at+"heure", 0), x.number(at+"tolerance")
	}
	return out
}

// dropReason takes a reason of the form away, by its place.
func dropReason(f *web.Form, place int) {
	r, _ := readForm(f)
	if place < 0 || place >= len(r.Reasons) {
		return
	}
	r.Reasons = append(r.Reasons[:place], r.Reasons[place+1:]...)
	writeForm(f, r)
}
