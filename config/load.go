package config

import (
	"fmt"
	"io"
	"os"
)

// maxFile bounds a configuration file, in bytes; a larger one is some other file.
const maxFile = 1 << 20

// Load reads the YAML file at path on top of the defaults, lets the environment (pairs as in
// os.Environ) override single keys, and validates the whole. An empty path means no file.
// What is wrong comes back as Problems, all at once; a file that can't be opened, as an error of os.
func Load(path string, env []string) (Config, error) {
	if path == "" {
		return parse("", nil, env)
	}
	data, err := read(path)
	if err != nil {
		return Config{}, err
	}
	return parse(path, data, env)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("reading the configuration: %s is larger than %v; is it the right file?", path, Bytes(maxFile))
	}
	return data, nil
}

// parse makes a configuration of the defaults, a file's contents and the environment.
func parse(name string, data []byte, env []string) (Config, error) {
	c := Default()
	f := parseFile(&c, name, data)
	wrong, by := applyEnv(&c, env)
	problems := append(f.problems, wrong...)
	if len(problems) > 0 {
		// What couldn't be read would be found wrong a second time, for another reason.
		return Config{}, problems
	}
	for _, p := range c.problems() {
		if variable, ok := by[p.Key]; ok {
			p.Where = variable
		} else if at, ok := f.at[p.Key]; ok {
			p.Where, p.Source = f.position(at), f.source(at.Line)
		}
		problems = append(problems, p)
	}
	if err := problems.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}
