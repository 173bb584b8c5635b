package moving

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// progress says how far an import is: one line rewritten on a terminal, now and then a line elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	width    int
	tenth    int
	told     func(done, total int)
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, tenth: -1}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// say shows a sentence.
func (p *progress) say(sentence string) {
	switch {
	case p.w == nil:
	case p.terminal:
		n := utf8.RuneCountInString(sentence)
		fmt.Fprintf(p.w, "\r%s%*s", sentence, max(0, p.width-n), "")
		p.width = n
	default:
		fmt.Fprintln(p.w, sentence)
	}
}

// step tells done of total; outside a terminal, only each tenth.
func (p *progress) step(done, total int) {
	if p.told != nil {
		p.told(done, total)
	}
	if p.w == nil || total == 0 {
		return
	}
	tenth := done * 10 / total
	if !p.terminal && tenth == p.tenth {
		return
	}
	p.tenth = tenth
	p.say(fmt.Sprintf("Familles traitées : %d sur %d (%d\u202f%%)", done, total, done*100/total))
}

// end leaves the line.
func (p *progress) end() {
	if p.w != nil && p.terminal && p.width > 0 {
		fmt.Fprintln(p.w)
	}
}
