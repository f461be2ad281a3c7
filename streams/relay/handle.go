package relay

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"sharpeyes/streams"
)

const methods = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

// handle answers one request (RFC 2326, 10). A player is to be started with the answer, which must
// come before the first packet.
func (c *connection) handle(ctx context.Context, req *request) (*base.Response, *player) {
	if _, ok := req.header["CSeq"]; !ok {
		return status(base.StatusBadRequest, "CSeq is missing"), nil
	}
	if s := req.header["Session"]; len(s) > 0 && sessionID(s[0]) != c.session {
		return status(base.StatusSessionNotFound, ""), nil
	}
	if r := req.header["Require"]; len(r) > 0 { // no back channel, no replay
		return &base.Response{StatusCode: base.StatusOptionNotSupported, Header: base.Header{"Unsupported": slices.Clone(r)}}, nil
	}
	switch req.method {
	case base.Options:
		return c.inSession(base.Header{"Public": {methods}}), nil
	case base.Describe:
		return c.describe(ctx, req), nil
	case base.Setup:
		return c.setup(ctx, req), nil
	case base.Play:
		return c.playRequest(ctx)
	case base.Pause:
		if c.session == "" {
			return status(base.StatusMethodNotValidInThisState, "nothing is set up"), nil
		}
		if c.player != nil {
			c.pause()
			c.within(c.server.bounds.pause, Paused)
		}
		return c.inSession(base.Header{}), nil
	case base.GetParameter, base.SetParameter:
		return c.inSession(base.Header{}), nil
	case base.Teardown:
		c.leave()
		return &base.Response{StatusCode: base.StatusOK}, nil
	}
	return &base.Response{StatusCode: base.StatusNotImplemented, Header: base.Header{"Public": {methods}}}, nil
}

func sessionID(header string) string {
	id, _, _ := strings.Cut(header, ";")
	return strings.TrimSpace(id)
}

// join makes sure that the connection reads the stream, or says why it can't.
func (c *connection) join(ctx context.Context, req *request, key streams.Key) *base.Response {
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
	caller := Caller{Remote: c.remote, Key: key, Ticket: ticketOf(req.url)}
	caller.User, caller.Password = basicAuth(req.header["Authorization"])
	caller.Digest = digestOf(req.header["Authorization"], req.method, c.nonce)
	user, err := c.server.o.Authorizer.Authorize(ctx, caller)
	if err != nil {
		if refused(err) || errors.Is(err, ErrElsewhere) {
			return c.refusal(err)
		}
		c.server.o.Log.Warn("who asks for a stream can't be found out", "remote", c.remote, "error", err)
		return status(base.StatusServiceUnavailable, "credentials can't be checked now; try again in a few seconds")
	}
	err = c.watched(ctx, c.patience(), func(ctx context.Context) (err error) {
		c.reader, err = c.server.o.Hub.Join(ctx, key, streams.Who{Kind: "rtsp", Remote: c.remote.String(), User: user})
		return err
	})
	if err != nil {
		c.reader = nil
		return c.refusal(err)
	}
	c.key = key
	c.caller.Store(&caller)
	c.within(c.server.bounds.play, NoPlay)
	return nil
}

// ticketOf is the ticket in a URL. Clients put the path of a track behind it.
func ticketOf(u *base.URL) string {
	if u == nil {
		return ""
	}
	query, _, _ := strings.Cut(u.RawQuery, "/")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get("ticket")
}

// refused reports whether an error of the Authorizer is its answer.
func refused(err error) bool {
	return errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrForbidden) || errors.Is(err, streams.ErrNoChannel)
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

func (c *connection) describe(ctx context.Context, req *request) *base.Response {
	if req.url == nil {
		return status(base.StatusBadRequest, "this is not a URL of RTSP")
	}
	key, _, ok := parsePath(req.url)
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
	return &base.Response{
		StatusCode: base.StatusOK,
		Header: base.Header{
			"Content-Base": {plainURL(req.url) + "/"},
			"Content-Type": {"application/sdp"},
		},
		Body: sdp,
	}
}

func (c *connection) setup(ctx context.Context, req *request) *base.Response {
	if req.url == nil {
		return status(base.StatusBadRequest, "this is not a URL of RTSP")
	}
	if c.player != nil {
		return status(base.StatusMethodNotValidInThisState, "already playing")
	}
	key, index, ok := parsePath(req.url)
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
	t, answer, ok := c.transport(req.header["Transport"], index)
	if !ok {
		return status(base.StatusUnsupportedTransport, "")
	}
	t.url = plainURL(req.url)
	c.tracks[index] = t
	if c.session == "" {
		c.session = rand.Text()
	}
	return c.inSession(base.Header{"Transport": answer.Marshal()})
}
