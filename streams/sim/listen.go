package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Listen opens the farm's socket and begins to answer for all its cameras. The farm lives until
// ctx is done or Close is called. It fails if the options make no sense or the address is taken.
func Listen(ctx context.Context, o Options) (*Farm, error) {
	f, err := newFarm(o)
	if err != nil {
		return nil, err
	}
	if err := f.start(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// start opens the sockets and runs the farm.
func (f *Farm) start(ctx context.Context) error {
	if err := f.listen(ctx); err != nil {
		return err
	}
	if f.opts.Control != "" {
		if err := f.listenControl(ctx); err != nil {
			_ = f.listener.Close()
			return err
		}
	}
	f.run(ctx)
	return nil
}

// run answers on the sockets until ctx is done.
func (f *Farm) run(ctx context.Context) {
	ctx, f.stop = context.WithCancel(ctx)
	f.ending = ctx.Done()
	f.running.Go(func() {
		<-ctx.Done()
		f.shut()
	})
	f.running.Go(func() { f.accept(ctx) })
	if f.control != nil {
		f.running.Go(f.serveControl)
	}
}

func newFarm(o Options) (*Farm, error) {
	if !o.Base.IsValid() {
		o.Base = netip.AddrFrom4([4]byte{127, 1, 0, 0})
	}
	if o.Start == "" {
		o.Start = Live
	}
	if o.Password == "" {
		o.Password = Password
	}
	if o.Start != Live && o.Start != Keyframe {
		return nil, fmt.Errorf("sim: start %q: want %q or %q", o.Start, Live, Keyframe)
	}
	if o.Log == nil {
		return nil, errors.New("sim: no logger")
	}
	if !o.Base.Is4() {
		return nil, fmt.Errorf("sim: base address %s: want one in 127.0.0.0/8", o.Base)
	}
	b := o.Base.As4()
	base := binary.BigEndian.Uint32(b[:])
	// The last address of the network is its broadcast address.
	if b[0] != 127 || o.Cameras < 0 || uint64(base)+uint64(o.Cameras) > 0x7fffffff {
		return nil, fmt.Errorf("sim: %d cameras from %s on: they don't fit into 127.0.0.0/8", o.Cameras, o.Base)
	}
	all, err := loadClips(payloadMax)
	if err != nil {
		return nil, err
	}
	f := &Farm{
		opts:      o,
		base:      base,
		cameras:   make([]camera, o.Cameras),
		clips:     all,
		epoch:     time.Now(),
		timeout:   sessionTimeout,
		frameTime: frameTime,
		open:      make(map[*conn]struct{}),
	}
	f.buffers.New = func() any { return new(buffers) }
	f.pictures.New = func() any { return new([]byte) }
	return f, nil
}

func (f *Farm) listen(ctx context.Context) error {
	host, port, err := net.SplitHostPort(f.opts.Listen)
	if err != nil {
		return fmt.Errorf("sim: listen on %q: %w", f.opts.Listen, err)
	}
	if host != "" && !loopbackHost(host) {
		return fmt.Errorf("sim: listen on %q: the host must be empty or a loopback address", f.opts.Listen)
	}
	// Keep-alive probes of the kernel would cost three system calls a connection.
	lc := net.ListenConfig{Control: confine, KeepAlive: -1}
	f.listener, err = lc.Listen(ctx, "tcp4", net.JoinHostPort("0.0.0.0", port))
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	f.port = f.listener.Addr().(*net.TCPAddr).Port
	return nil
}

func loopbackHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}

// Close ends all sessions, closes all sockets, and returns when every goroutine has ended.
func (f *Farm) Close() error {
	f.stop()
	f.running.Wait()
	return nil
}

// shut closes everything that a goroutine may be waiting on. Once it has run, none is added.
func (f *Farm) shut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	_ = f.listener.Close()
	if f.control != nil {
		_ = f.control.Close()
	}
	for c := range f.open {
		c.cut()
	}
}

// accept hands connections to goroutines of their own. When the process has no file descriptors
// left it waits, a little longer each time, for others to be closed.
func (f *Farm) accept(ctx context.Context) {
	const shortest, longest = 5 * time.Millisecond, time.Second
	pause := shortest
	for {
		nc, err := f.listener.Accept()
		if err == nil {
			pause = shortest
			f.take(nc.(*net.TCPConn))
			continue
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		f.opts.Log.Warn("simulated cameras can't accept a connection", "error", err, "pause", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longest)
	}
}

// take begins the dialogue on a new connection, or closes it.
func (f *Farm) take(nc *net.TCPConn) {
	i := f.index(nc.LocalAddr().(*net.TCPAddr).IP)
	if i < 0 {
		_ = nc.Close()
		return
	}
	f.conns.Add(1)
	f.cameras[i].conns.Add(1)
	if f.fault(i).dead(time.Since(f.epoch)) {
		_ = nc.SetLinger(0)
		_ = nc.Close()
		return
	}
	c := &conn{farm: f, tcp: nc, camera: i, traits: f.traits(i)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		_ = nc.Close()
		return
	}
	f.open[c] = struct{}{}
	f.running.Go(c.serve)
}

// forget ends a connection's part in the farm.
func (f *Farm) forget(c *conn) {
	f.mu.Lock()
	delete(f.open, c)
	f.mu.Unlock()
	_ = c.tcp.Close()
}

// cut resets all open connections of camera i.
func (f *Farm) cut(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		if c.camera == i {
			c.cut()
		}
	}
}

// index is the camera that has the address, or -1.
func (f *Farm) index(ip net.IP) int {
	b := ip.To4()
	if b == nil {
		return -1
	}
	a := binary.BigEndian.Uint32(b)
	if a < f.base || a-f.base >= uint32(len(f.cameras)) {
		return -1
	}
	return int(a - f.base)
}

// addr is the address of camera i.
func (f *Farm) addr(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], f.base+uint32(i))
	return netip.AddrFrom4(b)
}
