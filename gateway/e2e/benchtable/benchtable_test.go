package benchtable

import (
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	table := Table{Other: "reference", Rows: []Row{
		{What: "lag", Measured: Show(1500 * time.Microsecond), Bar: "< 1.0 ms", Other: Show(800 * time.Microsecond), Ratio: 1.875, Missed: true},
		{What: "Größe", Measured: Show(12 * time.Second)},
	}}
	missed, err := table.Write(&b)
	if err != nil || missed != 1 {
		t.Errorf("missed %d, %v, want 1 and no error", missed, err)
	}
	want := strings.Join([]string{
		"| what  | measured | bar      | reference | ratio  |        |",
		"| ----- | -------- | -------- | --------- | ------ | ------ |",
		"| lag   | 1.5 ms   | < 1.0 ms | 0.80 ms   | 1.88 × | missed |",
		"| Größe | 12.00 s  |          |           |        |        |",
		"",
	}, "\n")
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
