// Command registrybench measures the registry at a city's scale against its bars, beside SQLite
// doing the same in the same run, and prints one table. It is a module of its own, so that the
// gateway's list of requirements stays free of SQLite. "make bench-registry" runs it.
//
// SQLite (modernc.org/sqlite) is given every advantage that costs the comparison nothing: no
// validation of rows, no encryption of passwords, no events, prepared statements, ANALYZE, all of
// the city in its cache, a trigram index for text and an R-tree for positions, which are made
// outside the measured time.
//
// The gateway is the built binary, spoken to over HTTP; what is measured inside the process calls
// the packages themselves. Only for queries under 3,000 changes of state a second, which no camera
// could be made to give, the gateway is this program run again: the same store, API and
// publisher, with the changes made by hand.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"sharpeyes/gateway/e2e/benchtable"
)

// city is the number of channels of the reference city.
const city = 62283

// bench is one run.
type bench struct {
	binary string
	dir    string // for everything that is written
	sizes  []int  // of the growth
	only   *regexp.Regexp
	out    io.Writer
	table  benchtable.Table
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	missed, err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "registrybench:", err)
		os.Exit(1)
	case missed > 0:
		fmt.Fprintf(os.Stderr, "registrybench: %d bars missed\n", missed)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (missed int, err error) {
	if len(args) > 0 && args[0] == churnCommand {
		return 0, serveChurning(ctx, args[1:])
	}
	if len(args) > 0 && args[0] == askCommand {
		return 0, runAsker(args[1:])
	}
	if len(args) > 0 && args[0] == memoryCommand {
		return 0, measureMemory(args[1:])
	}
	flags := flag.NewFlagSet("registrybench", flag.ContinueOnError)
	binary := flags.String("binary", "../../../bin/sharpeyes", "the built program")
	sizes := flags.String("sizes", "62283,125000,250000,500000", "channels of the growth, the first being the city's")
	only := flags.String("run", ".", "parts to run, a regular expression: import, geojson, edit, process, http, memory, growth")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	b := &bench{out: os.Stdout, table: benchtable.Table{Other: "SQLite"}}
	if b.only, err = regexp.Compile(*only); err != nil {
		return 0, fmt.Errorf("-run: %w", err)
	}
	for word := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return 0, fmt.Errorf("-sizes: %q isn't a number of channels", word)
		}
		b.sizes = append(b.sizes, n)
	}
	if b.binary, err = filepath.Abs(*binary); err != nil {
		return 0, err
	}
	if _, err := os.Stat(b.binary); err != nil {
		return 0, fmt.Errorf("%w; run make build first", err)
	}
	if b.dir, err = os.MkdirTemp("", "registrybench-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(b.dir)
	if err := b.all(ctx); err != nil {
		return 0, err
	}
	return b.table.Write(b.out)
}

// all measures everything, one thing at a time.
func (b *bench) all(ctx context.Context) error {
	c, err := newCity(city, filepath.Join(b.dir, "city.csv"))
	if err != nil {
		return err
	}
	benchtable.Progress("SQLite: import")
	lite, err := openSQLite(ctx, filepath.Join(b.dir, "city.sqlite"))
	if err != nil {
		return err
	}
	defer lite.close()
	imported, err := lite.importFile(ctx, c.file)
	if err != nil {
		return err
	}
	g := &gateway{binary: b.binary, dir: filepath.Join(b.dir, "city")}
	defer g.kill()
	took, err := g.start(ctx, 0)
	if err != nil {
		return err
	}
	benchtable.Progress("gateway: ready after %v with an empty registry", took)
	if err := b.imports(ctx, g, lite, c, imported); err != nil {
		return err
	}
	if err := lite.addSearch(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"geojson", func(ctx context.Context) error { return b.geojson(ctx, g, lite) }},
		{"edit", func(ctx context.Context) error { return b.edits(ctx, g, lite, c) }},
		{"process", func(ctx context.Context) error { g.kill(); return b.pagesInProcess(ctx, lite, c) }},
		{"http", func(ctx context.Context) error { g.kill(); return b.pagesOverHTTP(ctx, g, lite, c) }},
		{"memory", func(ctx context.Context) error { g.kill(); return b.memory(ctx, lite, c) }},
		{"growth", func(ctx context.Context) error { g.kill(); return b.growth(ctx) }},
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
