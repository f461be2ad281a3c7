package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// The form of the log and of the snapshots that shorten it: lines of JSON, so that what is kept can
// be read with common tools, and a long one decoded by all cores at once. The first line is a
// header with the version of the form and the numbers of sites and channels, whose lines follow.
// But for the nonces of sealed passwords, the same content always gives the same bytes.

// The versions of the form. What needs nothing of the second is written in the first, so that a
// program that knows only that can read it; one that doesn't know windows of maintenance must not
// overlook them.
const (
	formVersion            = 1
	formVersionMaintenance = 2
)

// ErrForm says that a transaction or snapshot isn't in a form that this program reads: damaged, or
// written by a later version.
var ErrForm = errors.New("unreadable registry record")

// record is a channel as it is kept, its password sealed.
type record struct {
	plain
	Sealed []byte `json:"sealed_password,omitempty"`
}

// header is the first line. Only a transaction has the fields from ID to DeleteSites.
type header struct {
	V           int       `json:"v"`
	Version     uint64    `json:"version,omitempty"` // of a snapshot
	ID          string    `json:"id,omitempty"`
	At          time.Time `json:"at,omitzero"`
	By          string    `json:"by,omitempty"`
	Action      string    `json:"action,omitempty"`
	Delete      []string  `json:"delete,omitempty"`
	DeleteSites []string  `json:"delete_sites,omitempty"`
	// Maintenance are the windows that a transaction puts, or all those of a snapshot.
	Maintenance       []Maintenance `json:"maintenance,omitempty"`
	DeleteMaintenance []string      `json:"delete_maintenance,omitempty"`

	Sites    int `json:"sites"`    // lines
	Channels int `json:"channels"` // lines, after those of the sites
}

// EncodeTransaction is the transaction as the log keeps it, passwords sealed.
func EncodeTransaction(tx Transaction, sealer Sealer) ([]byte, error) {
	h := header{
		ID: tx.ID, At: tx.At.UTC(), By: tx.By, Action: tx.Action, Delete: tx.Delete, DeleteSites: tx.DeleteSites,
		Maintenance: tx.Maintenance, DeleteMaintenance: tx.DeleteMaintenance, Channels: len(tx.Put),
	}
	var b bytes.Buffer
	b.Grow(512 * (len(tx.Put) + 1))
	if err := encodeForm(&b, h, tx.Sites, slices.Values(tx.Put), sealer); err != nil {
		return nil, fmt.Errorf("encode transaction %s: %w", tx.ID, err)
	}
	return b.Bytes(), nil
}

// DecodeTransaction reads what EncodeTransaction made. The error wraps ErrForm or ErrSealed.
func DecodeTransaction(b []byte, sealer Sealer) (Transaction, error) {
	h, sites, channels, err := decodeForm(b, sealer)
	if err != nil {
		return Transaction{}, fmt.Errorf("decode transaction: %w", err)
	}
	return Transaction{
		ID: h.ID, At: h.At, By: h.By, Action: h.Action, Delete: h.Delete, DeleteSites: h.DeleteSites,
		Put: channels, Sites: sites, Maintenance: h.Maintenance, DeleteMaintenance: h.DeleteMaintenance,
	}, nil
}

// EncodeSnapshot writes the whole registry with its version, passwords sealed. It writes a channel at
// a time: a city's snapshot in one piece would be by far the largest thing in memory.
func EncodeSnapshot(w io.Writer, s *Snapshot, sealer Sealer) error {
	h := header{Version: s.version, Maintenance: s.Maintenances(), Channels: s.Len()}
	if err := encodeForm(w, h, s.described, s.All(), sealer); err != nil {
		return fmt.Errorf("encode snapshot %d: %w", s.version, err)
	}
	return nil
}

// DecodeSnapshot reads what EncodeSnapshot made. The error wraps ErrForm or ErrSealed.
func DecodeSnapshot(b []byte, sealer Sealer) (*Snapshot, error) {
	h, sites, channels, err := decodeForm(b, sealer)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	s := Empty()
	if h.Version > 0 {
		if s, err = s.Apply(Transaction{Put: channels, Sites: sites, Maintenance: h.Maintenance}, h.Version); err != nil {
			return nil, fmt.Errorf("decode snapshot: %w: %w", ErrForm, err)
		}
	}
	return s, nil
}

func encodeForm(w io.Writer, h header, sites []Site, channels iter.Seq[Channel], sealer Sealer) error {
	h.V, h.Sites = formVersion, len(sites)
	if len(h.Maintenance)+len(h.DeleteMaintenance) > 0 {
		h.V = formVersionMaintenance
	}
	e := json.NewEncoder(w) // ends each value with a new line
	e.SetEscapeHTML(false)
	if err := e.Encode(h); err != nil {
		return err
	}
	for i := range sites {
		if err := e.Encode(&sites[i]); err != nil {
			return fmt.Errorf("site %s: %w", sites[i].Path, err)
		}
	}
	var r record
	for c := range channels {
		r = record{plain: plain(c)}
		if c.Password != "" {
			var err error
			if r.Sealed, err = sealer.Seal(c.ID, c.Password); err != nil {
				return err
			}
		}
		if err := e.Encode(&r); err != nil {
			return fmt.Errorf("channel %s: %w", c.ID, err)
		}
	}
	return nil
}

func decodeForm(b []byte, sealer Sealer) (header, []Site, []Channel, error) {
	h, rest, err := decodeHeader(b)
	if err != nil {
		return h, nil, nil, err
	}
	lines := bytes.Split(bytes.TrimSuffix(rest, []byte("\n")), []byte("\n"))
	if len(rest) == 0 {
		lines = nil
	}
	if h.Sites < 0 || h.Channels < 0 || len(lines) != h.Sites+h.Channels {
		return h, nil, nil, fmt.Errorf("%w: %d lines instead of %d sites and %d channels", ErrForm, len(lines), h.Sites, h.Channels)
	}
	var sites []Site
	for _, line := range lines[:h.Sites] {
		var s Site
		if err := json.Unmarshal(line, &s); err != nil {
			return h, nil, nil, fmt.Errorf("%w: site: %w", ErrForm, err)
		}
		sites = append(sites, s)
	}
	channels, err := decodeRecords(lines[h.Sites:], sealer)
	return h, sites, channels, err
}

func decodeHeader(b []byte) (h header, rest []byte, err error) {
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	if err := json.Unmarshal(first, &h); err != nil {
		return h, nil, fmt.Errorf("%w: header: %w", ErrForm, err)
	}
	if h.V != formVersion && h.V != formVersionMaintenance {
		return h, nil, fmt.Errorf("%w: its form is version %d, this program reads 1 to %d", ErrForm, h.V, formVersionMaintenance)
	}
	return h, rest, nil
}

// decodeRecords decodes the lines on all cores, a stretch each.
func decodeRecords(lines [][]byte, sealer Sealer) ([]Channel, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	channels := make([]Channel, len(lines))
	stretch := max(256, (len(lines)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var g errgroup.Group
	for from := 0; from < len(lines); from += stretch {
		to := min(from+stretch, len(lines))
		g.Go(func() error {
			words := repeated{}
			for i := from; i < to; i++ {
				c, err := decodeRecord(lines[i], sealer, words)
				if err != nil {
					return fmt.Errorf("line %d: %w", i, err)
				}
				channels[i] = c
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return channels, nil
}

// decodeRecord decodes one line of a channel.
func decodeRecord(line []byte, sealer Sealer, words repeated) (Channel, error) {
	c, sealed, ok := quickRecord(line, words)
	if !ok {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return Channel{}, fmt.Errorf("%w: channel: %w", ErrForm, err)
		}
		c, sealed = Channel(r.plain), r.Sealed
		words.share(&c)
	}
	if sealed != nil {
		p, err := sealer.Open(c.ID, sealed)
		if err != nil {
			return Channel{}, err
		}
		c.Password = Secret(words.one(string(p)))
	}
	return c, nil
}
