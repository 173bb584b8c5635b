package moving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// smallTown is an export that each test spoils in its own way.
var smallTown = map[string]string{
	familiesFile: "CODE_FAMILLE;IDENTIFIANT;NOM_1;PRENOM_1;DATE_NAISSANCE_1;COURRIEL_1;NOM_2;PRENOM_2;DATE_NAISSANCE_2;COURRIEL_2\n" +
		"F1;un;MARTIN;Ana;01/02/1980;ana@exemple.fr;MARTIN;Léo;01/02/1981;leo@exemple.fr\n" +
		"F2;deux;ROUX;Tom;01/02/1982;tom@exemple.fr;;;;\n",
	childrenFile: "CODE_ENFANT;CODE_FAMILLE;NOM;PRENOM;SEXE;DATE_NAISSANCE;ECOLE;NIVEAU;CLASSE;REGIME;ALLERGIES;PAI;GARDE\n" +
		"E1;F1;MARTIN;Zoé;F;03/04/2018;Jean-Moulin;CE1;A;;;N;\n" +
		"E1;F2;MARTIN;Zoé;F;03/04/2018;Jean-Moulin;CE1;A;;;N;ALTERNEE\n" +
		"E2;F2;ROUX;Max;M;03/04/2019;Jean-Moulin;CP;A;sans porc;;N;\n",
	contactsFile: "CODE_FAMILLE;NOM;PRENOM;LIEN;TELEPHONE;AUTORISE_A_RECUPERER\nF1;PETIT;Ida;Voisine;0144556677;O\n",
	enrolmentsFile: "CODE_ENFANT;ACTIVITE;LIEU;ANNEE_SCOLAIRE;DATE_DEBUT;DATE_FIN\n" +
		"E1;Cantine;Jean-Moulin;2026-2027;01/09/2026;02/07/2027\nE2;Cantine;Jean-Moulin;2026-2027;01/09/2026;02/07/2027\n",
	bookingsFile: "CODE_ENFANT;CODE_FAMILLE;ACTIVITE;UNITE;DATE;ETAT\n" +
		"E1;F1;Cantine;;01/10/2026;PRESENT\nE1;F2;Cantine;;02/10/2026;RESERVE\nE2;F2;Cantine;;01/10/2026;ABSENT\n",
	invoicesFile: "NUMERO;CODE_FAMILLE;PERIODE;DATE_EMISSION;ECHEANCE;MONTANT;REGLE;ETAT\n" +
		"N1;F1;2026-09;05/10/2026;31/10/2026;10,00;10,00;SOLDEE\nN2;F2;2026-09;05/10/2026;31/10/2026;20,00;0,00;A PAYER\n",
}

// folder writes an export, some of its texts replaced: pairs of old and new.
func folder(t testing.TB, replace ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range smallTown {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.NewReplacer(replace...).Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCorrectedLinesAreTakenByALaterImport(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		clean := testkit.SQLite(t, Sources())
		importFolder(t, clean, folder(t))
		want := rows(t, clean)

		r := importFolder(t, d, folder(t, "tom@exemple.fr", "tom", "Zoé;F;03/04/2018;Jean-Moulin;CE1;A;;;N;\n", "Zoé;F;03/04/2018;Jean-Moulin;CE1;A;;;peut-être;\n"))
		if r.Status != SomeRefused || r.Accepted.Families != 1 || r.Accepted.Children != 0 {
			t.Fatalf("got %+v", r)
		}
		r = importFolder(t, d, folder(t))
		if r.Status != AllTaken || r.Written.Families != 1 || r.Written.Children != 2 || r.Written.Bookings != 3 {
			t.Errorf("got %+v", r)
		}
		if diff := cmp.Diff(want, rows(t, d)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestAKnownKeyIsNeverChangedAndADifferenceIsToldOnce(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		importFolder(t, d, folder(t))
		statement(t, d, `update booking set state = 'cancelled' where day = '2026-10-02'`)
		before := digestOf(t, d)
		changed := folder(t, "PRENOM_1", "PRENOM_1", "MARTIN;Ana", "MARTIN;Anna", "PETIT;Ida;Voisine", "PETIT;Ida;Nounou", "10,00;10,00", "12,00;12,00",
			"02/07/2027\nE2", "03/07/2027\nE2", "ABSENT", "PRESENT", "Zoé;F;03/04/2018;Jean-Moulin;CE1;A;;;N;ALTERNEE", "Zoé;F;03/04/2018;Jean-Moulin;CE1;B;;;N;ALTERNEE")
		report := filepath.Join(t.TempDir(), "r.csv")
		r, err := Run(context.Background(), Deps{DB: d, Now: clock}, Options{From: changed, Report: report})
		if err != nil || r.Status != AllTaken || r.Written != (Counts{}) {
			t.Fatalf("%+v %v", r, err)
		}
		var got []string
		for _, line := range readReport(t, report)[1:] {
			if strings.HasPrefix(line[4], "Cette ligne a changé") {
				got = append(got, line[0]+":"+line[1])
			}
		}
		want := []string{"familles.csv:2", "enfants.csv:3", "inscriptions.csv:2", "contacts.csv:2", "factures.csv:2", "reservations.csv:3", "reservations.csv:4"}
		sortBoth(want, got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("differences (-want +got):\n%s", diff)
		}
		if digestOf(t, d) != before {
			t.Error("rows changed")
		}
	})
}

func TestOneImportAtATime(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		statement(t, d, `insert into import_lock (id, holder, until_at) values (1, 'autre-machine 12 x', 1795430000000000)`)
		r, err := Run(context.Background(), Deps{DB: d, Now: clock}, Options{From: folder(t)})
		if err == nil || r.Status != NothingDone || count(t, d, `select count(*) from family`) != 0 {
			t.Errorf("beside another import: %+v %v", r, err)
		}
		err = db.Do(context.Background(), d, func(tx *db.Tx) error { return renewLock(tx, clock(), holderName("mine")) })
		if !errors.Is(err, errNothing) {
			t.Errorf("writing on after another import took over: %v", err)
		}
		later := func() time.Time { return time.UnixMicro(1795430000000000).Add(time.Second) }
		if r, err = Run(context.Background(), Deps{DB: d, Now: later}, Options{From: folder(t)}); err != nil || r.Written.Families != 2 {
			t.Errorf("after the lease: %+v %v", r, err)
		}
	})
}

func TestUndoTakesBackWhatNobodyTouched(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		r := importFolder(t, d, folder(t))
		done, err := Undo(context.Background(), Deps{DB: d, Now: clock}, r.Batch, nil)
		if err != nil || done.Families != 2 || len(done.Kept) != 0 {
			t.Fatalf("undo: %+v %v", done, err)
		}
		for _, table := range []string{"family", "person", "account", "family_member", "child", "health", "booking", "attendance", "enrolment",
			"invoice", "quotient", "import_source", "import_lock", "activity", "unit", "activity_site", "site"} {
			if n := count(t, d, `select count(*) from `+table); n != 0 {
				t.Errorf("%s: %d rows left", table, n)
			}
		}
		if again := importFolder(t, d, folder(t)); again.Written != r.Written {
			t.Errorf("import after undo: %+v, first %+v", again.Written, r.Written)
		}
	})
}

func TestUndoKeepsAndListsFamiliesClaimedOrTouched(t *testing.T) {
	touches := map[string]func(t *testing.T, d *db.DB){
		"claimed": func(t *testing.T, d *db.DB) {
			statement(t, d, `update account set state = 'active' where username = 'un'`)
		},
		"new phone": func(t *testing.T, d *db.DB) {
			who, err := db.Read(context.Background(), d, func(r db.Reader) ([]person.Person, error) { return person.WithEmail(r, "ana@exemple.fr") })
			if err != nil || len(who) != 1 {
				t.Fatal(who, err)
			}
			err = db.Do(context.Background(), d, func(tx *db.Tx) error {
				return person.SetContact(tx, clock().Add(time.Hour), actor.Job("agent"), who[0].ID, person.Contact{Mobile: "0612345678"}, who[0].UpdatedAt, true)
			})
			if err != nil {
				t.Fatal(err)
			}
		},
		"new member": func(t *testing.T, d *db.DB) {
			statement(t, d, `insert into person (id, last_name, first_names, folded, created_at, updated_at) values ('aunt', 'NOËL', 'Ève', 'noel eve', 1, 1)`)
			statement(t, d, `insert into family_member (id, family, person, role, state, from_day)
				select 'aunt', s.object_id, 'aunt', 'member', 'pending', '2026-12-01' from import_source s where s.code = 'F1'`)
		},
		"new booking": func(t *testing.T, d *db.DB) {
			statement(t, d, `insert into booking (id, child, unit, day, family, state, made_at)
				select 'new', b.child, b.unit, '2026-12-01', b.family, 'booked', 1 from booking b join import_source s on s.object_id = b.family
				where s.code = 'F1' limit 1`)
		},
	}
	for name, touch := range touches {
		t.Run(name, func(t *testing.T) {
			testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
				r := importFolder(t, d, folder(t))
				touch(t, d)
				done, err := Undo(context.Background(), Deps{DB: d, Now: clock}, r.Batch, nil)
				if err != nil || done.Families != 1 || len(done.Kept) != 1 || done.Kept[0].Code != "F1" || done.Kept[0].Reason == "" {
					t.Fatalf("undo: %+v %v", done, err)
				}
				// Zoé lives in both homes: she stays with F1, with her enrolment; Max goes with F2.
				want := map[string]int{"familles": 1, "adultes": 2, "enfants": 1, "liens_enfant_famille": 1, "contacts": 1, "inscriptions": 1, "factures": 1,
					"reservations": map[bool]int{true: 2, false: 1}[name == "new booking"]}
				if diff := cmp.Diff(want, rows(t, d)); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestUndoKeepsDraftsThatSomethingUses takes an import back whose places and activities a family, an agent, an enrolment
// of somebody else or an opening holds.
func TestUndoKeepsDraftsThatSomethingUses(t *testing.T) {
	agents := func(object, from string) string { // an agent's change of all rows of a table
		return `insert into audit_event (id, at, kind, actor, account, person, via, action, object, object_id, subject, detail)
			select 'touch-' || id, ` + fmt.Sprint(clock().Add(time.Hour).UnixMicro()) + `, 'change', 'agent', 'x', '', 'web', 'x.changed', '` + object + `', id, '', '' from ` + from
	}
	for name, c := range map[string]struct {
		touch            string
		families         int
		places, activity string // reasons, "" when taken back
	}{
		"untouched":                 {"", 0, "", ""},
		"a family kept":             {`update account set state = 'active' where username = 'un'`, 1, "sert encore", "sert encore"},
		"an agent changed a place":  {agents("site", "site"), 0, "s’en est occupé", ""},
		"an agent changed a unit":   {agents("unit", "unit"), 0, "sert encore", "s’en est occupé"},
		"an activity was opened":    {`update activity set state = 'open'`, 0, "sert encore", "ouverte"},
		"the import's own lines":    {strings.Replace(agents("site", "site"), "'agent', 'x', '', 'web'", "'system', '', '', 'import'", 1), 0, "", ""},
		"a child of another import": {`insert into person (id, last_name, first_names, folded, created_at, updated_at) values ('kid', 'NOËL', 'Ève', 'noel eve', 1, 1);insert into child (person, school) select 'kid', id from site limit 1`, 0, "sert encore", ""},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
				r := importFolder(t, d, folder(t))
				sites, activities := count(t, d, `select count(*) from site`), count(t, d, `select count(*) from activity`)
				if sites == 0 || activities == 0 {
					t.Fatalf("%d places, %d activities made", sites, activities)
				}
				for _, one := range strings.Split(c.touch, ";") {
					if one != "" {
						statement(t, d, one)
					}
				}
				done, err := Undo(context.Background(), Deps{DB: d, Now: clock}, r.Batch, nil)
				if err != nil || count(t, d, `select count(*) from family`) != c.families {
					t.Fatalf("undo: %+v %v", done, err)
				}
				reasons := map[string]string{}
				for _, k := range done.Drafts {
					reasons[k.Kind] += k.Reason
				}
				if places := count(t, d, `select count(*) from site`); done.Places != sites-places || (c.places == "") != (places == 0) || !strings.Contains(reasons["Lieu"], c.places) {
					t.Errorf("%d of %d places taken back, %d left: %+v", done.Places, sites, places, done.Drafts)
				}
				if left := count(t, d, `select count(*) from activity`); done.Activities != activities-left || (c.activity == "") != (left == 0) || !strings.Contains(reasons["Activité"], c.activity) {
					t.Errorf("%d of %d activities taken back, %d left: %+v", done.Activities, activities, left, done.Drafts)
				}
				if n := count(t, d, `select count(*) from audit_event where action in ('moving.site.undone', 'moving.activity.undone')`); n != done.Places+done.Activities {
					t.Errorf("%d lines in the trail for %d taken back", n, done.Places+done.Activities)
				}
			})
		})
	}
}

func TestUndoLetsPackagesAboveForgetFirst(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		r := importFolder(t, d, folder(t))
		refuse := func(*db.Tx, []person.ID) error { return fault.New(fault.Refused, "Une lettre est partie.") }
		done, err := Undo(context.Background(), Deps{DB: d, Now: clock}, r.Batch, refuse)
		if err != nil || done.Families != 0 || len(done.Kept) != 2 || done.Kept[0].Reason != "Une lettre est partie." || count(t, d, `select count(*) from family`) != 2 {
			t.Fatalf("refused: %+v %v", done, err)
		}
		forgotten := map[person.ID]bool{}
		done, err = Undo(context.Background(), Deps{DB: d, Now: clock}, r.Batch, func(_ *db.Tx, people []person.ID) error {
			for _, p := range people {
				forgotten[p] = true
			}
			return nil
		})
		if err != nil || done.Families != 2 || len(forgotten) != 6 {
			t.Errorf("accepted: %+v %v, %d people forgotten, want 6", done, err, len(forgotten))
		}
	})
}

func statement(t testing.TB, d *db.DB, query string) {
	t.Helper()
	if err := db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
		t.Fatal(err)
	}
}
