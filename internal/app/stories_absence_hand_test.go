package app_test

import (
	"fmt"
	"strings"

	"parvis/internal/base/money"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/testkit"
)

// The administrator's hand in the builder of rules about absences: every list by its words, every field by typing.

var (
	partyWords  = map[absence.Party]string{absence.ByFamily: "la famille, ou un agent pour elle", absence.ByTown: "le service seul"}
	momentWords = map[absence.MomentKind]string{absence.Anytime: "à tout moment", absence.ThatDay: "le premier jour, jusqu’à une heure", absence.HoursBefore: "des heures avant",
		absence.DaysBefore: "des jours avant", absence.HoursAfter: "dans les heures qui suivent", absence.DaysAfter: "dans les jours qui suivent", absence.MonthEnd: "avant la fin du mois"}
	effectWords = map[absence.EffectKind]string{absence.Free: "non facturé", absence.Billed: "facturé", absence.FirstBilled: "premiers jours facturés, les suivants non",
		absence.FirstFree: "premiers jours à la charge de la commune", absence.Share: "une part du prix"}
	priceWords = map[absence.PriceKind]string{"": "aucune règle : la famille n’est pas prévenue", absence.NoPrice: "rien, la famille est seulement prévenue", absence.Flat: "un montant",
		absence.Surcharge: "un montant en plus du prix", absence.PerUnit: "un montant par repas ou séance", absence.Percent: "une part en plus du tarif",
		absence.CostPrice: "le prix de revient, à la place du tarif", absence.TopTariff: "le tarif le plus élevé"}
	spanWords = map[absence.Span]string{absence.PerYear: "sur l’année scolaire", absence.PerPeriod: "sur la période", absence.PerMonth: "sur le mois"}
	backWords = map[absence.Back]string{absence.FromProof: "tarif le plus élevé jusqu’au jour du justificatif", absence.FromMonthAfter: "tarif le plus élevé jusqu’au mois qui suit le justificatif"}
	kindField = map[absence.Kind]string{absence.Unbooked: "sans", absence.LatePickup: "retard", absence.Missing: "absent"}
)

// pen counts the controls used.
type pen struct {
	timed
	used int
}

// choose takes an option of a list by its words.
func (p *pen) choose(name, words string) {
	p.t.Helper()
	p.used++
	got := testkit.Eval[string](p.Browser, fmt.Sprintf(`(() => {
		const list = document.getElementById('champ-' + %q)
		if (!list || !list.getClientRects().length || list.disabled) return 'no such list on the page'
		const option = [...list.options].find(o => o.text.trim() === %q)
		if (!option) return 'only ' + [...list.options].map(o => o.text).join(' | ')
		option.selected = true
		return '' })()`, name, words))
	if got != "" {
		p.t.Fatalf("%s: %s cannot be « %s »: %s", p.at(), name, words, got)
	}
}

func (p *pen) types(name, text string) {
	p.t.Helper()
	p.used++
	p.Fill("#champ-"+name, text)
}

func (p *pen) ticks(name string) {
	p.t.Helper()
	p.used++
	p.Click(`[name="` + name + `"]`)
}

func (p *pen) press(words string) {
	p.t.Helper()
	p.used++
	p.ClickText(words)
}

// writes enters rules into the builder, which is empty, and returns how many controls that took.
func (h timed) writes(r absence.Rules) int {
	h.t.Helper()
	p := &pen{timed: h}
	for i, x := range r.Reasons {
		p.press("Ajouter un motif")
		p.reason(fmt.Sprintf("motif%d_", i+1), x)
	}
	for _, x := range r.Incidents {
		p.incident(kindField[x.Kind]+"_", x)
	}
	if r.Quotient != absence.NoQuotientRule {
		p.choose("quotient", backWords[r.Quotient])
	}
	if r.Debt.On {
		p.ticks("impaye")
		p.types("impaye_montant", sum(r.Debt.Over))
	}
	p.types("depuis", "01/01/2027")
	return p.used
}

func (p *pen) reason(at string, x absence.Reason) {
	p.t.Helper()
	p.types(at+"libelle", x.Label)
	p.choose(at+"qui", partyWords[x.By])
	if x.Medical {
		p.ticks(at + "medical")
	}
	p.moment(at+"dire", x.Tell)
	if x.Proof {
		p.ticks(at + "justificatif")
		p.moment(at+"preuve", x.Bring)
	}
	p.choose(at+"effet", effectWords[x.Effect.Kind])
	switch x.Effect.Kind {
	case absence.FirstBilled, absence.FirstFree:
		p.types(at+"effet_jours", fmt.Sprint(x.Effect.Days))
	case absence.Share:
		p.types(at+"effet_part", fmt.Sprint(x.Effect.Percent))
	}
}

func (p *pen) moment(at string, m absence.Moment) {
	p.t.Helper()
	p.choose(at, momentWords[m.Kind])
	switch m.Kind {
	case absence.HoursBefore, absence.HoursAfter, absence.DaysBefore, absence.DaysAfter:
		p.types(at+"_nombre", fmt.Sprint(m.Count))
	}
	switch m.Kind {
	case absence.ThatDay, absence.DaysBefore, absence.DaysAfter:
		p.types(at+"_heure", typed(m.Minute))
	}
	if m.Opens > 0 {
		p.types(at+"_ouvre", typed(m.Opens))
	}
}

func (p *pen) incident(at string, x absence.Incident) {
	p.t.Helper()
	p.choose(at+"prix", priceWords[x.Price])
	switch x.Price {
	case absence.Flat, absence.PerUnit, absence.Surcharge:
		p.types(at+"montant", sum(x.Amount))
	case absence.Percent:
		p.types(at+"part", fmt.Sprint(x.Percent))
	}
	for _, n := range []struct {
		name string
		is   int
	}{{"pardon", x.Forgiven}, {"fois", x.Times}, {"des", x.TimesFrom}, {"tolerance", x.Tolerance}} {
		if n.is > 0 {
			p.types(at+n.name, fmt.Sprint(n.is))
		}
	}
	if x.After > 0 {
		p.types(at+"heure", typed(x.After))
	}
	p.choose(at+"compte", spanWords[x.Span])
}

// sum is an amount as people type it.
func sum(c money.Cents) string { return fmt.Sprintf("%d,%02d", c/100, c%100) }

// never is a canteen that nobody may give up any more once it is booked, so that all that is told is an absence.
func never(p activity.Policy) activity.Policy {
	rules := append([]activity.Rule(nil), p.Rules...)
	p.Rules = nil
	for _, r := range rules {
		if r.Action != activity.Cancel {
			p.Rules = append(p.Rules, r)
		}
	}
	p.Rules = append(p.Rules, activity.Rule{Action: activity.Cancel, Anchor: activity.AnchorNever})
	return p
}

// plainWords makes spaces of every kind one.
func plainWords(s string) string { return strings.Join(strings.Fields(s), " ") }
