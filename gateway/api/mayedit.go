package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"sharpeyes/registry"
)

// mayChange is nil when the asker may make all of the transaction. Who may edit a part of the city may
// change and take away what lies in it, and its windows of maintenance, but make nothing new: whether an
// id is taken outside of that part is not for them to find out.
func mayChange(ctx context.Context, now *registry.Snapshot, tx registry.Transaction) error {
	p := principal(ctx)
	if p == nil || whole(p, "edit") && whole(p, "admin") {
		return nil
	}
	everywhere := whole(p, "edit")
	for _, put := range tx.Put {
		old, there := now.Get(put.ID)
		if !everywhere {
			if err := mayTouch(ctx, put.ID, old, there); err != nil {
				return err
			}
			if !granted(ctx, "edit", &put) {
				return problem(http.StatusForbidden, "this would move the channel out of what you may edit")
			}
		}
		// Else whoever may edit a channel would be told its password by a camera of their own.
		if there && put.Password != "" && put.Password == old.Password && elsewhere(old, put) {
			return registry.FieldErrors{{Column: "password", Message: "must be given anew with an address of another device; only administrators may leave it out"}}
		}
	}
	if everywhere {
		return nil
	}
	for _, id := range tx.Delete {
		old, there := now.Get(id)
		if err := mayTouch(ctx, id, old, there); err != nil {
			return err
		}
	}
	for _, m := range tx.Maintenance {
		if !coversWindow(ctx, now, "edit", m) {
			return errForbidden
		}
	}
	for _, id := range tx.DeleteMaintenance {
		if m, there := now.Maintenance(id); there && !coversWindow(ctx, now, "edit", m) {
			return errForbidden
		}
	}
	if len(tx.Sites)+len(tx.DeleteSites) > 0 {
		return errForbidden
	}
	return nil
}

// mayTouch is nil for a channel that the asker may edit.
func mayTouch(ctx context.Context, id string, c registry.Channel, there bool) error {
	switch {
	case there && granted(ctx, "edit", &c):
		return nil
	case there && granted(ctx, "list", &c):
		return errForbidden
	}
	return noChannel(id)
}

// elsewhere reports whether a password that was for the old address would now go to another one, or go
// another way.
func elsewhere(old, put registry.Channel) bool {
	known := []string{origin(old.URL), origin(old.SubURL)}
	return !slices.Contains(known, origin(put.URL)) || put.SubURL != "" && !slices.Contains(known, origin(put.SubURL))
}

// origin is the scheme, host and port of a URL.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return u.Scheme + "://" + u.Host
}

// coversWindow reports whether the asker may do the action with all that a window is about.
func coversWindow(ctx context.Context, now *registry.Snapshot, action string, m registry.Maintenance) bool {
	scopes := within(ctx, action)
	if scopes == nil {
		return true
	}
	if m.Channel != "" {
		c, there := now.Get(m.Channel)
		return there && registry.Covered(scopes, &c)
	}
	return slices.ContainsFunc(scopes, func(s registry.Scope) bool { return s.CoversSite(m.Site) })
}
