package bus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"sharpeyes/registry"
)

// city is how many channels a large registry has.
const city = 62283

// childVariable names the data directory of a child that importForEver runs in.
const childVariable = "SHARPEYES_BUS_TEST_CHILD"

func TestImportOfACity(t *testing.T) {
	o := options(t.TempDir())
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := update(t, b, put(0, city))
	t.Logf("imported in %s", time.Since(began))
	if s.Len() != city || s.Version() < 2 {
		t.Fatalf("%d channels in %d parts", s.Len(), s.Version())
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	after := open(t, o).Registry().Snapshot()
	t.Logf("opened in %s", time.Since(began))
	if after.Len() != city || after.Version() != s.Version() {
		t.Errorf("%d channels at version %d came back, want %d at %d", after.Len(), after.Version(), city, s.Version())
	}
}

// An import that is cut before its commit leaves nothing, and one that planned on an old registry
// is refused whole.
func TestAtomicBatchIsWholeOrNothing(t *testing.T) {
	b := open(t, options(t.TempDir()))
	tx, _ := put(0, city/2)(nil)
	tx.ID, tx.At = "half", time.Now()
	body, err := registry.EncodeTransaction(tx, b.registry.sealer)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := b.registry.codec.split(tx, registry.Counts{}, body)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) < 2 {
		t.Fatalf("%d parts, want several", len(parts))
	}
	// All but the last: the commit never comes.
	for i, m := range parts[:len(parts)-1] {
		m.Header.Set(headerBatchID, "cut")
		m.Header.Set(headerBatchSeq, strconv.Itoa(i+1))
		if _, err := b.conn.RequestMsgWithContext(soon(t), m); err != nil {
			t.Fatal(err)
		}
	}
	if s := update(t, b, put(0, 1)); s.Version() != 1 || s.Len() != 1 {
		t.Fatalf("version %d with %d channels, want 1 with 1", s.Version(), s.Len())
	}
	parts, err = b.registry.codec.split(tx, registry.Counts{}, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := appendParts(soon(t), b.conn, parts, 0); !errors.Is(err, errStale) {
		t.Errorf("error is %v, want errStale", err)
	}
	info, err := b.registry.stream.Info(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	if info.State.LastSeq != 1 {
		t.Errorf("the log ends at %d, want 1", info.State.LastSeq)
	}
}

// importForEver is the child: it imports growing transactions, small and of several parts, and
// prints the number of channels after each that was acknowledged.
func importForEver(dir string) {
	b, err := Open(context.Background(), options(dir))
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	have := b.Registry().Snapshot().Len()
	for i := 0; ; i++ {
		n := 10
		if i%3 == 2 {
			n = 12000 // two parts
		}
		if _, err := b.Registry().Update(context.Background(), "child", "import", put(have, have+n)); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		have += n
		fmt.Println("ack", have)
	}
}

func TestAcknowledgedSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked, lines := 0, 0
		for in := bufio.NewScanner(out); in.Scan(); {
			word, rest, _ := strings.Cut(in.Text(), " ")
			if word != "ack" {
				t.Error(in.Text())
				break
			}
			acked, _ = strconv.Atoi(rest)
			// Kill it somewhere in the next transaction; what it says until it is dead counts too.
			if lines++; lines == 2+round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed

		b, err := Open(t.Context(), options(dir))
		if err != nil {
			t.Fatal(err)
		}
		have := b.Registry().Snapshot().Len()
		if have < acked || (have-acked)%10 != 0 {
			t.Errorf("round %d: %d channels are there, %d were acknowledged", round, have, acked)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
