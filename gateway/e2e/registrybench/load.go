package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sharpeyes/gateway/e2e/benchtable"
)

// asksASecond is how many pages are asked for over HTTP, whether earlier ones were answered or not.
const asksASecond = 200

// pagesOverHTTP asks a gateway for pages at a fixed rate while states change.
func (b *bench) pagesOverHTTP(ctx context.Context, g *gateway, l *lite, c *cityFile) error {
	if err := l.setStates(ctx, c); err != nil {
		return err
	}
	lites, err := litesOverHTTP(ctx, l, c)
	if err != nil {
		return err
	}
	base, stop, err := startChurning(ctx, filepath.Join(g.dir, "data"))
	if err != nil {
		return err
	}
	defer stop()
	const long = 5 * time.Second
	const count = int(long/time.Second) * asksASecond
	// What the machine and its network make of a question that costs nothing.
	nothing, err := ask(ctx, base+"/healthz", asksASecond, count)
	if err != nil {
		return err
	}
	p50, p99 := quantiles(nothing)
	b.table.Add(benchtable.Row{What: "over HTTP, nothing but \"alive\" (/healthz)", Measured: benchtable.Show(p50) + ", p99 " + benchtable.Show(p99)})
	for i, p := range pages() {
		took, err := ask(ctx, base+"/api/v1/channels?"+p.http, asksASecond, count)
		if err != nil { // too slow for the rate, perhaps; it has taken its time all the same
			benchtable.Progress("%s: %v", p.name, err)
		}
		p50, p99 := quantiles(took)
		b.page("over HTTP, by "+p.name, p50, p99, 5*time.Millisecond, lites[i], 0)
	}
	return nil
}

// litesOverHTTP is the median of each page out of SQLite over HTTP, asked for one after the other:
// the rate would be too much for it.
func litesOverHTTP(ctx context.Context, l *lite, c *cityFile) (lites []time.Duration, err error) {
	base, stop, err := serveSQLite(ctx, l)
	if err != nil {
		return nil, err
	}
	defer stop()
	still, err := l.churnFor(ctx, c.ids())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, still()) }()
	for _, p := range pages() {
		took, err := ask(ctx, base+"/?page="+url.QueryEscape(p.name), 0, 50)
		if err != nil {
			return nil, fmt.Errorf("SQLite: %s: %w", p.name, err)
		}
		p50, _ := quantiles(took)
		lites = append(lites, p50)
	}
	return lites, nil
}

// startChurning runs this program as a gateway whose states change.
func startChurning(ctx context.Context, dir string) (base string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, churnCommand, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	s := bufio.NewScanner(out)
	said := ""
	for s.Scan() {
		if said = s.Text(); strings.HasPrefix(said, "msg=ready http=") {
			return "http://" + strings.TrimPrefix(said, "msg=ready http="), stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("the churning gateway ended: %s", said)
}
