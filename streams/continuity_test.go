package streams

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

func videoOnly() *Description {
	return &Description{Medias: []*description.Media{{
		Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
	}}}
}

// rtpUnit is one packet.
func rtpUnit(at time.Time, seq uint16, stamp, ssrc uint32) *Unit {
	raw := make([]byte, 20)
	raw[0], raw[1] = 0x80, 96
	binary.BigEndian.PutUint16(raw[2:], seq)
	binary.BigEndian.PutUint32(raw[4:], stamp)
	binary.BigEndian.PutUint32(raw[8:], ssrc)
	u := NewUnit(0, false, 64)
	u.Append(raw)
	u.At = at
	return u
}

func header(u *Unit) (seq uint16, stamp, ssrc uint32) {
	for raw := range u.Packets() {
		return binary.BigEndian.Uint16(raw[2:]), binary.BigEndian.Uint32(raw[4:]), binary.BigEndian.Uint32(raw[8:])
	}
	return 0, 0, 0
}

func TestContinuity(t *testing.T) {
	const frame = 40 * time.Millisecond
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type packet struct {
		after       time.Duration
		seq         uint16
		stamp, ssrc uint32
		connection  bool // a new one
		wantSeq     uint16
		wantStamp   uint32
	}
	for name, packets := range map[string][]packet{
		"nothing to mend": {
			{frame, 65534, 4294965000, 7, false, 65534, 4294965000}, {frame, 65535, 1304, 7, false, 65535, 1304}, {frame, 0, 4904, 7, false, 0, 4904},
		},
		"a loss stays a gap": {
			{frame, 10, 3600, 7, false, 10, 3600}, {frame, 13, 7200, 7, false, 13, 7200}, {0, 12, 7200, 7, false, 12, 7200}, {frame, 14, 10800, 7, false, 14, 10800},
		},
		"another SSRC": {
			{frame, 10, 3600, 7, false, 10, 3600}, {frame, 40000, 99, 8, false, 11, 7200}, {frame, 40001, 3699, 8, false, 12, 10800},
		},
		"counters restart": {
			{frame, 30000, 3600, 7, false, 30000, 3600}, {frame, 1, 0, 7, false, 30001, 7200}, {frame, 2, 3600, 7, false, 30002, 10800},
		},
		"the clock is set": {
			{frame, 10, 3600, 7, false, 10, 3600}, {frame, 11, 90_000_000, 7, false, 11, 7200}, {frame, 12, 90_003_600, 7, false, 12, 10800},
		},
		"a long silence is none": {
			{frame, 10, 3600, 7, false, 10, 3600}, {time.Minute, 11, 3600 + 60*90000, 7, false, 11, 3600 + 60*90000},
		},
		"a new connection": {
			{frame, 10, 3600, 7, false, 10, 3600}, {2 * time.Second, 500, 5, 9, true, 11, 3600 + 180000}, {frame, 502, 3605, 9, false, 13, 3600 + 183600},
			{time.Second, 7, 7, 7, true, 14, 3600 + 273600},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var c continuity
			c.connected(videoOnly())
			at := start
			for i, p := range packets {
				at = at.Add(p.after)
				if p.connection {
					c.connected(videoOnly())
				}
				u := rtpUnit(at, p.seq, p.stamp, p.ssrc)
				if _, ok := c.mend(u); !ok {
					t.Fatal("dropped")
				}
				seq, stamp, ssrc := header(u)
				if seq != p.wantSeq || stamp != p.wantStamp || ssrc != 7 {
					t.Errorf("packet %d: %d %d of %d, want %d %d of 7", i, seq, stamp, ssrc, p.wantSeq, p.wantStamp)
				}
			}
		})
	}
}

// A sender report goes with the packets: its SSRC and its timestamp are mended alike.
func TestContinuityOfReports(t *testing.T) {
	report := func(stamp, ssrc uint32) *Unit {
		raw := make([]byte, senderInfo)
		raw[0], raw[1], raw[3] = 0x80, senderReport, 6
		binary.BigEndian.PutUint32(raw[4:], ssrc)
		binary.BigEndian.PutUint32(raw[16:], stamp)
		u := NewUnit(0, true, 64)
		u.Append(raw)
		return u
	}
	check := func(what string, u *Unit, wantStamp uint32) {
		t.Helper()
		if u == nil {
			t.Fatalf("%s is dropped", what)
		}
		for raw := range u.Packets() {
			if got := binary.BigEndian.Uint32(raw[4:]); got != 7 {
				t.Errorf("%s is of %d", what, got)
			}
			if got := binary.BigEndian.Uint32(raw[16:]); got != wantStamp {
				t.Errorf("the time of %s is %d, want %d", what, got, wantStamp)
			}
		}
	}
	var c continuity
	c.connected(videoOnly())
	now := time.Now()
	u := report(5, 7)
	if _, ok := c.mend(u); !ok {
		t.Fatal("the first report is dropped")
	}
	check("the first report", u, 5)
	c.mend(rtpUnit(now, 1, 1000, 7))
	c.connected(videoOnly())
	if _, ok := c.mend(report(1910, 9)); ok {
		t.Fatal("a report that can't be understood yet is passed on")
	}
	before, _ := c.mend(rtpUnit(now.Add(time.Second), 50, 2000, 9))
	check("the report before the first packet", before, 90910)
	if before, _ := c.mend(rtpUnit(now.Add(time.Second), 51, 2000, 9)); before != nil {
		t.Error("a report comes twice")
	}
	u = report(2000, 9)
	if _, ok := c.mend(u); !ok {
		t.Fatal("a report is dropped")
	}
	check("a later report", u, 91000)
}

func FuzzContinuity(f *testing.F) {
	f.Add([]byte{0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, false)
	f.Add([]byte{0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 1}, true)
	f.Fuzz(func(t *testing.T, raw []byte, control bool) {
		if len(raw) > 1<<16-1 {
			return
		}
		var c continuity
		c.connected(videoOnly())
		for range 3 {
			u := NewUnit(0, control, 64)
			u.Append(raw)
			u.At = time.Now()
			if first, _ := c.mend(u); first == u {
				t.Fatal("a unit is its own report")
			}
			u.stamp()
			c.connected(videoOnly())
		}
	})
}
