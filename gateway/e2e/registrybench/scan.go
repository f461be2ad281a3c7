package main

import (
	"database/sql"
	"strings"

	"sharpeyes/registry"
	"sharpeyes/registry/event"
)

// listing is a channel as SQLite's answers list it.
type listing = registry.Listing

// scan reads channels and closes the rows.
func scan(rows *sql.Rows) ([]listing, error) {
	found := make([]listing, 0, 100)
	err := each(rows, func(l *listing) { found = append(found, *l) })
	return found, err
}

// scanAll reads channels, counts them and closes the rows.
func scanAll(rows *sql.Rows) (n int, err error) {
	err = each(rows, func(*listing) { n++ })
	return n, err
}

func each(rows *sql.Rows, found func(*listing)) error {
	defer rows.Close()
	for rows.Next() {
		l := listing{Channel: registry.Channel{Enabled: true}}
		c := &l.Channel
		var tags, password, state string
		if err := rows.Scan(&c.ID, &c.Name, &c.Class, &c.Site, &c.Scenario, &tags, &c.Lon, &c.Lat, &c.Heading, &c.URL, &c.SubURL,
			&c.Username, &password, &c.Transport, &c.Motion, &c.InstallTime, &c.Contact, &c.RecordDays, &state); err != nil {
			return err
		}
		if tags != "" {
			c.Tags = strings.Split(tags, ";")
		}
		c.Password, l.Status.State = registry.Secret(password), event.State(state)
		found(&l)
	}
	return rows.Err()
}
