package app_test

import (
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

// snapshot writes a photo file as a phone would make it.
func snapshot(t testing.TB) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 800, 600))
	for y := range 600 {
		for x := range 800 {
			img.Set(x, y, color.RGBA{R: uint8(x / 4), G: uint8(y / 3), B: 120, A: 255})
		}
	}
	file := filepath.Join(t.TempDir(), "moi.jpg")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := jpeg.Encode(out, img, nil); err != nil {
		t.Fatal(err)
	}
	return file
}

func photo(s story) {
	r := s.someone()
	s.home(r)
	s.ClickText("Profil")
	s.ClickText("Enregistrer la photo")
	s.sees("Il y a 1 erreur")
	s.Upload("[name=photo]", snapshot(s.t))
	s.ClickText("Enregistrer la photo")
	const shown = `[...document.querySelectorAll('main img')].filter(i => i.complete && i.naturalWidth > 0 && i.naturalWidth === i.naturalHeight).length`
	square := 0
	for range 100 { // the page is there before its picture is drawn
		if square = testkit.Eval[int](s.Browser, shown); square == 1 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if square != 1 {
		s.t.Fatalf("%d square photos on the page, want 1", square)
	}
	s.open("/espace")
	if !s.Has(".hello img") {
		s.t.Error("the dashboard does not show the photo")
	}
	s.ClickText("Profil")
	s.ClickText("Supprimer la photo")
	s.sees("Pas de photo")
}

func invoices(s story) {
	s.as(s.Browser, "titulaire")
	s.open("/espace")
	s.ClickText("Mes factures")
	title := s.Text("main .row-link")
	s.ClickText(title)
	s.sees(title, "€", "N°")
	if !strings.HasPrefix(s.at(), "/espace/factures/") {
		s.t.Errorf("the invoice is at %s", s.at())
	}
}

func agentLooksUp(s story) {
	way := s.way("agent instruction")
	s.open("/agents")
	if !strings.HasPrefix(s.at(), "/agents/connexion") {
		s.t.Fatalf("/agents leads to %s", s.at())
	}
	s.Fill("[name=identifiant]", way.Username)
	s.Fill("[name=mot_de_passe]", way.Password)
	s.ClickText("Continuer")
	s.Fill("[name=code]", "000000")
	s.ClickText("Continuer")
	s.sees("Ce code ne correspond pas.")
	code, err := account.TOTPCode(way.Secret, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Fill("[name=code]", code)
	s.ClickText("Continuer")
	s.sees("Ce qui vous attend")

	s.Fill(".search [name=q]", "marti")
	s.Press("\r")
	s.ClickText("Camille Martin")
	s.sees("Responsables", "Enfants", "Santé", "Réservations")
	before := s.count(`select count(*) from audit_event where action = 'family.health.read'`)
	s.ClickText("Afficher les informations de santé")
	s.sees("Cette lecture est inscrite au journal.", "Allergies")
	if now := s.count(`select count(*) from audit_event where action = 'family.health.read'`); now <= before {
		s.t.Errorf("the reading is not in the journal")
	}
}

func writeNews(s story) {
	const title = "Marché de printemps samedi 20 mars"
	s.desk("agent communication")
	s.ClickText("Actualités")
	s.ClickText("Écrire une actualité")
	s.Fill("[name=titre]", title)
	s.ClickText("Enregistrer et voir l’aperçu")
	s.sees("Il y a 1 erreur")
	s.Fill("[name=texte]", "Le marché s’installe place de la Mairie de 8 h à 13 h.")
	s.ClickText("Enregistrer et voir l’aperçu")
	s.sees("L’actualité est enregistrée.", title)
	s.ClickText("Publier")
	s.sees("L’actualité est publiée.")
	s.as(s.Browser, "")
	s.open("/")
	s.sees(title)
	s.ClickText("Lire la suite") // the latest comes first
	s.sees(title, "Le marché s’installe place de la Mairie")
}

func changeColour(s story) {
	const brand = `getComputedStyle(document.documentElement).getPropertyValue('--brand').trim()`
	s.desk("administrateur")
	s.ClickText("Réglages")
	s.ClickText("Identité et couleur")
	s.Fill("[name=colour]", "vert")
	s.ClickText("Enregistrer")
	s.sees("Il y a 1 erreur")
	s.Fill("[name=colour]", "#7ab800")
	s.ClickText("Enregistrer")
	s.sees("c’est enregistré")
	s.as(s.Browser, "")
	s.open("/")
	if got := testkit.Eval[string](s.Browser, brand); got != "#7ab800" {
		s.t.Errorf("the theme's colour is %s", got)
	}
	if on := testkit.Eval[string](s.Browser, strings.Replace(brand, "--brand", "--on-brand", 1)); on != "#000" && on != "#000000" {
		s.t.Errorf("text on the colour is %s, want black", on)
	}
}
