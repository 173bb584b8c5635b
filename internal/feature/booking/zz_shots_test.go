package booking_test

import (
	"fmt"
	"os"
	"testing"

	"parvis/internal/testkit"
)

func TestZZShots(t *testing.T) {
	base, dir := os.Getenv("BASE"), os.Getenv("SHOTS")
	if base == "" {
		return
	}
	for _, width := range []int{360, 1280, 320} {
		b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: width})
		b.Go(base + "/connexion")
		b.Fill("[name=identifiant]", "camille.martin")
		b.Fill("[name=mot_de_passe]", "Rivebelle2026")
		b.Click("form button[type=submit].button-primary")
		href := testkit.Eval[string](b, `(document.querySelector(".children a")||{href:""}).href`)
		invoice := ""
		for name, path := range map[string]string{"dash": base + "/espace", "famille": base + "/espace/famille", "agenda": base + "/espace/agenda",
			"mois": href, "semaine": href[:len(href)-12] + "?semaine=2026-11-23", "factures": base + "/espace/factures", "facture": "", "docs": base + "/espace/documents",
			"dossiers": base + "/espace/dossiers", "demandes": base + "/espace/demandes", "attest": base + "/espace/attestations", "ajouter": ""} {
			if name == "ajouter" {
				b.Go(base + "/espace/famille")
				path = testkit.Eval[string](b, `document.querySelector("main a.button-primary").href`)
			}
			if name == "facture" {
				b.Go(base + "/espace/factures")
				invoice = testkit.Eval[string](b, `document.querySelector("main a.row-link").href`)
				path = invoice
			}
			b.Go(path)
			if width != 320 {
				for _, v := range b.Axe() {
					t.Errorf("%s %d: axe %s %s %v", name, width, v.ID, v.Help, v.Nodes)
				}
				b.Screenshot(fmt.Sprintf("%s/%s-%d.png", dir, name, width))
			}
			if n := b.SidewaysScroll(); n > 0 {
				t.Errorf("%s %d: scrolls %d sideways", name, width, n)
			}
		}
		for _, p := range b.Problems() {
			t.Errorf("%d: console %s", width, p)
		}
	}
}
