package source

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	maxHead = 16 << 10  // bytes of a message before its body
	maxBody = 128 << 10 // bytes; a description of all medias of a big recorder is a few KiB
)

var errNotRTSP = errors.New("the answer is not RTSP")

// message is an RTSP response, or a request that the camera makes.
type message struct {
	method string // of a request; empty for a response
	status int    // of a response
	header map[string][]string
	body   []byte
}

// get is the first value of a header field, by its name in lower case.
func (m *message) get(name string) string {
	if v := m.header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// parseMessage reads a message (RFC 2326, 4) from the start of b, and returns how long it is; 0 when
// more of it must come first. It forgives what cameras get wrong and what does no harm: line feeds
// alone, no phrase after the status, lines that are no header. The error is errNotRTSP, as soon as
// that is sure, or tells what is wrong.
func parseMessage(b []byte) (*message, int, error) {
	skipped := len(b) - len(bytes.TrimLeft(b, "\r\n")) // some send empty lines between messages
	b = b[skipped:]
	end, gap := headEnd(b)
	if end < 0 {
		if !plausible(b) {
			return nil, 0, errNotRTSP
		}
		if len(b) > maxHead {
			return nil, 0, errors.New("the head of an answer is too long")
		}
		return nil, 0, nil
	}
	first, rest, _ := strings.Cut(string(b[:end]), "\n")
	m, err := parseFirstLine(strings.TrimRight(first, "\r "))
	if err != nil {
		return nil, 0, err
	}
	m.header = parseHeader(rest)
	total := end + gap
	if length := m.get("content-length"); length != "" {
		n, err := strconv.ParseUint(length, 10, 31)
		if err != nil || n > maxBody {
			return nil, 0, fmt.Errorf("the length of an answer is %.20q", length)
		}
		if len(b) < total+int(n) {
			return nil, 0, nil
		}
		m.body = bytes.Clone(b[total : total+int(n)])
		total += int(n)
	}
	return m, skipped + total, nil
}

// headEnd finds the empty line that ends the head: where the head ends, and how long the gap to the
// body is. The end is -1 when the line isn't there.
func headEnd(b []byte) (end, gap int) {
	for from := 0; from < len(b) && from <= maxHead; {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return -1, 0
		}
		i += from
		switch {
		case i+1 < len(b) && b[i+1] == '\n':
			return i, 2
		case i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n':
			return i, 3
		}
		from = i + 1
	}
	return -1, 0
}

// plausible reports whether b may be the beginning of a message.
func plausible(b []byte) bool {
	const version = "RTSP/"
	n := min(len(b), len(version))
	if string(b[:n]) == version[:n] {
		return true
	}
	for i, c := range b { // a method and a space
		if c == ' ' {
			return i > 0
		}
		if (c < 'A' || c > 'Z') && c != '_' || i > 16 {
			return false
		}
	}
	return true
}

func parseFirstLine(line string) (*message, error) {
	fields := strings.Fields(line)
	switch {
	case len(fields) >= 2 && strings.HasPrefix(fields[0], "RTSP/1."):
		status, err := strconv.ParseUint(fields[1], 10, 16)
		if err != nil || status < 100 || status > 999 {
			return nil, errNotRTSP
		}
		return &message{status: int(status)}, nil
	case len(fields) == 3 && strings.HasPrefix(fields[2], "RTSP/1."):
		return &message{method: fields[0]}, nil
	}
	return nil, errNotRTSP
}

// parseHeader reads the fields, with their names in lower case. A line that begins with a space
// goes on with the one before.
func parseHeader(s string) map[string][]string {
	h := map[string][]string{}
	last := ""
	for line := range strings.SplitSeq(s, "\n") {
		if line == "" {
			continue
		}
		if v := h[last]; len(v) > 0 && (line[0] == ' ' || line[0] == '\t') {
			v[len(v)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		last = strings.ToLower(strings.TrimSpace(name))
		h[last] = append(h[last], strings.TrimSpace(value))
	}
	return h
}

// parseSession reads a Session header (RFC 2326, 12.37): the id and the time-out in s, 0 when the
// camera doesn't say.
func parseSession(s string) (id string, timeout int) {
	id, rest, _ := strings.Cut(s, ";")
	for p := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "timeout") {
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16); err == nil {
				timeout = int(n)
			}
		}
	}
	return strings.TrimSpace(id), timeout
}

// transport is what a camera answers to SETUP.
type transport struct {
	tcp     bool
	channel int    // over TCP: of RTP; -1 when it doesn't say
	control int    // over TCP: of RTCP
	ports   [2]int // over UDP: the camera's; 0 when it doesn't say
}

// parseTransport reads the first of a Transport header (RFC 2326, 12.39).
func parseTransport(s string) transport {
	s, _, _ = strings.Cut(s, ",")
	t := transport{channel: -1}
	for p := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch strings.ToLower(name) {
		case "rtp/avp/tcp", "rtp/avpf/tcp":
			t.tcp = true
		case "interleaved":
			if a, b, ok := parsePair(value); ok && a < 256 && b < 256 && a != b {
				t.channel, t.control = a, b
			}
		case "server_port":
			if a, b, ok := parsePair(value); ok && a < 65536 && b < 65536 {
				t.ports = [2]int{a, b}
			}
		}
	}
	return t
}

// parsePair reads A-B, or A, which stands for A and the number after it.
func parsePair(s string) (a, b int, ok bool) {
	first, second, two := strings.Cut(strings.TrimSpace(s), "-")
	x, err := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	if err != nil {
		return 0, 0, false
	}
	if !two {
		return int(x), int(x) + 1, true
	}
	y, err := strconv.ParseUint(strings.TrimSpace(second), 10, 16)
	return int(x), int(y), err == nil
}
