package probe

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// BenchmarkOptions is one probe and the answer of the leanest camera there can be, both in this
// process: cpu-µs/op is what the two cost together.
func BenchmarkOptions(b *testing.B) {
	answer := []byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n")
	address := camera(b, func(c *net.TCPConn) {
		var buf [512]byte
		if n, err := c.Read(buf[:]); err == nil && n > 0 {
			_, _ = c.Write(answer)
			_, _ = io.ReadFull(c, buf[:])
		}
	})
	ch := registry.Channel{ID: "gate", URL: "rtsp://" + address + "/main"}
	p := New(10 * time.Second)
	b.SetParallelism(16)
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r := p.Options(b.Context(), ch); r.State != event.Online {
				b.Error(r)
				return
			}
		}
	})
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpu is what the process used so far, in user and in system mode.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
