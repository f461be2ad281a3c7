package config

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	nodeName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	sitePath = regexp.MustCompile(`^[a-z0-9_-]{1,32}(/[a-z0-9_-]{1,32}){0,5}$`)
)

// Validate finds everything that is wrong with the configuration at once; the error is Problems.
func (c Config) Validate() error { return c.problems().err() }

// check collects problems.
type check struct{ Problems }

func (c *check) fail(key string, value any, mend string) {
	c.Problems = append(c.Problems, Problem{Key: key, Value: discreet(key, fmt.Sprint(value)), Mend: mend})
}

func (c *check) require(ok bool, key string, value any, mend string) {
	if !ok {
		c.fail(key, value, mend)
	}
}

func (c Config) problems() Problems {
	var k check
	k.require(c.Node.Name == "" || nodeName.MatchString(c.Node.Name), "node.name", c.Node.Name,
		"isn't a node's name; write 1 to 64 letters, digits, dots, dashes and underscores, or leave it empty")
	k.require(c.Node.Site == "" || sitePath.MatchString(c.Node.Site), "node.site", c.Node.Site,
		"isn't a site; write 1 to 6 tokens of a-z, 0-9, _ and - joined by /, like xiamen/siming")
	k.require(!strings.ContainsAny(c.Node.Address, " /@"), "node.address", c.Node.Address, "isn't a host; write a name or an IP address, without a port")
	k.require(c.Node.Capacity > 0 && c.Node.Capacity <= 1000, "node.capacity", c.Node.Capacity, "isn't a part of the channels; write a number above 0, like 1")
	k.require(c.DataDir != "", "data_dir", "", "is empty; write the folder where the store is to be")
	k.nats(c.NATS)
	k.listeners(c)
	k.streams(c.Streams)
	k.health(c.Health)
	k.require(c.Motion.Sensitivity >= 0 && c.Motion.Sensitivity <= 1, "motion.sensitivity", c.Motion.Sensitivity,
		"is out of range; write 0 to 1")
	k.require(c.Motion.Hold >= 0, "motion.hold", c.Motion.Hold, "is negative; write 0s or more")
	k.require(c.Motion.AlwaysBudget >= 0, "motion.always_budget", c.Motion.AlwaysBudget, "is negative; write 0 or more")
	k.require(c.Events.MaxAge >= time.Minute, "events.max_age", c.Events.MaxAge, "is too short; write 1m or more")
	k.require(c.Events.MaxBytes >= 1<<20, "events.max_bytes", c.Events.MaxBytes, "is too small; write 1MiB or more")
	k.require(c.Map.Center[0] >= -180 && c.Map.Center[0] <= 180 && c.Map.Center[1] >= -90 && c.Map.Center[1] <= 90,
		"map.center", c.Map.Center, "isn't on the globe; write [longitude, latitude] in degrees")
	k.choice("map.coordinates", c.Map.Coordinates, "wgs84", "gcj02")
	k.require(c.Map.Zoom >= 0 && c.Map.Zoom <= 24, "map.zoom", c.Map.Zoom, "is out of range; write 0 to 24")
	_, err := time.LoadLocation(c.Alerts.Zone)
	k.require(err == nil && c.Alerts.Zone != "", "alerts.zone", c.Alerts.Zone, "isn't a time zone; write one like Asia/Shanghai")
	k.require(c.Audit.MaxAge >= time.Hour, "audit.max_age", c.Audit.MaxAge, "is too short; write 1h or more")
	k.share(c.Share)
	k.choice("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.choice("log.format", c.Log.Format, "text", "json")
	return k.Problems
}

func (k *check) choice(key, value string, from ...string) {
	k.require(slices.Contains(from, value), key, value, "isn't known; write one of "+strings.Join(from, ", "))
}

func (k *check) nats(n NATS) {
	if n.URL != "" {
		for _, u := range strings.Split(n.URL, ",") {
			k.natsURL("nats.url", strings.TrimSpace(u))
		}
	} else if n.Listen != "" {
		k.address("nats.listen", n.Listen)
	}
	if n.LeafListen != "" {
		k.address("nats.leaf_listen", n.LeafListen)
		k.require(n.URL == "", "nats.leaf_listen", n.LeafListen, "is of the embedded server, and nats.url names another one; empty one of them")
	}
	for i, u := range n.LeafRemotes {
		k.leaf(fmt.Sprintf("nats.leaf_remotes[%d]", i), u, n.LeafRemotes[0])
	}
	k.require(n.URL == "" || len(n.LeafRemotes) == 0, "nats.leaf_remotes", "",
		"is for the embedded server, and nats.url names another one; empty one of them")
	k.require(n.Credentials == "" || n.URL != "" || len(n.LeafRemotes) > 0, "nats.credentials", n.Credentials,
		"are for another server; set nats.url or nats.leaf_remotes, or leave them empty")
	k.require(n.Replicas >= 1 && n.Replicas <= 5, "nats.replicas", n.Replicas, "is out of range; write 1 to 5")
	k.require(n.Replicas <= 1 || n.Replicas > 5 || n.URL != "", "nats.replicas", n.Replicas,
		"needs a cluster, and the embedded server is one server; write 1, or set nats.url")
}

func (k *check) natsURL(key, value string) {
	u, err := url.Parse(value)
	ok := err == nil && u.Host != "" && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme)
	k.require(ok, key, "", "isn't the address of a NATS server; write nats://host:4222 or tls://host:4222")
}

// leaf checks a server of the level above; all of them are to be joined in the name of the first.
func (k *check) leaf(key, value, first string) {
	k.natsURL(key, value)
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.User == nil { // without a name it is the node's
		return
	}
	k.require(levelName.MatchString(u.User.Username()), key, "", "names nobody who can be a level; write nats://NAME:TOKEN@host:7422, with a name of a-z, 0-9, _ and -")
	f, err := url.Parse(first)
	k.require(err != nil || f.User.Username() == u.User.Username(), key, "", "joins in another name than the first; all are servers of one level")
}

var levelName = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

func (k *check) share(s Share) {
	for _, c := range s.Classes {
		k.require(slices.Contains([]int{1, 2, 3, 9}, c), "share.classes", c, "isn't a class; write 1, 2, 3 or 9")
	}
	for _, scenario := range s.Scenarios {
		k.require(levelName.MatchString(scenario), "share.scenarios", scenario, "can't be a scenario; write one token like campus")
	}
	for _, site := range s.Sites {
		k.require(sitePath.MatchString(site), "share.sites", site, "isn't a path; write one like xiamen/siming")
	}
	for _, kind := range s.Kinds {
		k.choice("share.kinds", kind, "health", "motion", "site", "stream")
	}
	k.require(len(s.Classes)+len(s.Scenarios) == 0 || !slices.Equal(s.Kinds, []string{"site"}), "share.kinds", "site",
		"are of all cameras of a site, and aren't shared when classes or scenarios are chosen; write other kinds too")
}

func (k *check) streams(s Streams) {
	k.require(s.Linger >= 0, "streams.linger", s.Linger, "is negative; write 0s or more")
	k.require(s.StartTimeout > 0, "streams.start_timeout", s.StartTimeout, "isn't positive; write a duration like 10s")
	k.require(s.MaxPulls >= 0, "streams.max_pulls", s.MaxPulls, "is negative; write 0 for no bound, or a number")
	k.require(s.MaxReaders >= 0, "streams.max_readers", s.MaxReaders, "is negative; write 0 for no bound, or a number")
	k.require(s.MaxPullsPerDevice >= 0, "streams.max_pulls_per_device", s.MaxPullsPerDevice, "is negative; write 0 for no bound, or a number")
	k.require(s.ReaderQueue >= 64<<10 && s.ReaderQueue <= 1<<30, "streams.reader_queue", s.ReaderQueue,
		"is out of range; write 64KiB to 1GiB, enough for two keyframes")
}

func (k *check) health(h Health) {
	classes := make([]int, 0, len(h.Interval))
	for class := range h.Interval {
		classes = append(classes, class)
	}
	slices.Sort(classes)
	k.require(len(classes) > 0, "health.interval", "", "is empty; write one duration for each class, like {1: 10s, 2: 30s, 3: 60s}")
	for _, class := range classes {
		key := "health.interval." + strconv.Itoa(class)
		k.require(slices.Contains([]int{1, 2, 3, 9}, class), key, class, "isn't a class; write 1, 2, 3 or 9")
		k.require(h.Interval[class] > 0, key, h.Interval[class], "isn't positive; write a duration like 30s")
	}
	k.require(h.Timeout > 0, "health.timeout", h.Timeout, "isn't positive; write a duration like 5s")
	k.require(h.Confirm >= 1, "health.confirm", h.Confirm, "is too small; write 1 to believe each probe, or more")
	k.require(h.ConfirmGap > 0, "health.confirm_gap", h.ConfirmGap, "isn't positive; write a duration like 2s")
	k.require(h.Concurrency >= 1, "health.concurrency", h.Concurrency, "is too small; write 1 or more")
	k.require(h.DeepInterval == 0 || h.DeepInterval >= time.Second, "health.deep_interval", h.DeepInterval,
		"is too short; write 1s or more, or 0s for none")
	k.require(h.DeepBudget >= 1, "health.deep_budget", h.DeepBudget, "is too small; write 1 or more, or 0s as health.deep_interval for none")
	k.require(h.ClockTolerance >= 0, "health.clock_tolerance", h.ClockTolerance, "is negative; write 0s to allow any, or more")
	k.outages(h)
}

func (k *check) outages(h Health) {
	o, f := h.SiteOutage, h.Flapping
	k.require(o.Ratio > 0 && o.Ratio <= 1, "health.site_outage.ratio", o.Ratio, "is out of range; write more than 0, up to 1")
	k.require(o.Window > 0 && o.Window <= time.Hour, "health.site_outage.window", o.Window, "is out of range; write more than 0s, up to 1h")
	k.require(o.Min >= 2, "health.site_outage.min", o.Min, "is too small; write 2 or more")
	k.require(f.Changes >= 0 && f.Changes <= 100, "health.flapping.changes", f.Changes, "is out of range; write 0 for never, up to 100")
	k.require(f.Within > 0, "health.flapping.within", f.Within, "isn't positive; write a duration like 10m")
	for _, class := range slices.Sorted(maps.Keys(h.Targets)) {
		key := "health.targets." + strconv.Itoa(class)
		k.require(slices.Contains([]int{1, 2, 3, 9}, class), key, class, "isn't a class; write 1, 2, 3 or 9")
		k.require(h.Targets[class] >= 0 && h.Targets[class] <= 1, key, h.Targets[class], "is out of range; write 0 to 1, like 0.98")
	}
}

// listener is an address that the gateway opens.
type listener struct{ key, address string }

func (c Config) listening() []listener {
	all := []listener{{"http.listen", c.HTTP.Listen}, {"rtsp.listen", c.RTSP.Listen}, {"rtsp.tls_listen", c.RTSP.TLSListen}}
	if c.NATS.URL == "" {
		all = append(all, listener{"nats.listen", c.NATS.Listen}, listener{"nats.leaf_listen", c.NATS.LeafListen})
	}
	return slices.DeleteFunc(all, func(l listener) bool { return l.address == "" })
}

func (k *check) listeners(c Config) {
	k.require(c.HTTP.Listen != "", "http.listen", "", "is empty; write host:port, like 127.0.0.1:8080")
	k.require(c.RTSP.Listen != "" || c.RTSP.TLSListen != "", "rtsp.listen", "", "is empty, and so is rtsp.tls_listen; write host:port, like 127.0.0.1:8554")
	for _, l := range []listener{{"http.listen", c.HTTP.Listen}, {"rtsp.listen", c.RTSP.Listen}, {"rtsp.tls_listen", c.RTSP.TLSListen}} {
		if l.address != "" {
			k.address(l.key, l.address)
		}
	}
	k.pair("http", c.HTTP.TLSCert, c.HTTP.TLSKey)
	k.pair("rtsp", c.RTSP.TLSCert, c.RTSP.TLSKey)
	k.pair("nats", c.NATS.TLSCert, c.NATS.TLSKey)
	k.require(c.RTSP.TLSListen == "" || c.RTSP.TLSCert != "", "rtsp.tls_listen", c.RTSP.TLSListen,
		"needs a certificate; set rtsp.tls_cert and rtsp.tls_key")
	k.require(c.RTSP.TLSListen != "" || c.RTSP.TLSCert == "", "rtsp.tls_cert", c.RTSP.TLSCert,
		"has no listener; set rtsp.tls_listen, like 0.0.0.0:8322")
	seen := make(map[string]string)
	for _, l := range c.listening() {
		if _, port, err := net.SplitHostPort(l.address); err != nil || port == "0" {
			continue
		}
		if other, taken := seen[l.address]; taken {
			k.fail(l.key, l.address, "is also the address of "+other+"; give each its own port")
		}
		seen[l.address] = l.key
	}
	k.choice("access.anonymous", c.Access.Anonymous, "none", "viewer", "admin")
	if c.Access.Anonymous == "none" {
		return
	}
	if l, ok := c.public(); ok {
		k.fail("access.anonymous", c.Access.Anonymous, fmt.Sprintf(
			"lets in whoever reaches %s (%s); write none, or a loopback address like 127.0.0.1 there", l.key, l.address))
	}
}

// LoopbackOnly reports whether only this machine can reach the gateway's listeners, that of the
// embedded NATS server among them.
func (c Config) LoopbackOnly() bool {
	_, ok := c.public()
	return !ok
}

// public is the first listener that other machines can reach.
func (c Config) public() (listener, bool) {
	for _, l := range c.listening() {
		if !loopback(l.address) {
			return l, true
		}
	}
	return listener{}, false
}

func (k *check) address(key, value string) {
	_, port, err := net.SplitHostPort(value)
	n, notNumber := strconv.ParseUint(port, 10, 16)
	k.require(err == nil && notNumber == nil && n <= 65535, key, value, "isn't an address; write host:port, like 127.0.0.1:8080 or :8080")
}

func (k *check) pair(section, cert, key string) {
	k.require(cert == "" || key != "", section+".tls_cert", cert, "has no key beside it; set "+section+".tls_key too, or neither")
	k.require(key == "" || cert != "", section+".tls_key", key, "has no certificate beside it; set "+section+".tls_cert too, or neither")
}

// loopback reports whether only this machine can reach a listener on the address (host:port).
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
