package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"sharpeyes/gateway/e2e/benchtable"
	"sharpeyes/registry"
)

// memoryCommand makes this program measure the memory of a registry, in a process that holds
// nothing else.
const memoryCommand = "measure-memory"

// memory measures what a channel costs, with its indices and its status.
func (b *bench) memory(ctx context.Context, l *lite, c *cityFile) error {
	tx, err := registry.EncodeTransaction(registry.Transaction{ID: "bench", Put: c.channels}, registry.NewSealer([32]byte{1}))
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "city.transaction")
	if err := os.WriteFile(file, tx, 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, self, memoryCommand, file).Output()
	if err != nil {
		return fmt.Errorf("measure memory: %w", err)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		return err
	}
	const bar = 1.2
	var pages, size int64
	if err := l.db.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return err
	}
	if err := l.db.QueryRowContext(ctx, `PRAGMA page_size`).Scan(&size); err != nil {
		return err
	}
	b.table.Add(benchtable.Row{
		What: "memory of registry, indices and states, a channel", Measured: fmt.Sprintf("%.2f KiB", n/1024), Bar: "< 1.2 KiB",
		Other: fmt.Sprintf("%.2f KiB of file", float64(pages*size)/city/1024), Missed: n/1024 >= bar,
	})
	return nil
}

// measureMemory loads a transaction as a start does, asks every kind of question so that what is
// made only when it is needed is made, and prints the bytes a channel that stay.
func measureMemory(args []string) error {
	b, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	before := heap()
	tx, err := registry.DecodeTransaction(b, registry.NewSealer([32]byte{1}))
	if err != nil {
		return err
	}
	s, err := registry.Empty().Apply(tx, 1)
	if err != nil {
		return err
	}
	tx = registry.Transaction{}
	var st registry.Statuses
	i := 0
	for c := range s.All() {
		st.Set(c.ID, registry.Status{State: stateOf(i)})
		i++
	}
	if err := askEverything(s, &st); err != nil {
		return err
	}
	after := heap()
	runtime.KeepAlive(b)
	runtime.KeepAlive(tx)
	runtime.KeepAlive(s)
	runtime.KeepAlive(&st)
	_, err = fmt.Println(float64(after-before) / float64(s.Len()))
	return err
}

// askEverything makes all indices that are made only when they are needed.
func askEverything(s *registry.Snapshot, st *registry.Statuses) error {
	for _, p := range pages() {
		for _, sort := range []string{"id", "name", "site"} {
			q := p.query
			q.Sort = sort
			if _, err := s.Query(q, st); err != nil {
				return err
			}
		}
	}
	s.Stats([]string{"class", "site", "scenario"}, registry.Query{}, st)
	s.SiteTallies(registry.Query{}, st)
	return nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
