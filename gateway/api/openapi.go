package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// finishDocument says in the OpenAPI document what the types can't: bodies that the registry reads
// itself, so that huma must not, and the form of errors.
func finishDocument(h huma.API) {
	doc := h.OpenAPI()
	schemas := doc.Components.Schemas
	channel := schemas.Schema(reflect.TypeFor[registry.Channel](), true, "Channel")
	site := schemas.Schema(reflect.TypeFor[registry.Site](), true, "Site")
	window := schemas.Schema(reflect.TypeFor[newWindow](), true, "NewMaintenance")
	errs := schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	wanted := schemas.Schema(reflect.TypeFor[prewarming](), true, "Prewarm")
	describeFields(schemas)

	json := func(s *huma.Schema) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{"application/json": {Schema: s}}
	}
	one := doc.Paths[prefix+"/channels/{id}"]
	one.Put.RequestBody = &huma.RequestBody{Required: true, Content: json(channel)}
	partly := &huma.Schema{Type: "object", Description: "any of a channel's fields"}
	one.Patch.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/merge-patch+json": {Schema: partly}, "application/json": {Schema: partly},
	}}
	one.Put.Responses["201"] = &huma.Response{Description: "Created", Headers: one.Put.Responses["200"].Headers, Content: one.Put.Responses["200"].Content}
	doc.Paths[prefix+"/sites/{path}"].Put.RequestBody = &huma.RequestBody{Required: true, Content: json(site)}
	doc.Paths[prefix+"/maintenance"].Post.RequestBody = &huma.RequestBody{Required: true, Content: json(window)}
	if one := doc.Paths[prefix+"/walls/{name}"]; one != nil {
		one.Put.RequestBody = &huma.RequestBody{Required: true, Content: json(schemas.Schema(reflect.TypeFor[Wall](), true, "Wall"))}
	}
	if prewarm := doc.Paths[prewarmPath]; prewarm != nil {
		prewarm.Post.RequestBody = &huma.RequestBody{Required: true, Content: json(wanted)}
		doc.Paths[livePath] = livePathItem()
	}
	text := &huma.Schema{Type: "string"}
	doc.Paths[prefix+"/channels:import"].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"text/csv": {Schema: text}, "application/x-ndjson": {Schema: text},
	}}

	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if op != nil {
				op.Responses["default"] = &huma.Response{Description: "Problem", Content: map[string]*huma.MediaType{
					"application/problem+json": {Schema: errs},
				}}
			}
		}
	}
	delete(schemas.Map(), "ErrorModel") // huma's own form of errors, which nothing answers
	delete(schemas.Map(), "ErrorDetail")
}

// describeFields tells what the Go types of a channel leave open.
func describeFields(schemas huma.Registry) {
	for name, s := range schemas.Map() {
		if p := s.Properties["password"]; p != nil {
			p.WriteOnly = true
		}
		if p := s.Properties["class"]; p != nil {
			p.Enum = []any{1, 2, 3, 9}
		}
		if p := s.Properties["state"]; p != nil && name == "Alert" {
			p.Enum = []any{"open", "acknowledged", "closed"}
		} else if p != nil {
			p.Enum = []any{"online", "degraded", "offline", "unknown", "disabled"}
		}
		switch name {
		case "Channel": // the rest have defaults
			s.Required = []string{"id", "name", "class", "site", "scenario", "url"}
		case "NewMaintenance": // and either site or channel
			s.Required = []string{"until", "why"}
		case "Prewarm":
			s.Required = []string{"ids"}
		case "Site": // the path is in the address
			s.Required = []string{"name"}
		}
	}
}

const livePath = prefix + "/ws/live/{id}"

// livePathItem describes the WebSocket of a stream, as far as OpenAPI has words for one.
func livePathItem() *huma.PathItem {
	text := &huma.Schema{Type: "string"}
	return &huma.PathItem{Get: &huma.Operation{
		OperationID: "watch-stream", Tags: []string{"streams"}, Summary: "A stream for a browser, over a WebSocket",
		Description: "First a text message {\"mime\":\"video/mp4; codecs=\\\"…\\\"\"}, then binary messages: an initialisation segment of fragmented MP4, " +
			"and fragments, each beginning a new access unit, the first a keyframe. When the camera changes its picture, another text message and " +
			"initialisation segment come in between. Without an upgrade the answer is the problem that stands in the way, or 426.",
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "the channel's id", Schema: text},
			{Name: "profile", In: "query", Description: "left out: main", Schema: &huma.Schema{Type: "string", Enum: []any{"main", "sub"}}},
		},
		Responses: map[string]*huma.Response{
			"101": {Description: "Switching Protocols"},
			"404": {Description: "No such channel, or no such stream of it"},
			"415": {Description: "No track can be played by a browser"},
			"426": {Description: "The stream is there; open it as a WebSocket"},
			"503": {Description: "The camera can't be reached or authenticated, or a quota is used up; reason and detail tell"},
		},
	}}
}

// schemaName tells a channel as events and alerts have it from one of the registry.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[event.Channel]() {
		return "Event" + name
	}
	return name
}
