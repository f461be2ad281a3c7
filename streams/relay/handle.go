package relay

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"

	"sharpeyes/streams"
)

const methods = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

// handle answers one request (RFC 2326, 10).
func (c *connection) handle(ctx context.Context, req *base.Request) *base.Response {
	if _, ok := req.Header["CSeq"]; !ok {
		return status(base.StatusBadRequest, "CSeq is missing")
	}
	if s, ok := req.Header["Session"]; ok && len(s) == 1 && sessionID(s[0]) != c.session {
		return status(base.StatusSessionNotFound, "")
	}
	switch req.Method {
	case base.Options:
		return &base.Response{StatusCode: base.StatusOK, Header: base.Header{"Public": {methods}}}
	case base.Describe:
		return c.describe(ctx, req)
	case base.Setup:
		return c.setup(ctx, req)
	case base.Play:
		return c.playRequest()
	case base.Pause:
		if c.session == "" {
			return status(base.StatusMethodNotValidInThisState, "nothing is set up")
		}
		c.pause()
		return c.inSession(base.Header{})
	case base.GetParameter, base.SetParameter:
		return c.inSession(base.Header{})
	case base.Teardown:
		c.leave()
		return &base.Response{StatusCode: base.StatusOK}
	}
	return &base.Response{StatusCode: base.StatusNotImplemented, Header: base.Header{"Public": {methods}}}
}

func sessionID(header string) string {
	id, _, _ := strings.Cut(header, ";")
	return id
}

func status(code base.StatusCode, why string) *base.Response {
	res := &base.Response{StatusCode: code}
	if why != "" {
		why = strings.Join(strings.Fields(why), " ") // it may hold a camera's own words
		res.StatusMessage = base.StatusMessages[code] + ": " + why
		res.Header = base.Header{"Content-Type": {"text/plain; charset=utf-8"}}
		res.Body = []byte(why + "\n")
	}
	return res
}

// inSession is a 200 that keeps the session, if there is one, alive.
func (c *connection) inSession(h base.Header) *base.Response {
	if c.session != "" {
		timeout := uint(idleTimeout.Seconds())
		h["Session"] = headers.Session{Session: c.session, Timeout: &timeout}.Marshal()
	}
	return &base.Response{StatusCode: base.StatusOK, Header: h}
}

// parsePath reads /ID, /ID/sub, and either followed by /trackID=N.
func parsePath(path string) (key streams.Key, track int, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	track = -1
	if last := parts[len(parts)-1]; strings.HasPrefix(last, "trackID=") {
		n, err := strconv.ParseUint(last[len("trackID="):], 10, 8)
		if err != nil {
			return key, 0, false
		}
		track, parts = int(n), parts[:len(parts)-1]
	}
	switch {
	case len(parts) == 1 && parts[0] != "":
		return streams.Key{Channel: parts[0], Profile: streams.Main}, track, true
	case len(parts) == 2 && parts[1] == string(streams.Sub):
		return streams.Key{Channel: parts[0], Profile: streams.Sub}, track, true
	}
	return key, 0, false
}

// join makes sure that the connection reads the stream, or says why it can't.
func (c *connection) join(ctx context.Context, req *base.Request, key streams.Key) *base.Response {
	if c.reader != nil {
		select {
		case <-c.reader.Ended(): // while nobody looked
			c.leave()
		default:
			if c.key == key {
				return nil
			}
			if c.session != "" {
				return status(base.StatusMethodNotValidInThisState, "a session plays one channel")
			}
			c.leave()
		}
	}
	caller := Caller{Remote: c.remote, Key: key}
	caller.User, caller.Password = basicAuth(req.Header["Authorization"])
	if err := c.server.o.Authorizer.Authorize(ctx, caller); err != nil {
		if errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrForbidden) {
			return refusal(err)
		}
		c.server.o.Log.Warn("who asks for a stream can't be found out", "remote", c.remote, "error", err)
		return status(base.StatusServiceUnavailable, "credentials can't be checked now; try again in a few seconds")
	}
	ctx, cancel := context.WithTimeout(ctx, c.server.o.StartTimeout+c.server.o.StartTimeout/10)
	defer cancel()
	r, err := c.server.o.Hub.Join(ctx, key, streams.Who{Kind: "rtsp", Remote: c.remote.String(), User: caller.User})
	if err != nil {
		return refusal(err)
	}
	c.reader, c.key = r, key
	return nil
}

// basicAuth reads credentials of the Basic scheme (RFC 7617); both are empty when there are none.
func basicAuth(header base.HeaderValue) (user, password string) {
	if len(header) != 1 {
		return "", ""
	}
	scheme, encoded, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", ""
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", ""
	}
	user, password, _ = strings.Cut(string(decoded), ":")
	return user, password
}

// refusal is the answer for each error.
func refusal(err error) *base.Response {
	var failure *streams.Failure
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return &base.Response{
			StatusCode: base.StatusUnauthorized,
			Header:     base.Header{"WWW-Authenticate": {`Basic realm="sharpeyes"`}},
		}
	case errors.Is(err, ErrForbidden):
		return status(base.StatusForbidden, "")
	case errors.Is(err, streams.ErrNoChannel), errors.Is(err, streams.ErrNoStream):
		return status(base.StatusNotFound, "")
	case errors.Is(err, streams.ErrQuota):
		return status(base.StatusNotEnoughBandwidth, err.Error())
	case errors.As(err, &failure):
		return status(base.StatusServiceUnavailable, failure.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status(base.StatusServiceUnavailable, "no_answer: the camera did not answer in time")
	}
	return status(base.StatusServiceUnavailable, err.Error())
}

func (c *connection) describe(ctx context.Context, req *base.Request) *base.Response {
	if req.URL == nil {
		return status(base.StatusBadRequest, "the URL is missing")
	}
	key, _, ok := parsePath(req.URL.Path)
	if !ok {
		return status(base.StatusNotFound, "")
	}
	if res := c.join(ctx, req, key); res != nil {
		return res
	}
	sdp, err := c.reader.Description().Marshal(false)
	if err != nil {
		return status(base.StatusInternalServerError, "")
	}
	base0 := req.URL.CloneWithoutCredentials()
	base0.RawQuery = ""
	return &base.Response{
		StatusCode: base.StatusOK,
		Header: base.Header{
			"Content-Base": {strings.TrimSuffix(base0.String(), "/") + "/"},
			"Content-Type": {"application/sdp"},
		},
		Body: sdp,
	}
}

func (c *connection) setup(ctx context.Context, req *base.Request) *base.Response {
	if req.URL == nil {
		return status(base.StatusBadRequest, "the URL is missing")
	}
	if c.player != nil {
		return status(base.StatusMethodNotValidInThisState, "already playing")
	}
	key, index, ok := parsePath(req.URL.Path)
	if !ok {
		return status(base.StatusNotFound, "")
	}
	if res := c.join(ctx, req, key); res != nil {
		return res
	}
	medias := c.reader.Description().Medias
	if index < 0 && len(medias) == 1 {
		index = 0
	}
	if index < 0 || index >= len(medias) {
		return status(base.StatusNotFound, fmt.Sprintf("the stream has %d tracks", len(medias)))
	}
	if len(c.tracks) != len(medias) {
		c.tracks = make([]track, len(medias))
	}
	t, answer, ok := c.transport(req.Header["Transport"], index)
	if !ok {
		return status(base.StatusUnsupportedTransport, "")
	}
	c.release(c.tracks[index])
	c.tracks[index] = t
	if t.udp {
		c.udp.expect(t.rtp, &c.heard)
		c.udp.expect(t.rtcp, &c.heard)
	}
	if c.session == "" {
		c.session = rand.Text()
	}
	return c.inSession(base.Header{"Transport": answer.Marshal()})
}

func (c *connection) playRequest() *base.Response {
	if c.session == "" {
		return status(base.StatusMethodNotValidInThisState, "nothing is set up")
	}
	select {
	case <-c.reader.Ended():
		c.leave()
		return status(base.StatusServiceUnavailable, "the stream has ended")
	default:
	}
	return c.inSession(base.Header{"Range": {"npt=now-"}})
}
