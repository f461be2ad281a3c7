package bus

import (
	"slices"
	"testing"
)

func TestBucket(t *testing.T) {
	o := options(t.TempDir())
	b := open(t, o)
	ctx := soon(t)
	u, err := b.Users(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	other, err := b.Users(ctx) // as another gateway would
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()

	if _, ok, err := u.Get(ctx, "ann"); ok || err != nil {
		t.Fatalf("Get of nobody: %v, %v", ok, err)
	}
	if ok, err := u.Create(ctx, "ann", []byte("1")); !ok || err != nil {
		t.Fatalf("Create: %v, %v", ok, err)
	}
	if ok, err := other.Create(ctx, "ann", []byte("2")); ok || err != nil {
		t.Fatalf("second Create: %v, %v", ok, err)
	}
	if r, ok, _ := u.Get(ctx, "ann"); !ok || string(r) != "1" {
		t.Fatalf("Get: %q, %v", r, ok)
	}
	if err := u.Put(ctx, "ann", []byte("3")); err != nil {
		t.Fatal(err)
	}
	if r, _, _ := u.Get(ctx, "ann"); string(r) != "3" {
		t.Fatalf("Get after Put: %q", r)
	}
	if ok, err := u.Create(ctx, "ben.b", []byte("4")); !ok || err != nil {
		t.Fatalf("Create: %v, %v", ok, err)
	}
	names, _ := u.List(ctx)
	slices.Sort(names)
	if !slices.Equal(names, []string{"ann", "ben.b"}) {
		t.Fatalf("List: %v", names)
	}
	if err := u.Delete(ctx, "ann"); err != nil {
		t.Fatal(err)
	}
	if err := u.Delete(ctx, "ann"); err != nil {
		t.Fatalf("second Delete: %v", err)
	}
	if _, ok, _ := u.Get(ctx, "ann"); ok {
		t.Fatal("there after Delete")
	}
	if ok, err := u.Create(ctx, "ann", []byte("5")); !ok || err != nil {
		t.Fatalf("Create after Delete: %v, %v", ok, err)
	}
	if r, ok, _ := u.Get(ctx, "ann"); !ok || string(r) != "5" {
		t.Fatalf("Get after Delete and Create: %q, %v", r, ok)
	}
	again, err := b.Users(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if r, ok, _ := again.Get(ctx, "ann"); !ok || string(r) != "5" {
		t.Fatalf("Get of who comes later: %q, %v", r, ok)
	}
}
