//go:build linux

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// histogram counts durations to a twentieth of a millisecond, up to ten seconds.
type histogram struct {
	n     int64
	most  time.Duration
	cells [200_001]int32
}

const cell = 50 * time.Microsecond

func (h *histogram) count(d time.Duration) {
	h.n++
	h.most = max(h.most, d)
	h.cells[min(max(int(d/cell), 0), len(h.cells)-1)]++
}

func (h *histogram) add(o *histogram) {
	h.n += o.n
	h.most = max(h.most, o.most)
	for i, n := range o.cells {
		h.cells[i] += n
	}
}

// quantile is the upper end of the cell that the share of all is reached in.
func (h *histogram) quantile(share float64) time.Duration {
	left := int64(float64(h.n) * share)
	for i, n := range h.cells {
		if left -= int64(n); left < 0 {
			return time.Duration(i+1) * cell
		}
	}
	return h.most
}

// quantile sorts all, and is the value that the share of it is below; 0 of nothing.
func quantile[T cmp.Ordered](all []T, share float64) (q T) {
	if len(all) == 0 {
		return q
	}
	slices.Sort(all)
	return all[min(int(float64(len(all))*share), len(all)-1)]
}

// usage is what a process uses.
type usage struct {
	CPU      time.Duration // so far
	Resident int64         // bytes now
}

// usageOf reads what a process uses; zero for one that isn't there.
func usageOf(pid int) usage {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}
	}
	// Fields count from the one after the name, which is in parentheses and may hold spaces.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	const userTime, systemTime, resident, tick = 11, 12, 21, 10 * time.Millisecond
	user, _ := strconv.Atoi(fields[userTime])
	system, _ := strconv.Atoi(fields[systemTime])
	pages, _ := strconv.Atoi(fields[resident])
	return usage{CPU: time.Duration(user+system) * tick, Resident: int64(pages) * int64(os.Getpagesize())}
}
