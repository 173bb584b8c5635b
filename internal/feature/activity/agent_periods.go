package activity

import (
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

func (p Pages) periodRoutes(rt *web.Router) {
	write, of := web.AgentWith(Write), web.Object("activity")
	rt.Get(listPath+"/{id}/periodes", web.AgentWith(Read), of, p.periods)
	rt.Post(listPath+"/{id}/annee", write, of, p.prepareYear)
	period := p.periodSheet()
	period.declare(rt, periodsPath+"/{id}", "activity-period")
	rt.Post(periodsPath+"/{id}/ouverture", write, "activity-period", p.openPeriod)
	rt.Post(periodsPath+"/{id}/suppression", write, "activity-period", p.drop(p.periodAt, "La période est retirée.", "periodes",
		func(tx *db.Tx, now time.Time, a actor.Actor, d desk, id string) error {
			return DropPeriod(tx, now, a, d.ID, PeriodID(id))
		}))
	period.find = func(r *http.Request, a actor.Actor) (desk, Period, error) {
		d, err := p.deskAt(r, a)
		return d, Period{}, err
	}
	period.declare(rt, listPath+"/{id}/periodes/nouvelle", of)
}

func (p Pages) periodAt(r *http.Request, a actor.Actor) (desk, error) {
	return p.deskBy(r, a, ofPeriodRow)
}

func (p Pages) periods(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, err := p.deskAt(r, a)
	if err != nil {
		return err
	}
	if p.Answered != nil && d.Term == InHolidays {
		if d.answered, err = db.Read(r.Context(), p.DB, func(rd db.Reader) (map[PeriodID]string, error) { return p.Answered(rd, d.ID) }); err != nil {
			return err
		}
	}
	return web.Render(w, r, d.page("Périodes"), periodsPage(d, ""))
}

func (p Pages) periodSheet() sheet[Period] {
	return sheet[Period]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, Period, error) {
			d, err := p.periodAt(r, a)
			if err != nil {
				return d, Period{}, err
			}
			x, err := d.period(PeriodID(r.PathValue("id")))
			return d, x, err
		},
		title: func(_ desk, x Period) string {
			if x.ID == "" {
				return "Nouvelle période"
			}
			return x.Name
		},
		frame: func(d desk, x Period) frame {
			f := frame{action: d.path("periodes/nouvelle"), back: d.path("periodes"), submit: "Enregistrer"}
			if x.ID != "" {
				f.action = periodsPath + "/" + string(x.ID)
				f.drop, f.dropLabel = f.action+"/suppression", "Retirer cette période"
			}
			return f
		},
		read: func(_ desk, f *web.Form, x Period) (Period, []fault.Field) {
			var wrong []fault.Field
			x.Name = f.Line("nom")
			x.Days, wrong = readDays(f, "debut", "fin")
			return x, wrong
		},
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, x Period, stamp string) (string, error) {
			if x.ID == "" {
				_, err := AddPeriod(tx, now, a, d.ID, x)
				return "", err
			}
			return "", SetPeriod(tx, now, a, d.ID, x, stamp)
		},
		stamp: Period.Stamp,
		facts: func(_ desk, x Period) []fact {
			return []fact{{"Nom", x.Name}, {"Premier jour", x.Days.From.Long()}, {"Dernier jour", x.Days.To.Long()}}
		},
		fields: func(f *web.Form, _ desk, x Period) templ.Component { return periodFields(f, x) },
		done:   func(_ desk, x Period) string { return "La période « " + x.Name + " » est enregistrée." },
	}
}

// openPeriod opens a period, and the activity with it: that is what the button says.
func (p Pages) openPeriod(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, err := p.periodAt(r, a)
	if err != nil {
		return err
	}
	err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
		if err := OpenPeriod(tx, p.Now(), a, d.ID, PeriodID(r.PathValue("id"))); err != nil {
			return "", web.Done{}, err
		}
		return d.ID, web.Done{Location: d.path("periodes"), Sentence: "La période est ouverte : les familles inscrites peuvent réserver."}, OpenActivity(tx, p.Now(), a, d.ID, true)
	})
	return p.periodsAgain(w, r, a, d, err)
}

// periodsAgain tells a refusal above the periods.
func (p Pages) periodsAgain(w http.ResponseWriter, r *http.Request, a actor.Actor, d desk, err error) error {
	if fault.KindOf(err) != fault.Refused && fault.KindOf(err) != fault.Invalid {
		return err
	}
	sentence := fault.SentenceOf(err)
	for _, f := range fault.FieldsOf(err) {
		sentence += f.Sentence + " "
	}
	page := d.page("Périodes")
	page.Status = http.StatusConflict
	return web.Render(w, r, page, periodsPage(d, sentence))
}

// nextYear is the school year that the activity can be prepared for: the first without a period, from this one on.
func (d desk) nextYear() civil.SchoolYear {
	for y := civil.SchoolYearOf(d.today); ; y++ {
		days := civil.Range{From: civil.NewDate(int(y), time.September, 15), To: civil.NewDate(int(y)+1, time.June, 15)}
		free := true
		for _, p := range d.Periods {
			free = free && (p.Days.To.Before(days.From) || p.Days.From.After(days.To))
		}
		if free {
			return y
		}
	}
}

func (p Pages) prepareYear(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	d, err := p.deskAt(r, a)
	if err != nil {
		return err
	}
	y, err := civil.ParseSchoolYear(web.ReadForm(r).Text("annee"))
	if err != nil {
		return p.periodsAgain(w, r, a, d, wrong("annee", "Choisissez une année de la liste."))
	}
	err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
		n, err := PrepareYear(tx, p.Now(), a, d.ID, y)
		sentence := "L’année " + y.String() + " est prête : relisez ses dates, puis ouvrez-la."
		if n > 1 {
			sentence = "Les vacances de l’année " + y.String() + " sont prêtes : relisez leurs dates, puis ouvrez chacune."
		}
		return d.ID, web.Done{Location: d.path("periodes"), Sentence: sentence}, err
	})
	return p.periodsAgain(w, r, a, d, err)
}

// unchecked says of which school years of the periods to open the calendar was guessed, or is not entered.
func (d desk) unchecked() []string {
	var all []string
	for _, p := range sorted(d.Periods) {
		if p.Open || p.Days.To.Before(d.today) {
			continue
		}
		for y := civil.SchoolYearOf(p.Days.From); y <= civil.SchoolYearOf(p.Days.To); y++ {
			words := "Le calendrier de l’année " + y.String() + " n’est pas encore saisi."
			if i := slices.IndexFunc(d.years, func(one town.Year) bool { return one.Year == y }); i >= 0 {
				if d.years[i].Checked {
					continue
				}
				words = "Les dates de l’année " + y.String() + " n’ont pas été vérifiées par la commune."
			}
			if !slices.Contains(all, words) {
				all = append(all, words)
			}
		}
	}
	return all
}
