package person

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"parvis/internal/base/fault"

	"golang.org/x/image/draw"
)

const (
	// MaxPhoto is the heaviest photo file accepted, in bytes.
	MaxPhoto = 10 << 20
	// photoSide is the side of the kept square, in pixels.
	photoSide = 256
	// decodeBudget bounds the memory of decoding one photo; what would need more is refused unread.
	decodeBudget = 96 << 20
)

func refusedPhoto(sentence string) error {
	return fault.InvalidFields(fault.Field{Name: "photo", Sentence: sentence})
}

// SquarePhoto turns a JPEG or PNG file into the square JPEG that is kept: upright, centred, without any of the
// file's metadata. What is not such a picture, or would take too much memory, is an Invalid fault on "photo".
// Decoding takes up to 100 MiB: callers run one at a time.
func SquarePhoto(file []byte) ([]byte, error) {
	if err := acceptable(file); err != nil {
		return nil, err
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, refusedPhoto("Cette photo est abîmée : elle ne s’ouvre pas. Choisissez-en une autre.")
	}
	var kept bytes.Buffer
	if err := jpeg.Encode(&kept, upright(square(picture), orientation(file)), &jpeg.Options{Quality: 82}); err != nil {
		return nil, err
	}
	return kept.Bytes(), nil
}

// acceptable reads the head of the file only.
func acceptable(file []byte) error {
	switch {
	case len(file) == 0:
		return refusedPhoto("Choisissez une photo.")
	case len(file) > MaxPhoto:
		return refusedPhoto("Cette photo dépasse 10 Mo. Prenez une photo plus petite.")
	case isHEIC(file):
		return refusedPhoto("Cette photo est au format HEIC, que le portail ne lit pas. Sur iPhone, ouvrez Réglages, Appareil photo, " +
			"Formats, et choisissez « Le plus compatible » ; ou envoyez une copie d’écran de la photo.")
	}
	var config image.Config
	var err error
	perPixel := 4
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8\xff")):
		config, err = jpeg.DecodeConfig(bytes.NewReader(file))
		perPixel = 3
		if isProgressive(file) {
			perPixel = 15 // coefficients of the whole picture are held while decoding
		}
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		config, err = png.DecodeConfig(bytes.NewReader(file))
		if deep(config.ColorModel) {
			perPixel = 8
		}
	default:
		return refusedPhoto("Choisissez une photo au format JPEG ou PNG.")
	}
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return refusedPhoto("Cette photo est abîmée : elle ne s’ouvre pas. Choisissez-en une autre.")
	}
	if int64(config.Width)*int64(config.Height) > int64(decodeBudget/perPixel) {
		return refusedPhoto("Cette photo a trop de points pour être traitée. Prenez une photo plus petite, ou envoyez une copie d’écran.")
	}
	if config.Width < 64 || config.Height < 64 {
		return refusedPhoto("Cette photo est trop petite. Choisissez une photo d’au moins 64 points de côté.")
	}
	return nil
}

func isHEIC(file []byte) bool {
	if len(file) < 12 || string(file[4:8]) != "ftyp" {
		return false
	}
	switch string(file[8:12]) {
	case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "avif", "avis":
		return true
	}
	return false
}

func deep(m color.Model) bool {
	return m == color.RGBA64Model || m == color.NRGBA64Model || m == color.Gray16Model
}

// segments walks the markers of a JPEG up to its pixels; visit returns false to stop.
func segments(file []byte, visit func(marker byte, body []byte) bool) {
	for at := 2; at+4 <= len(file) && file[at] == 0xff; {
		marker := file[at+1]
		if marker == 0xff { // fill byte
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(file[at+2:]))
		if marker == 0xda || size < 2 || at+2+size > len(file) || !visit(marker, file[at+4:at+2+size]) {
			return
		}
		at += 2 + size
	}
}

func isProgressive(file []byte) bool {
	found := false
	segments(file, func(marker byte, _ []byte) bool {
		found = found || marker == 0xc2
		return !found
	})
	return found
}

// orientation is the EXIF orientation of a JPEG, 1 to 8; 1 when it does not say.
func orientation(file []byte) int {
	found := 1
	segments(file, func(marker byte, body []byte) bool {
		if marker != 0xe1 || !bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return true
		}
		found = exifOrientation(body[6:])
		return false
	})
	return found
}

func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		e := at + 2 + 12*i
		if e+12 > int64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[e:]) == 0x0112 {
			if v := int(order.Uint16(tiff[e+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// square is the centre of the picture, scaled, on white.
func square(picture image.Image) *image.RGBA {
	b := picture.Bounds()
	side := min(b.Dx(), b.Dy())
	crop := image.Rect(0, 0, side, side).Add(image.Pt(b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2))
	kept := image.NewRGBA(image.Rect(0, 0, photoSide, photoSide))
	draw.Draw(kept, kept.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(kept, kept.Bounds(), picture, crop, draw.Over, nil)
	return kept
}

// upright undoes an EXIF orientation; the centre crop commutes with every one of them.
func upright(from *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return from
	}
	last := photoSide - 1
	to := image.NewRGBA(from.Bounds())
	for y := range photoSide {
		for x := range photoSide {
			var sx, sy int
			switch orientation {
			case 2:
				sx, sy = last-x, y
			case 3:
				sx, sy = last-x, last-y
			case 4:
				sx, sy = x, last-y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, last-x
			case 7:
				sx, sy = last-y, last-x
			case 8:
				sx, sy = last-y, x
			}
			to.SetRGBA(x, y, from.RGBAAt(sx, sy))
		}
	}
	return to
}
