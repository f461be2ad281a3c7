package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/simplifiedchinese"

	"sharpeyes/registry"
)

const csvHeader = "id,name,class,site,scenario,url\n"

func readCSV(t *testing.T, text string, opts registry.ImportOptions) ([]registry.Channel, []registry.RowError, []registry.Warning) {
	t.Helper()
	// One byte at a time, so that nothing depends on how the file arrives.
	list, errs, warnings, err := registry.ReadCSV(iotest.OneByteReader(strings.NewReader(text)), opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(errs) > 0 && list != nil {
		t.Error("channels in spite of errors")
	}
	return list, errs, warnings
}

func TestReadCSV(t *testing.T) {
	text := "\ufeffurl, name ,id,tags,lon,lat,class,scenario,site,username,password,enabled,heading,record_days,sub_url\r\n" +
		"rtsp://10.0.0.1/1,\"Gate, \"\"north\"\"\",a,gate; north;,118.1,24.5,1,campus,xiamen/siming,admin, p w ,false,90,30,\r\n" +
		"\r\n" +
		"rtsp://admin:p@ss@10.0.0.2/1,南门,b,,,,9,campus,xiamen,,,,,,\n" +
		"rtsp://10.0.0.3/1, 北门 ,c,,,,2,campus,xiamen,,,TRUE,,,rtsp://10.0.0.3/2"
	got, errs, warnings := readCSV(t, text, registry.ImportOptions{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := []registry.Channel{
		{ID: "a", Name: `Gate, "north"`, Class: 1, Site: "xiamen/siming", Scenario: "campus", Tags: []string{"gate", "north"},
			Lon: ptr(118.1), Lat: ptr(24.5), Heading: ptr(90.0), URL: "rtsp://10.0.0.1/1", Username: "admin", Password: " p w ",
			Transport: "auto", Motion: "auto", RecordDays: ptr(30)},
		{ID: "b", Name: "南门", Class: 9, Site: "xiamen", Scenario: "campus", URL: "rtsp://10.0.0.2/1", Username: "admin", Password: "p@ss",
			Transport: "auto", Motion: "auto", Enabled: true},
		{ID: "c", Name: "北门", Class: 2, Site: "xiamen", Scenario: "campus", URL: "rtsp://10.0.0.3/1", SubURL: "rtsp://10.0.0.3/2",
			Transport: "auto", Motion: "auto", Enabled: true},
	}
	if !sameChannels(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	var columns []string
	for _, w := range warnings {
		columns = append(columns, fmt.Sprint(w.Column, w.Count, "@", w.Row))
	}
	if strings.Join(columns, " ") != "install_time1@2 contact1@2 lon1@5" {
		t.Errorf("warnings %+v", warnings)
	}
}

func TestReadCSVRefuses(t *testing.T) {
	row := func(id string) string { return id + ",n,1,x,campus,rtsp://h/\n" }
	tests := []struct {
		name, text string
		want       []string // row column message, one an error
	}{
		{"empty", "", []string{"0  empty"}},
		{"blank", "\n \n", []string{"0  empty"}},
		{"unknown columns", "id,name,class,site,scenario,url,colour,ID\n", []string{"1 colour is no field", "1 ID is no field"}},
		{"twice and missing", "id,id,name\n" + row("a"), []string{"1 id twice", "1 class missing", "1 site missing", "1 scenario missing", "1 url missing"}},
		{"no name", "id,name,class,site,scenario,url,\n", []string{"1  column 7 has no name"}},
		{"several", csvHeader + "a,,7,X,campus,rtsp://h/\n" + row("b") + "c d,n,1,x,campus,http://h\n",
			[]string{"2 class must be 1", "2 name 1 to 128", "2 site 1 to 6", "4 id must be the 20", "4 url must be rtsp"}},
		{"duplicate", csvHeader + row("a") + row("b") + row("a"), []string{"4 id is there twice: in rows 2 and 4"}},
		{"too few values", csvHeader + "a,n,1\n" + row("b"), []string{"2  has 3 values, but the header names 6"}},
		{"too many", csvHeader + "a,n, m,1,x,campus,rtsp://h/", []string{"2  has 7 values"}},
		{"open quote", csvHeader + "a,\"n,1,x,campus,rtsp://h/\n" + row("b") + "c,,1,x,campus,rtsp://h/\n", []string{"2  doesn't close", "4 name 1 to 128"}},
		{"stray quote", csvHeader + "a,n\"m,1,x,campus,rtsp://h/\n", []string{"2  wrong place"}},
		{"text after quote", csvHeader + "a,\"n\"m,1,x,campus,rtsp://h/\n", []string{"2  wrong place"}},
		{"cut short", csvHeader + row("a") + "b,n,1,x", []string{"3  cut short: its last row has 4 of 6"}},
		{"cut in quotes", csvHeader + row("a") + "b,\"n", []string{"3  cut short"}},
		{"latin", csvHeader + "a,\xe9t\xe9,1,x,campus,rtsp://h/\n", []string{"2  no UTF-8"}},
		{"utf-16", "\xff\xfei\x00d\x00", []string{"0  UTF-16"}},
		{"binary", "id\x00", []string{"0  no text"}},
		{"spreadsheet", "PK\x03\x04...", []string{"0  save it as CSV"}},
		{"bad numbers", "id,name,class,site,scenario,url,lon,lat,record_days,enabled\na,n,1,x,campus,rtsp://h/,east,NaN,1.5,maybe\n",
			[]string{"2 lon number", "2 record_days whole", "2 enabled true or false", "2 lat -90 to 90"}},
		{"half a position", "id,name,class,site,scenario,url,lon\na,n,1,x,campus,rtsp://h/,118\n", []string{"2 lat when lon is"}},
		{"too long", csvHeader + "a," + strings.Repeat("n", 2<<20), []string{"2  longer than 1048576 bytes"}},
	}
	for _, tt := range tests {
		_, errs, _ := readCSV(t, tt.text, registry.ImportOptions{})
		ok := len(errs) == len(tt.want)
		for i := 0; ok && i < len(errs); i++ {
			f := strings.SplitN(tt.want[i], " ", 3)
			ok = fmt.Sprint(errs[i].Row) == f[0] && errs[i].Column == f[1] && strings.Contains(errs[i].Message, f[2])
		}
		if !ok {
			t.Errorf("%s: got %v, want %q", tt.name, errs, tt.want)
		}
	}
}

func TestErrorsOfAFileAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString(csvHeader)
	for range 1000 {
		text.WriteString(strings.Repeat("x", 200) + ".,n,1,x,campus,rtsp://h/\n")
	}
	_, errs, _ := readCSV(t, text.String(), registry.ImportOptions{})
	if len(errs) != registry.MaxRowErrors {
		t.Errorf("%d errors", len(errs))
	}
	if n := len([]rune(errs[0].Value)); n != 80 {
		t.Errorf("a value of %d characters is shown", n)
	}
}

func TestErrorsOfAFileHidePasswords(t *testing.T) {
	header := "id,name,class,site,scenario,url,sub_url,username,password\n"
	for _, row := range []string{
		"a,n,1,x,campus,rtsp://h/,,,sesame\n",
		"a,n,1,x,campus,rtsp://h/,,u," + strings.Repeat("sesame", 100) + "\n",
		"a,n,1,x,campus,rtsp://u:sesame@h:x/,rtsp://u:sesame@,,\n",
		"a,n,1,x,campus,http://u:sesame@h/,u:sesame@h,,sesame\n",
		"a,n,1,x,campus,rtsp://h/,,u,sesame,extra\n",
		"a,n,1,x,campus,rtsp://h/,,u,\"sesame\n",
		"a,n,1,x,campus,rtsp://h/,,u,ses\"ame\n",
	} {
		_, errs, _ := readCSV(t, header+row, registry.ImportOptions{})
		if len(errs) == 0 {
			t.Errorf("%s: accepted", row)
		}
		if s := fmt.Sprintf("%+v", errs); strings.Contains(s, "sesame") || strings.Contains(s, "ame") && strings.Contains(s, "ses") {
			t.Errorf("%s: %s", row, s)
		}
	}
}

func TestReadGB18030(t *testing.T) {
	utf := csvHeader + "a,中山路小学东门校园,1,x,campus,rtsp://h/\nb,𠮷,1,x,campus,rtsp://h/\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(utf)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{gb, "\x84\x31\x95\x33" + gb} { // and with its byte order mark
		got, errs, _ := readCSV(t, text, registry.ImportOptions{Encoding: "gb18030"})
		if len(errs) > 0 || got[0].Name != "中山路小学东门校园" || got[1].Name != "𠮷" {
			t.Errorf("%v, %v", got, errs)
		}
	}
	one := func(name, text, encoding, want string) {
		t.Helper()
		_, errs, _ := readCSV(t, text, registry.ImportOptions{Encoding: encoding})
		if len(errs) != 1 || !strings.Contains(errs[0].Message, want) {
			t.Errorf("%s: %v, want one error with %q", name, errs, want)
		}
	}
	one("GB18030 as UTF-8", gb, "", "encoding gb18030")
	one("UTF-8 as GB18030", utf, "gb18030", "is UTF-8")
	one("UTF-8 with BOM as GB18030", "\ufeff"+csvHeader, "gb18030", "is UTF-8")
	one("no GB18030", csvHeader+"a,\xff\xff,1,x,campus,rtsp://h/\n", "gb18030", "no GB18030")
}

func TestReadGCJ02(t *testing.T) {
	text := "id,name,class,site,scenario,url,lon,lat\na,n,1,x,campus,rtsp://h/,116.38404722455657,39.91334545536069\n"
	got, errs, _ := readCSV(t, text, registry.ImportOptions{Coordinates: "gcj02"})
	if len(errs) > 0 || math.Abs(*got[0].Lon-116.377817) > 1e-6 || math.Abs(*got[0].Lat-39.911954) > 1e-6 {
		t.Errorf("%v %v", got, errs)
	}
}

func TestImportOptions(t *testing.T) {
	for _, opts := range []registry.ImportOptions{{Encoding: "latin1"}, {Coordinates: "bd09"}} {
		if _, _, _, err := registry.ReadCSV(strings.NewReader(""), opts); err == nil || !errors.As(err, new(registry.FieldErrors)) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
}

func TestReadingFails(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, text := range []string{"", csvHeader, csvHeader + "a,n,", csvHeader + "a,n,1,x,campus,rtsp://h/\n"} {
		r := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		if list, errs, _, err := registry.ReadCSV(r, registry.ImportOptions{}); !errors.Is(err, broken) || list != nil || errs != nil {
			t.Errorf("%q: %v %v %v", text, list, errs, err)
		}
		r = io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		if _, _, _, err := registry.ReadNDJSON(r, registry.ImportOptions{}); !errors.Is(err, broken) {
			t.Errorf("NDJSON %q: %v", text, err)
		}
	}
}

// endless is a row without end.
type endless struct{ given int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.given += int64(len(p))
	return len(p), nil
}

func TestAnEndlessRowCostsLittle(t *testing.T) {
	for name, read := range map[string]func(io.Reader, registry.ImportOptions) ([]registry.Channel, []registry.RowError, []registry.Warning, error){
		"CSV": registry.ReadCSV, "NDJSON": registry.ReadNDJSON,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := &endless{}
		_, errs, _, err := read(r, registry.ImportOptions{})
		runtime.ReadMemStats(&after)
		if err != nil || len(errs) != 1 || !strings.Contains(errs[0].Message, "longer than") {
			t.Errorf("%s: %v, %v", name, errs, err)
		}
		if r.given > 2<<20 || after.TotalAlloc-before.TotalAlloc > 16<<20 {
			t.Errorf("%s: read %d bytes, allocated %d", name, r.given, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

func TestReadNDJSON(t *testing.T) {
	valid := `{"id":"a","name":"n","class":1,"site":"x","scenario":"campus","url":"rtsp://u:pw@h/"}` + "\n"
	list, errs, _, err := registry.ReadNDJSON(strings.NewReader("\ufeff"+valid+"\n"), registry.ImportOptions{})
	if err != nil || len(errs) > 0 || len(list) != 1 || list[0].Password != "pw" || !list[0].Enabled {
		t.Errorf("%+v %v %v", list, errs, err)
	}
	for text, want := range map[string]string{
		valid + valid:             `row 2: id "a": is there twice: in rows 1 and 2`,
		valid + "nonsense\n":      "row 2: : must be one JSON object",
		valid + `{"id":"b","name`: "row 2: : the file is cut short",
		`{"id":"a","color":1}`:    "row 1: color: is no field",
		"{\"id\":\"\xff\"}\n":     "row 1: : is no UTF-8",
		`{"password":{"a":"pw"}}`: "row 1: password: must be a text",
	} {
		_, errs, _, err := registry.ReadNDJSON(strings.NewReader(text), registry.ImportOptions{})
		if err != nil || len(errs) == 0 || !strings.HasPrefix(errs[0].Error(), want) {
			t.Errorf("%s: %v %v, want %q", text, errs, err, want)
		}
	}
	list, _, _, err = registry.ReadNDJSON(strings.NewReader(""), registry.ImportOptions{})
	if err != nil || len(list) != 0 {
		t.Errorf("empty: %v %v", list, err)
	}
}

// What was exported and is imported again changes nothing.
func TestExportAndImport(t *testing.T) {
	in := channels(500)
	in[0] = registry.Channel{ID: "bare", Name: `=1+1,"<&>'`, Class: 9, Site: "a", Scenario: "b", URL: "rtsp://h/?a=1&b=2", Transport: "udp", Motion: "off"}
	in[1].Lon, in[1].Lat = ptr(118.123456789012345), ptr(-1e-7)
	in[2].Name = `\.`
	s := snapshot(t, in)
	for name, form := range map[string]struct {
		write func(io.Writer, *registry.Snapshot) error
		read  func(io.Reader, registry.ImportOptions) ([]registry.Channel, []registry.RowError, []registry.Warning, error)
	}{
		"CSV":    {func(w io.Writer, s *registry.Snapshot) error { return registry.WriteCSV(w, s.All()) }, registry.ReadCSV},
		"NDJSON": {func(w io.Writer, s *registry.Snapshot) error { return registry.WriteNDJSON(w, s.All()) }, registry.ReadNDJSON},
	} {
		var b bytes.Buffer
		if err := form.write(&b, s); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b.Bytes(), []byte("sesame")) || bytes.Contains(b.Bytes(), []byte("password")) {
			t.Errorf("%s: the export tells passwords", name)
		}
		list, errs, _, err := form.read(&b, registry.ImportOptions{})
		if err != nil || len(errs) > 0 {
			t.Fatalf("%s: %v %v", name, errs, err)
		}
		if tx, n := registry.Plan(s, list, true); !tx.Empty() || n.Unchanged != 500 {
			t.Errorf("%s: %+v: put %v", name, n, ids(tx.Put))
		}
	}
	if err := registry.WriteCSV(brokenWriter{}, slices.Values(in)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken writer: %v", err)
	}
	if err := registry.WriteNDJSON(brokenWriter{}, slices.Values(in)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a broken writer: %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
