package town

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"regexp"
	"strings"
)

const (
	maxLogo   = 20 << 10 // bytes of a drawing or of a picture
	maxPixels = 1024     // side of a picture
)

// svgElements are the only elements of a drawing that are kept.
var svgElements = words("svg g path rect circle ellipse line polyline polygon defs lineargradient radialgradient stop clippath mask use title desc symbol text tspan")

// svgAttributes are the only attributes that are kept.
var svgAttributes = words("id class viewbox width height x y x1 y1 x2 y2 cx cy r rx ry fx fy dx dy d points transform fill fill-rule fill-opacity " +
	"stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity opacity clip-path clip-rule " +
	"mask maskunits maskcontentunits clippathunits gradientunits gradienttransform spreadmethod offset stop-color stop-opacity href preserveaspectratio " +
	"font-family font-size font-weight text-anchor letter-spacing display visibility color role aria-label version")

// svgRefused are elements that do something, or bring something from elsewhere: a drawing that has one is refused.
var svgRefused = words("script foreignobject image iframe embed object audio video animate animatemotion animatetransform set handler a style feimage link meta")

func words(list string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(list) {
		all[w] = true
	}
	return all
}

// logoError is why a drawing is refused, in words for the agent.
type logoError string

func (e logoError) Error() string { return string(e) }

func refuse(format string, args ...any) error { return logoError(fmt.Sprintf(format, args...)) }

// CleanSVG gives a drawing back with nothing but what draws: known shapes, known attributes, references inside the
// drawing. What merely describes it (metadata, an editor's notes) is left out; what acts or comes from elsewhere is
// refused, with a sentence.
func CleanSVG(text string) (string, error) {
	if len(text) > maxLogo {
		return "", refuse("Ce dessin fait plus de 20 Ko. Simplifiez-le, ou donnez une image PNG de 20 Ko au plus.")
	}
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")))
	d.Strict = true
	var out bytes.Buffer
	var open []string // names as written; "" for an element left out
	drawn := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", refuse("Ce texte n’est pas un dessin SVG complet : il commence par <svg et finit par </svg>.")
		}
		switch t := token.(type) {
		case xml.Directive:
			if !strings.HasPrefix(strings.ToUpper(string(t)), "DOCTYPE") || strings.Contains(string(t), "[") {
				return "", refuse("Ce dessin contient des définitions XML (<!ENTITY…>). Enregistrez-le en « SVG simple ».")
			}
		case xml.StartElement:
			if len(open) == 0 && drawn {
				return "", refuse("Ce texte contient plusieurs dessins. Donnez-en un seul.")
			}
			name, err := startElement(&out, t, len(open) == 0, leftOut(open))
			if err != nil {
				return "", err
			}
			open, drawn = append(open, name), true
		case xml.EndElement:
			if name := open[len(open)-1]; name != "" {
				fmt.Fprintf(&out, "</%s>", name)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && !leftOut(open) && holdsText(open[len(open)-1]) {
				if err := xml.EscapeText(&out, t); err != nil {
					return "", err
				}
			}
		}
	}
	if !drawn {
		return "", refuse("Ce texte n’est pas un dessin SVG : il commence par <svg.")
	}
	return out.String(), nil
}

func leftOut(open []string) bool {
	for _, name := range open {
		if name == "" {
			return true
		}
	}
	return false
}

func holdsText(name string) bool {
	return name == "title" || name == "desc" || name == "text" || name == "tspan"
}

// startElement writes the opening of an element that is kept and returns its name, "" for one left out.
func startElement(out *bytes.Buffer, t xml.StartElement, root, inLeftOut bool) (string, error) {
	name := strings.ToLower(t.Name.Local)
	if root && name != "svg" {
		return "", refuse("Ce texte n’est pas un dessin SVG : il commence par <svg.")
	}
	if svgRefused[name] {
		return "", refuse("Ce dessin contient « %s », qui n’est pas accepté. Enregistrez-le en « SVG simple », styles convertis en attributs.", t.Name.Local)
	}
	attributes, err := keptAttributes(t.Attr)
	if err != nil {
		return "", err
	}
	foreign := t.Name.Space != "" && t.Name.Space != "http://www.w3.org/2000/svg"
	if !svgElements[name] || foreign || inLeftOut {
		return "", nil
	}
	fmt.Fprintf(out, "<%s", t.Name.Local)
	if root {
		out.WriteString(` xmlns="http://www.w3.org/2000/svg"`)
	}
	for _, a := range attributes {
		fmt.Fprintf(out, ` %s="`, a.Name.Local)
		if err := xml.EscapeText(out, []byte(a.Value)); err != nil {
			return "", err
		}
		out.WriteByte('"')
	}
	out.WriteByte('>')
	return t.Name.Local, nil
}

// keptAttributes are the attributes that draw; a style is turned into the attributes it stands for.
func keptAttributes(all []xml.Attr) ([]xml.Attr, error) {
	var kept []xml.Attr
	for _, a := range all {
		name := strings.ToLower(a.Name.Local)
		if strings.HasPrefix(name, "on") {
			return nil, refuse("Ce dessin contient « %s », qui lance une action. Un logo ne fait que se montrer.", a.Name.Local)
		}
		if name == "href" && !strings.HasPrefix(strings.TrimSpace(a.Value), "#") {
			return nil, refuse("Ce dessin renvoie vers « %s ». Il ne peut renvoyer qu’à lui-même.", shortened(a.Value))
		}
		if name == "style" {
			more, err := styled(a.Value)
			if err != nil {
				return nil, err
			}
			kept = append(kept, more...)
			continue
		}
		if !svgAttributes[name] || (a.Name.Space != "" && name != "href") {
			continue
		}
		if err := harmless(a.Value); err != nil {
			return nil, err
		}
		kept = append(kept, xml.Attr{Name: xml.Name{Local: a.Name.Local}, Value: a.Value})
	}
	return distinct(kept), nil
}

// styled turns style="fill:#fff;stroke:none" into attributes.
func styled(style string) ([]xml.Attr, error) {
	if err := harmless(style); err != nil {
		return nil, err
	}
	var all []xml.Attr
	for _, declaration := range strings.Split(style, ";") {
		name, value, found := strings.Cut(declaration, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); found && svgAttributes[name] && name != "href" && name != "id" {
			all = append(all, xml.Attr{Name: xml.Name{Local: name}, Value: strings.TrimSpace(value)})
		}
	}
	return all, nil
}

var reference = regexp.MustCompile(`url\(\s*['"]?\s*`)

// harmless refuses a value that fetches or runs something.
func harmless(value string) error {
	low := strings.ToLower(value)
	for _, bad := range []string{"javascript:", "expression(", "@import", "data:", "\\"} {
		if strings.Contains(low, bad) {
			return refuse("Ce dessin contient « %s », qui n’est pas accepté.", shortened(value))
		}
	}
	for _, at := range reference.FindAllStringIndex(low, -1) {
		if !strings.HasPrefix(low[at[1]:], "#") {
			return refuse("Ce dessin renvoie vers « %s ». Il ne peut renvoyer qu’à lui-même.", shortened(value))
		}
	}
	return nil
}

func distinct(all []xml.Attr) []xml.Attr {
	last := map[string]int{}
	for i, a := range all {
		last[a.Name.Local] = i
	}
	var kept []xml.Attr
	for i, a := range all {
		if last[a.Name.Local] == i {
			kept = append(kept, a)
		}
	}
	return kept
}

func shortened(s string) string {
	if r := []rune(strings.Join(strings.Fields(s), " ")); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// checkPNG takes a picture of 20 KB and 1024 pixels a side at most.
func checkPNG(raw []byte) error {
	if len(raw) > maxLogo {
		return refuse("Cette image fait %d Ko. Le maximum est 20 Ko.", (len(raw)+1023)/1024)
	}
	size, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return refuse("Ce fichier n’est ni un dessin SVG ni une image PNG.")
	}
	if size.Width > maxPixels || size.Height > maxPixels {
		return refuse("Cette image fait %d × %d pixels. Le maximum est 1024 de côté.", size.Width, size.Height)
	}
	if _, err := png.Decode(bytes.NewReader(raw)); err != nil {
		return refuse("Cette image PNG est abîmée. Enregistrez-la de nouveau.")
	}
	return nil
}

// logoProblem is what is wrong with the logo, "" for nothing.
func (s Settings) logoProblem() string {
	if s.LogoSVG != "" {
		clean, err := CleanSVG(s.LogoSVG)
		if err != nil {
			return err.Error()
		}
		if clean != s.LogoSVG {
			return "Ce dessin n’a pas été nettoyé. Donnez de nouveau le fichier."
		}
	}
	if s.LogoPNG != "" {
		raw, err := base64.StdEncoding.DecodeString(s.LogoPNG)
		if err != nil {
			return "Cette image est abîmée. Donnez de nouveau le fichier."
		}
		if err := checkPNG(raw); err != nil {
			return err.Error()
		}
	}
	return ""
}
