package town

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// stampOf names a row as it stands: the same values, the same stamp.
func stampOf(values ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", values))
	return hex.EncodeToString(sum[:8])
}

// Stamp names the service as it is, for a form that must not write over somebody else's change.
func (s Service) Stamp() string { return stampOf(s.Name, s.Phone, s.Email, s.Hours, s.Counter) }

// Stamp names the site as it is.
func (s Site) Stamp() string { return stampOf(s.Name, s.Kind, s.Address, s.Phone) }

// Stamp names the year as it is.
func (y Year) Stamp() string { return stampOf(y.Year, y.Days.From, y.Days.To, y.Checked) }

// Stamp names the holiday as it is.
func (h SchoolHoliday) Stamp() string { return stampOf(h.Name, h.Zone, h.Days.From, h.Days.To) }

// Stamp names the closing as it is.
func (c Closing) Stamp() string { return stampOf(c.Reason, c.Service, c.Days.From, c.Days.To) }

func conflict() error {
	return fault.New(fault.Conflict, "Un autre agent a changé ceci depuis que vous avez ouvert la page. Rien n’a été enregistré.")
}

func forbidden(a actor.Actor) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	return nil
}

// bounds refuses lines that are too long.
func bounds(lines ...fault.Field) []fault.Field {
	var fields []fault.Field
	for _, l := range lines {
		if utf8.RuneCountInString(l.Sentence) > maxLine {
			fields = append(fields, fault.Field{Name: l.Name, Sentence: "Ce texte dépasse 300 caractères. Raccourcissez-le."})
		}
	}
	return fields
}

func (s Service) check() error {
	var fields []fault.Field
	if s.Name == "" {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Indiquez le nom du service."})
	}
	if !goodPhone(s.Phone) {
		fields = append(fields, fault.Field{Name: "telephone", Sentence: phoneSentence})
	}
	if !goodEmail(s.Email) {
		fields = append(fields, fault.Field{Name: "courriel", Sentence: emailSentence})
	}
	return fault.InvalidFields(append(fields, bounds(fault.Field{Name: "nom", Sentence: s.Name}, fault.Field{Name: "horaires", Sentence: s.Hours},
		fault.Field{Name: "guichet", Sentence: s.Counter})...)...)
}

func (s Site) check() error {
	var fields []fault.Field
	if s.Name == "" {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Indiquez le nom du lieu."})
	}
	if s.Kind != School && s.Kind != Centre && s.Kind != Other {
		fields = append(fields, fault.Field{Name: "genre", Sentence: "Choisissez ce qu’est ce lieu."})
	}
	if !goodPhone(s.Phone) {
		fields = append(fields, fault.Field{Name: "telephone", Sentence: phoneSentence})
	}
	return fault.InvalidFields(append(fields, bounds(fault.Field{Name: "nom", Sentence: s.Name}, fault.Field{Name: "adresse", Sentence: s.Address})...)...)
}

// changed names the fields that differ, for the audit line: names, never values.
func changed(pairs ...string) string {
	var names []string
	for i := 0; i+2 < len(pairs); i += 3 {
		if pairs[i+1] != pairs[i+2] {
			names = append(names, pairs[i])
		}
	}
	return strings.Join(names, " ")
}

// ChangeService writes a service's name and contacts; its code, order and state stay.
func ChangeService(tx *db.Tx, now time.Time, a actor.Actor, s Service, stamp string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := ServiceByID(tx, s.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := s.check(); err != nil {
		return err
	}
	if err := updateService(tx, s); err != nil {
		return fmt.Errorf("update service: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.service.changed", Object: "service", ID: string(s.ID),
		Detail: changed("name", before.Name, s.Name, "phone", before.Phone, s.Phone, "email", before.Email, s.Email,
			"hours", before.Hours, s.Hours, "counter", before.Counter, s.Counter)})
}

// OpenService closes a service, or opens it again. A closed one is offered nowhere; what it knows stays.
func OpenService(tx *db.Tx, now time.Time, a actor.Actor, id ServiceID, open bool) error {
	if err := forbidden(a); err != nil {
		return err
	}
	if _, err := ServiceByID(tx, id); err != nil {
		return err
	}
	if err := setServiceActive(tx, id, open); err != nil {
		return fmt.Errorf("set service state: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: openedOrClosed("town.service.", open), Object: "service", ID: string(id)})
}

func openedOrClosed(prefix string, open bool) string {
	if open {
		return prefix + "opened"
	}
	return prefix + "closed"
}

// MoveService puts a service before the one above it, or after the one below.
func MoveService(tx *db.Tx, now time.Time, a actor.Actor, id ServiceID, up bool) error {
	if err := forbidden(a); err != nil {
		return err
	}
	all, err := Services(tx)
	if err != nil {
		return err
	}
	at := -1
	for i, s := range all {
		if s.ID == id {
			at = i
		}
	}
	to := at + 1
	if up {
		to = at - 1
	}
	if at < 0 {
		return fault.Missing("service")
	}
	if to < 0 || to >= len(all) {
		return nil // already first, or last
	}
	all[at], all[to] = all[to], all[at]
	for i, s := range all {
		if err := setServiceOrder(tx, s.ID, i+1); err != nil {
			return fmt.Errorf("order services: %w", err)
		}
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.service.moved", Object: "service", ID: string(id)})
}

// ChangeSite writes a site's name, kind, address and phone.
func ChangeSite(tx *db.Tx, now time.Time, a actor.Actor, s Site, stamp string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := SiteByID(tx, s.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := s.check(); err != nil {
		return err
	}
	if err := updateSite(tx, s); err != nil {
		return fmt.Errorf("update site: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.site.changed", Object: "site", ID: string(s.ID),
		Detail: changed("name", before.Name, s.Name, "kind", string(before.Kind), string(s.Kind), "address", before.Address, s.Address, "phone", before.Phone, s.Phone)})
}

// OpenSite closes a site, or opens it again.
func OpenSite(tx *db.Tx, now time.Time, a actor.Actor, id SiteID, open bool) error {
	if err := forbidden(a); err != nil {
		return err
	}
	if _, err := SiteByID(tx, id); err != nil {
		return err
	}
	if err := setSiteActive(tx, id, open); err != nil {
		return fmt.Errorf("set site state: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: openedOrClosed("town.site.", open), Object: "site", ID: string(id)})
}

// ChangeYear writes a school year; stamp is that of the year as shown, "" for one not entered yet.
func ChangeYear(tx *db.Tx, now time.Time, a actor.Actor, y Year, stamp string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := YearOf(tx, y.Year)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	known := err == nil
	if known && before.Stamp() != stamp || !known && stamp != "" {
		return conflict()
	}
	if first, last := civil.NewDate(int(y.Year), 7, 1), civil.NewDate(int(y.Year)+1, 9, 15); y.Days.From.Before(first) || y.Days.To.After(last) {
		return fault.InvalidFields(fault.Field{Name: "debut", Sentence: "L’année " + y.Year.String() + " se tient entre le " + first.Long() + " et le " + last.Long() + "."})
	}
	return SetYear(tx, now, a, y)
}

func (h SchoolHoliday) check() error {
	var fields []fault.Field
	if h.Name == "" {
		fields = append(fields, fault.Field{Name: "nom", Sentence: "Indiquez le nom de ces vacances."})
	}
	if h.Zone != "" && h.Zone != "A" && h.Zone != "B" && h.Zone != "C" {
		fields = append(fields, fault.Field{Name: "zone", Sentence: "Choisissez la zone A, B ou C, ou toutes."})
	}
	if h.Days.To.Sub(h.Days.From) > 100 {
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Ces vacances durent plus de trois mois : vérifiez les dates."})
	}
	return fault.InvalidFields(append(fields, bounds(fault.Field{Name: "nom", Sentence: h.Name})...)...)
}

// ChangeSchoolHoliday writes a run of days without school.
func ChangeSchoolHoliday(tx *db.Tx, now time.Time, a actor.Actor, h SchoolHoliday, stamp string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := holidayByID(tx, h.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := checkDays(h.Days); err != nil {
		return err
	}
	if err := h.check(); err != nil {
		return err
	}
	if err := updateHoliday(tx, h); err != nil {
		return fmt.Errorf("update school holiday: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.holiday.changed", Object: "school_holiday", ID: h.ID, Detail: changed("name", before.Name, h.Name,
		"zone", before.Zone, h.Zone, "from", before.Days.From.String(), h.Days.From.String(), "to", before.Days.To.String(), h.Days.To.String())})
}

// DropSchoolHoliday takes a run of days without school away.
func DropSchoolHoliday(tx *db.Tx, now time.Time, a actor.Actor, id string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := holidayByID(tx, id)
	if err != nil {
		return err
	}
	if err := deleteHoliday(tx, id); err != nil {
		return fmt.Errorf("delete school holiday: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.holiday.dropped", Object: "school_holiday", ID: id,
		Detail: before.Name + " " + before.Days.From.String() + " " + before.Days.To.String()})
}

// AddOfficial adds what the national calendar of a year says for a zone and the town does not have: a holiday that
// touches one already there is left to the agent. It returns how many were added.
func AddOfficial(tx *db.Tx, now time.Time, a actor.Actor, y civil.SchoolYear, zone string) (int, error) {
	if err := forbidden(a); err != nil {
		return 0, err
	}
	_, holidays, ok := Official(y, zone)
	if !ok {
		return 0, fault.New(fault.Refused, "Le calendrier officiel de cette année n’est pas connu du portail. Ajoutez les vacances une à une.")
	}
	added := 0
	for _, h := range holidays {
		known, err := SchoolHolidays(tx, zone, h.Days)
		if err != nil {
			return 0, err
		}
		if len(known) > 0 {
			continue
		}
		if _, err := AddSchoolHoliday(tx, now, a, h); err != nil {
			return 0, err
		}
		added++
	}
	return added, nil
}

func (c Closing) check() error {
	fields := bounds(fault.Field{Name: "motif", Sentence: c.Reason})
	if c.Reason == "" {
		fields = append(fields, fault.Field{Name: "motif", Sentence: "Indiquez le motif : « Pont de l’Ascension », « Travaux »…"})
	}
	if c.Days.To.Sub(c.Days.From) > 366 {
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Cette fermeture dure plus d’un an : vérifiez les dates."})
	}
	return fault.InvalidFields(fields...)
}

// checkClosing refuses a closing without reason, with days upside down, or of a service that is not.
func checkClosing(r db.Reader, c Closing) error {
	if err := checkDays(c.Days); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.Service == "" {
		return nil
	}
	_, err := ServiceByID(r, c.Service)
	if fault.KindOf(err) == fault.NotFound {
		return fault.InvalidFields(fault.Field{Name: "service", Sentence: "Choisissez un service de la liste, ou toute la mairie."})
	}
	return err
}

// ChangeClosing writes a closing.
func ChangeClosing(tx *db.Tx, now time.Time, a actor.Actor, c Closing, stamp string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := closingByID(tx, c.ID)
	if err != nil {
		return err
	}
	if before.Stamp() != stamp {
		return conflict()
	}
	if err := checkClosing(tx, c); err != nil {
		return err
	}
	if err := updateClosing(tx, c); err != nil {
		return fmt.Errorf("update closing: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.closing.changed", Object: "closing", ID: c.ID, Detail: changed("reason", before.Reason, c.Reason,
		"service", string(before.Service), string(c.Service), "from", before.Days.From.String(), c.Days.From.String(), "to", before.Days.To.String(), c.Days.To.String())})
}

// DropClosing takes a closing away: its days are open days again.
func DropClosing(tx *db.Tx, now time.Time, a actor.Actor, id string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	before, err := closingByID(tx, id)
	if err != nil {
		return err
	}
	if err := deleteClosing(tx, id); err != nil {
		return fmt.Errorf("delete closing: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.closing.dropped", Object: "closing", ID: id,
		Detail: before.Days.From.String() + " " + before.Days.To.String()})
}
