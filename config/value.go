package config

import (
	"encoding"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is the field of a struct that a key of the file names.
func field(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// keys are the keys that a struct has, in its order.
func keys(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}

// set gives v the value that text stands for. What it answers, when it isn't empty, says what is
// wrong with the text and what to write; the text itself goes before it.
func set(v reflect.Value, text string) (mend string) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return "isn't a size; write a number of bytes, or one with a unit, like 4MiB or 8GiB"
		}
		return ""
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return "isn't a duration; write a number with a unit, like 500ms, 15s, 10m or 168h"
		}
		v.SetInt(int64(d))
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return "is neither true nor false; write one of them"
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return "isn't a whole number; write one"
		}
		v.SetInt(int64(n))
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return "isn't a number; write one"
		}
		v.SetFloat(f)
	default:
		return "is a single value; write " + shape(v.Type())
	}
	return ""
}

// shape says in words what is to be written for a value of type t.
func shape(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "the keys " + strings.Join(keys(t), ", ")
	case reflect.Map:
		if t.Elem().Kind() == reflect.Float64 {
			return "one value for each class, like {1: 0.98, 2: 0.95}"
		}
		return "one value for each class, like {1: 10s, 2: 30s}"
	case reflect.Slice:
		return "a list, like [a, b]"
	case reflect.Array:
		return "a list of " + strconv.Itoa(t.Len()) + " values"
	default:
		return "a single value"
	}
}

// nearest is the known name that an unknown one was probably meant to be, or empty.
func nearest(name string, known []string) string {
	best, least := "", 3 // further away than two edits is another word
	for _, k := range known {
		if d := edits(name, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// edits is how many letters must be put, dropped or replaced to make b of a.
func edits(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
