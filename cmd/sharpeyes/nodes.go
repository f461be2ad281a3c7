package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"sharpeyes/gateway/api"
)

// nodes is the command that lists the gateways of the city.
type nodes struct{ client }

// Run lists them.
func (n nodes) Run(ctx context.Context, con console) error {
	var answer struct {
		Items []api.Node `json:"items"`
	}
	raw, err := n.ask(ctx, request{method: http.MethodGet, path: "/nodes"}, &answer)
	if err != nil {
		return err
	}
	if n.JSON {
		return writeJSON(con.out, raw)
	}
	var t table
	t.add("NAME", "STATE", "CHANNELS", "PULLS", "READERS", "BEHIND", "LATE", "SINCE", "VERSION", "RTSP")
	for _, one := range answer.Items {
		state := "alive"
		if !one.Alive {
			state = "gone " + time.Since(one.Heard).Round(time.Second).String()
		}
		t.add(one.Name, state, fmt.Sprint(one.Channels), fmt.Sprint(one.Pulls), fmt.Sprint(one.Readers), fmt.Sprint(one.Behind),
			fmt.Sprintf("%.1f s", max(one.Late, 0)), localTime(one.Started), one.Version, one.RTSP)
	}
	return t.write(con.out)
}
