package captcha

import "math/rand/v2"

// specimen is always the same test; no row stands behind it, so that no form takes its answer.
func specimen() Challenge {
	rng := rand.New(rand.NewPCG(2027, 1))
	name, images, _, err := drawPictures(rng)
	if err != nil { // the page then shows the check without pictures
		images = nil
	}
	return Challenge{Token: "specimen", Name: name, Pictures: images, Question: "Quel jour vient après mardi\u202f?"}
}
