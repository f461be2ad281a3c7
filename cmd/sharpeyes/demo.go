package main

import (
	"context"
	"os"

	"sharpeyes/config"
	"sharpeyes/gateway"
)

// demo is the command that runs a city that doesn't exist. It has a data folder of its own, since
// it registers its city in place of whatever was registered there.
type demo struct {
	Channels   int    `default:"62283" help:"Cameras in the city."`
	Live       int    `default:"24" help:"Cameras watched for motion all the time."`
	DataDir    string `default:"data/demo" placeholder:"DIR" help:"Folder of the demo's store. Its registry is replaced by the demo's city."`
	SimListen  string `default:":18554" placeholder:"ADDR" help:"Where the simulated cameras listen, on loopback."`
	SimControl string `default:"127.0.0.1:18555" placeholder:"ADDR" help:"HTTP control of the simulated cameras' faults."`
}

// Run runs the demo until a signal.
func (d demo) Run(ctx context.Context, con console) error {
	if err := within("--channels", d.Channels, 1, mostCameras); err != nil {
		return err
	}
	if err := within("--live", d.Live, 0, d.Channels); err != nil {
		return err
	}
	cfg, err := config.Load("", os.Environ())
	if err != nil {
		return err
	}
	cfg.DataDir = d.DataDir
	log, _ := newLog(con.err, cfg.Log)
	return gateway.Demo(ctx, cfg, gateway.DemoOptions{
		Options:    gateway.Options{Log: log, Version: version()},
		Channels:   d.Channels,
		Live:       d.Live,
		SimListen:  d.SimListen,
		SimControl: d.SimControl,
		Out:        con.out,
	})
}
