package revert

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Text is a row as JSON, its columns in order, for a column of whoever keeps changes; "" for no row.
func (row Row) Text() (string, error) {
	if row == nil {
		return "", nil
	}
	out := make(map[string]any, len(row))
	for column, v := range row {
		if raw, ok := v.([]byte); ok {
			v = map[string]string{"bytes": base64.StdEncoding.EncodeToString(raw)}
		}
		out[column] = v
	}
	text, err := json.Marshal(out)
	return string(text), err
}

// ParseRow reads what Text wrote.
func ParseRow(text string) (Row, error) {
	if text == "" {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	row := Row{}
	if err := d.Decode(&row); err != nil {
		return nil, fmt.Errorf("read kept row: %w", err)
	}
	for column, v := range row {
		switch v := v.(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, fmt.Errorf("read kept row: %w", err)
			}
			row[column] = n
		case map[string]any:
			text, _ := v["bytes"].(string)
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, fmt.Errorf("read kept row: %w", err)
			}
			row[column] = raw
		}
	}
	return row, nil
}
