//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sharpeyes/registry"
	"sharpeyes/streams"
	"sharpeyes/streams/sim"
)

// city is simulated cameras and the channels that they are registered as.
type city struct {
	farm     *sim.Farm
	channels []registry.Channel
}

func (b *bench) newCity(ctx context.Context, n int) (*city, error) {
	farm, err := sim.Listen(ctx, sim.Options{Listen: ":0", Cameras: n, Log: b.log})
	if err != nil {
		return nil, err
	}
	c := &city{farm: farm}
	c.channels, _ = sim.City(n, farm.URL)
	return c, nil
}

// register imports the channels.
func (c *city) register(ctx context.Context, g *gateway) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"id", "name", "class", "site", "scenario", "url", "username", "password"})
	for i := range c.channels {
		ch := &c.channels[i]
		_ = w.Write([]string{ch.ID, ch.Name, strconv.Itoa(int(ch.Class)), ch.Site, ch.Scenario, ch.URL, ch.Username, ch.Password.Reveal()})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	_, err := g.ask(ctx, http.MethodPost, "/api/v1/channels:import?format=csv", &b)
	return err
}

// set gives cameras a fault.
func (c *city) set(cameras []int, fault sim.Fault) error {
	for _, i := range cameras {
		if err := c.farm.SetFault(i, fault); err != nil {
			return err
		}
	}
	return nil
}

// all is every camera.
func (c *city) all() []int {
	all := make([]int, len(c.channels))
	for i := range all {
		all[i] = i
	}
	return all
}

// district is the cameras of the district whose number of channels is the nearest to n.
func (c *city) district(n int) (path string, cameras []int) {
	by := map[string][]int{}
	for i := range c.channels {
		tokens := strings.SplitN(c.channels[i].Site, "/", 3)
		path := strings.Join(tokens[:min(len(tokens), 2)], "/")
		by[path] = append(by[path], i)
	}
	off := func(k int) int { return max(k-n, n-k) }
	for p, all := range by {
		if cameras == nil || off(len(all)) < off(len(cameras)) || off(len(all)) == off(len(cameras)) && p < path {
			path, cameras = p, all
		}
	}
	return path, cameras
}

// hostPort is where a camera listens.
func (c *city) hostPort(i int) (string, error) {
	u, err := url.Parse(c.farm.URL(i, streams.Main))
	if err != nil {
		return "", fmt.Errorf("camera %d: %w", i, err)
	}
	return u.Host, nil
}
