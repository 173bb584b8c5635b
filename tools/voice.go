//go:build ignore

// Command voice makes the speech clips of the security check with Debian's espeak-ng, once:
//
//	apt-get install espeak-ng
//	go run tools/voice.go internal/base/captcha/voice.bin
//
// Neither the build nor the program needs it afterwards. The file holds, for each voice, the sentence and the ten
// digits: a count (one byte), then for each clip its length (four bytes, big endian) and its samples, µ-law, 8 kHz.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
)

const rate = 8000

var voices = []string{"fr-fr", "fr-fr+f2"}

var words = []string{"Tapez les trois chiffres.", "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run tools/voice.go FILE")
	}
	var out bytes.Buffer
	out.WriteByte(byte(len(voices) * len(words)))
	for _, voice := range voices {
		for _, word := range words {
			clip := say(voice, word)
			if err := binary.Write(&out, binary.BigEndian, uint32(len(clip))); err != nil {
				log.Fatal(err)
			}
			for _, s := range clip {
				out.WriteByte(mulaw(s))
			}
		}
	}
	if err := os.WriteFile(os.Args[1], out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes\n", out.Len())
}

// say is a word at 8 kHz, without the silence around it, all words equally loud.
func say(voice, word string) []float64 {
	raw, err := exec.Command("espeak-ng", "-v", voice, "-s", "135", "-a", "120", "--stdout", word).Output()
	if err != nil {
		log.Fatalf("espeak-ng %q: %v", word, err)
	}
	from := float64(binary.LittleEndian.Uint32(raw[24:28]))
	data := raw[bytes.Index(raw, []byte("data"))+8:]
	wave := make([]float64, len(data)/2)
	for i := range wave {
		wave[i] = float64(int16(binary.LittleEndian.Uint16(data[2*i:]))) / 32768
	}
	wave = trim(resample(wave, from/rate))
	var sum float64
	for _, s := range wave {
		sum += s * s
	}
	gain := 0.16 / math.Sqrt(sum/float64(len(wave)))
	for i := range wave {
		wave[i] = math.Tanh(wave[i] * gain) // rounds off the rare peaks
	}
	for i := range 80 { // 10 ms in and out: no click
		wave[i] *= float64(i) / 80
		wave[len(wave)-1-i] *= float64(i) / 80
	}
	return wave
}

// resample takes one sample in step, after a windowed sinc that removes what 8 kHz cannot hold.
func resample(in []float64, step float64) []float64 {
	const half = 24
	out := make([]float64, int(float64(len(in))/step))
	for i := range out {
		centre := float64(i) * step
		var v float64
		for k := int(centre) - int(half*step); k <= int(centre)+int(half*step); k++ {
			if k < 0 || k >= len(in) {
				continue
			}
			x := (float64(k) - centre) / step
			w := 0.5 + 0.5*math.Cos(math.Pi*x/half)
			s := 1.0
			if x != 0 {
				s = math.Sin(math.Pi*x*0.92) / (math.Pi * x * 0.92)
			}
			v += in[k] * w * s * 0.92 / step
		}
		out[i] = v
	}
	return out
}

// trim drops what is under 1 % of the peak at both ends, but keeps 20 ms: consonants start soft.
func trim(in []float64) []float64 {
	var peak float64
	for _, s := range in {
		peak = max(peak, math.Abs(s))
	}
	from, to := 0, len(in)
	for from < to && math.Abs(in[from]) < peak/100 {
		from++
	}
	for to > from && math.Abs(in[to-1]) < peak/100 {
		to--
	}
	return in[max(0, from-160):min(len(in), to+160)]
}

// mulaw is the G.711 coding of a sample between -1 and 1.
func mulaw(s float64) byte {
	const bias, clip = 132, 32635
	v := int(math.Round(s * 32767))
	sign := 0
	if v < 0 {
		sign, v = 0x80, -v
	}
	v = min(v, clip) + bias
	exponent := 7
	for mask := 0x4000; exponent > 0 && v&mask == 0; mask >>= 1 {
		exponent--
	}
	return ^byte(sign | exponent<<4 | v>>(exponent+3)&0x0f)
}
