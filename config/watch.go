package config

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must stay the same before it is read as saved: longer than editors and
// copies take between truncating a file and filling it.
const settle = 200 * time.Millisecond

// Watch calls changed each time that the file at path was saved with other contents than before,
// with what Load gives for it, until the context ends. It watches the folder and not the file, so
// that it sees a file that is replaced by renaming, as editors do, and a link that is pointed
// elsewhere, as Kubernetes does. It returns an error only when it can't watch; it waits for changed
// to return, and two calls never overlap.
func Watch(ctx context.Context, path string, env []string, changed func(Config, error)) error {
	return watch(ctx, path, settle, func() {}, func(data []byte, err error) {
		if err != nil {
			changed(Config{}, err)
			return
		}
		changed(parse(path, data, env))
	})
}

// watch is Watch on bytes; it calls watching once no change can be missed any more.
func watch(ctx context.Context, path string, settle time.Duration, watching func(), changed func([]byte, error)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	defer w.Close()
	if err := w.Add(filepath.Dir(path)); err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil && filepath.Dir(target) != filepath.Dir(path) {
		// The file that a link names may also be written to where it is. It may vanish; the link counts.
		_ = w.Add(filepath.Dir(target))
	}
	known := look(path)
	watching()

	timer := time.NewTimer(settle)
	timer.Stop()
	pending := known // what the file held when it was last looked at
	armed := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-w.Events:
			if !ok {
				return nil
			}
		case _, ok := <-w.Errors:
			if !ok {
				return nil
			}
			// Too many changes at once to tell them all; the file is looked at as after any other.
		case <-timer.C:
			armed = false
			now := look(path)
			switch {
			case !now.same(pending):
				pending = now // it is still being written; look once more
			case now.same(known):
				continue
			default:
				known = now
				changed(now.data, now.err)
				continue
			}
		}
		// Other files of the folder may change all the time, so a change never puts off the look.
		if !armed {
			timer.Reset(settle)
			armed = true
		}
	}
}

// contents is what a file held, or why it couldn't be read.
type contents struct {
	data []byte
	err  error
}

func look(path string) contents {
	data, err := read(path)
	return contents{data: data, err: err}
}

func (c contents) same(o contents) bool {
	if c.err != nil || o.err != nil {
		return c.err != nil && o.err != nil && c.err.Error() == o.err.Error()
	}
	return bytes.Equal(c.data, o.data)
}
