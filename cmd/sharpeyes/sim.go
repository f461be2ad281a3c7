package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"sharpeyes/config"
	"sharpeyes/streams/sim"
)

// mostCameras is how many addresses 127.1.0.0 and up has for simulated cameras.
const mostCameras = 1_000_000

// simulate is the command that runs simulated cameras alone.
type simulate struct {
	Listen  string `default:":18554" placeholder:"ADDR" help:"Where all cameras listen; camera 0 is at 127.1.0.0, camera 1 at 127.1.0.1, …"`
	Control string `default:"127.0.0.1:18555" placeholder:"ADDR" help:"HTTP control of the faults; empty for none."`
	Cameras int    `default:"62283" help:"How many."`
	Start   string `enum:"live,keyframe" default:"live" help:"Where a session begins: where the encoder stands (live), or with a keyframe (keyframe)."`
	Log     string `enum:"debug,info,warn,error" default:"info" help:"Least level that is logged: ${enum}."`
}

// Run runs the cameras until a signal.
func (s simulate) Run(ctx context.Context, con console) error {
	if err := within("--cameras", s.Cameras, 1, mostCameras); err != nil {
		return err
	}
	log, _ := newLog(con.err, config.Log{Level: s.Log, Format: "text"})
	farm, err := sim.Listen(ctx, sim.Options{
		Listen: s.Listen, Cameras: s.Cameras, Start: sim.Start(s.Start), Control: s.Control, Log: log,
	})
	if err != nil {
		return err
	}
	log.Info("ready", "cameras", s.Cameras,
		"listen", net.JoinHostPort("127.1.0.0", strconv.Itoa(farm.Port())),
		"control", strings.TrimPrefix(farm.ControlURL(), "http://"))
	<-ctx.Done()
	return farm.Close()
}

// within refuses a number that is out of range, as wrong usage.
func within(flag string, n, least, most int) error {
	if n < least || n > most {
		return usageError{fmt.Errorf("%s=%d is out of range; give %d to %d", flag, n, least, most)}
	}
	return nil
}
