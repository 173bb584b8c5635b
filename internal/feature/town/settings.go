package town

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// Conformity is what the accessibility statement says.
type Conformity string

// The three states of the law. Without a recorded audit, only NotConform may be said.
const (
	NotConform    Conformity = "non conforme"
	PartlyConform Conformity = "partiellement conforme"
	FullyConform  Conformity = "totalement conforme"
)

// Settings are what a town decides once. The zero value of a text means the neutral default, which Default or
// the page supplies. Colour is #rrggbb. LogoSVG is what CleanSVG gave of the designer's drawing.
type Settings struct {
	Name      string // "Rivebelle-sur-Seine"
	Gentile   string // "Rivebellois", "" when unknown
	PostCode  string
	Colour    string
	LogoSVG   string
	LogoPNG   string // base64, when the logo is a picture
	Slogan    string // under the title of the front page
	Welcome   string // first paragraph of the front page
	OldPortal string // how families call the portal that Parvis replaces; "" = there was none

	Address string // one line
	Phone   string
	Email   string
	Website string

	HelpService string // who helps with the portal: "Pôle scolaire"
	HelpPhone   string
	HelpEmail   string
	HelpHours   string // words; "" = computed from Hours
	HelpCounter string

	Hours  civil.OpeningHours
	Region civil.Region
	Zone   string // school holidays: A, B or C

	AddressProof bool // a citizen's new address waits for an agent
	// CoholderAtOnce lets in a co-holder whom a holder invited without an agent's answer.
	CoholderAtOnce bool
	// QuietCheck shows the pictures of the security check only to whom the silent one fails.
	QuietCheck   bool
	WizardFields map[string]FieldRule // rules that are not Optional; Field tells the rule of any

	Publisher   string // directeur de la publication
	Host        string // hébergeur: name, address, phone
	DataOfficer string // délégué à la protection des données
	Conformity  Conformity
	AuditDay    civil.Date
	AuditBy     string
	PlanURL     string // schéma pluriannuel d'accessibilité
	LegalText   string // replaces the default text of the page
	TermsText   string
	PrivacyText string
	HelpText    string
	AccessText  string // added to the accessibility statement: what is known not to conform
	ContactText string
	SignUpText  string // first words of the wizard
}

// Default is the settings of a town that has set nothing: pages read well, and nothing is invented.
func Default() Settings {
	hours, _ := civil.ParseOpeningHours("lun 08:30-12:00 13:30-17:30; mar 08:30-12:00 13:30-17:30; mer 08:30-12:00 13:30-17:30; " +
		"jeu 08:30-12:00 13:30-17:30; ven 08:30-12:00 13:30-17:30")
	return Settings{
		Name: "Votre commune", Colour: "#0b5c8a", Zone: "C", Region: civil.Metropole, Hours: hours,
		Conformity:  NotConform,
		Slogan:      "Cantine, accueils, mercredis, vacances, factures : les démarches de la famille, de jour comme de nuit, sur téléphone, tablette ou PC.",
		HelpService: "Service des familles",
	}
}

// SpaceName is the portal's name: "Mon Espace Citoyen Rivebellois", or "Mon Espace Citoyen".
func (s Settings) SpaceName() string { return strings.TrimSpace("Mon Espace Citoyen " + s.Gentile) }

// Intro is the front page's first words; a town that has not even its name says honestly that it is not ready.
func (s Settings) Intro() []string {
	if s.Welcome == "" && s.Name == Default().Name {
		return []string{"La commune met ce portail en route. Les démarches en ligne ouvriront quand ses réglages seront faits ; d’ici là, adressez-vous au guichet de la mairie."}
	}
	return Paragraphs(s.Welcome)
}

// Help is how to reach the people who help with the portal; phone and e-mail fall back on the town's.
func (s Settings) Help() Service {
	h := Service{Name: s.HelpService, Phone: s.HelpPhone, Email: s.HelpEmail, Hours: s.HelpHours, Counter: s.HelpCounter}
	if h.Phone == "" {
		h.Phone = s.Phone
	}
	if h.Email == "" {
		h.Email = s.Email
	}
	if h.Hours == "" {
		h.Hours = HoursInWords(s.Hours)
	}
	if h.Counter == "" {
		h.Counter = s.Address
	}
	return h
}

// Statement is what every page's foot says of accessibility.
func (s Settings) Statement() Conformity {
	if s.AuditDay.IsZero() || s.Conformity == "" {
		return NotConform
	}
	return s.Conformity
}

// codec is one key of town_setting and how it goes in and out of Settings.
type codec struct {
	key string
	get func(*Settings) string
	set func(*Settings, string) error
}

func text(key string, field func(*Settings) *string) codec {
	return codec{key,
		func(s *Settings) string { return *field(s) },
		func(s *Settings, v string) error { *field(s) = v; return nil }}
}

// codecs lists every setting, in the order of the settings page.
func codecs() []codec {
	return []codec{
		text("name", func(s *Settings) *string { return &s.Name }),
		text("gentile", func(s *Settings) *string { return &s.Gentile }),
		text("post_code", func(s *Settings) *string { return &s.PostCode }),
		text("colour", func(s *Settings) *string { return &s.Colour }),
		text("logo_svg", func(s *Settings) *string { return &s.LogoSVG }),
		text("logo_png", func(s *Settings) *string { return &s.LogoPNG }),
		text("slogan", func(s *Settings) *string { return &s.Slogan }),
		text("welcome", func(s *Settings) *string { return &s.Welcome }),
		text("old_portal", func(s *Settings) *string { return &s.OldPortal }),
		text("address", func(s *Settings) *string { return &s.Address }),
		text("phone", func(s *Settings) *string { return &s.Phone }),
		text("email", func(s *Settings) *string { return &s.Email }),
		text("website", func(s *Settings) *string { return &s.Website }),
		text("help_service", func(s *Settings) *string { return &s.HelpService }),
		text("help_phone", func(s *Settings) *string { return &s.HelpPhone }),
		text("help_email", func(s *Settings) *string { return &s.HelpEmail }),
		text("help_hours", func(s *Settings) *string { return &s.HelpHours }),
		text("help_counter", func(s *Settings) *string { return &s.HelpCounter }),
		{"hours", func(s *Settings) string { return s.Hours.String() },
			func(s *Settings, v string) (err error) { s.Hours, err = civil.ParseOpeningHours(v); return err }},
		{"region", func(s *Settings) string { return string(s.Region) },
			func(s *Settings, v string) error { s.Region = civil.Region(v); return nil }},
		text("zone", func(s *Settings) *string { return &s.Zone }),
		{"address_proof", func(s *Settings) string { return strconv.FormatBool(s.AddressProof) },
			func(s *Settings, v string) (err error) { s.AddressProof, err = strconv.ParseBool(v); return err }},
		{"coholder_at_once", func(s *Settings) string { return strconv.FormatBool(s.CoholderAtOnce) },
			func(s *Settings, v string) (err error) { s.CoholderAtOnce, err = strconv.ParseBool(v); return err }},
		{"quiet_check", func(s *Settings) string { return strconv.FormatBool(s.QuietCheck) },
			func(s *Settings, v string) (err error) { s.QuietCheck, err = strconv.ParseBool(v); return err }},
		{"wizard_fields", func(s *Settings) string { return formatRules(s.WizardFields) },
			func(s *Settings, v string) (err error) { s.WizardFields, err = parseRules(v); return err }},
		text("publisher", func(s *Settings) *string { return &s.Publisher }),
		text("host", func(s *Settings) *string { return &s.Host }),
		text("data_officer", func(s *Settings) *string { return &s.DataOfficer }),
		{"conformity", func(s *Settings) string { return string(s.Conformity) },
			func(s *Settings, v string) error { s.Conformity = Conformity(v); return nil }},
		{"audit_day", func(s *Settings) string { return s.AuditDay.String() },
			func(s *Settings, v string) error { return s.AuditDay.Scan(v) }},
		text("audit_by", func(s *Settings) *string { return &s.AuditBy }),
		text("plan_url", func(s *Settings) *string { return &s.PlanURL }),
		text("legal_text", func(s *Settings) *string { return &s.LegalText }),
		text("terms_text", func(s *Settings) *string { return &s.TermsText }),
		text("privacy_text", func(s *Settings) *string { return &s.PrivacyText }),
		text("help_text", func(s *Settings) *string { return &s.HelpText }),
		text("access_text", func(s *Settings) *string { return &s.AccessText }),
		text("contact_text", func(s *Settings) *string { return &s.ContactText }),
		text("sign_up_text", func(s *Settings) *string { return &s.SignUpText }),
	}
}

// ReadSettings reads the settings from the database; pages use a Cache.
func ReadSettings(r db.Reader) (Settings, error) {
	rows, err := readSettings(r)
	if err != nil {
		return Settings{}, err
	}
	s := Default()
	for _, c := range codecs() {
		row, known := rows[c.key]
		if !known {
			continue
		}
		if err := c.set(&s, row.value); err != nil {
			return Settings{}, fmt.Errorf("setting %s: %w", c.key, err)
		}
	}
	return s, nil
}

// SaveSettings writes all settings at once, for commands and first data; pages use ChangeSettings. The instances'
// caches see it within CacheAge; the one that saves calls Invalidate.
func SaveSettings(tx *db.Tx, now time.Time, a actor.Actor, s Settings) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if err := s.check(); err != nil {
		return err
	}
	return write(tx, now, a, s, func(string) bool { return true })
}

// ChangeSettings writes what a page asked, and nothing else. Stamp is that of the settings as the page showed them:
// when somebody changed one of the keys meanwhile, it is a Conflict and nothing is written.
func ChangeSettings(tx *db.Tx, now time.Time, a actor.Actor, keys []string, stamp string, asked map[string]string) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	before, err := ReadSettings(tx)
	if err != nil {
		return err
	}
	if before.Stamp(keys) != stamp {
		return fault.New(fault.Conflict, "Ces réglages ont été modifiés depuis que vous avez ouvert la page. Rien n’a été enregistré.")
	}
	after, err := before.with(keys, asked)
	if err != nil {
		return err
	}
	if err := openSetup(tx, now); err != nil {
		return err
	}
	return write(tx, now, a, after, func(key string) bool { return slices.Contains(keys, key) })
}

// with is the settings with what was asked for some keys; only these are checked, so that an old fault elsewhere
// does not stop this page.
func (s Settings) with(keys []string, asked map[string]string) (Settings, error) {
	var fields []fault.Field
	for _, c := range codecs() {
		value, given := asked[c.key]
		if !given || !slices.Contains(keys, c.key) {
			continue
		}
		if c.key == "audit_day" && value != "" {
			day, err := civil.ParseFrench(value)
			if err != nil {
				fields = append(fields, fault.Field{Name: c.key, Sentence: "Écrivez la date ainsi : 15/01/2027."})
				continue
			}
			value = day.String()
		}
		if err := c.set(&s, value); err != nil {
			fields = append(fields, fault.Field{Name: c.key, Sentence: "Choisissez une des réponses proposées."})
		}
	}
	for _, f := range s.problems() {
		if slices.Contains(keys, f.Name) && !slices.ContainsFunc(fields, func(o fault.Field) bool { return o.Name == f.Name }) {
			fields = append(fields, f)
		}
	}
	return s, fault.InvalidFields(fields...)
}

// Stamp names the values of some settings: two readings with the same stamp hold the same values.
func (s Settings) Stamp(keys []string) string {
	h := sha256.New()
	for _, c := range codecs() {
		if slices.Contains(keys, c.key) {
			fmt.Fprintf(h, "%s=%q\n", c.key, c.get(&s))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// write keeps the settings that wanted names and that are not what they were, with one audit line that names them.
func write(tx *db.Tx, now time.Time, a actor.Actor, s Settings, wanted func(key string) bool) error {
	before, err := readSettings(tx)
	if err != nil {
		return err
	}
	var changed []string
	for _, c := range codecs() {
		if !wanted(c.key) {
			continue
		}
		value := c.get(&s)
		if old, known := before[c.key]; known && old.value == value {
			continue
		}
		changed = append(changed, c.key)
		if err := upsertSetting(tx, now, c.key, value); err != nil {
			return fmt.Errorf("write setting %s: %w", c.key, err)
		}
		if err := keepVersion(tx, now, c.key, value); err != nil {
			return err
		}
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.settings.changed", Object: "town", ID: "town", Detail: strings.Join(changed, " ")})
}

func isColour(s string) bool {
	if len(s) != 7 || s[0] != '#' {
		return false
	}
	_, err := strconv.ParseUint(s[1:], 16, 32)
	return err == nil
}

// CacheAge is how long a cache may answer without reading again: another instance's change shows within it.
const CacheAge = 15 * time.Second

// Cache answers with the settings without a query most of the time. The zero value is not ready: DB is needed.
type Cache struct {
	DB *db.DB

	mu     sync.Mutex
	held   Settings
	heldAt time.Time
	fresh  bool
}

// Get returns the settings, read again when they are older than CacheAge by now or were invalidated. When the
// database does not answer, what was known last is returned, the defaults if nothing was.
func (c *Cache) Get(ctx context.Context, now time.Time) Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.heldAt); c.fresh && age >= 0 && age < CacheAge {
		return c.held
	}
	s, err := db.Read(ctx, c.DB, ReadSettings)
	if err != nil {
		if c.held.Name == "" {
			return Default()
		}
		return c.held
	}
	c.held, c.heldAt, c.fresh = s, now, true
	return s
}

// Invalidate makes the next Get read again.
func (c *Cache) Invalidate() {
	c.mu.Lock()
	c.fresh = false
	c.mu.Unlock()
}
