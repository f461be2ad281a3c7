package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

type channelsShow struct {
	ID string `arg:"" help:"Id of the channel."`
}

// Run shows one channel, a line for each field.
func (s channelsShow) Run(ctx context.Context, con console, c *channels) error {
	raw, err := c.ask(ctx, request{method: http.MethodGet, path: channelPath(s.ID)}, nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	if err := fields(&t, "", raw); err != nil {
		return fmt.Errorf("reading the channel: %w", err)
	}
	return t.write(con.out)
}

// fields adds a row for each field of a JSON object, in its order; an object within it is
// flattened: status.state.
func fields(t *table, prefix string, raw json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("the gateway's answer isn't a JSON object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		key := prefix + fmt.Sprint(name)
		var list []any
		var text string
		switch {
		case value[0] == '{':
			if err := fields(t, key+".", value); err != nil {
				return err
			}
		case json.Unmarshal(value, &text) == nil:
			t.add(key, text)
		case json.Unmarshal(value, &list) == nil:
			t.add(key, strings.Trim(fmt.Sprint(list), "[]"))
		default:
			t.add(key, string(value))
		}
	}
	return nil
}
