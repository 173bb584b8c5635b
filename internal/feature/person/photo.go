package person

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// Photos is where photos are kept, sealed; app fills it from base/blob. Put writes the file before the verb's
// transaction and returns its id; Drop, in the transaction, lets go of one that nobody refers to any more.
type Photos struct {
	Put  func(ctx context.Context, picture []byte) (id string, err error)
	Open func(ctx context.Context, id string) ([]byte, error)
	Drop func(tx *db.Tx, now time.Time, id string) error

	Decoder Decoder
}

// PhotoURL is where a person's photo is for families, "" without one.
func PhotoURL(p Person) string { return photoPath("/espace/photos/", p) }

// AgentPhotoURL is the same for agents.
func AgentPhotoURL(p Person) string { return photoPath("/agents/photos/", p) }

func photoPath(base string, p Person) string {
	if p.Photo == "" {
		return ""
	}
	return base + string(p.ID)
}

// SetPhoto makes a stored picture the person's photo, or takes it away when stored is "". It returns the id of
// the former one, to be dropped.
func SetPhoto(tx *db.Tx, now time.Time, a actor.Actor, id ID, stored string) (former string, err error) {
	if !mayChange(a, id) {
		return "", fault.Missing("person")
	}
	before, err := lock(tx, id)
	if err != nil {
		return "", err
	}
	if err := updatePhoto(tx, now, id, stored); err != nil {
		return "", err
	}
	action := "person.photo.set"
	if stored == "" {
		action = "person.photo.removed"
	}
	return before.Photo, audit.Write(tx, now, a, audit.Entry{Action: action, Object: "person", ID: string(id), Subject: string(id)})
}

func (p Pages) profile(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.profilePage(w, r, a, http.StatusOK, nil)
}

func (p Pages) profilePage(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, f *web.Form) error {
	me, err := p.me(r.Context(), a)
	if err != nil {
		return err
	}
	help := p.Settings.Get(r.Context(), p.Now()).Help()
	var links []web.Link
	if a.State == actor.Active {
		links = p.Links
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Mon profil", Crumbs: crumbs("Mon profil")}, profilePage(f, me, help, links))
}

// Decoder keeps two large pictures from being decoded together; make it with NewDecoder. Without
// one nothing waits.
type Decoder chan struct{}

// NewDecoder is a decoder that nobody waits for.
func NewDecoder() Decoder { return make(Decoder, 1) }

// square is SquarePhoto, one at a time.
func (d Decoder) square(ctx context.Context, file []byte) ([]byte, error) {
	if d == nil {
		return SquarePhoto(file)
	}
	select {
	case d <- struct{}{}:
		defer func() { <-d }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return SquarePhoto(file)
}

func (p Pages) addPhoto(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	picture, err := p.sentPicture(r)
	if f.Take(err) {
		return p.profilePage(w, r, a, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	stored, err := p.Photos.Put(r.Context(), picture)
	if err != nil {
		return err
	}
	return p.setPhoto(w, r, a, stored, "Votre photo est enregistrée.")
}

// sentPicture reads the posted file and makes the kept picture of it.
func (p Pages) sentPicture(r *http.Request) ([]byte, error) {
	file, _, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, refusedPhoto("Choisissez une photo.")
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxPhoto+1))
	if err != nil {
		return nil, err
	}
	return p.Photos.Decoder.square(r.Context(), data)
}

func (p Pages) dropPhoto(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.setPhoto(w, r, a, "", "Votre photo est supprimée.")
}

func (p Pages) setPhoto(w http.ResponseWriter, r *http.Request, a actor.Actor, stored, sentence string) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		former, err := SetPhoto(tx, p.Now(), a, ID(a.Person), stored)
		if err == nil && former != "" {
			err = p.Photos.Drop(tx, p.Now(), former)
		}
		return web.Done{Location: "/espace/profil", Sentence: sentence}, err
	})
}

// photo serves a photo to its owner, and to whom MaySee says; to anybody else it does not exist.
func (p Pages) photo(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := ID(r.PathValue("id"))
	return p.servePhoto(w, r, id, func(rd db.Reader) (bool, error) {
		if own(a, id) {
			return true, nil
		}
		if p.MaySee == nil {
			return false, nil
		}
		return p.MaySee(rd, p.Now(), a, id)
	})
}

// agentPhoto serves a photo to the agents whom AgentMaySee says.
func (p Pages) agentPhoto(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := ID(r.PathValue("id"))
	return p.servePhoto(w, r, id, func(rd db.Reader) (bool, error) {
		if p.AgentMaySee == nil {
			return false, nil
		}
		return p.AgentMaySee(rd, p.Now(), a, id)
	})
}

func (p Pages) servePhoto(w http.ResponseWriter, r *http.Request, id ID, maySee func(db.Reader) (bool, error)) error {
	stored, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (string, error) {
		may, err := maySee(rd)
		if err != nil {
			return "", err
		}
		if !may {
			return "", fault.Missing("photo")
		}
		who, err := ByID(rd, id)
		if err == nil && who.Photo == "" {
			err = fault.Missing("photo")
		}
		return who.Photo, err
	})
	if err != nil {
		return err
	}
	picture, err := p.Photos.Open(r.Context(), stored)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(picture)
	return err
}
