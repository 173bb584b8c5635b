package admission

import (
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// follow gives each imported account the word of where it stands, from the account, its last activation and the
// outbox.
const follow = `with followed as (
	select c.id, c.person, c.username, c.email, c.state, p.last_name, p.first_names, p.folded, coalesce(v.created_at, 0) as sent_at,
		coalesce(v.expires_at, 0) as expires_at, case
			when c.state <> 'unclaimed' then 'active'
			when v.id is null and c.email = '' then 'sans_adresse'
			when v.id is null then 'jamais'
			when v.by_post = true then 'lettre'
			when v.opened_at is not null then 'ouvert'
			when m.state = 'sent' then 'envoye'
			when m.state = 'deferred' then 'differe'
			when m.state in ('bounced', 'dropped') then 'refuse'
			else 'en_attente' end as word
	from account c
	join person p on p.id = c.person
	left join activation v on v.account = c.id and v.replaced_at is null
	left join mail_outbox m on m.id = v.mail
	where c.audience = 'citizen' and c.state not in ('unconfirmed', 'closed') and (c.state = 'unclaimed' or v.id is not null)
)`

// Followed is one account in the list that agents follow.
type Followed struct {
	Account              account.ID
	Username, Email      string
	LastName, FirstNames string
	SentAt, ExpiresAt    civil.Instant
	Word                 Word
	State                account.State
	Family               family.ID // of the owner's file, "" when the reader of the list may not open it
}

// Name is "Camille Martin".
func (f Followed) Name() string { return strings.TrimSpace(f.FirstNames + " " + f.LastName) }

// Mark is where the account stands on its way in, or, once claimed, the account's own state.
func (f Followed) Mark() web.Mark {
	if f.Word == WordActive && f.State != account.Active {
		return web.Mark{Tone: web.Neutral, Icon: "x", Word: f.State.Label()}
	}
	return f.Word.Mark()
}

func scanFollowed(s db.Scanner) (Followed, error) {
	var f Followed
	err := s.Scan(&f.Account, &f.Username, &f.Email, &f.LastName, &f.FirstNames, &f.SentAt, &f.ExpiresAt, &f.Word, &f.State, &f.Family)
	return f, err
}

const perPage = 50

// Reach is which accounts an agent's page may show: those whose owner is in a family that one of the agent's services
// knows, or all of them.
type Reach struct{ services []string }

// ReachOf is the reach of a right.
func ReachOf(a actor.Actor, right actor.Right) Reach {
	if a.Kind == actor.System || a.CanFor(right, actor.AllServices) {
		return Reach{}
	}
	return Reach{services: append([]string{"none"}, a.Rights[right]...)}
}

// marks is the services between bars, for the clause below; "" reaches all.
func (x Reach) marks() string {
	if x.services == nil {
		return ""
	}
	return "|" + strings.Join(x.services, "|") + "|"
}

// within keeps the rows of followed that a reach holds; it takes the place of $1.
const within = ` ($1 = '' or exists (select 1 from family_member fm join family_service fs on fs.family = fm.family
	where fm.person = followed.person and fm.to_day is null and fm.state = 'approved' and $1 like '%|' || fs.service || '|%'))`

// NoReach is the reach of who holds no right.
func NoReach() Reach { return Reach{services: []string{"none"}} }

// files is the reach of an agent among families' files.
func files(a actor.Actor) Reach {
	if !a.Can(family.FileRead) {
		return NoReach()
	}
	return ReachOf(a, family.FileRead)
}

// file is the family whose file shows the owner, the one that they hold first, among those of a reach; it takes the
// place of $2.
const file = ` coalesce((select fm.family from family_member fm where fm.person = followed.person and fm.to_day is null
	and fm.state = 'approved' and ($2 = '' or exists (select 1 from family_service fs where fs.family = fm.family
		and $2 like '%|' || fs.service || '|%'))
	order by case fm.role when 'holder' then 0 when 'coholder' then 1 when 'member' then 2 else 3 end, fm.family limit 1), '')`

// Follow lists a page of accounts, counted from 1, by name; word "" and query "" filter nothing. families is the reach
// among families' files, NoReach for none.
func Follow(r db.Reader, reach, families Reach, word Word, query string, page int) ([]Followed, error) {
	return db.List(r, scanFollowed, follow+` select id, username, email, last_name, first_names, sent_at, expires_at, word, state,`+file+`
		from followed where`+within+` and ($3 = '' or word = $3) and ($4 = '' or folded like $5 or email = $4)
		order by folded, id limit $6 offset $7`, reach.marks(), families.marks(), string(word), strings.ToLower(query), pattern(query),
		perPage, (page-1)*perPage)
}

// pattern finds a name anywhere in the folded one; what folds to nothing (an address is looked up whole) finds none.
func pattern(query string) string {
	if folded := person.Fold(query); folded != "" && !strings.Contains(query, "@") {
		return "%" + folded + "%"
	}
	return ""
}

// Counts tells how many accounts stand at each word.
func Counts(r db.Reader, reach Reach, query string) (map[Word]int64, error) {
	type row struct {
		word Word
		n    int64
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var one row
		err := s.Scan(&one.word, &one.n)
		return one, err
	}, follow+` select word, count(*) from followed where`+within+` and ($2 = '' or folded like $3 or email = $2) group by word`,
		reach.marks(), strings.ToLower(query), pattern(query))
	counts := map[Word]int64{}
	for _, one := range rows {
		counts[one.word] = one.n
	}
	return counts, err
}

// WordOf is where one account stands; an account that nobody follows, or out of reach, is NotFound.
func WordOf(r db.Reader, reach Reach, id account.ID) (Followed, error) {
	return followed(r, reach, NoReach(), id)
}

func followed(r db.Reader, reach, families Reach, id account.ID) (Followed, error) {
	return db.One(r, "account", scanFollowed, follow+` select id, username, email, last_name, first_names, sent_at, expires_at, word, state,`+file+`
		from followed where`+within+` and id = $3`, reach.marks(), families.marks(), string(id))
}
