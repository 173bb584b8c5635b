package admission

import "parvis/internal/base/web"

// Word is where an account stands on its way in.
type Word string

// The words, in the order of the filters.
const (
	WordNever     Word = "jamais"
	WordNoAddress Word = "sans_adresse"
	WordQueued    Word = "en_attente"
	WordSent      Word = "envoye"
	WordDeferred  Word = "differe"
	WordBounced   Word = "refuse"
	WordOpened    Word = "ouvert"
	WordLetter    Word = "lettre"
	WordActive    Word = "active"
)

// Words lists them in the order of the filters.
func Words() []Word {
	return []Word{WordNever, WordNoAddress, WordQueued, WordSent, WordDeferred, WordBounced, WordOpened, WordLetter, WordActive}
}

// Mark is the word with its icon and tone.
func (w Word) Mark() web.Mark {
	switch w {
	case WordNever:
		return web.Mark{Tone: web.Outline, Icon: "free", Word: "Jamais envoyé"}
	case WordNoAddress:
		return web.Mark{Tone: web.Warning, Icon: "alert", Word: "Sans e-mail"}
	case WordQueued:
		return web.Mark{Tone: web.Neutral, Icon: "clock", Word: "En attente"}
	case WordSent:
		return web.Mark{Tone: web.Info, Icon: "mail", Word: "Envoyé"}
	case WordDeferred:
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Différé"}
	case WordBounced:
		return web.Mark{Tone: web.Error, Icon: "x", Word: "Refusé"}
	case WordOpened:
		return web.Mark{Tone: web.Info, Icon: "eye", Word: "Ouvert"}
	case WordLetter:
		return web.Mark{Tone: web.Info, Icon: "printer", Word: "Lettre imprimée"}
	case WordActive:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Activé"}
	}
	return web.Mark{}
}
