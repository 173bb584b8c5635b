package moving

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/fault"
	xlsx "parvis/internal/base/sheet"
)

// Bounds of what an agent may send.
const (
	maxSent     = 64 << 20  // bytes, all files together
	maxUnfolded = 128 << 20 // bytes of what they hold once unfolded
	maxFiles    = 30        // CSV files or sheets
	maxEntries  = 200       // of a zip archive, folders and all
	maxNames    = 20_000    // of it and of the workbooks in it
	maxRatio    = 200       // times that one of its files may unfold beyond freeRatio
	freeRatio   = 1 << 20
	maxColumns  = 200
	maxRows     = 200_000
	maxElements = 8 << 20          // of XML in a workbook
	maxShared   = 64 << 20         // bytes of the texts that its cells share
	maxReading  = 20 * time.Second // for all workbooks, less than an answer may take
)

const filesField = "fichiers"

// piece is one CSV file among what was sent. A sheet of a workbook is one too, put into CSV.
type piece struct {
	name     string
	content  []byte
	sep      byte
	headings []string
}

// unfolder opens what was sent and gives its CSV files one after the other.
type unfolder struct {
	ctx     context.Context // of the request, with a deadline
	left    int64           // bytes of CSV files and of workbooks as they were sent
	leftXML int64           // bytes of what workbooks unfold to
	files   int
	take    func(piece) error
}

// refuseFile says why a file that was sent is not taken.
func refuseFile(name, sentence string, args ...any) error {
	return fault.InvalidFields(fault.Field{Name: filesField, Sentence: "« " + clip(name) + " » : " + fmt.Sprintf(sentence, args...)})
}

// unfold gives the CSV files of what was sent: a zip, CSV files, workbooks. The first that cannot be taken refuses
// all.
func unfold(ctx context.Context, sent []*multipart.FileHeader, take func(piece) error) error {
	if len(sent) == 0 {
		return fault.InvalidFields(fault.Field{Name: filesField, Sentence: "Choisissez les fichiers de l’ancien portail : une archive zip, des fichiers CSV ou un classeur XLSX."})
	}
	ctx, cancel := context.WithTimeout(ctx, maxReading)
	defer cancel()
	u := &unfolder{ctx: ctx, left: maxUnfolded, leftXML: maxUnfolded, take: take}
	for _, head := range sent {
		f, err := head.Open()
		if err != nil {
			return fmt.Errorf("open sent file: %w", err)
		}
		err = u.sent(path.Base(strings.ReplaceAll(head.Filename, `\`, "/")), f, head.Size)
		f.Close()
		if err != nil {
			return err
		}
	}
	if u.files == 0 {
		return refuseFile(sent[0].Filename, "aucun fichier CSV ni feuille de classeur n’y a été trouvé.")
	}
	return nil
}

func (u *unfolder) sent(name string, f multipart.File, size int64) error {
	var start [4]byte
	n, err := f.ReadAt(start[:], 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read sent file: %w", err)
	}
	if !bytes.HasPrefix(start[:n], []byte("PK")) {
		return u.csv(name, f)
	}
	if many, err := crowded(f, size); err != nil {
		return fmt.Errorf("read sent file: %w", err)
	} else if many {
		return refuseFile(name, "cette archive contient plus de %d fichiers. Gardez ceux de l’export.", maxEntries)
	}
	archive, err := zip.NewReader(f, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return refuseFile(name, "cette archive est abîmée. Refaites-la, puis envoyez-la de nouveau.")
	}
	if xlsx.Is(archive) {
		return u.workbook(name, archive, size)
	}
	return u.archive(name, archive)
}

// crowded tells an archive of so many names that its table alone would fill the memory, before it is opened: what it
// says of their number may be anything. Workbooks kept as they are within it count with theirs.
func crowded(in io.ReaderAt, size int64) (bool, error) {
	const mark = "PK\x01\x02"
	names, kept := 0, 0
	buffer := make([]byte, 64<<10)
	for r := io.NewSectionReader(in, 0, size); ; {
		n, err := r.Read(buffer[kept:])
		seen := buffer[:kept+n]
		if names += bytes.Count(seen, []byte(mark)); names > maxNames {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		kept = copy(buffer, seen[max(0, len(seen)-len(mark)+1):])
	}
}

// archive gives the files of a zip, after a look at all of their names.
func (u *unfolder) archive(name string, a *zip.Reader) error {
	if len(a.File) > maxEntries {
		return refuseFile(name, "cette archive contient plus de %d fichiers. Gardez ceux de l’export.", maxEntries)
	}
	for _, e := range a.File {
		switch {
		case outside(e.Name):
			return refuseFile(name, "un nom de fichier y désigne un autre dossier (« %s »). Refaites l’archive à partir des seuls fichiers.", clip(strings.ToValidUTF8(e.Name, "?")))
		case e.Flags&1 != 0:
			return refuseFile(name, "cette archive est protégée par un mot de passe. Envoyez-la sans mot de passe : la liaison est chiffrée.")
		case !e.Mode().IsDir() && !e.Mode().IsRegular():
			return refuseFile(name, "elle contient un lien au lieu d’un fichier (« %s »). Refaites l’archive à partir des fichiers eux-mêmes.", clip(strings.ToValidUTF8(e.Name, "?")))
		}
	}
	for _, e := range a.File {
		base := path.Base(e.Name)
		if e.Mode().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(e.Name, "__MACOSX/") || base == "Thumbs.db" || base == "desktop.ini" {
			continue
		}
		if err := u.entry(strings.ToValidUTF8(base, "?"), e); err != nil {
			return err
		}
	}
	return nil
}

// outside tells a name that would leave the folder where it is unfolded; nothing is written under it here, but an
// archive with one is no honest export.
func outside(name string) bool {
	slashes := strings.ReplaceAll(name, `\`, "/")
	return strings.HasPrefix(slashes, "/") || (len(slashes) > 1 && slashes[1] == ':') || strings.ContainsRune(name, 0) ||
		strings.Contains("/"+slashes+"/", "/../")
}

func (u *unfolder) entry(name string, e *zip.File) error {
	in, err := e.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return refuseFile(name, "l’archive est faite d’une façon que le portail ne sait pas lire. Refaites-la au format zip ordinaire.")
	}
	if err != nil {
		return refuseFile(name, "cette archive est abîmée. Refaites-la, puis envoyez-la de nouveau.")
	}
	defer in.Close()
	packed := min(e.CompressedSize64, maxSent) // what an archive says of itself may be anything
	content, err := u.all(name, in, freeRatio+maxRatio*int64(packed))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		return u.give(name, content)
	}
	if many, err := crowded(bytes.NewReader(content), int64(len(content))); err != nil || many {
		return refuseFile(name, "l’archive contient une autre archive. Envoyez les fichiers eux-mêmes.")
	}
	inner, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if (err != nil && !errors.Is(err, zip.ErrInsecurePath)) || !xlsx.Is(inner) {
		return refuseFile(name, "l’archive contient une autre archive. Envoyez les fichiers eux-mêmes.")
	}
	return u.workbook(name, inner, int64(len(content)))
}

// all reads a file whole, within what is left and what is allowed to it.
func (u *unfolder) all(name string, in io.Reader, allowed int64) ([]byte, error) {
	limit := min(allowed, u.left)
	content, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case int64(len(content)) > limit && limit == u.left:
		return nil, refuseFile(name, "une fois ouverts, les fichiers dépassent %d Mo. Envoyez-les en plusieurs fois.", maxUnfolded>>20)
	case int64(len(content)) > limit:
		return nil, refuseFile(name, "ce fichier est anormalement compressé : il n’est pas ouvert. Envoyez-le sans le compresser.")
	case err != nil:
		return nil, refuseFile(name, "ce fichier de l’archive est abîmé. Refaites l’archive, puis envoyez-la de nouveau.")
	}
	u.left -= int64(len(content))
	return content, nil
}

func (u *unfolder) csv(name string, in io.Reader) error {
	content, err := u.all(name, in, maxUnfolded)
	if err != nil {
		return err
	}
	return u.give(name, content)
}

// give reads the header of a CSV file and passes it on.
func (u *unfolder) give(name string, content []byte) error {
	if u.files++; u.files > maxFiles {
		return refuseFile(name, "plus de %d fichiers ont été envoyés. Gardez ceux de l’export.", maxFiles)
	}
	switch {
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return refuseFile(name, "c’est un classeur d’un ancien format ou protégé par un mot de passe. Enregistrez-le en XLSX ou en CSV, sans mot de passe.")
	case len(bytes.TrimSpace(content)) == 0:
		return refuseFile(name, "ce fichier est vide : sa première ligne doit donner le nom des colonnes.")
	}
	p := piece{name: name, content: content}
	var err error
	if p.headings, p.sep, err = headingsOf(content); errors.Is(err, errUnreadable) {
		_, why, _ := strings.Cut(err.Error(), ": ")
		return refuseFile(name, "ce fichier ne peut pas être lu : %s.", why)
	} else if err != nil {
		return err
	}
	switch {
	case bytes.IndexByte(content[:min(len(content), 4096)], 0) >= 0:
		return refuseFile(name, "ce n’est ni un fichier CSV, ni un classeur XLSX, ni une archive zip.")
	case len(p.headings) > maxColumns:
		return refuseFile(name, "sa première ligne annonce %d colonnes. Le maximum est %d.", len(p.headings), maxColumns)
	}
	return u.take(p)
}

// memoryFile is a file of the export in memory.
type memoryFile struct{ *bytes.Reader }

// Close lets the memory go.
func (m memoryFile) Close() error {
	m.Reset(nil)
	return nil
}

// headingsOf reads the first line of a CSV file with the separator that cuts it most.
func headingsOf(content []byte) (names []string, sep byte, err error) {
	s := &sheet{file: memoryFile{bytes.NewReader(content)}, layout: layout{placed: []int{}, sep: ';'}}
	if _, err := detect(bytes.NewReader(content)); err != nil {
		return nil, 0, err
	}
	if problems, err := s.start(); err != nil || len(problems) > 0 && s.in == nil {
		return nil, 0, err
	}
	first := s.head
	for _, one := range []byte{';', '\t', ','} {
		cells, _, _ := split(first, one, nil)
		if len(cells) <= len(names) {
			continue
		}
		names, sep = names[:0], one
		for _, c := range cells {
			text := s.enc.text(c)
			if !utf8.ValidString(text) {
				text = strings.ToValidUTF8(text, "?")
			}
			names = append(names, short(text))
		}
	}
	return names, sep, nil
}

func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80])
	}
	return s
}

// workbook puts each sheet of a workbook of that many bytes into CSV, a line a row, so that the report names the rows
// as the workbook does. A text that cells share is written once for each: what comes out is bounded by the size of
// what was sent, before each cell is written.
func (u *unfolder) workbook(name string, a *zip.Reader, size int64) error {
	var out bytes.Buffer
	current, line := "", 0
	allowed := min(u.left, freeRatio+maxRatio*size)
	room := func(more int) error {
		if int64(out.Len())+int64(more) > allowed {
			return xlsx.ErrTooBig
		}
		return nil
	}
	flush := func() error {
		if out.Len() == 0 {
			return nil
		}
		content := out.Bytes()
		out = bytes.Buffer{}
		allowed -= int64(len(content))
		u.left -= int64(len(content))
		return u.give(current+" ("+name+")", content)
	}
	limits := xlsx.Limits{Bytes: u.leftXML, Free: freeRatio, Ratio: maxRatio, Elements: maxElements, Shared: maxShared, Rows: maxRows, Columns: maxColumns}
	read, err := xlsx.Read(u.ctx, a, limits, func(sheet string, number int, cells []string) error {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		if sheet != current {
			if err := flush(); err != nil {
				return err
			}
			current, line = sheet, 0
		}
		if err := room(max(number-line, 0)); err != nil {
			return err
		}
		for line++; line < number; line++ {
			out.WriteByte('\n')
		}
		for i, c := range cells {
			if err := room(len(c) + strings.Count(c, `"`) + len(`;""`) + 1); err != nil {
				return err
			}
			if i > 0 {
				out.WriteByte(';')
			}
			writeCell(&out, c)
		}
		out.WriteByte('\n')
		return nil
	})
	u.leftXML -= read
	if err == nil {
		err = flush()
	}
	return workbookFault(name, err)
}

// workbookFault says why a workbook is not taken.
func workbookFault(name string, err error) error {
	switch {
	case errors.Is(err, xlsx.ErrLongCell):
		return refuseFile(name, "une de ses cellules dépasse 32 767 caractères. Raccourcissez-la, puis renvoyez le classeur.")
	case errors.Is(err, xlsx.ErrRatio):
		return refuseFile(name, "ce classeur est anormalement compressé : il n’est pas ouvert. Enregistrez chaque feuille en CSV.")
	case errors.Is(err, xlsx.ErrTooBig):
		return refuseFile(name, "ce classeur est trop grand pour être ouvert. Enregistrez chaque feuille en CSV.")
	case errors.Is(err, context.DeadlineExceeded):
		return refuseFile(name, "ce classeur est trop long à ouvrir. Enregistrez chaque feuille en CSV.")
	case errors.Is(err, xlsx.ErrFormat):
		return refuseFile(name, "ce classeur est abîmé. Ouvrez-le dans votre tableur, enregistrez-le de nouveau, puis renvoyez-le.")
	}
	return err
}

var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func writeCell(out *bytes.Buffer, c string) {
	c = oneLine.Replace(c)
	if !strings.ContainsAny(c, `;"`) {
		out.WriteString(c)
		return
	}
	out.WriteByte('"')
	out.WriteString(strings.ReplaceAll(c, `"`, `""`))
	out.WriteByte('"')
}
