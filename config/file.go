package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const noAnchors = "anchors, aliases and tags aren't read here; write the value out"

// file is a YAML file on its way into a Config. The parsing is the library's; the assignment is
// done here, on its tree, and not by its decoder, since that one stops at the first error, loses
// the position of a bad duration, and cuts 1.5 to 1 without a word.
type file struct {
	name     string
	lines    []string
	at       map[string]token.Position // where each key was set, for what Validate finds
	problems Problems
}

// parseFile sets what the file says, and leaves the rest of c alone.
func parseFile(c *Config, name string, data []byte) *file {
	f := &file{name: name, lines: strings.Split(string(data), "\n"), at: make(map[string]token.Position)}
	tree, err := parser.ParseBytes(bytes.TrimPrefix(data, []byte("\ufeff")), 0) // the mark that some editors put first
	if err != nil {
		f.syntax(err)
		return f
	}
	seen := false
	for _, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		if seen {
			f.add(doc.Body, "", "", "the file holds a second document after ---; keep one")
			break
		}
		seen = true
		f.assign(reflect.ValueOf(c).Elem(), "", doc.Body)
	}
	sort.SliceStable(f.problems, func(i, j int) bool { return f.line(i) < f.line(j) })
	return f
}

// line is the line of the i-th problem.
func (f *file) line(i int) int {
	parts := strings.Split(strings.TrimPrefix(f.problems[i].Where, f.name+":"), ":")
	n, _ := strconv.Atoi(parts[0])
	return n
}

func (f *file) syntax(err error) {
	p := Problem{Where: f.name, Mend: "can't be read as YAML: " + err.Error()}
	var at yaml.Error
	if errors.As(err, &at) {
		p.Mend = "can't be read as YAML: " + at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			p.Where, p.Source = f.position(*t.Position), f.source(t.Position.Line)
		}
	}
	f.problems = append(f.problems, p)
}

// add notes a problem with what stands at n.
func (f *file) add(n ast.Node, key, value, mend string) {
	p := Problem{Where: f.name, Key: key, Value: discreet(key, value), Mend: mend}
	if at, ok := place(n); ok {
		p.Where, p.Source = f.position(at), f.source(at.Line)
	}
	f.problems = append(f.problems, p)
}

// place is where a node stands. A mapping's own token is its first colon; its first key is meant.
func place(n ast.Node) (token.Position, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return *t.Position, true
	}
	return token.Position{}, false
}

func (f *file) position(at token.Position) string {
	return fmt.Sprintf("%s:%d:%d", f.name, at.Line, at.Column)
}

func (f *file) source(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	text := shorten(strings.TrimRight(f.lines[line-1], "\r"))
	if strings.Contains(text, "@") {
		return "" // it may hold a password, as in nats://user:password@host
	}
	return fmt.Sprintf("%d | %s", line, text)
}

// assign gives v, the value of key, what the node says.
func (f *file) assign(v reflect.Value, key string, n ast.Node) {
	if at, ok := place(n); ok {
		f.at[key] = at
	}
	switch n := n.(type) {
	case *ast.NullNode: // "http:" with nothing after it leaves the defaults
	case ast.MapNode:
		f.assignMap(v, key, n)
	case *ast.SequenceNode:
		f.assignList(v, key, n)
	case *ast.StringNode:
		f.assignText(v, key, n, n.Value)
	case *ast.LiteralNode:
		f.assignText(v, key, n, n.Value.Value)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		f.add(n, key, "", noAnchors)
	default:
		f.assignText(v, key, n, n.GetToken().Value)
	}
}

func (f *file) assignText(v reflect.Value, key string, n ast.Node, text string) {
	if mend := set(v, text); mend != "" {
		f.add(n, key, text, mend)
	}
}

func (f *file) assignList(v reflect.Value, key string, n *ast.SequenceNode) {
	switch {
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), len(n.Values), len(n.Values)))
	case v.Kind() == reflect.Array && v.Len() == len(n.Values):
	default:
		f.add(n, key, "", "has a list here; write "+shape(v.Type()))
		return
	}
	for i, item := range n.Values {
		f.assign(v.Index(i), key+"["+strconv.Itoa(i)+"]", item)
	}
}

func (f *file) assignMap(v reflect.Value, key string, n ast.MapNode) {
	for iter := n.MapRange(); iter.Next(); {
		name, value := iter.Key(), iter.Value()
		word := name.GetToken().Value
		path := strings.TrimPrefix(key+"."+word, ".")
		if _, merge := name.(*ast.MergeKeyNode); merge {
			f.add(name, key, "", noAnchors)
			continue
		}
		switch v.Kind() {
		case reflect.Struct:
			child, ok := field(v, word)
			if !ok {
				f.add(name, path, "", unknown(word, v.Type()))
				continue
			}
			f.assign(child, path, value)
		case reflect.Map:
			k, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			if set(k, word) != "" {
				f.add(name, key, word, "isn't a class; write 1, 2, 3 or 9")
				continue
			}
			if _, null := value.(*ast.NullNode); null {
				continue
			}
			f.assign(item, path, value)
			put(v, k, item)
		default:
			f.add(name, key, "", "has keys of its own here; write "+shape(v.Type()))
			return
		}
	}
}

// unknown says that a key isn't one, and which are.
func unknown(word string, t reflect.Type) string {
	if near := nearest(word, keys(t)); near != "" {
		return "no such key; did you mean " + near + "?"
	}
	return "no such key; there are " + strings.Join(keys(t), ", ")
}

// put sets one item of a map without changing the map that others, such as a copy of the
// configuration, may hold.
func put(m, k, item reflect.Value) {
	fresh := reflect.MakeMap(m.Type())
	for iter := m.MapRange(); iter.Next(); {
		fresh.SetMapIndex(iter.Key(), iter.Value())
	}
	fresh.SetMapIndex(k, item)
	m.Set(fresh)
}
