package main

import (
	"context"
	"fmt"
	"net/http"
)

// keys is the commands on the key that the cameras' passwords are kept with.
type keys struct {
	client
	Rotate keysRotate `cmd:"" help:"Make a new key, and seal all passwords with it."`
}

type keysRotate struct{}

// Run has the gateway rotate its key.
func (keysRotate) Run(ctx context.Context, con console, k *keys) error {
	var done struct {
		Key      string `json:"key"`
		Resealed int    `json:"resealed"`
		Version  uint64 `json:"version"`
	}
	ctx, cancel := context.WithTimeout(ctx, transfer)
	defer cancel()
	raw, err := k.ask(ctx, request{method: http.MethodPost, path: "/keys:rotate"}, &done)
	if err != nil {
		return err
	}
	if k.JSON {
		return writeJSON(con.out, raw)
	}
	_, err = fmt.Fprintf(con.out, "sealed %d passwords with the new key %s (version %d)\n", done.Resealed, done.Key, done.Version)
	return err
}
