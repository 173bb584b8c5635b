package moving

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/crash"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// importer writes a checked export.
type importer struct {
	db     *db.DB
	clock  func() time.Time
	now    time.Time // of the whole import: all it makes bears it
	source string
	batch  string
	holder string
	exp    *export
	report *report
	bar    *progress
	dry    bool

	known    map[string]known
	people   map[string]bool
	service  town.ServiceID
	sites    map[string]town.SiteID // by folded name
	acts     []activity.ID          // by activity of the export
	units    []activity.UnitID      // by unit of the export
	children []family.ChildID       // by child of the export, "" until written

	written Counts
	planned Counts
	wrote   bool
	doubts  int
	refused int
}

// run writes the export family by family, or in a dry run only compares it with what is there.
func (im *importer) run(ctx context.Context) error {
	if !im.dry {
		im.holder = holderName(im.batch)
		if err := takeLock(ctx, im.db, im.clock(), im.holder); err != nil {
			return err
		}
		defer func() { _ = releaseLock(ctx, im.db, im.holder) }() // left behind, it ends by its lease
	}
	if err := im.load(ctx); err != nil {
		return err
	}
	if im.exp.counts.Families == 0 {
		return nil
	}
	if !im.dry {
		if err := im.ground(ctx); err != nil {
			return err
		}
		crash.Point("moving.after_ground")
	}
	if err := im.families(ctx); err != nil || im.dry {
		return err
	}
	// Even when nothing was left to write: a run of this batch that was killed may have written it all.
	crash.Point("moving.before_finish")
	return db.Do(ctx, im.db, func(tx *db.Tx) error { return finishBatch(tx, im.clock(), im.batch) })
}

// load reads what earlier imports made and what the town already has.
func (im *importer) load(ctx context.Context) error {
	im.sites = map[string]town.SiteID{}
	im.acts = make([]activity.ID, len(im.exp.activities))
	im.units = make([]activity.UnitID, len(im.exp.units))
	im.children = make([]family.ChildID, len(im.exp.children))
	_, err := db.Read(ctx, im.db, func(r db.Reader) (struct{}, error) {
		var none struct{}
		sites, err := town.Sites(r)
		if err != nil {
			return none, err
		}
		for _, s := range sites {
			im.sites[person.Fold(s.Name)] = s.ID
		}
		if im.known, err = knownSources(r, im.source); err != nil {
			return none, err
		}
		if im.people, err = people(r); err != nil {
			return none, err
		}
		return none, im.loadUnits(r)
	})
	for _, c := range im.exp.children {
		if k, ok := im.known[sourceKey(childrenFile, c.code)]; ok {
			im.children[c.index] = family.ChildID(k.id)
		}
	}
	return err
}

// loadUnits finds the activities and units that exist already.
func (im *importer) loadUnits(r db.Reader) error {
	all, err := storedUnits(r)
	if err != nil {
		return err
	}
	for i, a := range im.exp.activities {
		im.acts[i] = activity.ID(all[unitKey{person.Fold(a.name), ""}].activity)
	}
	for i, u := range im.exp.units {
		im.units[i] = activity.UnitID(all[unitKey{person.Fold(im.exp.activities[u.activity].name), person.Fold(u.name)}].unit)
	}
	return nil
}

// ground makes what several families share: the service, the sites, and the drafts of activities and units.
func (im *importer) ground(ctx context.Context) error {
	if err := db.Do(ctx, im.db, im.ensureService); err != nil {
		return fmt.Errorf("ensure the service: %w", err)
	}
	names, schools := im.siteNames()
	for some := range slices.Chunk(names, 50) {
		made, err := db.Write(ctx, im.db, func(tx *db.Tx) (map[string]town.SiteID, error) { return im.ensureSites(tx, some, schools) })
		if err != nil {
			return fmt.Errorf("ensure sites: %w", err)
		}
		for name, id := range made {
			im.sites[name] = id
		}
	}
	for i := range im.exp.activities {
		made, err := db.Write(ctx, im.db, func(tx *db.Tx) (drafted, error) { return im.ensureActivity(tx, uint16(i)) })
		if err != nil {
			return fmt.Errorf("ensure activity: %w", err)
		}
		im.acts[i] = made.activity
		for unit, id := range made.units {
			im.units[unit] = id
		}
	}
	return nil
}

// ensureService finds the service that knows the imported families: Enfance, made when the town has none.
func (im *importer) ensureService(tx *db.Tx) error {
	s, err := town.ServiceByCode(tx, "enfance")
	if err == nil {
		im.service = s.ID
		return nil
	}
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	im.service, err = town.AddService(tx, im.now, by, town.Service{Code: "enfance", Name: "Enfance"})
	return err
}

// siteNames lists the sites that accepted lines name and the town does not have; schools are those of children.
func (im *importer) siteNames() (names []string, schools map[string]bool) {
	schools = map[string]bool{}
	seen := map[string]bool{"": true}
	add := func(name string) {
		folded := person.Fold(name)
		if _, there := im.sites[folded]; !there && !seen[folded] {
			seen[folded] = true
			names = append(names, name)
		}
	}
	for _, c := range im.exp.children {
		if h := c.kept(); h != nil {
			schools[person.Fold(h.facts.school)] = true
			add(h.facts.school)
		}
	}
	for _, a := range im.exp.activities {
		for _, s := range a.sites {
			add(s)
		}
	}
	return names, schools
}

func (im *importer) ensureSites(tx *db.Tx, names []string, schools map[string]bool) (map[string]town.SiteID, error) {
	made := map[string]town.SiteID{}
	for _, name := range names {
		folded := person.Fold(name)
		s := town.Site{Name: name, Kind: town.Centre}
		if schools[folded] {
			s.Kind = town.School
		}
		if _, err := town.SiteByCode(tx, siteCode(folded)); err == nil {
			s.Code = siteCode(folded) + "-" + db.NewID()
		} else {
			s.Code = siteCode(folded)
		}
		id, err := town.AddSite(tx, im.now, by, s)
		if err != nil {
			return nil, err
		}
		made[folded] = id
	}
	return made, nil
}

// drafted is an activity with the units of it that the export names.
type drafted struct {
	activity activity.ID
	units    map[uint16]activity.UnitID
}

func (im *importer) ensureActivity(tx *db.Tx, i uint16) (drafted, error) {
	a := im.exp.activities[i]
	d := drafted{units: map[uint16]activity.UnitID{}}
	sites := []town.SiteID{""}
	for j, s := range a.sites {
		if j == 0 {
			sites = nil
		}
		sites = append(sites, im.sites[person.Fold(s)])
	}
	var err error
	ensure := func(unit string, site town.SiteID) activity.UnitID {
		var u activity.UnitID
		if err == nil {
			d.activity, u, err = activity.EnsureDraft(tx, im.now, by, im.service, a.name, unit, site)
		}
		return u
	}
	first := ""
	for j, u := range im.exp.units {
		if u.activity != i {
			continue
		}
		if len(d.units) == 0 {
			first = u.name
		}
		d.units[uint16(j)] = ensure(u.name, sites[0])
	}
	if len(d.units) == 0 {
		ensure("", sites[0])
	}
	for _, s := range sites[1:] {
		ensure(first, s)
	}
	return d, err
}

// families writes them in the order of the file.
func (im *importer) families(ctx context.Context) error {
	done := 0
	for _, f := range im.exp.families {
		if f.refused != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("import stopped: %w", err)
		}
		if err := im.family(ctx, f); err != nil {
			return fmt.Errorf("family of line %d: %w", f.line, err)
		}
		done++
		im.bar.step(done, im.exp.counts.Families)
	}
	return nil
}

// family writes what is new of one family, all or nothing, and tells what differs from an earlier import.
func (im *importer) family(ctx context.Context, f *household) error {
	p, err := im.plan(ctx, f)
	if err != nil {
		return err
	}
	for _, d := range p.doubts {
		im.doubts++
		im.report.add(d)
	}
	if im.dry {
		im.planned.add(im.newOf(p))
	}
	if p.empty() || im.dry {
		return nil
	}
	made, err := db.Write(ctx, im.db, func(tx *db.Tx) (*made, error) {
		if err := renewLock(tx, im.clock(), im.holder); err != nil {
			return nil, err
		}
		return im.write(tx, p)
	})
	if sentence := refusal(err); sentence != "" {
		im.refused++
		im.report.add(Problem{File: familiesFile, Line: f.line, Gravity: Refused, Sentence: "Cette famille n’a pas pu être écrite : " + sentence})
		return nil
	}
	if err != nil {
		return err
	}
	crash.Point("moving.after_family")
	im.wrote = true
	im.written.add(made.counts)
	for index, id := range made.children {
		im.children[index] = id
	}
	f.bookings, f.contacts, f.invoices = nil, nil, nil // written: the memory can go
	return nil
}

// refusal is the sentence of a verb that said no, "" for success and for failures of the machine.
func refusal(err error) string {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Refused, fault.Conflict:
		s := fault.SentenceOf(err)
		for _, f := range fault.FieldsOf(err) {
			s += " " + f.Sentence
		}
		return s
	}
	return ""
}

func (n *Counts) add(o Counts) {
	n.Families += o.Families
	n.Adults += o.Adults
	n.Children += o.Children
	n.Homes += o.Homes
	n.Contacts += o.Contacts
	n.Enrolments += o.Enrolments
	n.Bookings += o.Bookings
	n.Invoices += o.Invoices
}

// siteCode is a folded name with hyphens.
func siteCode(folded string) string {
	b := []byte(folded)
	for i, c := range b {
		if c == ' ' {
			b[i] = '-'
		}
	}
	return string(b)
}
