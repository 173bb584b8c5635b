package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"parvis/internal/base/audit"
	"parvis/internal/base/backup"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// fail prints why a command stops, once, in French.
func (c call) fail(err error) int {
	fmt.Fprintln(c.err, "parvis :", inWords(err))
	return 1
}

// say is a refusal of the commands themselves.
func say(sentence string, args ...any) error {
	return fault.New(fault.Refused, fmt.Sprintf(sentence, args...))
}

// inWords is the sentence for whoever keeps the machine. What nobody foresaw keeps its technical detail, marked as
// such: it is all that whoever helps will have.
func inWords(err error) string {
	if errors.Is(err, context.Canceled) {
		return "La commande a été interrompue."
	}
	if s := databaseInWords(db.CauseOf(err)); s != "" {
		return s
	}
	for _, known := range []struct {
		is       error
		sentence string
	}{
		{audit.ErrOtherKey, "La clé n’est pas celle de cette installation : donnez avec --key-file celle qui a servi jusqu’ici. Rien n’a été touché."},
		{db.ErrNewer, "Une version plus récente de Parvis s’est servie de cette base : prenez cette version. Rien n’a été touché."},
		{db.ErrMigrating, "Un autre Parvis est en train de mettre cette base à jour : relancez dans quelques minutes."},
		{backup.ErrNewer, "Une version plus récente de Parvis a fait cette sauvegarde : prenez cette version. Rien n’a été touché."},
		{backup.ErrNotEmpty, "Le dossier ou la base où rétablir n’est pas vide : choisissez-en d’autres. Rien n’a été touché."},
		{db.ErrNotEmpty, "La base où rétablir n’est pas vide : choisissez-en une autre. Rien n’a été touché."},
	} {
		if errors.Is(err, known.is) {
			return known.sentence
		}
	}
	if s := faultInWords(err); s != "" {
		return s
	}
	if s := fileInWords(err); s != "" {
		return s
	}
	switch {
	case errors.Is(err, backup.ErrKey):
		return "Ce fichier n’est pas une sauvegarde de Parvis, ou n’a pas été fait avec cette clé. Rien n’a été touché."
	case errors.Is(err, backup.ErrDamaged), errors.Is(err, db.ErrDamaged), errors.Is(err, db.ErrSchema):
		return "Cette sauvegarde est abîmée ou incomplète. Rien n’a été touché."
	}
	return "Une panne imprévue a arrêté la commande. Détail pour l’assistance : " + strings.ReplaceAll(err.Error(), "\n", " / ")
}

func databaseInWords(cause db.Cause) string {
	switch cause {
	case db.DiskFull:
		return "Le disque de la base est plein : faites de la place, puis relancez. Ce qui était enregistré le reste."
	case db.ReadOnly:
		return "La base ne peut pas être écrite : son dossier ou son serveur est en lecture seule."
	case db.CannotOpen:
		return "La base ne peut pas être ouverte : vérifiez --data et --database, et les droits sur le dossier."
	case db.NoDatabase:
		return "Il n’y a pas de base de Parvis à cet endroit : vérifiez --data et --database."
	case db.Damaged:
		return "La base ne peut pas être lue : son fichier ou son disque est abîmé. Rétablissez une sauvegarde."
	case db.Held:
		return "La base est occupée par un autre programme depuis trop longtemps : réessayez quand il aura fini."
	case db.Unreachable:
		return "Le serveur de base de données ne répond pas : vérifiez --database et que le serveur tourne."
	case db.NotAdmitted:
		return "Le serveur de base de données refuse cet utilisateur ou ce mot de passe."
	case db.WrongAddress:
		return "--database n’est pas compris : une adresse postgres://utilisateur:secret@serveur/base est attendue."
	}
	return ""
}

func faultInWords(err error) string {
	said := fault.SentenceOf(err)
	for _, f := range fault.FieldsOf(err) {
		said = strings.TrimSpace(said + " " + f.Sentence)
	}
	return said
}

// fileInWords tells what the machine refused about a file or a folder.
func fileInWords(err error) string {
	path := ""
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		path = p.Path
	case errors.As(err, &l):
		path = l.New
	}
	path = strings.TrimSuffix(path, ".partiel")
	why := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		why = "le disque est plein"
	case errors.Is(err, syscall.EROFS):
		why = "le disque est en lecture seule"
	case errors.Is(err, syscall.EISDIR):
		why = "c’est un dossier, un fichier est attendu"
	case errors.Is(err, syscall.ENOTDIR):
		why = "une partie de ce chemin n’est pas un dossier"
	case errors.Is(err, syscall.EIO):
		why = "le disque ne répond pas comme il faut"
	case errors.Is(err, syscall.ELOOP):
		why = "ce lien ne mène nulle part"
	case errors.Is(err, fs.ErrPermission):
		why = "vous n’avez pas le droit d’y toucher"
	case errors.Is(err, fs.ErrExist):
		why = "ce fichier existe déjà, il ne sera pas remplacé"
	case errors.Is(err, fs.ErrNotExist):
		why = "ce fichier ou son dossier n’existe pas"
	case path != "":
		why = "il ne peut être ni lu ni écrit"
	default:
		return ""
	}
	if path == "" {
		return upper(why) + "."
	}
	return "« " + path + " » : " + why + "."
}

func upper(s string) string {
	for _, r := range s {
		return strings.ToUpper(string(r)) + s[len(string(r)):]
	}
	return s
}

// readKey reads the key file, and tells what is wrong with it.
func readKey(path string) (*crypt.Key, error) {
	key, err := crypt.LoadKey(path)
	if err == nil {
		return key, nil
	}
	info, statErr := os.Stat(path)
	switch {
	case errors.Is(statErr, fs.ErrNotExist):
		return nil, say("Le fichier de clé « %s » n’existe pas.", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, say("Le fichier de clé « %s » ne peut pas être lu : vous n’en avez pas le droit.", path)
	case statErr == nil && info.IsDir():
		return nil, say("« %s » est un dossier : donnez le fichier de clé qu’il contient.", path)
	case statErr == nil && info.Mode().Perm()&0o077 != 0:
		return nil, say("Le fichier de clé « %s » peut être lu par d’autres que vous : retirez ce droit (chmod 600).", path)
	}
	return nil, say("« %s » n’est pas un fichier de clé de Parvis, ou il est abîmé.", path)
}
