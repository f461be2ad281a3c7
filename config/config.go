// Package config is the gateway's configuration: plain structs with defaults, read strictly from
// YAML and from the environment.
package config

import "time"

// Config is everything that an administrator can set.
type Config struct {
	Node    Node    `yaml:"node"`
	DataDir string  `yaml:"data_dir"` // holds the store of the embedded NATS server and the key of the credentials
	NATS    NATS    `yaml:"nats"`
	Share   Share   `yaml:"share"`
	HTTP    HTTP    `yaml:"http"`
	RTSP    RTSP    `yaml:"rtsp"`
	Streams Streams `yaml:"streams"`
	Health  Health  `yaml:"health"`
	Motion  Motion  `yaml:"motion"`
	Events  Events  `yaml:"events"`
	Map     Map     `yaml:"map"`
	Access  Access  `yaml:"access"`
	Alerts  Alerts  `yaml:"alerts"`
	Audit   Audit   `yaml:"audit"`
	Log     Log     `yaml:"log"`
}

// Node is this gateway among others.
type Node struct {
	Name     string  `yaml:"name"` // the host's name when empty
	Site     string  `yaml:"site"`
	Address  string  `yaml:"address"`  // host where other gateways reach this one; empty: that of rtsp.listen, or the host's name
	Capacity float64 `yaml:"capacity"` // its part of the channels, relative to other gateways
}

// NATS is the store and bus; with an empty URL a server runs inside the process.
type NATS struct {
	URL         string   `yaml:"url"`
	Credentials string   `yaml:"credentials"` // file
	Listen      string   `yaml:"listen"`      // of the embedded server
	TLSCert     string   `yaml:"tls_cert"`    // file; of the embedded server
	TLSKey      string   `yaml:"tls_key"`     // file
	Replicas    int      `yaml:"replicas"`
	LeafListen  string   `yaml:"leaf_listen"`  // where gateways of the level below join the embedded server
	LeafRemotes []string `yaml:"leaf_remotes"` // the level above
}

// Share is what the level above gets. What is empty is any.
type Share struct {
	Classes   []int    `yaml:"classes"`
	Scenarios []string `yaml:"scenarios"`
	Sites     []string `yaml:"sites"` // each with all that lies in it
	Kinds     []string `yaml:"kinds"` // of events
}

// HTTP is the listener of the API and the command centre.
type HTTP struct {
	Listen  string `yaml:"listen"`
	TLSCert string `yaml:"tls_cert"` // file
	TLSKey  string `yaml:"tls_key"`  // file
}

// RTSP is the listeners that video walls play from.
type RTSP struct {
	Listen    string `yaml:"listen"`
	TLSListen string `yaml:"tls_listen"`
	TLSCert   string `yaml:"tls_cert"` // file
	TLSKey    string `yaml:"tls_key"`  // file
	UDP       bool   `yaml:"udp"`
	Digest    bool   `yaml:"digest"` // ask readers for a digest, which tokens made meanwhile can answer
}

// Streams bounds pulls and readers.
type Streams struct {
	Linger       time.Duration `yaml:"linger"`        // how long a pull outlives its last reader
	StartTimeout time.Duration `yaml:"start_timeout"` // until the camera must have agreed to send
	MaxPulls     int           `yaml:"max_pulls"`     // 0: no bound
	MaxReaders   int           `yaml:"max_readers"`   // 0: no bound
	// MaxPullsPerDevice is for channels that share a recorder; 0: no bound.
	MaxPullsPerDevice int   `yaml:"max_pulls_per_device"`
	ReaderQueue       Bytes `yaml:"reader_queue"` // what may wait for one reader
}

// Health is how channels are probed.
type Health struct {
	Interval    map[int]time.Duration `yaml:"interval"` // by class; a class that isn't named takes the longest
	Timeout     time.Duration         `yaml:"timeout"`
	Confirm     int                   `yaml:"confirm"`     // probes that must agree before a change is believed
	ConfirmGap  time.Duration         `yaml:"confirm_gap"` // between them
	Concurrency int                   `yaml:"concurrency"` // probes under way at once

	DeepInterval   time.Duration   `yaml:"deep_interval"`   // between looks at the stream itself; 0: none
	DeepBudget     int             `yaml:"deep_budget"`     // of those under way at once
	ClockTolerance time.Duration   `yaml:"clock_tolerance"` // by how much a camera's clock may be off
	SiteOutage     SiteOutage      `yaml:"site_outage"`
	Flapping       Flapping        `yaml:"flapping"`
	Targets        map[int]float64 `yaml:"targets"` // online rate that is asked for, 0 to 1, by class
}

// SiteOutage is when a site is out, and not only some of its channels.
type SiteOutage struct {
	Ratio  float64       `yaml:"ratio"`  // of its channels, 0 to 1, that must be offline
	Window time.Duration `yaml:"window"` // within which they went
	Min    int           `yaml:"min"`    // channels that must be offline
}

// Flapping is when a channel changes too often to be believed.
type Flapping struct {
	Changes int           `yaml:"changes"` // more than so many; 0: never
	Within  time.Duration `yaml:"within"`
}

// Motion is how motion is detected.
type Motion struct {
	Sensitivity  float64       `yaml:"sensitivity"` // 0 to 1
	Hold         time.Duration `yaml:"hold"`        // motions closer than this are one
	AlwaysBudget int           `yaml:"always_budget"`
}

// Events bounds the event stream.
type Events struct {
	MaxAge   time.Duration `yaml:"max_age"`
	MaxBytes Bytes         `yaml:"max_bytes"`
}

// Map is the base map of the command centre.
type Map struct {
	Tiles       string     `yaml:"tiles"`       // a template of URLs, or a PMTiles file
	Coordinates string     `yaml:"coordinates"` // of the tiles: wgs84 or gcj02
	Attribution string     `yaml:"attribution"`
	Center      [2]float64 `yaml:"center"` // lon, lat in degrees, WGS-84
	Zoom        float64    `yaml:"zoom"`
}

// Access is what those may do who don't sign in.
type Access struct {
	Anonymous string `yaml:"anonymous"` // none, viewer or admin; anything but none only on loopback
}

// Alerts is how rules are read.
type Alerts struct {
	Zone string `yaml:"zone"` // of the times in rules, like Asia/Shanghai
}

// Audit is the record of who did what.
type Audit struct {
	MaxAge time.Duration `yaml:"max_age"`
}

// Log is how the gateway logs to standard error.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // text or json
}

// Bytes is a size; in YAML a number of bytes, or a number with KiB, MiB, GiB, KB, MB or GB.
type Bytes int64

// Default is the configuration of a gateway that was told nothing.
func Default() Config {
	return Config{
		Node:    Node{Capacity: 1},
		DataDir: "data",
		NATS:    NATS{Listen: "127.0.0.1:4222", Replicas: 1},
		Share:   Share{Kinds: []string{"health", "motion", "site"}},
		HTTP:    HTTP{Listen: "127.0.0.1:8080"},
		RTSP:    RTSP{Listen: "127.0.0.1:8554", UDP: true},
		Streams: Streams{Linger: 15 * time.Second, StartTimeout: 10 * time.Second, ReaderQueue: 4 << 20},
		Health: Health{
			Interval:    map[int]time.Duration{1: 10 * time.Second, 2: 30 * time.Second, 3: 60 * time.Second},
			Timeout:     5 * time.Second,
			Confirm:     3,
			ConfirmGap:  2 * time.Second,
			Concurrency: 512,

			DeepInterval:   10 * time.Minute,
			DeepBudget:     32,
			ClockTolerance: 5 * time.Second,
			SiteOutage:     SiteOutage{Ratio: 0.8, Window: 10 * time.Second, Min: 5},
			Flapping:       Flapping{Changes: 6, Within: 10 * time.Minute},
			Targets:        map[int]float64{1: 0.98, 2: 0.95},
		},
		Motion: Motion{Sensitivity: 0.5, Hold: 5 * time.Second, AlwaysBudget: 256},
		Events: Events{MaxAge: 168 * time.Hour, MaxBytes: 8 << 30},
		Map:    Map{Coordinates: "wgs84", Center: [2]float64{118.09, 24.48}, Zoom: 11},
		Access: Access{Anonymous: "none"},
		Alerts: Alerts{Zone: "Asia/Shanghai"},
		Audit:  Audit{MaxAge: 180 * 24 * time.Hour},
		Log:    Log{Level: "info", Format: "text"},
	}
}
