package probe

import (
	"bytes"
	"strconv"

	"sharpeyes/registry/event"
)

var rtspVersion = []byte("RTSP/")

// statusLine is the first line of what came so far, without its end, and whether its end came.
// Empty lines before it are skipped: some cameras begin with one.
func statusLine(b []byte) (line []byte, whole bool) {
	b = bytes.TrimLeft(b, "\r\n")
	line, _, whole = bytes.Cut(b, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), whole
}

// statusCode reads "RTSP/1.0 200 OK", with or without the phrase.
func statusCode(line []byte) (code int, ok bool) {
	const digits = len("RTSP/1.0 ")
	if len(line) < digits+3 || !bytes.HasPrefix(line, rtspVersion) {
		return 0, false
	}
	if !isDigit(line[5]) || line[6] != '.' || !isDigit(line[7]) || line[8] != ' ' {
		return 0, false
	}
	for _, c := range line[digits : digits+3] {
		if !isDigit(c) {
			return 0, false
		}
		code = code*10 + int(c-'0')
	}
	if rest := line[digits+3:]; len(rest) > 0 && rest[0] != ' ' {
		return 0, false
	}
	return code, code >= 100
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// verdict is what a status line says of a camera.
//
// Some answers that aren't 200 are good news all the same: 401 and 407 ask for credentials, which a
// probe doesn't send, and 405 and 501 say that this camera knows no OPTIONS; each of them speaks RTSP
// and is there. 453 and 503 are what a camera says that has no session left. Any other refusal is a
// camera that is there and has something wrong with it; only one that doesn't know the stream (404),
// or doesn't speak RTSP, is as good as gone.
func verdict(t target, line []byte) Result {
	code, ok := statusCode(line)
	if !ok {
		return Result{State: event.Offline, Reason: event.BadAnswer, Detail: t.host + " answered something that is not RTSP"}
	}
	switch {
	case code < 300, code == 401, code == 407, code == 405, code == 501:
		return Result{State: event.Online}
	case code == 404:
		return Result{State: event.Offline, Reason: event.NotFound, Detail: t.host + " doesn't know the stream (404)"}
	case code == 453, code == 503:
		return Result{State: event.Degraded, Reason: event.SessionFull, Detail: t.host + " has no session left (" + strconv.Itoa(code) + ")"}
	}
	return Result{State: event.Degraded, Reason: event.BadAnswer, Detail: t.host + " answered " + strconv.Itoa(code) + " when asked for its options"}
}
