package onvif

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// Operation is what a notification says of a property (ONVIF Core Specification, 9.4.2).
type Operation int

// The operations. A notification without one is of a change, as is one with a word that isn't known.
const (
	Changed     Operation = iota
	Initialized           // what is, told to whoever has just come; nothing happened
	Deleted               // the property is no more
)

// Notice is one notification of motion.
type Notice struct {
	Topic     string // as the camera writes it, with prefixes
	Key       string // what tells it apart from others of the topic: rule, video source
	On        bool   // something moves
	Operation Operation
}

// Scanner finds notifications of motion in XML that comes piece by piece: most of a metadata track is
// where objects are.
type Scanner struct{ elements Elements }

// Write takes the next piece and calls each for every notification of motion that is whole with it.
func (s *Scanner) Write(b []byte, each func(Notice)) {
	s.elements.name = "NotificationMessage"
	s.elements.Write(b, func(one []byte) {
		if n, ok := parse(one); ok {
			each(n)
		}
	})
}

// Reset forgets a notification that is half there.
func (s *Scanner) Reset() { s.elements.Reset() }

// parse reads one element. It reports false for what is not of motion, or can't be made sense of.
func parse(b []byte) (Notice, bool) {
	var n Notice
	var key strings.Builder
	var topic, data, told bool // inside the topic, inside the data, the state was found
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	for {
		// Raw: prefixes may be declared outside of the element, and there are cameras that don't.
		t, err := d.RawToken()
		if err != nil {
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "Topic":
				topic = true
			case "Data":
				data = true
			case "Message":
				n.Operation = max(n.Operation, operation(attribute(t, "PropertyOperation")))
			case "SimpleItem":
				name, value := attribute(t, "Name"), attribute(t, "Value")
				if !data {
					key.WriteString(name + "=" + value + ";")
				} else if on, ok := state(name, value); ok {
					n.On = n.On || on
					told = true
				}
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "Topic":
				topic = false
			case "Data":
				data = false
			}
		case xml.CharData:
			if topic {
				n.Topic += strings.TrimSpace(string(t))
			}
		}
	}
	n.Key = key.String()
	return n, ofMotion(n.Topic) && (told || n.Operation == Deleted)
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func operation(s string) Operation {
	switch strings.ToLower(s) {
	case "initialized":
		return Initialized
	case "deleted":
		return Deleted
	}
	return Changed
}

// state reads an item of the data that says whether something moves.
func state(name, value string) (on, ok bool) {
	switch strings.ToLower(name) {
	case "ismotion", "state", "logicalstate", "active", "motion", "motionactive":
	default:
		return false, false
	}
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "1", "on", "active":
		return true, true
	case "false", "0", "off", "inactive":
		return false, true
	}
	return false, false
}

// ofMotion reports whether a topic is of motion. Prefixes are the camera's own choice, and any part of
// a topic may have one.
func ofMotion(topic string) bool {
	parts := strings.Split(topic, "/")
	for i, part := range parts {
		if at := strings.LastIndexByte(part, ':'); at >= 0 {
			part = part[at+1:]
		}
		switch {
		case part == "CellMotionDetector", part == "MotionAlarm", part == "MotionRegionDetector",
			part == "MotionDetection", part == "MotionDetector", // Hanwha, Axis, older Dahua
			part == "MotionGuard", part == "ObjectAnalytics", part == "PIR", strings.HasPrefix(part, "VMD"), // Axis
			part == "Motion" && i == len(parts)-1:
			return true
		case part == "MyRuleDetector": // Reolink and its kin: people, vehicles, animals; and the bell
			return i < len(parts)-1 && !strings.HasSuffix(parts[i+1], "Visitor")
		}
	}
	return false
}
