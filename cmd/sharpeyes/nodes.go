package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sharpeyes/gateway/api"
)

// nodes is the command that lists the gateways of the city.
type nodes struct{ client }

// Run lists them.
func (n nodes) Run(ctx context.Context, con console) error {
	var answer struct {
		Items  []api.Node  `json:"items"`
		Levels []api.Level `json:"levels"`
		Above  *api.Above  `json:"above"`
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
	if err := t.write(con.out); err != nil {
		return err
	}
	if len(answer.Levels) > 0 {
		var t table
		t.add("LEVEL BELOW", "STATE", "CHANNELS", "BEHIND", "REFUSED", "GATEWAY", "VERSION")
		for _, one := range answer.Levels {
			t.add(one.Name, linkState(one.Connected, one.Since), fmt.Sprint(one.Channels), fmt.Sprint(one.Behind), strings.TrimSuffix(fmt.Sprintf("%d %s", one.Refused, one.Why), " "), one.Node, one.Version)
		}
		fmt.Fprintln(con.out)
		if err := t.write(con.out); err != nil {
			return err
		}
	}
	if a := answer.Above; a != nil {
		fmt.Fprintf(con.out, "\nThe level above is %s; %d channels are shared with it.\n", linkState(a.Connected, a.Since), a.Channels)
	}
	return nil
}

// linkState says whether a level is connected, and for how long.
func linkState(connected bool, since time.Time) string {
	state := "away"
	if connected {
		state = "connected"
	}
	return state + " for " + time.Since(since).Round(time.Second).String()
}
