//go:build linux

// Command healthbench measures whether the gateway's word on its cameras can be believed: that it probes
// a whole city on time and cheaply, that each kind of fault is reported for what it is and in time and
// nothing else is reported, that a district that goes dark is one event, that lost probes are none, and
// how soon a change is heard of. It prints one table of figures beside their bars, and the matrix of
// what was reported against what was true. "make bench-health" runs it. It needs Linux, the machine for
// itself, and about 40 minutes; an hour more with -steady 1h.
//
// The gateway is the built binary, in a process of its own; its processor time is that of this process
// alone. The cameras and the subscriber are in the process of the benchmark: thousands of simulated
// cameras, each with an address of its own on the loopback network. One that dies there accepts a
// connection and resets it, since all share one socket; those that are to refuse have a socket each,
// which is closed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// bench is one run.
type bench struct {
	binary   string
	dir      string // for everything that is written
	only     *regexp.Regexp
	kinds    *regexp.Regexp // of faults
	channels int            // of the city
	each     int            // cameras of each kind of fault
	steady   time.Duration
	noise    time.Duration
	rate     time.Duration // how long changes are made
	look     time.Duration // health.deep_interval of the matrix
	log      *slog.Logger
	table    benchtable.Table
	matrix   matrix
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	missed, err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "healthbench:", err)
		os.Exit(1)
	case missed > 0:
		fmt.Fprintf(os.Stderr, "healthbench: %d bars missed\n", missed)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (missed int, err error) {
	b := &bench{table: benchtable.Table{Other: "note"}, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	flags := flag.NewFlagSet("healthbench", flag.ContinueOnError)
	binary := flags.String("binary", "bin/sharpeyes", "the built program")
	only := flags.String("run", ".", "parts to run, a regular expression: steady, district, noise, matrix, latency")
	kinds := flags.String("kinds", ".", "kinds of faults, a regular expression: flapping, dead, mute, refusing, wrong password, silent, frozen")
	flags.IntVar(&b.channels, "channels", 62283, "channels of the city")
	flags.IntVar(&b.each, "each", 1000, "cameras of each kind of fault")
	flags.DurationVar(&b.steady, "steady", 10*time.Minute, "how long the city is probed")
	flags.DurationVar(&b.noise, "noise", 10*time.Minute, "how long probes are lost")
	flags.DurationVar(&b.rate, "changes", 30*time.Second, "how long there are 1,000 changes a second")
	flags.DurationVar(&b.look, "look", 4*time.Minute, "how often each stream is looked at while cameras break")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if b.only, err = regexp.Compile(*only); err != nil {
		return 0, fmt.Errorf("-run: %w", err)
	}
	if b.kinds, err = regexp.Compile(*kinds); err != nil {
		return 0, fmt.Errorf("-kinds: %w", err)
	}
	if b.channels < 100 || b.each < 1 {
		return 0, errors.New("-channels: at least 100; -each: at least 1")
	}
	if b.binary, err = filepath.Abs(*binary); err != nil {
		return 0, err
	}
	if _, err := os.Stat(b.binary); err != nil {
		return 0, fmt.Errorf("%w; run make build first", err)
	}
	if b.dir, err = os.MkdirTemp("", "healthbench-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(b.dir)
	var heart heart
	defer heart.stop()
	heart.start()
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"steady|district|noise", b.wholeCity},
		{"matrix", b.faults},
		{"latency", b.latency},
	} {
		if err := part.run(ctx); err != nil {
			return 0, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.table.Add(benchtable.Row{What: "the longest that this program was held up itself", Measured: benchtable.Show(heart.stop()), Other: "much of it spoils all figures"})
	b.matrix.write(os.Stdout)
	return b.table.Write(os.Stdout)
}

// wants reports whether a part is to be run.
func (b *bench) wants(part string) bool { return b.only.MatchString(part) }

// bar adds a figure that may not be over a bar.
func (b *bench) bar(what string, measured, most float64, format, note string) {
	b.table.Add(benchtable.Row{
		What: what, Measured: fmt.Sprintf(format, measured), Bar: "≤ " + fmt.Sprintf(format, most), Other: note, Missed: measured > most,
	})
}

// pause waits, unless the run is ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
