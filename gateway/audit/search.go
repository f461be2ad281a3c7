package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sharpeyes/registry/event"
)

// Query says which records are meant; what is empty is any.
type Query struct {
	Types        []string // the last part: viewed, changed, denied, login
	User         string
	Address      string
	Target       string // a channel's id, or what else it was done to
	Since, Until time.Time
}

// Matches reports whether the record is meant.
func (q Query) Matches(r *Record) bool {
	const prefix = "sharpeyes.audit."
	return (len(q.Types) == 0 || slices.ContainsFunc(q.Types, func(t string) bool { return prefix+t == r.Type })) &&
		(q.User == "" || q.User == r.Data.User) && (q.Address == "" || q.Address == r.Data.Address) &&
		(q.Target == "" || q.Target == r.Data.Target || r.Data.Channel != nil && q.Target == r.Data.Channel.ID) &&
		(q.Since.IsZero() || !r.Time.Before(q.Since)) && (q.Until.IsZero() || r.Time.Before(q.Until))
}

// Record is a record as it was written.
type Record struct {
	Raw  json.RawMessage `json:"-"` // the whole event
	Type string          `json:"type"`
	Time time.Time       `json:"time"`
	Data event.Audit     `json:"data"`
}

// mostBlocks bounds how many blocks one search reads; the cursor goes on from there.
const mostBlocks = 20_000

// Search is the records that are meant, newest first: at least limit of them, as far as there are so many
// within a good deal of blocks, and not many more. next is where to go on (0: all has been looked at);
// before is where to begin (0: at the end).
func Search(ctx context.Context, l Ledger, q Query, before uint64, limit int) (found []Record, next uint64, err error) {
	last, _, err := l.Last(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("searching the audit: %w", err)
	}
	first, err := l.First(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("searching the audit: %w", err)
	}
	if before > 0 {
		last = min(last, before-1)
	}
	if !q.Until.IsZero() {
		if last, err = newestBefore(ctx, l, first, last, q.Until); err != nil {
			return nil, 0, fmt.Errorf("searching the audit: %w", err)
		}
	}
	for read := 0; last >= first && last > 0; last-- {
		if read++; read > mostBlocks || len(found) >= limit {
			return found, last + 1, nil
		}
		records, at, err := recordsOf(ctx, l, last)
		if err != nil {
			return nil, 0, fmt.Errorf("searching the audit at %d: %w", last, err)
		}
		// A block has what was noted shortly before it was written, or, while the store was away, long before.
		if !q.Since.IsZero() && !at.IsZero() && at.Before(q.Since) {
			return found, 0, nil
		}
		for _, r := range slices.Backward(records) {
			if q.Matches(&r) {
				found = append(found, r)
			}
		}
	}
	return found, 0, nil
}

// recordsOf is the records of one block, oldest first. What can't be read has none: Verifier tells of it.
func recordsOf(ctx context.Context, l Ledger, sequence uint64) ([]Record, time.Time, error) {
	data, err := l.Get(ctx, sequence)
	if err != nil || data == nil {
		return nil, time.Time{}, err
	}
	var b Block
	if json.Unmarshal(data, &b) != nil {
		return nil, time.Time{}, nil
	}
	var all []Record
	for _, raw := range b.Events {
		r := Record{Raw: raw}
		if json.Unmarshal(raw, &r) == nil {
			all = append(all, r)
		}
	}
	return all, b.At, nil
}

// newestBefore is the last block whose records may all be before the time, or the one after it.
func newestBefore(ctx context.Context, l Ledger, first, last uint64, until time.Time) (uint64, error) {
	low, high := first, last
	for low < high {
		middle := low + (high-low)/2
		_, at, err := recordsOf(ctx, l, middle)
		if err != nil {
			return 0, err
		}
		if at.Before(until) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	// Records of later blocks may be older than until when they had to wait; a few more are looked at.
	return min(low+3, last), nil
}
