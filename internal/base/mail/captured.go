package mail

import (
	"strings"

	"parvis/internal/base/db"
)

// CapturedPage lists a page of the demo's letter box, newest first, to the addresses that contain a text ("" finds
// all), and tells how many there are.
func CapturedPage(r db.Reader, address string, limit, offset int) ([]Captured, int, error) {
	pattern := "%" + strings.NewReplacer("\\", "\\\\", "%", "\\%", "_", "\\_").Replace(strings.ToLower(strings.TrimSpace(address))) + "%"
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from mail_captured where lower(to_address) like $1 escape '\'`, pattern)
	if err != nil {
		return nil, 0, err
	}
	all, err := db.List(r, scanCaptured, `select `+capturedColumns+` from mail_captured
		where lower(to_address) like $1 escape '\' order by id desc limit $2 offset $3`, pattern, limit, offset)
	return all, int(n), err
}
