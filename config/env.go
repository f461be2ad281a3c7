package config

import (
	"reflect"
	"slices"
	"sort"
	"strings"
)

// prefix begins the name of each environment variable that overrides a key.
const prefix = "SHARPEYES_"

// applyEnv overrides keys from variables such as SHARPEYES_HTTP_LISTEN, SHARPEYES_HEALTH_INTERVAL_1
// (an item of a map) and SHARPEYES_NATS_LEAF_REMOTES (a list, joined by commas), and notes which
// variable set a key. A variable that begins like a section and names no key of it is a problem.
// Others are left alone: the commands' own (SHARPEYES_SERVER, SHARPEYES_TOKEN …), and what a
// container runtime adds for a service called sharpeyes.
func applyEnv(c *Config, env []string) (problems Problems, by map[string]string) {
	by = make(map[string]string)
	env = slices.Clone(env)
	sort.Strings(env)
	for _, pair := range env {
		name, text, ok := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		if !ok || !ours {
			continue
		}
		v, key, section, mend := lookup(reflect.ValueOf(c).Elem(), rest)
		switch {
		case key != "" && mend == "":
			by[key] = name
			mend = v.assign(text)
		case !section:
			continue
		default:
			text = "" // the name is wrong, not the value
		}
		if mend != "" {
			problems = append(problems, Problem{Where: name, Key: key, Value: discreet(key, text), Mend: mend})
		}
	}
	return problems, by
}

// target is what a variable sets: a key, or the item of a map.
type target struct {
	value reflect.Value
	item  reflect.Value // key of the item; invalid when the value itself is set
}

// lookup finds the key that a variable's name, without the prefix, stands for. Section tells
// whether the name begins like a section at all.
func lookup(root reflect.Value, rest string) (t target, key string, section bool, mend string) {
	for i := range root.NumField() {
		top := root.Type().Field(i).Tag.Get("yaml")
		upper := strings.ToUpper(top)
		if root.Field(i).Kind() != reflect.Struct {
			if rest == upper {
				return target{value: root.Field(i)}, top, true, ""
			}
			continue
		}
		tail, ok := strings.CutPrefix(rest, upper+"_")
		if !ok && rest != upper {
			continue
		}
		t, key, mend := within(root.Field(i), top, tail)
		if key != "" {
			return t, key, true, mend
		}
		names := variables(root.Field(i), prefix+upper)
		if near := nearest(prefix+rest, names); near != "" {
			return target{}, "", true, "no such variable; did you mean " + near + "?"
		}
		return target{}, "", true, "no such variable; there are " + strings.Join(names, ", ")
	}
	return target{}, "", false, ""
}

// within finds the key of a section, or of a section within it, that the rest of a variable's name
// stands for; an empty key when there is none.
func within(section reflect.Value, path, rest string) (t target, key, mend string) {
	for i := range section.NumField() {
		v, name := section.Field(i), section.Type().Field(i).Tag.Get("yaml")
		at := path + "." + name
		if rest == strings.ToUpper(name) && v.Kind() != reflect.Struct {
			return target{value: v}, at, ""
		}
		tail, ok := strings.CutPrefix(rest, strings.ToUpper(name)+"_")
		switch {
		case !ok:
		case v.Kind() == reflect.Struct:
			if t, key, mend = within(v, at, tail); key != "" {
				return t, key, mend
			}
		case v.Kind() == reflect.Map:
			k := reflect.New(v.Type().Key()).Elem()
			if set(k, tail) != "" {
				return target{}, at, "names no class; end it with _1, _2, _3 or _9"
			}
			return target{value: v, item: k}, at + "." + tail, ""
		}
	}
	return target{}, "", ""
}

// variables are the names of all that set a key of a section.
func variables(section reflect.Value, before string) []string {
	var names []string
	for i := range section.NumField() {
		name := before + "_" + strings.ToUpper(section.Type().Field(i).Tag.Get("yaml"))
		if section.Field(i).Kind() == reflect.Struct {
			names = append(names, variables(section.Field(i), name)...)
		} else {
			names = append(names, name)
		}
	}
	return names
}

// assign gives the target what the text stands for, and answers as set does.
func (t target) assign(text string) (mend string) {
	v := t.value
	switch {
	case t.item.IsValid():
		item := reflect.New(v.Type().Elem()).Elem()
		if mend = set(item, text); mend == "" {
			put(v, t.item, item)
		}
		return mend
	case v.Kind() == reflect.Map:
		return "sets a whole map; set its items one by one, with _1, _2, _3 or _9 after the name"
	case v.Kind() != reflect.Slice && v.Kind() != reflect.Array:
		return set(v, text)
	}
	var parts []string
	if text != "" {
		parts = strings.Split(text, ",")
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(parts), len(parts)))
	} else if len(parts) != v.Len() {
		return "isn't " + shape(v.Type()) + "; join them by commas"
	}
	for i, part := range parts {
		if mend = set(v.Index(i), strings.TrimSpace(part)); mend != "" {
			return mend
		}
	}
	return ""
}
