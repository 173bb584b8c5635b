package moving

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/admission"
)

func insertUpload(tx *db.Tx, now time.Time, a actor.Actor, id UploadID, files []File) error {
	if _, err := tx.Exec(`insert into import_upload (id, state, made_by, made_at) values ($1, $2, $3, $4)`,
		id, Read, a.Account, civil.InstantOf(now)); err != nil {
		return fmt.Errorf("insert upload: %w", err)
	}
	for _, f := range files {
		if _, err := tx.Exec(`insert into import_file (upload, place, name, kept, head, size, separator, taken_as)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`, id, f.Place, f.Name, f.Kept, f.Head, f.Size, string(f.Sep), f.TakenAs); err != nil {
			return fmt.Errorf("insert upload's file: %w", err)
		}
		for i, c := range f.Columns {
			if _, err := tx.Exec(`insert into import_column (upload, file, place, heading, taken_as) values ($1, $2, $3, $4, $5)`,
				id, f.Place, i, c.Heading, c.TakenAs); err != nil {
				return fmt.Errorf("insert upload's column: %w", err)
			}
		}
	}
	return nil
}

// move changes an upload's state when it is one of those given.
func move(tx *db.Tx, id UploadID, to State, from ...State) error {
	for _, s := range from {
		n, err := tx.Exec(`update import_upload set state = $2, message = '', done = 0, total = 0 where id = $1 and state = $3`, id, to, s)
		if err != nil {
			return fmt.Errorf("move upload: %w", err)
		}
		if n > 0 {
			return nil
		}
	}
	if _, err := db.One(tx, "upload", db.Column[string], `select state from import_upload where id = $1`, id); err != nil {
		return err
	}
	return fault.New(fault.Conflict, "Cet import a avancé entre-temps. Rechargez la page pour voir où il en est.")
}

// storeColumns keeps what was said of files and headers, for this upload and for the next.
func storeColumns(tx *db.Tx, id UploadID, files []File) error {
	for _, f := range files {
		if _, err := tx.Exec(`update import_file set taken_as = $3 where upload = $1 and place = $2`, id, f.Place, f.TakenAs); err != nil {
			return fmt.Errorf("update upload's file: %w", err)
		}
		keys := headKeys(f.headings())
		for i, c := range f.Columns {
			if _, err := tx.Exec(`update import_column set taken_as = $4 where upload = $1 and file = $2 and place = $3`,
				id, f.Place, i, c.TakenAs); err != nil {
				return fmt.Errorf("update upload's column: %w", err)
			}
			if f.TakenAs == "" || keys[i] == "" {
				continue
			}
			if _, err := tx.Exec(`insert into import_heading (file, heading, taken_as) values ($1, $2, $3)
				on conflict (file, heading) do update set taken_as = excluded.taken_as`, f.TakenAs, keys[i], c.TakenAs); err != nil {
				return fmt.Errorf("keep heading: %w", err)
			}
		}
	}
	return nil
}

// headingsSaid reads what agents said of headers.
func headingsSaid(r db.Reader) (said, error) {
	all := said{}
	_, err := db.List(r, func(s db.Scanner) (struct{}, error) {
		var file, heading, as string
		err := s.Scan(&file, &heading, &as)
		all[[2]string{file, heading}] = as
		return struct{}{}, err
	}, `select file, heading, taken_as from import_heading`)
	return all, err
}

func startImport(tx *db.Tx, now time.Time, id UploadID, batch string) error {
	_, err := tx.Exec(`update import_upload set batch = $2, started_at = $3 where id = $1`, id, batch, civil.InstantOf(now))
	return err
}

const uploadColumns = `id, state, made_at, coalesce(started_at, 0), coalesce(ended_at, 0), coalesce(batch, ''),
	done, total, faults, followers, doubts, report, message`

func scanUpload(s db.Scanner) (Upload, error) {
	var u Upload
	err := s.Scan(&u.ID, &u.State, &u.MadeAt, &u.StartedAt, &u.EndedAt, &u.Batch, &u.Done, &u.Total, &u.Faults, &u.Followers,
		&u.Doubts, &u.Report, &u.Message)
	return u, err
}

// uploads lists those not imported yet, newest first.
func uploads(r db.Reader) ([]Upload, error) {
	return db.List(r, scanUpload, `select `+uploadColumns+` from import_upload where state <> 'done' order by made_at desc, id desc`)
}

// uploadByID reads one with its files; an unknown id is a NotFound fault.
func uploadByID(r db.Reader, id UploadID) (Upload, error) {
	u, err := db.One(r, "upload", scanUpload, `select `+uploadColumns+` from import_upload where id = $1`, id)
	if err != nil {
		return u, err
	}
	u.Files, err = db.List(r, func(s db.Scanner) (File, error) {
		var f File
		var sep string
		err := s.Scan(&f.Place, &f.Name, &f.Kept, &f.Head, &f.Size, &sep, &f.TakenAs)
		if sep != "" {
			f.Sep = sep[0]
		}
		return f, err
	}, `select place, name, kept, head, size, separator, taken_as from import_file where upload = $1 order by place`, id)
	if err != nil {
		return u, err
	}
	_, err = db.List(r, func(s db.Scanner) (struct{}, error) {
		var file int
		var c Column
		err := s.Scan(&file, &c.Heading, &c.TakenAs)
		if err == nil && file >= 0 && file < len(u.Files) {
			u.Files[file].Columns = append(u.Files[file].Columns, c)
		}
		return struct{}{}, err
	}, `select file, heading, taken_as from import_column where upload = $1 order by file, place`, id)
	return u, err
}

// uploadOfBatch is what a batch was imported from, "" for the command's.
func uploadOfBatch(r db.Reader, batch string) (UploadID, error) {
	all, err := db.List(r, db.Column[UploadID], `select id from import_upload where batch = $1`, batch)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

func setProgress(tx *db.Tx, id UploadID, done, total int) error {
	_, err := tx.Exec(`update import_upload set done = $2, total = $3 where id = $1`, id, done, total)
	return err
}

func setMessage(tx *db.Tx, id UploadID, message string) error {
	_, err := tx.Exec(`update import_upload set message = $2 where id = $1`, id, message)
	return err
}

// settleUpload stores what a run came to, when the upload still waits for it.
func settleUpload(tx *db.Tx, now time.Time, id UploadID, from, to State, r Result, report, message string) (bool, error) {
	n, err := tx.Exec(`update import_upload set state = $3, ended_at = $4, faults = $5, followers = $6, doubts = $7, report = $8, message = $9
		where id = $1 and state = $2`, id, from, to, civil.InstantOf(now), r.Faults, r.Followers, r.Doubts, report, message)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.Exec(`delete from import_count where upload = $1`, id)
	return err == nil, err
}

// sorts are what an import counts, in the order of the screen.
var sorts = []struct {
	name, label string
	of          func(Counts) int
}{
	{"families", "Familles", func(n Counts) int { return n.Families }},
	{"adults", "Adultes", func(n Counts) int { return n.Adults }},
	{"children", "Enfants", func(n Counts) int { return n.Children }},
	{"homes", "Foyers d’enfants", func(n Counts) int { return n.Homes }},
	{"contacts", "Contacts", func(n Counts) int { return n.Contacts }},
	{"enrolments", "Inscriptions", func(n Counts) int { return n.Enrolments }},
	{"bookings", "Réservations", func(n Counts) int { return n.Bookings }},
	{"invoices", "Factures", func(n Counts) int { return n.Invoices }},
}

func insertCounts(tx *db.Tx, id UploadID, taken, made Counts) error {
	for _, s := range sorts {
		if _, err := tx.Exec(`insert into import_count (upload, sort, taken, made) values ($1, $2, $3, $4)`,
			id, s.name, s.of(taken), s.of(made)); err != nil {
			return fmt.Errorf("insert counts: %w", err)
		}
	}
	return nil
}

// tallied is a line of import_count.
type tallied struct{ taken, made int64 }

func countsOf(r db.Reader, id UploadID) (map[string]tallied, error) {
	all := map[string]tallied{}
	_, err := db.List(r, func(s db.Scanner) (struct{}, error) {
		var sort string
		var t tallied
		err := s.Scan(&sort, &t.taken, &t.made)
		all[sort] = t
		return struct{}{}, err
	}, `select sort, taken, made from import_count where upload = $1`, id)
	return all, err
}

// batchCounts counts what all the runs of a batch made.
func batchCounts(r db.Reader, batch string) (Counts, error) {
	var n Counts
	_, err := db.List(r, func(s db.Scanner) (struct{}, error) {
		var object, file string
		var many int
		err := s.Scan(&object, &file, &many)
		switch {
		case object == "family":
			n.Families = many
		case object == "person" && file == familiesFile:
			n.Adults = many
		case object == "person":
			n.Contacts = many
		case object == "child":
			n.Children = many
		case object == "member":
			n.Homes = many
		case object == "enrolment":
			n.Enrolments = many
		case object == "invoice":
			n.Invoices = many
		}
		return struct{}{}, err
	}, `select object, file, count(*) from import_source where batch = $1 group by object, file`, batch)
	if err != nil {
		return n, err
	}
	bookings, err := db.One(r, "count", db.Column[int64], `select count(*) from booking b join import_batch i on i.started_at = b.made_at where i.id = $1`, batch)
	n.Bookings = int(bookings)
	return n, err
}

// forgetFiles lets the sealed files of an upload go, and returns their ids.
func forgetFiles(tx *db.Tx, id UploadID) ([]string, error) {
	ids, err := fileIDs(tx, id)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`update import_file set kept = '', head = '' where upload = $1`, id)
	return ids, err
}

func fileIDs(r db.Reader, id UploadID) ([]string, error) {
	return db.List(r, db.Column[string], `select kept from import_file where upload = $1 and kept <> ''
		union all select head from import_file where upload = $1 and head <> ''`, id)
}

// deleteUpload deletes the rows of an upload.
func deleteUpload(tx *db.Tx, id UploadID) error {
	for _, query := range []string{`delete from import_column where upload = $1`, `delete from import_file where upload = $1`,
		`delete from import_count where upload = $1`, `delete from import_upload where id = $1`} {
		if _, err := tx.Exec(query, id); err != nil {
			return fmt.Errorf("delete upload: %w", err)
		}
	}
	return nil
}

// oldUploads are those that nobody went on with.
func oldUploads(r db.Reader, before civil.Instant) ([]UploadID, error) {
	return db.List(r, db.Column[UploadID], `select id from import_upload where made_at < $1 and state not in ('importing', 'done')`, before)
}

func forgetReports(tx *db.Tx, before civil.Instant) error {
	if _, err := tx.Exec(`update import_upload set report = '' where state = 'done' and ended_at < $1`, before); err != nil {
		return fmt.Errorf("forget reports: %w", err)
	}
	_, err := tx.Exec(`update import_undo set reasons = '' where ended_at < $1`, before)
	return err
}

// filesInUse are the ids of all sealed files that a row refers to.
func filesInUse(r db.Reader) (map[string]bool, error) {
	ids, err := db.List(r, db.Column[string], `select kept from import_file union select head from import_file
		union select report from import_upload union select reasons from import_undo`)
	used := make(map[string]bool, len(ids))
	for _, id := range ids {
		used[id] = true
	}
	return used, err
}

// mailed is how many activation mails have left, and how many wait.
type mailed struct{ left, waiting int64 }

// activationMails counts the activation mails of the adults whom a batch made and who are still there: those that the
// server took, and those that wait in the outbox or in a campaign.
func activationMails(r db.Reader, batch string) (mailed, error) {
	return db.One(r, "activation mails", func(s db.Scanner) (m mailed, err error) {
		var campaign int64
		err = s.Scan(&m.left, &m.waiting, &campaign)
		m.waiting += campaign
		return m, err
	}, `with ours (id) as (select a.id from import_source s join account a on a.person = s.object_id where s.batch = $1 and s.object = 'person')
		select (select count(*) from mail_outbox m join ours o on o.id = m.account where m.template = $2 and m.state = 'sent'),
			(select count(*) from mail_outbox m join ours o on o.id = m.account where m.template = $2 and m.state in ('queued', 'sending', 'deferred')),
			(select count(*) from campaign_item c join ours o on o.id = c.account where c.done_at is null)`, batch, admission.MailLink)
}
