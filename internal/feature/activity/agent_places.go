package activity

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

func (p Pages) placeRoutes(rt *web.Router) {
	write, of := web.AgentWith(Write), web.Object("activity")
	p.placesSheet().declare(rt, listPath+"/{id}/lieux", of)
	group := p.groupSheet()
	group.declare(rt, groupsPath+"/{id}", "activity-group")
	rt.Post(groupsPath+"/{id}/suppression", write, "activity-group", p.drop(p.groupAt, "Le groupe est retiré.", "lieux",
		func(tx *db.Tx, now time.Time, a actor.Actor, d desk, id string) error {
			return DropGroup(tx, now, a, d.ID, GroupID(id))
		}))
	group.find = func(r *http.Request, a actor.Actor) (desk, Group, error) {
		d, err := p.deskAt(r, a)
		return d, Group{}, err
	}
	group.declare(rt, listPath+"/{id}/groupes/nouveau", of)
	rt.Get(listPath+"/{id}/places", web.AgentWith(Read), of, p.month)
	rt.Post(listPath+"/{id}/places", write, of, p.changeMonth)
}

func (p Pages) groupAt(r *http.Request, a actor.Actor) (desk, error) {
	return p.deskBy(r, a, ofGroupRow)
}

// places are the sites of an activity as one form writes them.
type places []Place

func (p Pages) placesSheet() sheet[places] {
	return sheet[places]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, places, error) {
			d, err := p.deskAt(r, a)
			if err != nil {
				return d, nil, err
			}
			return d, d.Places, nil
		},
		title: func(desk, places) string { return "Lieux, groupes et places" },
		frame: func(d desk, _ places) frame {
			return frame{action: d.path("lieux"), back: d.path("lieux"), submit: "Enregistrer"}
		},
		read: func(d desk, f *web.Form, _ places) (places, []fault.Field) { return readPlacesForm(d, f) },
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, x places, stamp string) (string, error) {
			held, err := setPlaces(tx, now, a, d.ID, x, stamp)
			return d.heldWords(held), err
		},
		stamp: func(x places) string { return Activity{Places: x}.PlacesStamp() },
		facts: func(d desk, x places) []fact {
			var all []fact
			for _, s := range d.sites {
				value := "non"
				if i := slices.IndexFunc(x, func(p Place) bool { return p.Site == s.ID }); i >= 0 {
					value = capacityWords(x[i].Capacity)
				}
				all = append(all, fact{s.Name, value})
			}
			return all
		},
		fields: func(f *web.Form, d desk, _ places) templ.Component { return placesFields(f, d) },
		done: func(desk, places) string {
			return "Les lieux sont enregistrés. Les places des jours à venir suivent."
		},
	}
}

func readPlacesForm(d desk, f *web.Form) (places, []fault.Field) {
	var all places
	var wrong []fault.Field
	for _, id := range f.All("lieux") {
		p := Place{Site: town.SiteID(id), Name: d.siteName(town.SiteID(id))}
		p.Capacity, wrong = readCapacity(f, "places-"+id, wrong)
		all = append(all, p)
	}
	if len(all) == 0 {
		wrong = append(wrong, fault.Field{Name: "lieux", Sentence: "Choisissez au moins un lieu."})
	}
	return all, wrong
}

// offered are the sites that an activity may have: those open, and its own.
func (d desk) offered() []town.Site {
	var all []town.Site
	for _, s := range d.sites {
		if s.Active || d.place(s.ID) != nil {
			all = append(all, s)
		}
	}
	return all
}

func (d desk) place(id town.SiteID) *Place {
	for i := range d.Places {
		if d.Places[i].Site == id {
			return &d.Places[i]
		}
	}
	return nil
}

func typedCapacity(n *int) string { return number(n) }

func capacityWords(n *int) string {
	switch {
	case n == nil:
		return "sans limite"
	case *n == 1:
		return "1 place"
	}
	return strconv.Itoa(*n) + " places"
}

func (p Pages) groupSheet() sheet[Group] {
	return sheet[Group]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, Group, error) {
			d, err := p.groupAt(r, a)
			if err != nil {
				return d, Group{}, err
			}
			g, err := d.group(GroupID(r.PathValue("id")))
			return d, g, err
		},
		title: func(_ desk, g Group) string {
			if g.ID == "" {
				return "Nouveau groupe"
			}
			return g.Name
		},
		frame: func(d desk, g Group) frame {
			f := frame{action: d.path("groupes/nouveau"), back: d.path("lieux"), submit: "Enregistrer"}
			if g.ID != "" {
				f.action = groupsPath + "/" + string(g.ID)
				f.drop, f.dropLabel = f.action+"/suppression", "Retirer ce groupe"
			}
			return f
		},
		read: func(_ desk, f *web.Form, g Group) (Group, []fault.Field) {
			var wrong []fault.Field
			g.Name, g.Levels = f.Line("nom"), knownLevels(f.All("classes"), g.Levels)
			if g.ID == "" {
				g.Site = town.SiteID(f.Text("lieu"))
			}
			g.Capacity, wrong = readCapacity(f, "places", wrong)
			return g, wrong
		},
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, g Group, stamp string) (string, error) {
			if g.ID == "" {
				_, err := AddGroup(tx, now, a, d.ID, g)
				return "", err
			}
			held, err := setGroup(tx, now, a, d.ID, g, stamp)
			return d.heldWords(held), err
		},
		stamp: Group.Stamp,
		facts: func(_ desk, g Group) []fact {
			return []fact{{"Nom", g.Name}, {"Classes", strings.Join(g.Levels, ", ")}, {"Places", capacityWords(g.Capacity)}}
		},
		fields: func(f *web.Form, d desk, g Group) templ.Component { return groupFields(f, d, g) },
		done:   func(_ desk, g Group) string { return "Le groupe « " + g.Name + " » est enregistré." },
	}
}

func (d desk) placeOptions() []web.Option {
	var all []web.Option
	for _, p := range d.Places {
		all = append(all, web.Option{Value: string(p.Site), Label: p.Name})
	}
	return all
}
