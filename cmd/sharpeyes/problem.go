package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// problem is the RFC 9457 details of a refused request.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Row     int    `json:"row"`
		Column  string `json:"column"`
		Value   string `json:"value"`
		Message string `json:"message"`
	} `json:"errors"`
}

// readProblem makes an error of an answer that isn't a good one.
func readProblem(resp *http.Response) error {
	const most = 1 << 20 // a hundred errors are a few kilobytes
	var p problem
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil || json.Unmarshal(body, &p) != nil || p.Detail == "" && p.Title == "" {
		p = problem{Title: http.StatusText(resp.StatusCode)}
	}
	p.Status = resp.StatusCode
	return &p
}

// Error is what went wrong, and a table of the values that can't be taken.
func (p *problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the gateway refused (%d): ", p.Status)
	if p.Detail != "" {
		b.WriteString(p.Detail)
	} else {
		b.WriteString(p.Title)
	}
	if p.Status == http.StatusUnauthorized {
		b.WriteString("\nSay who you are: --token, SHARPEYES_TOKEN, or SHARPEYES_USER and SHARPEYES_PASSWORD.")
	}
	if len(p.Errors) == 0 || p.Detail != "" && strings.Contains(p.Detail, p.Errors[0].Message) {
		return b.String() // the detail tells them already
	}
	rows := false
	for _, e := range p.Errors {
		rows = rows || e.Row > 0
	}
	t := table{}
	if rows {
		t.add("ROW", "COLUMN", "VALUE", "WHAT TO DO")
	}
	for _, e := range p.Errors {
		cells := []string{e.Column, e.Value, e.Message}
		if rows {
			cells = append([]string{strconv.Itoa(e.Row)}, cells...)
		}
		t.add(cells...)
	}
	b.WriteByte('\n')
	b.WriteString(strings.TrimRight(t.String(), "\n"))
	return b.String()
}
