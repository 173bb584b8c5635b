package captcha

import (
	_ "embed"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// voice is what tools/voice.go wrote: for each voice the sentence, then the digits from zero to nine.
//
//go:embed voice.bin
var voice []byte

const (
	soundRate    = 8000
	clipsOfVoice = 11
)

var clips = readClips(voice)

// readClips decodes the clips to samples between -1 and 1; a cut file gives none.
func readClips(file []byte) [][]float64 {
	var all [][]float64
	rest := file[min(1, len(file)):]
	for len(rest) >= 4 {
		n := int(binary.BigEndian.Uint32(rest))
		if rest = rest[4:]; n > len(rest) {
			return nil
		}
		clip := make([]float64, n)
		for i, b := range rest[:n] {
			clip[i] = fromMulaw(b)
		}
		all, rest = append(all, clip), rest[n:]
	}
	return all
}

// fromMulaw undoes the G.711 coding.
func fromMulaw(b byte) float64 {
	b = ^b
	v := float64((int(b&0x0f)<<3+132)<<(b>>4&7) - 132)
	if b&0x80 != 0 {
		v = -v
	}
	return v / 32768
}

// sound says the sentence and the digits, in one of the voices, each time with other pitches, pauses, loudness and
// noise: the same digits never give the same file, nor one of the same length.
func sound(rng *rand.Rand, digits string) []byte {
	between := func(a, b float64) float64 { return a + (b-a)*rng.Float64() }
	first := rng.IntN(len(clips)/clipsOfVoice) * clipsOfVoice
	silence := func(from, to float64) []float64 { return make([]float64, int(between(from, to)*soundRate)) }
	pitch := between(0.94, 1.08)
	wave := append(silence(0.15, 1.15), stretch(clips[first], pitch, between(0.75, 0.95))...)
	for _, d := range digits {
		wave = append(wave, silence(0.3, 0.9)...)
		wave = append(wave, stretch(clips[first+1+int(d-'0')], pitch*between(0.96, 1.04), between(0.8, 1))...)
	}
	wave = append(wave, silence(0.2, 1.7)...)
	addNoise(rng, wave, between(0.004, 0.009))
	return wav(wave)
}

// stretch plays a clip faster and higher, or slower and lower, and louder or softer.
func stretch(clip []float64, speed, gain float64) []float64 {
	out := make([]float64, int(float64(len(clip)-1)/speed))
	for i := range out {
		at := float64(i) * speed
		k := int(at)
		t := at - float64(k)
		out[i] = gain * (clip[k]*(1-t) + clip[k+1]*t)
	}
	return out
}

// addNoise lays a soft breath and a hum under the whole, about 25 dB under the voice.
func addNoise(rng *rand.Rand, wave []float64, level float64) {
	hum, phase := 90+160*rng.Float64(), 2*math.Pi*rng.Float64()
	var slow float64
	for i := range wave {
		white := rng.NormFloat64()
		slow += 0.08 * (white - slow)
		swell := 1 + 0.5*math.Sin(float64(i)/soundRate*2.1+phase)
		wave[i] += level * swell * (0.7*white + 2*slow + 0.5*math.Sin(2*math.Pi*hum*float64(i)/soundRate+phase))
	}
}

// wav writes 16-bit samples, which every browser plays.
func wav(wave []float64) []byte {
	size := uint32(2 * len(wave))
	out := make([]byte, 0, 44+size)
	le := binary.LittleEndian
	out = le.AppendUint32(append(out, "RIFF"...), 36+size)
	out = le.AppendUint32(append(out, "WAVEfmt "...), 16)
	out = le.AppendUint16(le.AppendUint16(out, 1), 1) // PCM, one channel
	out = le.AppendUint32(le.AppendUint32(out, soundRate), 2*soundRate)
	out = le.AppendUint16(le.AppendUint16(out, 2), 16)
	out = le.AppendUint32(append(out, "data"...), size)
	for _, s := range wave {
		out = le.AppendUint16(out, uint16(int16(math.Round(32767*max(-1, min(1, s))))))
	}
	return out
}
