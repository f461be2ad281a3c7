package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

type channelsSet struct {
	ID     string   `arg:"" help:"Id of the channel."`
	Fields []string `arg:"" placeholder:"FIELD=VALUE" help:"Like name=Gate class=1; an empty value takes a field back to its default; password=- reads it from standard input."`
}

// Run changes the fields; a channel that isn't there is registered, with these fields.
func (s channelsSet) Run(ctx context.Context, con console, c *channels) error {
	body, err := object(s.Fields, con.in)
	if err != nil {
		return err
	}
	raw, err := c.send(ctx, request{method: http.MethodPatch, path: channelPath(s.ID)}, body)
	verb := "changed"
	var p *problem
	if errors.As(err, &p) && p.Status == http.StatusNotFound {
		verb = "registered"
		fresh := make(map[string]any, len(body))
		for field, value := range body {
			if value != nil {
				fresh[field] = value
			}
		}
		raw, err = c.send(ctx, request{method: http.MethodPut, path: channelPath(s.ID),
			header: http.Header{"If-None-Match": {"*"}}}, fresh)
		if err != nil {
			err = fmt.Errorf("no channel %s is registered, and these fields can't register it: %w", s.ID, err)
		}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(con.out, raw)
	}
	_, err = fmt.Fprintf(con.out, "%s %s\n", verb, s.ID)
	return err
}

// object makes a JSON object of field=value words. A value of "" is null, which takes the field
// back to its default.
func object(words []string, in io.Reader) (map[string]any, error) {
	o := make(map[string]any, len(words))
	for _, word := range words {
		field, text, ok := strings.Cut(word, "=")
		if !ok || field == "" {
			return nil, usageError{fmt.Errorf("%q isn't FIELD=VALUE", word)}
		}
		if _, twice := o[field]; twice {
			return nil, usageError{fmt.Errorf("%s is there twice", field)}
		}
		value, err := fieldValue(field, text, in)
		if err != nil {
			return nil, err
		}
		o[field] = value
	}
	return o, nil
}

// fieldValue is the JSON of a field's value, as the CSV column of the same name takes it. Fields
// that aren't known here are text; the gateway knows them, or refuses them by name.
func fieldValue(field, text string, in io.Reader) (any, error) {
	if text == "" {
		return nil, nil
	}
	var value any
	var err error
	switch field {
	case "class", "record_days":
		value, err = strconv.Atoi(text)
	case "lon", "lat", "heading":
		value, err = strconv.ParseFloat(text, 64)
	case "enabled":
		value, err = strconv.ParseBool(text)
	case "tags":
		return strings.Split(text, ";"), nil
	case "password":
		if text != "-" {
			return text, nil
		}
		// A password on the command line is seen by everyone on the machine.
		line, err := io.ReadAll(io.LimitReader(in, 1<<10))
		return strings.TrimRight(string(line), "\r\n"), err
	default:
		return text, nil
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("%s=%s: the value can't be read", field, text)}
	}
	return value, nil
}
