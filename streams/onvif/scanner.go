package onvif

import "bytes"

// maxElement bounds what is kept of one element. Notifications are of some hundred bytes.
const maxElement = 64 << 10

// Elements finds the elements of one name in XML that comes piece by piece, and lets all else pass. It
// looks for them by name, because a document may stay open for long, and what came before a loss need
// not be known for what comes after it.
type Elements struct {
	name  string
	kept  []byte
	close []byte // the start of the end tag of the element that kept begins with; nil: outside of one
	from  int    // where in kept to look on
}

// NewElements looks for elements of a name, whatever their prefix.
func NewElements(name string) *Elements { return &Elements{name: name} }

// Write takes the next piece and calls each with every element that is whole with it, which is to be
// read before each returns.
func (s *Elements) Write(b []byte, each func([]byte)) {
	s.kept = append(s.kept, b...)
	for s.step(each) {
	}
}

// Reset forgets an element that is half there.
func (s *Elements) Reset() {
	s.kept, s.close, s.from = s.kept[:0], nil, 0
}

// step does as much as one tag takes, and reports whether there may be another.
func (s *Elements) step(each func([]byte)) bool {
	if s.close == nil {
		start, name, ok := s.opening()
		if ok {
			s.close, s.from = append([]byte("</"), name...), len(name)
		}
		s.drop(start)
		if !ok {
			return false
		}
	}
	at := bytes.Index(s.kept[s.from:], s.close)
	end := -1
	if at >= 0 {
		at += s.from
		end = bytes.IndexByte(s.kept[at:], '>')
	}
	if end < 0 {
		s.from = max(s.from, len(s.kept)-len(s.close))
		if at >= 0 {
			s.from = at
		}
		if len(s.kept) > maxElement {
			s.Reset()
		}
		return false
	}
	end += at + 1
	if end <= maxElement {
		each(s.kept[:end])
	}
	s.drop(end)
	s.close, s.from = nil, 0
	return len(s.kept) > 0
}

// drop forgets the first n bytes.
func (s *Elements) drop(n int) {
	if n > 0 {
		s.kept = s.kept[:copy(s.kept, s.kept[n:])]
	}
}

// maxTag is more than a prefix and the element's name take.
const maxTag = 128

// opening finds the first start tag and its name with the prefix. Without one, start is where one may
// begin that isn't whole yet.
func (s *Elements) opening() (start int, name []byte, ok bool) {
	b := s.kept
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(s.name))
		if i < 0 {
			break
		}
		i += from
		from = i + len(s.name)
		if from == len(b) {
			break // what comes next decides
		}
		if !bytes.ContainsRune([]byte(" \t\r\n>"), rune(b[from])) {
			continue
		}
		open := bytes.LastIndexByte(b[max(0, i-maxTag):i], '<')
		if open < 0 {
			continue
		}
		open += max(0, i-maxTag)
		if prefix := b[open+1 : i]; len(prefix) == 0 || prefix[0] != '/' && bytes.IndexByte(prefix, ':') == len(prefix)-1 {
			return open, b[open+1 : from], true
		}
	}
	start = bytes.LastIndexByte(b, '<')
	if start < 0 || len(b)-start > maxTag+len(s.name) {
		start = len(b)
	}
	return start, nil, false
}
