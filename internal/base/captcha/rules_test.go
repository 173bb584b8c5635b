package captcha

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestAnswersAreReadKindly(t *testing.T) {
	a := answer{Picture: 4, Digits: "729", Question: ask("", "mercredi").answers}
	tests := []struct {
		name string
		g    given
		want bool
	}{
		{"picture", given{picture: "4"}, true}, {"another picture", given{picture: "3"}, false},
		{"digits", given{sound: "729"}, true}, {"digits apart", given{sound: "7 - 2, 9."}, true},
		{"words", given{sound: "Sept deux neuf"}, true}, {"words with dashes", given{sound: "sept-deux-neuf"}, true},
		{"another order", given{sound: "7 9 2"}, false}, {"one digit short", given{sound: "72"}, false},
		{"question", given{question: "mercredi"}, true}, {"capitals", given{question: "MERCREDI"}, true},
		{"a sentence", given{question: "C’est le mercredi."}, true}, {"another day", given{question: "jeudi"}, false},
		{"two ways, both right", given{picture: "4", sound: "729"}, true},
		{"two ways, one wrong", given{picture: "4", sound: "728"}, false}, {"nothing", given{}, false},
	}
	for _, c := range tests {
		if got := a.accepts(c.g); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for typed, right := range map[string]string{"Août": "août", "aout": "août", "l’Été": "été", "l'été": "été", "Fermé !": "ferme",
		"Œil": "oeil", "un": "un", "la lettre D": "d", "DIX-SEPT": "dix-sept", "le Printemps": "printemps", "février": "fevrier"} {
		if foldAnswer(typed) != foldAnswer(right) {
			t.Errorf("%q is not %q", typed, right)
		}
	}
}

func TestQuestions(t *testing.T) {
	texts := map[string]bool{}
	for _, q := range questions {
		if texts[q.text] {
			t.Errorf("twice: %s", q.text)
		}
		texts[q.text] = true
		if len(q.answers) == 0 || q.answers[0] == "" || !strings.HasSuffix(q.text, "\u202f?") {
			t.Errorf("%q: %v", q.text, q.answers)
		}
		if len(strings.Fields(q.text)) > 20 {
			t.Errorf("long: %s", q.text)
		}
	}
	if len(texts) < 50 {
		t.Errorf("%d questions, want 50 at least", len(texts))
	}
	accepted := func(text, typed string) bool {
		for _, q := range questions {
			if q.text == text {
				return answer{Question: q.answers}.accepts(given{question: typed})
			}
		}
		return false
	}
	for text, typed := range map[string]string{"Quel jour vient après mardi\u202f?": "Mercredi", "Quel jour vient après dimanche\u202f?": "lundi",
		"Quel mois vient avant janvier\u202f?": "Decembre", "Combien font neuf plus huit\u202f?": "17",
		"Combien font deux moins un\u202f?": "Un", "Quelle lettre vient après Y dans l’alphabet\u202f?": "z"} {
		if !accepted(text, typed) {
			t.Errorf("%s %s: refused", text, typed)
		}
	}
}

func TestProofOfWork(t *testing.T) {
	c := Check{Key: testKey}
	nonce := Prove(c.workOf("a"))
	if done, forged := c.worked("a", nonce); !done || forged {
		t.Error("right work refused")
	}
	if done, forged := c.worked("b", nonce); done || !forged {
		t.Error("work done for another challenge")
	}
	if done, forged := c.worked("a", ""); done || forged {
		t.Error("no work is neither")
	}
	if done, _ := c.worked("a", strings.Repeat("1", 13)); done {
		t.Error("a number without end")
	}
	tries := 0
	for i := range 20 {
		n, _ := strconv.Atoi(Prove(c.workOf(ID(strconv.Itoa(i)))))
		tries += n
	}
	if tries/20 < 1<<14 || tries/20 > 1<<18 {
		t.Errorf("%d tries on average, want about 65,000", tries/20)
	}
}

// The clips are loud enough, not cut off, and short; the file made of them is a WAV that says its own length.
func TestClips(t *testing.T) {
	if len(voice) > 150<<10 || len(clips) == 0 || len(clips)%clipsOfVoice != 0 || len(clips) != int(voice[0]) {
		t.Fatalf("%d bytes, %d clips", len(voice), len(clips))
	}
	for i, clip := range clips {
		var sum, peak float64
		flat := 0
		for k, s := range clip {
			sum += s * s
			peak = max(peak, math.Abs(s))
			if k > 0 && math.Abs(s) > 0.97 && s == clip[k-1] {
				flat++
			}
		}
		rms, seconds := math.Sqrt(sum/float64(len(clip))), float64(len(clip))/soundRate
		longest := 0.9
		if i%clipsOfVoice == 0 {
			longest = 3
		}
		if rms < 0.1 || rms > 0.25 || peak > 1 || flat > 4 || seconds < 0.15 || seconds > longest {
			t.Errorf("clip %d: %.2f s, loudness %.3f, peak %.2f, %d flat samples", i, seconds, rms, peak, flat)
		}
	}
	if readClips(voice[:len(voice)-5]) != nil {
		t.Error("a cut file is read")
	}
}
