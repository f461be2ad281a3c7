package config

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// watcher runs watch on a file and gives what it tells.
func watcher(t *testing.T, path string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	told, done, watching := make(chan string, 16), make(chan error, 1), make(chan struct{})
	go func() {
		done <- watch(ctx, path, 5*time.Millisecond, func() { close(watching) }, func(data []byte, err error) {
			if err != nil {
				told <- "error: " + err.Error()
				return
			}
			told <- string(data)
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-watching
	return told
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWatchWriteAndRename(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.yaml")
	save(t, path, "one")
	told := watcher(t, path)

	save(t, path, "two")
	if got := <-told; got != "two" {
		t.Errorf("after a write: %q", got)
	}
	save(t, filepath.Join(dir, "other"), "noise")
	save(t, path, "two") // saved, but nothing changed
	save(t, filepath.Join(dir, "new"), "three")
	if err := os.Rename(filepath.Join(dir, "new"), path); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != "three" {
		t.Errorf("after a rename: %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != "error: reading the configuration: open "+path+": no such file or directory" {
		t.Errorf("after a removal: %q", got)
	}
	save(t, path, "three")
	if got := <-told; got != "three" {
		t.Errorf("after it came back: %q", got)
	}
}

func TestWatchLink(t *testing.T) {
	// As Kubernetes mounts a ConfigMap: gateway.yaml → ..data/gateway.yaml, ..data → a dated folder.
	dir := t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		save(t, filepath.Join(dir, version, "gateway.yaml"), version)
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("v1", "..data")
	link("..data/gateway.yaml", "gateway.yaml")
	told := watcher(t, filepath.Join(dir, "gateway.yaml"))
	link("v2", "..next")
	if err := os.Rename(filepath.Join(dir, "..next"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if got := <-told; got != "v2" {
		t.Errorf("got %q", got)
	}
}

func TestWatchLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	save(t, path, "data_dir: a\n")
	type answer struct {
		c   Config
		err error
	}
	ctx, cancel := context.WithCancel(t.Context())
	told, done := make(chan answer, 16), make(chan error, 1)
	go func() {
		done <- Watch(ctx, path, []string{"SHARPEYES_LOG_LEVEL=warn"}, func(c Config, err error) { told <- answer{c, err} })
	}()
	// Nothing says when Watch began to watch, so the file is written until it noticed.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var got answer
	for waiting, n := true, 0; waiting; {
		select {
		case got = <-told:
			waiting = false
		case <-tick.C:
			if n++; n%50 == 1 {
				save(t, path, "data_dir: b\n"+"# "+time.Duration(n).String()+"\n")
			}
		}
	}
	if got.err != nil || got.c.DataDir != "b" || got.c.Log.Level != "warn" {
		t.Errorf("got %+v, %v", got.c, got.err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWatchNoFolder(t *testing.T) {
	if err := Watch(t.Context(), filepath.Join(t.TempDir(), "no", "gateway.yaml"), nil, nil); err == nil {
		t.Error("watches a folder that isn't there")
	}
}
