package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Node is a gateway of the city, as the one that is asked sees it.
type Node struct {
	Name     string    `json:"name"`
	Alive    bool      `json:"alive" doc:"it was heard of lately, and doesn't leave"`
	Self     bool      `json:"self" doc:"it is the one that answers"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	Heard    time.Time `json:"heard" doc:"when it was last heard of"`
	HTTP     string    `json:"http,omitempty" doc:"host and port"`
	RTSP     string    `json:"rtsp,omitempty" doc:"where other gateways get streams: host and port"`
	Capacity float64   `json:"capacity" doc:"its part of the channels, relative to the others"`
	Channels int       `json:"channels" doc:"that it probes"`
	Pulls    int       `json:"pulls"`
	Readers  int       `json:"readers"`
	Registry uint64    `json:"registry" doc:"version of the registry that it has"`
	Behind   uint64    `json:"behind" doc:"versions that it lacks of what the one that answers has"`
	Late     float64   `json:"late" doc:"seconds by which its most overdue probe is late"`
}

// Level is a level below, whose gateway has joined or may join.
type Level struct {
	Name      string    `json:"name" doc:"the user as whom it joins"`
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since" doc:"since when it is connected, or isn't, as far as the gateway that is asked knows"`
	Node      string    `json:"node,omitempty" doc:"name of its gateway"`
	Version   string    `json:"version,omitempty"`
	Channels  int       `json:"channels" doc:"of it that are registered here"`
	Behind    uint64    `json:"behind" doc:"changes and events that it shares and that are still to be taken over, as far as the gateway that is asked knows: one of several does that"`
	Refused   int       `json:"refused" doc:"of the channels that it told of last, those that can't be registered here"`
	Why       string    `json:"why,omitempty" doc:"why the first of them can't"`
}

// Above is the level above.
type Above struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since" doc:"since when it is connected, or isn't"`
	Channels  int       `json:"channels" doc:"that are shared with it, as far as the gateway that is asked knows"`
}

type nodesInput struct{ request }

type nodesOutput struct {
	Body struct {
		Items  []Node  `json:"items" doc:"by name"`
		Levels []Level `json:"levels" doc:"the levels below, by name"`
		Above  *Above  `json:"above,omitempty" doc:"the level above, where there is one"`
	}
}

func (a *API) nodesOperation(h huma.API) {
	register(a, h, huma.Operation{
		OperationID: "list-nodes", Method: http.MethodGet, Path: prefix + "/nodes", Tags: []string{"nodes"},
		Summary: "The gateways of the city", Description: "Those that were heard of within a day, with what each owns.",
	}, func(_ context.Context, in *nodesInput) (*nodesOutput, error) {
		if len(in.r.URL.Query()) > 0 {
			return nil, badQuery("", "", "there are no parameters here")
		}
		var out nodesOutput
		out.Body.Items, out.Body.Levels = []Node{}, []Level{}
		if a.o.Levels != nil {
			out.Body.Levels = a.o.Levels()
		}
		if a.o.Above != nil {
			out.Body.Above = a.o.Above()
		}
		if a.o.Nodes != nil {
			out.Body.Items = a.o.Nodes()
		}
		return &out, nil
	})
}
