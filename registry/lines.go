package registry

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// lines reads a file line by line as UTF-8, and holds no more than one line of bounded length. No
// value of a channel has a line break in it, so that a line is a row, even in CSV.
type lines struct {
	r       *bufio.Reader
	max     int    // bytes of a line
	gb18030 bool   // what the file is read as
	line    []byte // without its end
	number  int    // of the line, the first being 1
	ended   bool   // the line had an end: the file isn't cut short within it
	long    []byte // a line that doesn't fit into r's buffer
}

// textError says that a file isn't text that can be read on; it is reported like any other row's.
type textError struct {
	row     int // 0 for the whole file
	message string
}

func (e *textError) Error() string { return fmt.Sprintf("row %d: %s", e.row, e.message) }

// sniffed is how much of a file is looked at to see what it is.
const sniffed = 64 << 10

// openLines looks at the beginning of the file. The error is a textError when it is no text in the
// encoding that was asked for.
func openLines(r io.Reader, opts ImportOptions) (*lines, error) {
	raw := bufio.NewReaderSize(r, sniffed)
	head, err := raw.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	gb18030 := opts.Encoding == "gb18030"
	if message := sniff(head, gb18030); message != "" {
		return nil, &textError{0, message}
	}
	l := &lines{r: raw, max: opts.maxRowBytes(), gb18030: gb18030}
	if gb18030 {
		l.r = bufio.NewReaderSize(transform.NewReader(raw, simplifiedchinese.GB18030.NewDecoder()), sniffed)
	}
	if bom, _ := l.r.Peek(len(utf8BOM)); string(bom) == utf8BOM { // GB18030 has one too, and it decodes to this
		_, _ = l.r.Discard(len(utf8BOM))
	}
	return l, nil
}

const utf8BOM = "\xef\xbb\xbf"

// sniff says why a file that begins like this can't be read, or "".
func sniff(head []byte, gb18030 bool) string {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "the file is a spreadsheet or an archive: save it as CSV (UTF-8) first"
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "the file is UTF-16: save it as UTF-8"
	case bytes.IndexByte(head, 0) >= 0:
		return "the file is no text in UTF-8 or GB18030"
	case gb18030 && looksUTF8(head):
		return "the file is UTF-8: read it with the encoding utf-8"
	}
	return ""
}

// looksUTF8 reports whether text with characters beyond ASCII in it is UTF-8; GB18030 is so by
// accident only in a few words.
func looksUTF8(head []byte) bool {
	if string(head[:min(len(head), len(utf8BOM))]) == utf8BOM {
		return true
	}
	beyond := 0
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			return len(head) < utf8.UTFMax && !utf8.FullRune(head) && beyond >= 8
		}
		if n > 2 { // as Chinese is; two bytes are easily both
			beyond++
		}
		head = head[n:]
	}
	return beyond >= 8
}

// next reads the next line that isn't blank; io.EOF after the last.
func (l *lines) next() error {
	for {
		if err := l.read(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(l.line)) > 0 {
			return nil
		}
	}
}

func (l *lines) read() error {
	l.long = l.long[:0]
	for {
		b, err := l.r.ReadSlice('\n')
		if len(l.long)+len(b) > l.max+len("\r\n") {
			return &textError{l.number + 1, fmt.Sprintf("is longer than %d bytes: perhaps this is no CSV or NDJSON, or its line ends are missing", l.max)}
		}
		l.long = append(l.long, b...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(l.long) == 0) {
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return fmt.Errorf("read row %d of the file: %w", l.number+1, err)
		}
		break
	}
	l.number++
	l.line, l.ended = bytes.CutSuffix(l.long, []byte("\n"))
	l.line = bytes.TrimSuffix(l.line, []byte("\r"))
	switch {
	case l.gb18030 && bytes.Contains(l.line, []byte("\uFFFD")):
		return &textError{l.number, "is no GB18030: read the file with the encoding utf-8, or save it as UTF-8"}
	case !utf8.Valid(l.line):
		return &textError{l.number, "is no UTF-8: read the file with the encoding gb18030 if it comes from a Chinese spreadsheet, or save it as UTF-8"}
	}
	return nil
}
