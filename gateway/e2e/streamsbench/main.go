//go:build linux

// Command streamsbench measures how the gateway brings pictures from cameras to readers against its
// bars, beside a bare reference relay doing the same work in the same run, and prints one table.
// "make bench-streams" runs it. It needs Linux, the machine for itself, and some minutes.
//
// Everything is on the loopback network, each in a process of its own: the cameras, the gateway (the
// built binary), the reference, and the readers. The cameras send what looks like 1080p H.264 to all
// who don't decode it, 2 Mbit/s and 25 pictures a second, and write into each picture when they
// sent it; so the readers know for each how long it took. All four share the processors, and a CPU
// figure is that of the server's process alone, from /proc.
//
// The reference is the least program that does the work; see its type. What is compared with it is
// measured in alternating repeats, and medians are compared. On one machine its figures differ by a
// fifth from hour to hour, and the gateway's with them: the ratio is what counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// bench is one run.
type bench struct {
	binary string
	dir    string // for everything that is written
	only   *regexp.Regexp
	motion string // of all channels
	table  benchtable.Table

	repeats int
	window  time.Duration // that is measured of each repeat
	warm    time.Duration // before it

	cameras *child
	port    int       // theirs
	servers [2]server // the reference and the gateway
}

// The places in what is measured of both.
const (
	theirs = iota
	ours
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	played, err := play(ctx, os.Args[1:])
	missed := 0
	if !played {
		missed, err = run(ctx, os.Args[1:])
	}
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "streamsbench:", err)
		os.Exit(1)
	case missed > 0:
		fmt.Fprintf(os.Stderr, "streamsbench: %d bars missed\n", missed)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (missed int, err error) {
	flags := flag.NewFlagSet("streamsbench", flag.ContinueOnError)
	binary := flags.String("binary", "bin/sharpeyes", "the built program")
	only := flags.String("run", ".", "parts to run, a regular expression: pulls, fanout, crowd, late, cold, share, dead, memory, idle")
	short := flags.Bool("short", false, "one repeat of a few seconds, to see that everything works")
	motion := flags.String("motion", "auto", "of all channels: auto, so that the gateway looks at all that it pulls, or off")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	b := &bench{motion: *motion, table: benchtable.Table{Other: "reference"}, repeats: 3, window: 10 * time.Second, warm: 4 * time.Second}
	if *short {
		b.repeats, b.window, b.warm = 1, 4*time.Second, 3*time.Second
	}
	if b.only, err = regexp.Compile(*only); err != nil {
		return 0, fmt.Errorf("-run: %w", err)
	}
	if b.binary, err = filepath.Abs(*binary); err != nil {
		return 0, err
	}
	if _, err := os.Stat(b.binary); err != nil {
		return 0, fmt.Errorf("%w; run make build first", err)
	}
	if b.dir, err = os.MkdirTemp("", "streamsbench-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(b.dir)
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		benchtable.Progress("load of the machine before anything was begun: %.14s", load)
	}
	if err := b.all(ctx); err != nil {
		return 0, err
	}
	return b.table.Write(os.Stdout)
}

// all measures everything, one thing at a time.
func (b *bench) all(ctx context.Context) (err error) {
	var told struct{ Port int }
	if b.cameras, err = startChild(ctx, &told, roleCameras); err != nil {
		return err
	}
	defer b.cameras.end()
	b.port = told.Port
	reference, err := b.startReference(ctx)
	if err != nil {
		return err
	}
	defer reference.end()
	g, err := b.startGateway(ctx, "gateway")
	if err != nil {
		return err
	}
	defer g.stop()
	b.servers = [2]server{theirs: reference.server, ours: g.server}
	for _, kind := range []string{live, long, key, mute} {
		if err := g.register(ctx, kind, registered, b.port); err != nil {
			return err
		}
	}
	if err := g.settle(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"pulls", b.pulls}, {"fanout", b.fanOut}, {"crowd", b.crowds}, {"late", b.lateJoins}, {"cold", b.coldJoins},
		{"share", b.share}, {"dead", b.deadCameras}, {"memory", b.memory}, {"idle", b.idle},
	} {
		if !b.only.MatchString(part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// registered is how many channels of each kind of camera the gateway knows.
const registered = 2000

// relayProcess is a running reference relay.
type relayProcess struct {
	server
	*child
}

func (b *bench) startReference(ctx context.Context) (relayProcess, error) {
	var told struct{ Port int }
	c, err := startChild(ctx, &told, roleReference, strconv.Itoa(b.port))
	if err != nil {
		return relayProcess{}, err
	}
	return relayProcess{server{"reference", fmt.Sprintf("127.0.0.1:%d", told.Port), c.cmd.Process.Pid}, c}, nil
}

// rest waits until nothing is pulled any more.
func (b *bench) rest(ctx context.Context) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		var s farmStats
		if err := b.cameras.ask("stats", &s); err != nil {
			return err
		}
		if s.Sessions == 0 {
			return sleep(ctx, 200*time.Millisecond)
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("cameras are still pulled that nobody plays")
}

// crowd has readers play on one server.
func (b *bench) crowd(ctx context.Context, s server, kind string, channels, readers int, warm, window time.Duration) (r crowdResult, err error) {
	var cameras farmStats
	if err := b.rest(ctx); err != nil {
		return r, err
	}
	if err := b.cameras.ask("reset", &cameras); err != nil {
		return r, err
	}
	err = runChild(ctx, &r, roleCrowd, "-server", s.address, "-pid", strconv.Itoa(s.pid), "-kind", kind,
		"-channels", strconv.Itoa(channels), "-readers", strconv.Itoa(readers), "-warm", warm.String(), "-window", window.String())
	if err != nil {
		return r, err
	}
	if err := b.cameras.ask("stats", &cameras); err != nil {
		return r, err
	}
	if cameras.Late > 0 {
		r.Errors["didn't take what a camera sent"] = cameras.Late
	}
	benchtable.Progress("  %s, %d × %d: %.3f CPU s a Gbit, %d lost, %d missing, %d uneven, lag p99 %s, most %s, %d MiB, errors %v; readers took %.0f%% of a processor, cameras were up to %s late",
		s.name, channels, readers, r.cost(), r.Lost, r.Missing, r.Uneven, benchtable.Show(r.LagP99), benchtable.Show(r.LagMost),
		r.Server.Resident>>20, r.Errors, 100*r.Self.Seconds()/r.Window.Seconds(), benchtable.Show(cameras.Behind))
	return r, nil
}

// joins has readers join channels of one server.
func (b *bench) joins(ctx context.Context, s server, args ...string) (r joinResult, err error) {
	if err := b.rest(ctx); err != nil {
		return r, err
	}
	if err := runChild(ctx, &r, roleJoins, append([]string{"-server", s.address}, args...)...); err != nil {
		return r, err
	}
	benchtable.Progress("  %s, joins %v: keyframe p50 %s, p95 %s, PLAY answered p50 %s, %d sent something else first, errors %v", s.name, args,
		benchtable.Show(quantile(r.Keyframes, 0.5)), benchtable.Show(quantile(r.Keyframes, 0.95)), benchtable.Show(quantile(r.Answered, 0.5)), r.Early, r.Errors)
	return r, nil
}

// both measures the reference and the gateway in turn, and turns the order around each time.
func (b *bench) both(repeats int, measure func(who, repeat int) error) error {
	for i := range repeats {
		for n := range b.servers {
			who := n
			if i%2 == 1 {
				who = len(b.servers) - 1 - n
			}
			if err := measure(who, i); err != nil {
				return fmt.Errorf("%s: %w", b.servers[who].name, err)
			}
		}
	}
	return nil
}
