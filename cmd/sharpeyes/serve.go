package main

import (
	"context"
	"fmt"
	"os"

	"sharpeyes/config"
	"sharpeyes/gateway"
)

// serve is the command that runs the gateway.
type serve struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration; every key has a default. See: sharpeyes config default"`
}

// Run runs the gateway until a signal.
func (s serve) Run(ctx context.Context, con console) error {
	cfg, err := config.Load(s.Config, os.Environ())
	if err != nil {
		return err
	}
	log, level := newLog(con.err, cfg.Log)
	ctx, cancel := context.WithCancel(ctx)
	configs, wait := reloads(ctx, s.Config, log)
	defer wait()
	defer cancel() // first: wait is for the end of ctx
	return gateway.Run(ctx, cfg, gateway.Options{
		Log:     log,
		Level:   level,
		Version: version(),
		Reload:  configs,
		Password: func(user, password string) {
			fmt.Fprintf(con.out, "Made the first administrator: user %s, password %s\nWrite it down; it isn't shown again.\n", user, password)
		},
	})
}
