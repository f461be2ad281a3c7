package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"sharpeyes/config"
)

// reloads gives the configuration anew each time that its file is saved, and on SIGHUP; one that is
// wrong is logged and passed over. wait returns when ctx has ended and nothing is under way.
func reloads(ctx context.Context, path string, log *slog.Logger) (configs <-chan config.Config, wait func()) {
	out := make(chan config.Config)
	send := func(cfg config.Config, err error) {
		if err != nil {
			log.Error("the configuration is wrong; the old one stays in force", "error", err)
			return
		}
		select {
		case out <- cfg:
		case <-ctx.Done():
		}
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer signal.Stop(hup)
		for {
			select {
			case <-hup:
				send(config.Load(path, os.Environ()))
			case <-ctx.Done():
				return
			}
		}
	})
	if path != "" {
		wg.Go(func() {
			if err := config.Watch(ctx, path, os.Environ(), send); err != nil {
				log.Warn("the configuration's file isn't watched; send SIGHUP after a change", "error", err)
			}
		})
	}
	return out, wg.Wait
}
