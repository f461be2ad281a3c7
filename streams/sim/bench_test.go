package sim

import (
	"log/slog"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"

	"sharpeyes/streams"
)

// BenchmarkProbe is one OPTIONS on a fresh connection, with what both sides of it cost.
func BenchmarkProbe(b *testing.B) {
	f := farm(b, func(o *Options) { o.Cameras = cityCameras })
	question, answer := []byte(options), make([]byte, 512)
	addresses := make([]string, 1024)
	for i := range addresses {
		addresses[i] = address(f, i*(cityCameras/len(addresses)))
	}
	dialer := net.Dialer{KeepAlive: -1}
	b.ReportAllocs()
	before := cpu(b)
	n := 0
	for b.Loop() {
		c, err := dialer.Dial("tcp4", addresses[n%len(addresses)])
		if err != nil {
			b.Fatal(err)
		}
		if _, err = c.Write(question); err == nil {
			_, err = c.Read(answer)
		}
		if err != nil {
			b.Fatal(err)
		}
		_ = c.Close()
		n++
	}
	b.ReportMetric(float64(n)/(cpu(b)-before).Seconds(), "probes/cpu-s")
}

// BenchmarkIdle is what a city of idle cameras holds in memory.
func BenchmarkIdle(b *testing.B) {
	for b.Loop() {
		before := heap()
		f, err := Listen(b.Context(), Options{Listen: ":0", Cameras: cityCameras, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlay is what one second of one played stream costs the farm and a client that throws
// everything away.
func BenchmarkPlay(b *testing.B) {
	const streamsPlayed = 50
	f := farm(b, func(o *Options) { o.Cameras = cityCameras })
	f.frameTime = frameTime
	done := make(chan struct{})
	for i := range streamsPlayed {
		u := f.URL(plainAfter(i*100), streams.Main)
		v, err := connect(b, u, gortsplib.TransportTCP)
		if err != nil {
			b.Fatal(err)
		}
		if err := v.play(); err != nil {
			b.Fatal(err)
		}
		go func() {
			for {
				select {
				case <-v.packets:
				case <-done:
					return
				}
			}
		}()
	}
	defer close(done)
	before := cpu(b)
	n := 0
	for b.Loop() {
		time.Sleep(time.Second)
		n++
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n*streamsPlayed), "cpu-µs/stream-s")
}

// plainAfter is a camera from i on that wants no password.
func plainAfter(i int) int {
	for SceneOf(i).Locked {
		i++
	}
	return i
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// cpu is the processor time that the process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
