//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"sharpeyes/streams/sim"
)

// simulator is a running "sharpeyes sim".
type simulator struct {
	*process
	cameras int
	port    int    // that all cameras listen on
	control string // host:port
}

// startSim runs the given number of simulated cameras for the test.
func startSim(t testing.TB, cameras int) *simulator {
	t.Helper()
	s := &simulator{cameras: cameras}
	s.process = spawn(t, nil, "sim", "--listen", ":0", "--control", "127.0.0.1:0", "--cameras", strconv.Itoa(cameras))
	a := s.awaitLine(t, "ready", readyWithin)
	_, port, err := net.SplitHostPort(a["listen"])
	if err == nil {
		s.port, err = strconv.Atoi(port)
	}
	if err != nil || a["control"] == "" {
		t.Fatalf("the simulator's line \"ready\" must have listen and control, it has %v", a)
	}
	s.control = a["control"]
	return s
}

// url is the address of a stream of camera i; the profile is main or sub.
func (s *simulator) url(i int, profile string) string { return cameraURL(i, s.port, profile) }

// cameraURL is the address of a stream of camera i: each has an address of its own on the loopback
// network, from 127.1.0.0 on.
func cameraURL(i, port int, profile string) string {
	a := netip.AddrFrom4([4]byte{127, 1 + byte(i>>16), byte(i >> 8), byte(i)})
	return "rtsp://" + netip.AddrPortFrom(a, uint16(port)).String() + "/" + profile
}

// find returns the first camera from the given one on whose scene is as wanted.
func (s *simulator) find(t testing.TB, from int, wanted func(sim.Scene) bool) int {
	t.Helper()
	for i := from; i < s.cameras; i++ {
		if wanted(sim.SceneOf(i)) {
			return i
		}
	}
	t.Fatalf("no such camera among %d", s.cameras)
	return 0
}

// plain is a camera of the given codec, without sound and password.
func plain(c sim.Codec, moving bool) func(sim.Scene) bool {
	return func(s sim.Scene) bool { return s == sim.Scene{Codec: c, Moving: moving} }
}

// set makes a camera misbehave.
func (s *simulator) set(t testing.TB, camera int, f sim.Fault) {
	t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	s.ask(t, http.MethodPut, fmt.Sprintf("/cameras/%d/fault", camera), body, nil)
}

// heal ends a camera's misbehaviour.
func (s *simulator) heal(t testing.TB, camera int) {
	t.Helper()
	s.ask(t, http.MethodDelete, fmt.Sprintf("/cameras/%d/fault", camera), nil, nil)
}

// camera is what a camera has seen.
func (s *simulator) camera(t testing.TB, i int) sim.Counters {
	t.Helper()
	var c sim.Counters
	s.ask(t, http.MethodGet, fmt.Sprintf("/cameras/%d", i), nil, &c)
	return c
}

// totals is what all cameras have seen.
func (s *simulator) totals(t testing.TB) sim.Totals {
	t.Helper()
	var c sim.Totals
	s.ask(t, http.MethodGet, "/", nil, &c)
	return c
}

func (s *simulator) ask(t testing.TB, method, path string, body []byte, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.control+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		t.Fatalf("ask the simulator: %v", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("simulator: %s %s: %s %v\n%s", method, path, res.Status, err, b)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("simulator: %s %s: %v\n%s", method, path, err, b)
		}
	}
}

// deadAddress is a loopback address where nobody listens.
func deadAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
