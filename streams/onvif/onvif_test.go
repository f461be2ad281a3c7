package onvif

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wrap is a notification in a document, as cameras lay them out.
func wrap(topic, operation, source, item, value string) string {
	if operation != "" {
		operation = ` PropertyOperation="` + operation + `"`
	}
	return `<?xml version="1.0" encoding="UTF-8"?>
<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics">
<tt:Event><wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">
` + topic + `
</wsnt:Topic><wsnt:Message><tt:Message UtcTime="2026-03-01T10:00:00Z"` + operation + `>
<tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="` + source + `"/></tt:Source><tt:Key></tt:Key>
<tt:Data><tt:SimpleItem Name="` + item + `" Value="` + value + `"></tt:SimpleItem></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event>
</tt:MetadataStream>
`
}

func scan(pieces ...string) []Notice {
	var s Scanner
	var all []Notice
	for _, p := range pieces {
		s.Write([]byte(p), func(n Notice) { all = append(all, n) })
	}
	return all
}

func TestNotices(t *testing.T) {
	const cell = "tns1:RuleEngine/CellMotionDetector/Motion"
	for _, c := range []struct {
		topic, operation, item, value string
		want                          string // on, off, or nothing
	}{
		{cell, "Changed", "IsMotion", "true", "on"},
		{cell, "Changed", "IsMotion", "false", "off"},
		{cell, "", "IsMotion", "1", "on"},
		{cell, "Changed", "IsMotion", "perhaps", ""},
		{cell, "Deleted", "", "", "off"},
		{"tns1:VideoSource/MotionAlarm", "Changed", "State", "true", "on"},
		{"VideoSource/MotionAlarm", "Changed", "State", "0", "off"},
		{"tns1:RuleEngine/MotionRegionDetector/Motion", "Changed", "State", "true", "on"},
		{"tns1:RuleEngine/MyRuleDetector/PeopleDetect", "Changed", "State", "true", "on"},
		{"tns1:RuleEngine/MyRuleDetector/Visitor", "Changed", "State", "true", ""},
		{"tns1:VideoAnalytics/tnssamsung:MotionDetection", "Changed", "State", "1", "on"},
		{"tns1:VideoAnalytics/tnsaxis:MotionDetection", "Changed", "motion", "1", "on"},
		{"tnsaxis:CameraApplicationPlatform/VMD/Camera1ProfileANY", "Changed", "active", "1", "on"},
		{"tns1:RuleEngine/tnsaxis:VMD3/vmd3_video_1", "Changed", "active", "0", "off"},
		{"tns1:Device/tnsaxis:Sensor/PIR", "Changed", "state", "1", "on"},
		{"tns1:Device/Trigger/Relay", "Changed", "LogicalState", "active", ""},
		{"tns1:RuleEngine/TamperDetector/Tamper", "Changed", "IsTamper", "true", ""},
		{"tns1:VideoSource/GlobalSceneChange/ImagingService", "Changed", "State", "true", ""},
		{"tns1:PTZController/tnsaxis:Move/Channel_1", "Changed", "is_moving", "1", ""},
	} {
		got := ""
		if all := scan(wrap(c.topic, c.operation, "1", c.item, c.value)); len(all) > 1 {
			t.Errorf("%s: %d notices", c.topic, len(all))
		} else if len(all) == 1 {
			got = map[bool]string{true: "on", false: "off"}[all[0].On]
			if all[0].Topic != c.topic || all[0].Key != "VideoSourceConfigurationToken=1;" {
				t.Errorf("%s: got %+v", c.topic, all[0])
			}
		}
		if got != c.want {
			t.Errorf("%s %s %s=%s: %q, want %q", c.topic, c.operation, c.item, c.value, got, c.want)
		}
	}
}

// Wherever the document is cut, the same comes of it.
func TestPieces(t *testing.T) {
	doc := `<tt:Frame UtcTime="x"><tt:Object ObjectId="1"/></tt:Frame><NotificationMessages/><a NotificationMessage >` +
		wrap("tns1:VideoSource/MotionAlarm", "Changed", "a&amp;b", "State", "true") +
		strings.ReplaceAll(wrap("tns1:RuleEngine/CellMotionDetector/Motion", "Initialized", "2", "IsMotion", "1"), "wsnt:", "")
	want := scan(doc)
	if len(want) != 2 || want[0].Key != "VideoSourceConfigurationToken=a&b;" || want[1].Operation != Initialized {
		t.Fatalf("got %+v", want)
	}
	for i := range doc {
		if got := scan(doc[:i], doc[i:]); !reflect.DeepEqual(got, want) {
			t.Fatalf("cut at %d: got %+v", i, got)
		}
	}
	if got := scan(strings.Split(doc, "")...); !reflect.DeepEqual(got, want) {
		t.Fatalf("byte by byte: got %+v", got)
	}
}

// A notification without an end is given up, and the next one is read.
func TestBounds(t *testing.T) {
	var s Scanner
	n := 0
	count := func(Notice) { n++ }
	s.Write([]byte("<x:NotificationMessage>"), count)
	for range 1000 {
		s.Write(make([]byte, 1400), count)
		if len(s.elements.kept) > maxElement+1400 {
			t.Fatalf("%d bytes are kept", len(s.elements.kept))
		}
	}
	s.Write([]byte(wrap("tns1:VideoSource/MotionAlarm", "Changed", "1", "State", "true")), count)
	if n != 1 {
		t.Fatalf("%d notices, want 1", n)
	}
	if len(s.elements.kept) > maxTag+len("NotificationMessage") {
		t.Fatalf("%d bytes are kept between notifications", len(s.elements.kept))
	}
}

// packets cuts a document as a camera does.
func packets(doc string, size int, seq uint16) (all []*rtp.Packet) {
	for len(doc) > 0 {
		n := min(size, len(doc))
		all = append(all, &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Marker: n == len(doc)}, Payload: []byte(doc[:n])})
		doc, seq = doc[n:], seq+1
	}
	return all
}

func TestTrack(t *testing.T) {
	var track Track
	var got []string
	each := func(n Notice) { got = append(got, fmt.Sprint(n.On)) }
	send := func(all []*rtp.Packet) {
		for _, p := range all {
			track.Packet(p, each)
		}
	}
	on := wrap("tns1:VideoSource/MotionAlarm", "Changed", "1", "State", "true")
	off := wrap("tns1:VideoSource/MotionAlarm", "Changed", "1", "State", "false")
	first := packets(on, 100, 65530) // the number wraps
	send(first)
	send(first[:2])                                // there already
	next := first[len(first)-1].SequenceNumber + 1 //
	lost := packets(off, 100, next)                //
	send(append(lost[:len(lost)/2:len(lost)/2], lost[len(lost)/2+1:]...))
	send(packets(off, 100, lost[len(lost)-1].SequenceNumber+1))
	send(packets(on, 100, 20000)) // a camera that began anew
	if want := []string{"true", "false", "true"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestMotion(t *testing.T) {
	var m Motion
	at := time.Unix(1_790_000_000, 0)
	say := func(key string, on bool, o Operation) bool {
		return m.Take(Notice{Topic: "t", Key: key, On: on, Operation: o}, at)
	}
	for i, c := range []struct{ got, changed, on bool }{
		{say("a", true, Initialized), false, false},
		{say("a", false, Changed), false, false},
		{say("a", true, Changed), true, true},
		{say("a", true, Changed), false, true},
		{say("b", true, Changed), false, true},
		{say("a", false, Changed), false, true},
		{say("b", true, Initialized), false, true},
		{say("b", false, Initialized), true, false},
		{say("c", true, Changed), true, true},
		{say("c", true, Deleted), true, false},
	} {
		if c.got != c.changed {
			t.Errorf("word %d: changed %v", i, c.got)
		}
	}
	say("d", true, Changed)
	if m.Tick(at.Add(Silence-1)) || !m.On() || !m.Tick(at.Add(Silence)) || m.On() {
		t.Error("a motion that nothing is said of doesn't end in time")
	}
	for i := range 3 * maxMoving {
		say(fmt.Sprint(i), true, Changed)
	}
	if len(m.moving) != maxMoving {
		t.Errorf("%d are kept", len(m.moving))
	}
}

func TestMetadata(t *testing.T) {
	for name, want := range map[string]bool{"vnd.onvif.metadata/90000": true, "VND.ONVIF.METADATA/90000": true, "vnd.onvif.metadata.gzip/90000": false, "H264/90000": false, "": false} {
		if got := Metadata(&format.Generic{RTPMa: name}); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// FuzzScanner holds that nothing panics, that bounds hold, and that the cut doesn't matter to what is
// short enough.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(wrap("tns1:RuleEngine/CellMotionDetector/Motion", "Changed", "1", "IsMotion", "true")), 100)
	f.Add([]byte(wrap("tns1:Device/tnsaxis:Sensor/PIR", "Initialized", "0", "state", "0")), 7)
	f.Add([]byte(strings.ReplaceAll(wrap("tns1:VideoSource/MotionAlarm", "", "1", "State", "1"), "wsnt:", "")), 1)
	f.Add([]byte(`<a:NotificationMessage><a:Topic>Motion</a:Topic><Data><SimpleItem Name=State Value=1/></a:NotificationMessage >`), 3)
	f.Add([]byte(`<NotificationMessage><![CDATA[</NotificationMessage>]]>&bad;<!-- <NotificationMessage>`), 2)
	f.Fuzz(func(t *testing.T, doc []byte, cut int) {
		whole := scan(string(doc))
		var s Scanner
		var got []Notice
		for rest := doc; len(rest) > 0; {
			n := min(max(cut, 1), len(rest))
			s.Write(rest[:n], func(n Notice) { got = append(got, n) })
			if len(s.elements.kept) > maxElement+n {
				t.Fatalf("%d bytes are kept", len(s.elements.kept))
			}
			rest = rest[n:]
		}
		if len(doc) < maxElement && !reflect.DeepEqual(got, whole) {
			t.Fatalf("in pieces of %d: %+v, whole: %+v", cut, got, whole)
		}
		var m Motion
		for _, n := range got {
			m.Take(n, time.Unix(0, 0))
		}
	})
}
