package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
	"sharpeyes/streams"
)

// Stream is one camera stream that is pulled now.
type Stream struct {
	ID      string    `json:"id" doc:"the channel's"`
	Profile string    `json:"profile" enum:"main,sub"`
	Name    string    `json:"name,omitempty" doc:"the channel's"`
	Playing bool      `json:"playing" doc:"false while the camera is being dialled"`
	Readers int       `json:"readers"`
	Since   time.Time `json:"since"`
	Codec   string    `json:"codec" doc:"of the first track"`
	Codecs  []string  `json:"codecs" doc:"of each track"`
	Bitrate float64   `json:"bitrate" doc:"bit/s, over the last seconds"`
	FPS     float64   `json:"fps" doc:"pictures a second, over the last seconds"`
	Bytes   uint64    `json:"bytes" doc:"received"`
	Packets uint64    `json:"packets" doc:"received"`
	Lost    uint64    `json:"lost" doc:"packets that didn't arrive"`
	Loss    float64   `json:"loss" doc:"part of the packets that didn't arrive, 0 to 1"`
	RTSPURL string    `json:"rtsp_url" doc:"where the gateway serves it"`

	From       string         `json:"from,omitempty" doc:"the gateway that it comes from, which owns the channel; absent: the camera itself"`
	Device     string         `json:"device" doc:"the recorder or encoder; its channels share a budget of sessions"`
	Phase      streams.Phase  `json:"phase" enum:"dialling,flowing,reconnecting,lingering"`
	Reconnects int            `json:"reconnects" doc:"connections to the camera after the first"`
	Failure    *StreamFailure `json:"failure,omitempty" doc:"the last one of this pull"`
	Reading    []StreamReader `json:"reading" doc:"who reads, the gateway's own motion detector included"`
}

// StreamFailure is why a connection to a camera ended or didn't begin.
type StreamFailure struct {
	Reason event.Reason `json:"reason"`
	Detail string       `json:"detail"`
	At     time.Time    `json:"at"`
}

// StreamReader is one reader of a pull.
type StreamReader struct {
	Kind    string    `json:"kind" doc:"rtsp or browser"`
	Remote  string    `json:"remote,omitempty" doc:"address and port; for administrators"`
	User    string    `json:"user,omitempty" doc:"for administrators"`
	Since   time.Time `json:"since"`
	Units   uint64    `json:"units" doc:"access units of video, and packets of all else, handed over"`
	Bytes   uint64    `json:"bytes" doc:"handed over"`
	Skipped uint64    `json:"skipped" doc:"units lost because the reader could not keep up"`
	Queued  int       `json:"queued" doc:"bytes that wait for it"`
	Join    float64   `json:"join" doc:"seconds from joining to the first packet; 0 before"`
}

type streamsInput struct{ request }

type streamsOutput struct {
	Body struct {
		Items []Stream `json:"items" doc:"by id"`
	}
}

type streamInput struct {
	request
	ID      string `path:"id" doc:"the channel's id"`
	Profile string `query:"profile" doc:"main or sub; left out: main, or else sub" example:"main"`
}

type streamOutput struct{ Body Stream }

func (a *API) streamOperations(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-streams", Method: http.MethodGet, Path: prefix + "/streams", Tags: []string{"streams"},
		Summary: "What is pulled now",
	}, func(ctx context.Context, in *streamsInput) (*streamsOutput, error) {
		var out streamsOutput
		out.Body.Items = a.streams(ctx, hostOf(in.r))
		return &out, nil
	})
	register(a, h, huma.Operation{
		OperationID: "get-stream", Method: http.MethodGet, Path: prefix + "/streams/{id}", Tags: []string{"streams"},
		Summary: "The pull of one channel", Description: "404 when the channel isn't pulled now.",
	}, a.stream)
}

func (a *API) stream(ctx context.Context, in *streamInput) (*streamOutput, error) {
	profile := in.r.URL.Query().Get("profile")
	if profile != "" && profile != string(streams.Main) && profile != string(streams.Sub) {
		return nil, badQuery("profile", profile, "must be main or sub")
	}
	if _, err := a.known(ctx, in.ID); err != nil {
		return nil, err
	}
	for _, s := range a.streams(ctx, hostOf(in.r)) { // main before sub
		if s.ID == in.ID && (profile == "" || s.Profile == profile) {
			return &streamOutput{s}, nil
		}
	}
	return nil, a.notPulled(in.ID, streams.Profile(profile))
}

// notPulled tells what is still known of a stream that nobody reads.
func (a *API) notPulled(id string, profile streams.Profile) error {
	p := problem(http.StatusNotFound, "channel "+id+" isn't pulled now: nobody reads it")
	if profile == "" {
		profile = streams.Main
	}
	last, _ := a.o.Streams.Info(streams.Key{Channel: id, Profile: profile})
	if len(last.Codecs) > 0 {
		p.Detail += fmt.Sprintf("; when it last was, its %s stream had %s", profile, strings.Join(last.Codecs, " and "))
	}
	if last.Failure != nil {
		p.Detail += fmt.Sprintf("; at %s it failed: %s", last.FailedAt.UTC().Format(time.RFC3339), last.Failure.Error())
		p.Reason = string(last.Failure.Reason)
	}
	return p
}

// streams are all pulls, by id, main before sub. Who reads them is for administrators to know.
func (a *API) streams(ctx context.Context, host string) []Stream {
	names, scopes := whole(principal(ctx), "edit"), within(ctx, "list")
	pulls := a.o.Streams.Pulls()
	snapshot := a.o.Catalogue.Snapshot()
	all := make([]Stream, 0, len(pulls))
	for _, p := range pulls {
		channel, ok := snapshot.Get(p.Key.Channel)
		if scopes != nil && (!ok || !registry.Covered(scopes, &channel)) {
			continue
		}
		s := Stream{
			ID: p.Key.Channel, Profile: string(p.Key.Profile), Playing: p.Playing, Readers: p.Readers, Since: p.Since,
			Codecs: p.Codecs, Bitrate: p.Bitrate, FPS: p.FPS, Bytes: p.Bytes, Packets: p.Packets, Lost: p.Lost,
			RTSPURL: a.o.RTSPURL(host, p.Key.Channel, p.Key.Profile),
			From:    a.from(p.Key), Device: p.Device, Phase: p.Phase, Reconnects: p.Reconnects, Reading: make([]StreamReader, len(p.ReadersList)),
		}
		if p.Failure != nil {
			s.Failure = &StreamFailure{p.Failure.Reason, p.Failure.Detail, p.FailedAt}
		}
		for i, r := range p.ReadersList {
			s.Reading[i] = StreamReader{
				Kind: r.Who.Kind, Since: r.Since, Units: r.Units, Bytes: r.Bytes, Skipped: r.Skipped, Queued: r.Queued, Join: r.Join.Seconds(),
			}
			if names {
				s.Reading[i].Remote, s.Reading[i].User = r.Who.Remote, r.Who.User
			}
		}
		if len(p.Codecs) > 0 {
			s.Codec = p.Codecs[0]
		} else {
			s.Codecs = []string{}
		}
		if sent := p.Packets + p.Lost; sent > 0 {
			s.Loss = float64(p.Lost) / float64(sent)
		}
		if ok {
			s.Name = channel.Name
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Profile, b.Profile))
	})
	return all
}

// from is the gateway that a stream comes from; empty for its camera.
func (a *API) from(key streams.Key) string {
	if a.o.From == nil {
		return ""
	}
	return a.o.From(key)
}
