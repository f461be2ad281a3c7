package main

import (
	"net/url"
	"strings"
)

// filters is the flags that say which channels are meant. What they take is checked by the gateway.
type filters struct {
	Class    []string `placeholder:"N" help:"Classes: 1, 2, 3, 9."`
	Scenario []string `placeholder:"S" help:"Scenarios, like campus,traffic."`
	Site     string   `placeholder:"PATH" help:"Site, and all that lies in it, like xiamen/siming."`
	State    []string `placeholder:"S" help:"States: online, degraded, offline, unknown, disabled."`
	Tag      []string `placeholder:"TAG" help:"Tags."`
	Text     string   `short:"q" placeholder:"TEXT" help:"Text in id or name."`
	Bbox     string   `placeholder:"W,S,E,N" help:"Area: least longitude, least latitude, most longitude, most latitude."`
}

// query is the filters as parameters of the API.
func (f filters) query() url.Values {
	v := make(url.Values)
	for name, value := range map[string]string{
		"class": strings.Join(f.Class, ","), "scenario": strings.Join(f.Scenario, ","), "site": f.Site,
		"state": strings.Join(f.State, ","), "tag": strings.Join(f.Tag, ","), "q": f.Text, "bbox": f.Bbox,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}
