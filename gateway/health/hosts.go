package health

import (
	"strings"

	"github.com/cespare/xxhash/v2"
)

const (
	// perHost is how many probes one host has at once: recorders serve few at a time.
	perHost = 2
	// manyChannels is more than a recorder has. A host with more is a platform that stands before many
	// cameras, and has perHost for each so many.
	manyChannels = 512
)

// hosts is who is probed now, so that no recorder is asked too much at once.
type hosts struct {
	channels map[uint64]int32 // on the schedule
	busy     map[uint64]*busy // those that are asked now
}

type busy struct {
	now     int
	waiting []*entry // channels that are due
}

func newHosts() hosts { return hosts{channels: map[uint64]int32{}, busy: map[uint64]*busy{}} }

// hostOf stands for the host in a url.
func hostOf(url string) uint64 {
	_, host, _ := strings.Cut(url, "://")
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	return xxhash.Sum64String(host)
}

func (h *hosts) add(host uint64, n int32) {
	if h.channels[host] += n; h.channels[host] <= 0 {
		delete(h.channels, host)
	}
}

// free reports whether the host may be asked something more.
func (h *hosts) free(host uint64) bool {
	b := h.busy[host]
	return b == nil || b.now < perHost*(1+int(max(h.channels[host]-1, 0))/manyChannels)
}

// idle reports whether the host is asked nothing.
func (h *hosts) idle(host uint64) bool { return h.busy[host] == nil }

func (h *hosts) begin(host uint64) {
	b := h.busy[host]
	if b == nil {
		b = new(busy)
		h.busy[host] = b
	}
	b.now++
}

// park makes a channel wait, whose host is busy.
func (h *hosts) park(e *entry) {
	b := h.busy[e.host]
	b.waiting = append(b.waiting, e)
}

// end returns the channels that may try next.
func (h *hosts) end(host uint64) (next []*entry) {
	b := h.busy[host]
	b.now--
	for len(b.waiting) > 0 && (b.now == 0 || len(next) == 0) {
		e := b.waiting[0]
		b.waiting[0] = nil
		b.waiting = b.waiting[1:]
		if e.parked && e.host == host { // else it was planned otherwise meanwhile
			next = append(next, e)
		}
	}
	if b.now == 0 {
		delete(h.busy, host)
	}
	return next
}
