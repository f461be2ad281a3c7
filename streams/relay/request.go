package relay

import (
	"bufio"
	"errors"
	"fmt"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// errRequest is wrapped by what is wrong with a reader's words; nothing after them can be understood.
var errRequest = errors.New("this is not RTSP 1.0")

// request is what a reader asks. Its body is not kept.
type request struct {
	method base.Method
	url    *base.URL // nil: "*", or not a URL of RTSP
	header base.Header
}

// readRequest reads one request (RFC 2326, 6). Nil without an error stands for what needs no answer:
// an interleaved frame, which is a receiver report, or an answer to what was never asked. The
// library's own parser would set aside a body of up to 128 KiB and as much again of headers before
// anybody has said who he is.
func readRequest(br *bufio.Reader) (*request, error) {
	first, err := br.Peek(1)
	if err != nil {
		return nil, err
	}
	if first[0] == base.InterleavedFrameMagicByte {
		head, err := br.Peek(4)
		if err != nil {
			return nil, err
		}
		_, err = br.Discard(4 + int(head[2])<<8 + int(head[3]))
		return nil, err
	}
	left := maxHead
	line := ""
	for line == "" { // empty lines between requests are harmless
		if line, err = readLine(br, &left); err != nil {
			return nil, err
		}
	}
	header, err := readHeader(br, &left)
	if err != nil {
		return nil, err
	}
	if err := discardBody(br, header["Content-Length"]); err != nil {
		return nil, err
	}
	if strings.HasPrefix(line, "RTSP/") {
		return nil, nil
	}
	parts := strings.Fields(line)
	if len(parts) != 3 || parts[2] != "RTSP/1.0" {
		return nil, errRequest
	}
	req := &request{method: base.Method(parts[0]), header: header}
	if u, err := base.ParseURL(parts[1]); err == nil {
		req.url = u
	}
	return req, nil
}

// readLine reads a line without its end; left is what all lines together may still have.
func readLine(br *bufio.Reader, left *int) (string, error) {
	line, err := br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("%w: a line is too long", errRequest)
	}
	if err != nil {
		return "", err
	}
	if *left -= len(line); *left < 0 {
		return "", fmt.Errorf("%w: the headers are too long", errRequest)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func readHeader(br *bufio.Reader, left *int) (base.Header, error) {
	h := base.Header{}
	for n := 0; ; n++ {
		line, err := readLine(br, left)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return h, nil
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || n == maxHeaders {
			return nil, fmt.Errorf("%w: a header without a colon, or too many", errRequest)
		}
		key = headerKey(strings.TrimSpace(key))
		h[key] = append(h[key], strings.TrimSpace(value))
	}
}

// headerKey is a header's name as the library spells it.
func headerKey(key string) string {
	if strings.EqualFold(key, "CSeq") {
		return "CSeq"
	}
	return textproto.CanonicalMIMEHeaderKey(key)
}

func discardBody(br *bufio.Reader, length base.HeaderValue) error {
	if len(length) == 0 {
		return nil
	}
	n, err := strconv.ParseUint(length[0], 10, 31)
	if err != nil || n > maxBody || len(length) > 1 {
		return fmt.Errorf("%w: Content-Length", errRequest)
	}
	_, err = br.Discard(int(n))
	return err
}
