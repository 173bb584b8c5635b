package signup

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// Draft is what a visitor typed so far, as typed; never a password.
type Draft struct {
	ID       string            `json:"-"`
	Fields   map[string]string `json:"fields"`
	Passed   []string          `json:"passed"` // steps sent and found right
	Photo    bool              `json:"photo"`
	Hash     string            `json:"hash,omitempty"`     // of a password that came with a wrong security check
	Replaces ID                `json:"replaces,omitempty"` // the demand whose address this one corrects
	Source   string            `json:"source,omitempty"`   // who filled the first answers in: "FranceConnect"

	Midway bool `json:"midway,omitempty"` // begun by a screen that is not the first: the draft before it is gone

	hashes int64
	late   bool // reached by the cookie before the last: its answer was lost on its way
}

// Ticket is what a browser shows to reach its draft.
type Ticket struct {
	Token   string // the cookie's value, "" without
	Browser string
	Address string // keyed hash of the network address
}

// OpenDraft reads the draft of a browser by its last cookie. Without cookie, with an old or unknown one, from another
// sort of browser or after its term, it is missing.
func OpenDraft(r db.Reader, now time.Time, key *crypt.Key, t Ticket) (Draft, error) {
	d, err := readDraft(r, now, key, t)
	if err == nil && d.late {
		return Draft{}, fault.Missing("draft")
	}
	return d, err
}

// readDraft reads by the cookie before the last too: what follows must be its one answer.
func readDraft(r db.Reader, now time.Time, key *crypt.Key, t Ticket) (Draft, error) {
	row, err := findDraft(r, now, t)
	if err != nil {
		return Draft{}, err
	}
	return row.open(key)
}

func (row draftRow) open(key *crypt.Key) (Draft, error) {
	d, err := unseal(key, draftPurpose(row.id), row.sealed)
	d.ID, d.hashes, d.late = row.id, row.hashes, row.late
	if d.Fields == nil {
		d.Fields = map[string]string{}
	}
	return d, err
}

func findDraft(r db.Reader, now time.Time, t Ticket) (draftRow, error) {
	if len(t.Token) < 20 || len(t.Token) > 64 {
		return draftRow{}, fault.Missing("draft")
	}
	hash := crypt.HashToken(t.Token)
	row, err := draftByToken(r, hash)
	if err != nil {
		return draftRow{}, err
	}
	row.late = row.tokenHash != hash
	if row.browser != t.Browser || row.expires <= civil.InstantOf(now) {
		return draftRow{}, fault.Missing("draft")
	}
	return row, nil
}

func takeDraft(tx *db.Tx, now time.Time, t Ticket) (draftRow, error) {
	if err := lockDraft(tx, crypt.HashToken(t.Token)); err != nil {
		return draftRow{}, err
	}
	return findDraft(tx, now, t)
}

// ShowDraft is the draft of a browser for a page. Who shows the last cookie has received it: the one before dies. The
// one before, while its answer is lost, is good for this page and dies of it: the browser gets another, "" otherwise.
func ShowDraft(tx *db.Tx, now time.Time, key *crypt.Key, t Ticket) (Draft, string, error) {
	row, err := takeDraft(tx, now, t)
	if err != nil {
		return Draft{}, "", err
	}
	d, err := row.open(key)
	if err != nil {
		return Draft{}, "", err
	}
	token := ""
	if row.late {
		token = row.next(key, t, "")
	} else {
		row.previousHash = ""
	}
	return d, token, updateDraft(tx, row)
}

// next gives the row its next cookie. After the last one it is the one before that may have been lost. The one before
// is good for one answer: the same form again gets the last cookie again; anything else gets a new one, and the last,
// which may be on its way in another tab, takes its place as the one before.
func (row *draftRow) next(key *crypt.Key, t Ticket, form string) string {
	token := derived(key, "signup-draft-cookie", row.id, t.Token, form)
	if hash := crypt.HashToken(token); hash != row.tokenHash {
		row.tokenHash, row.previousHash = hash, row.tokenHash
	}
	return token
}

// SaveDraft changes a browser's draft, or begins one, and returns it with the cookie that reaches it from now on. form
// is the key of the form sent: the same form sent twice gets the same cookie.
func SaveDraft(tx *db.Tx, now time.Time, key *crypt.Key, t Ticket, form string, change func(*Draft)) (Draft, string, error) {
	row, err := takeDraft(tx, now, t)
	if fault.KindOf(err) == fault.NotFound {
		return beginDraft(tx, now, key, t, change)
	}
	if err != nil {
		return Draft{}, "", err
	}
	d, err := row.open(key)
	if err != nil {
		return Draft{}, "", err
	}
	change(&d)
	token := row.next(key, t, form)
	row.address, row.hashes, row.expires = t.Address, d.hashes, civil.InstantOf(now.Add(draftLife))
	if row.sealed, err = seal(key, draftPurpose(row.id), d); err != nil {
		return Draft{}, "", err
	}
	return d, token, updateDraft(tx, row)
}

func beginDraft(tx *db.Tx, now time.Time, key *crypt.Key, t Ticket, change func(*Draft)) (Draft, string, error) {
	d := Draft{ID: db.NewID(), Fields: map[string]string{}}
	change(&d)
	token, hash := crypt.NewToken()
	row := draftRow{id: d.ID, tokenHash: hash, browser: t.Browser, address: t.Address, hashes: d.hashes, expires: civil.InstantOf(now.Add(draftLife))}
	var err error
	if row.sealed, err = seal(key, draftPurpose(d.ID), d); err != nil {
		return Draft{}, "", err
	}
	return d, token, insertDraft(tx, now, row)
}

func photoPurpose(id string) string { return "signup-photo:" + id }

func setDraftPhoto(tx *db.Tx, key *crypt.Key, id string, picture []byte) error {
	if len(picture) == 0 {
		return updateDraftPhoto(tx, id, nil)
	}
	sealed, err := key.Seal(photoPurpose(id), picture)
	if err != nil {
		return err
	}
	return updateDraftPhoto(tx, id, sealed)
}

// DraftPhoto is the picture of a draft, nil without.
func DraftPhoto(r db.Reader, key *crypt.Key, d Draft) ([]byte, error) {
	if !d.Photo {
		return nil, nil
	}
	sealed, err := draftPhoto(r, d.ID)
	if err != nil || len(sealed) == 0 {
		return nil, err
	}
	return key.Open(photoPurpose(d.ID), sealed)
}

// DeleteDraft forgets a browser's draft at once: « Annuler ».
func DeleteDraft(tx *db.Tx, now time.Time, t Ticket) error {
	row, err := findDraft(tx, now, t)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = deleteDraft(tx, row.id)
	return err
}

// person is who a complete draft describes.
func (d Draft) person() person.Person {
	at := func(name string) string { return d.Fields[name] }
	civility, _ := person.ParseCivility(at("civilite"))
	birth, _ := parseDay(at("naissance"))
	email, _ := person.CheckEmail(at("courriel"))
	p := person.Person{Civility: civility, LastName: at("nom"), BirthName: at("nom_naissance"), FirstNames: at("prenoms"), BirthDay: birth,
		BirthCountry: at("pays_naissance"), BirthDepartment: at("departement_naissance"), BirthPlace: at("commune_naissance"), Email: email}
	if noName(p.FirstNames) {
		p.FirstNames = ""
	}
	contact, _ := d.contact().Check()
	p.Phone, p.Mobile, p.Fax, p.Preferred, p.Address = contact.Phone, contact.Mobile, contact.Fax, contact.Preferred, contact.Address
	if inFrance(p.Address.Country) {
		p.Address.Country = "" // as everywhere: France is not written
	}
	return person.Tidy(p)
}

func (d Draft) contact() person.Contact {
	at := func(name string) string { return d.Fields[name] }
	return person.Contact{Phone: at("telephone"), Mobile: at("mobile"), Fax: at("fax"), Preferred: person.Means(at("contact_prefere")),
		Address: d.address()}
}

func (d Draft) address() person.Address {
	at := func(name string) string { return d.Fields[name] }
	return person.Address{Number: at("numero"), Street: at("voie"), Building: at("batiment"), Flat: at("appartement"),
		Complement: at("complement"), PostCode: at("code_postal"), City: at("ville"), Country: at("pays")}
}
