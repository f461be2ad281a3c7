package config

import "reflect"

// Diff names the keys (like streams.linger) whose values differ, in the order of the file.
func Diff(a, b Config) []string {
	return diff(reflect.ValueOf(a), reflect.ValueOf(b), "")
}

func diff(a, b reflect.Value, prefix string) []string {
	var names []string
	for i, key := range keys(a.Type()) {
		x, y := a.Field(i), b.Field(i)
		switch {
		case x.Kind() == reflect.Struct:
			names = append(names, diff(x, y, prefix+key+".")...)
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			names = append(names, prefix+key)
		}
	}
	return names
}
