package config

import "testing"

func TestLoopbackOnly(t *testing.T) {
	tests := []struct {
		change func(*Config)
		want   bool
	}{
		{func(*Config) {}, true},
		{func(c *Config) { c.HTTP.Listen = "[::1]:0" }, true},
		{func(c *Config) { c.HTTP.Listen = "localhost:8080" }, true},
		{func(c *Config) { c.RTSP.Listen = "127.9.9.9:8554" }, true},
		{func(c *Config) { c.NATS.Listen = "" }, true},
		{func(c *Config) { c.HTTP.Listen = ":8080" }, false},
		{func(c *Config) { c.HTTP.Listen = "gateway.city:8080" }, false},
		{func(c *Config) { c.RTSP.Listen = "0.0.0.0:8554" }, false},
		{func(c *Config) { c.RTSP.TLSListen = "[::]:8322" }, false},
		{func(c *Config) { c.NATS.Listen = "10.0.0.1:4222" }, false},
		// An external server is its own affair.
		{func(c *Config) { c.NATS.Listen, c.NATS.URL = "10.0.0.1:4222", "nats://a:4222" }, true},
	}
	for i, tt := range tests {
		c := Default()
		tt.change(&c)
		if got := c.LoopbackOnly(); got != tt.want {
			t.Errorf("%d: %v for %+v %+v %+v", i, got, c.HTTP, c.RTSP, c.NATS)
		}
	}
}
