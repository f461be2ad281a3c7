//go:build linux

// Command motionbench measures how well motion is found, what that costs, and how soon it is an alert: films
// made with ffmpeg, in which something of a known size moves at known times in front of still, noisy, swaying,
// raining, dark and flickering scenes, encoded as cameras do; the detector's own time for a stream; and ten
// thousand motion events a second through a gateway with rules. It prints one table of figures beside their
// bars. "make bench-motion" runs it. It needs Linux, ffmpeg, and about ten minutes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/pion/rtp"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/streams/motion"
)

// bench is one run.
type bench struct {
	binary string
	dir    string // for everything that is written
	scenes *regexp.Regexp
	out    io.Writer
	table  benchtable.Table
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	missed, err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "motionbench:", err)
		os.Exit(1)
	case missed > 0:
		fmt.Fprintf(os.Stderr, "motionbench: %d bars missed\n", missed)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (missed int, err error) {
	b := &bench{out: os.Stdout, table: benchtable.Table{Other: "note"}}
	flags := flag.NewFlagSet("motionbench", flag.ContinueOnError)
	binary := flags.String("binary", "bin/sharpeyes", "the built program")
	only := flags.String("run", ".", "parts to run, a regular expression: truth, cost, rules")
	which := flags.String("scenes", ".", "scenes and encoders, a regular expression over both")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	parts, err := regexp.Compile(*only)
	if err != nil {
		return 0, fmt.Errorf("-run: %w", err)
	}
	if b.scenes, err = regexp.Compile(*which); err != nil {
		return 0, fmt.Errorf("-scenes: %w", err)
	}
	if b.binary, err = filepath.Abs(*binary); err != nil {
		return 0, err
	}
	if b.dir, err = os.MkdirTemp("", "motionbench-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(b.dir)
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"cost", b.cost}, {"rules", b.rules}, {"truth", b.truth}} {
		if !parts.MatchString(part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return 0, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.table.Write(b.out)
}

// say adds a figure, and whether it is as good as its bar asks.
func (b *bench) say(what, measured, bar string, good bool) {
	b.table.Add(benchtable.Row{What: what, Measured: measured, Bar: bar, Missed: bar != "" && !good})
}

func percentile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(float64(len(sorted))*q), len(sorted)-1)]
}

// cost is the detector's own time for a stream of 2 Mbit/s: 25 pictures a second of 7 packets, and a keyframe.
func (b *bench) cost(context.Context) error {
	const seconds, pictures = 3000, 25
	payload := make([]byte, 1400)
	payload[0], payload[1] = 0x7c, 0x41 // a fragment of a slice
	d := motion.New(motion.H264, motion.Config{Sensitivity: sensitivity, Hold: hold})
	at, n := time.Unix(1_700_000_000, 0), uint16(0)
	began := time.Now()
	for s := range seconds {
		for p := range pictures {
			packets := 7
			if p == 0 {
				packets = 20
			}
			for i := range packets {
				n++
				head := byte(0x01)
				if p == 0 {
					head = 0x05
				}
				if i == 0 {
					head |= 0x80
				}
				payload[1] = head
				d.Packet(&rtp.Packet{Header: rtp.Header{
					SequenceNumber: n, Timestamp: uint32((s*pictures + p) * 3600), Marker: i == packets-1,
				}, Payload: payload}, at)
			}
			at = at.Add(time.Second / pictures)
		}
	}
	a := time.Since(began) / seconds // of processor time for a second of a stream
	if a <= 0 {
		return errors.New("the clock stands still")
	}
	streams := float64(time.Second) / float64(a)
	b.say("processor time for a second of a stream of 2 Mbit/s", a.Round(100*time.Nanosecond).String(), "", true)
	b.say("streams of 2 Mbit/s on one core, sizes only", fmt.Sprintf("%.0f", streams), "1000", streams >= 1000)
	return nil
}
