package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sharpeyes/registry/event"
)

const asyncPath = prefix + "/asyncapi.json"

// object is a JSON object of the AsyncAPI document, for which no library makes types.
type object map[string]any

// ofKinds tells of each kind of events: on which subjects they are, and in a sentence what they say.
var ofKinds = map[event.Kind]struct{ address, summary string }{
	event.KindHealth:  {ofChannel, "The state of a channel changed, and the change is confirmed"},
	event.KindMotion:  {ofChannel, "Something began to move in a channel's picture, or no longer does"},
	event.KindStream:  {ofChannel, "The gateway's connection to a camera's stream was opened, closed or lost"},
	event.KindAlert:   {ofChannel, "What became of an alert; of one without a channel, class, scenario and id are -"},
	event.KindAudit:   {ofChannel, "Who did what; of what is about no channel, class, scenario, site and id are -. For administrators"},
	event.KindSite:    {"{site}", "Most channels of a site went offline together, or are back"},
	event.KindGateway: {"{node}", "A gateway lost its own network, or has it again"},
}

const ofChannel = "{class}.{scenario}.{site}.{id}"

// asyncDocument is the AsyncAPI 3.0 document of all events.
func asyncDocument(version string) ([]byte, error) {
	schemas := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string { return huma.DefaultSchemaNamer(t, hint) })
	channels, operations, messages := object{}, object{}, object{}
	parameters := object{ // of subjects
		"class":    object{"description": "the channel's class", "enum": []string{"c1", "c2", "c3", "c9"}},
		"scenario": object{"description": "the channel's scenario", "examples": []string{"campus"}},
		"site":     object{"description": "the tokens of the site, one to six, with dots between", "examples": []string{"xiamen.siming.zhonghua"}},
		"id":       object{"description": "the channel's id"},
		"node":     object{"description": "the gateway's node.name, its dots as _"},
	}
	types := event.Types()
	for _, name := range slices.Sorted(maps.Keys(types)) {
		payload := types[name]
		kind := string(payload.Kind())
		told := ofKinds[payload.Kind()]
		if told.address == "" {
			return nil, fmt.Errorf("events of the kind %s are not described", kind)
		}
		data := schemas.Schema(reflect.TypeOf(payload), true, "")
		messages[string(name)] = object{
			"name": name, "title": told.summary, "contentType": "application/cloudevents+json",
			"headers": object{"type": "object", "properties": object{"Nats-Msg-Id": object{"type": "string", "description": "the event's id"}}},
			"payload": envelope(name, data),
		}
		ch, _ := channels[kind].(object)
		if ch == nil {
			of := object{}
			for p, is := range parameters {
				if strings.Contains(told.address, "{"+p+"}") {
					of[p] = is
				}
			}
			ch = object{"address": event.Prefix + kind + "." + told.address, "description": told.summary, "parameters": of, "messages": object{}}
			channels[kind] = ch
			operations[kind] = object{"action": "send", "summary": told.summary, "channel": object{"$ref": "#/channels/" + kind}}
		}
		ch["messages"].(object)[string(name)] = object{"$ref": "#/components/messages/" + string(name)}
	}
	describeEvents(schemas)
	return json.Marshal(object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "Sharp Eyes", "version": version,
			"description": "What happens in a city's video network: CloudEvents 1.0 in structured mode, on NATS and on the WebSocket " + prefix + "/ws/events.",
		},
		"defaultContentType": "application/cloudevents+json",
		"channels":           channels,
		"operations":         operations,
		"components":         object{"messages": messages, "schemas": schemas.Map()},
	})
}

// envelope is CloudEvents 1.0 around the data of a type.
func envelope(name event.Type, data *huma.Schema) object {
	text := func(what string) object { return object{"type": "string", "description": what} }
	return object{
		"type":     "object",
		"required": []string{"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"},
		"properties": object{
			"specversion":     object{"const": "1.0"},
			"id":              object{"type": "string", "format": "uuid", "description": "a version 7 UUID; ids of one gateway sort by time"},
			"source":          text("/sharpeyes/ and the gateway's node.name"),
			"type":            object{"const": name},
			"subject":         text("the channel's id, the site's path or the gateway's name"),
			"time":            object{"type": "string", "format": "date-time"},
			"datacontenttype": object{"const": "application/json"},
			"data":            data,
		},
	}
}

// describeEvents tells what the Go types of the payloads leave open. What they have besides is allowed:
// readers ignore what they don't know.
func describeEvents(schemas huma.Registry) {
	states := []any{event.Online, event.Degraded, event.Offline, event.Unknown, event.Disabled}
	enums := map[string][]any{
		"Health.state": states, "Health.previous": states,
		"Motion.source":  {event.FromBitstream, event.FromONVIF, event.FromWebhook},
		"Stream.profile": {"main", "sub"},
		"Alert.severity": {"info", "warning", "critical"},
		"Alert.state":    {"open", "acknowledged", "closed"},
		"Channel.class":  {1, 2, 3, 9},
	}
	for name, s := range schemas.Map() {
		s.AdditionalProperties = true
		for property, p := range s.Properties {
			if of := enums[name+"."+property]; of != nil {
				p.Enum = of
			}
		}
	}
}
