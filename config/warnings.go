package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Warnings are what is allowed and unwise, each a sentence that begins with the key. It looks at the files
// that the configuration names.
func (c Config) Warnings() []string {
	var all []string
	clear := func(key, address, tls string) {
		if address != "" && !loopback(address) {
			all = append(all, fmt.Sprintf("%s: %s is reached by other machines and takes passwords in the clear; %s", key, address, tls))
		}
	}
	if c.HTTP.TLSCert == "" {
		clear("http.listen", c.HTTP.Listen, "set http.tls_cert and http.tls_key, or let a proxy on this machine speak TLS")
	}
	clear("rtsp.listen", c.RTSP.Listen, "set rtsp.tls_listen for those who can use it, and keep the other inside a network that is trusted")
	if c.NATS.URL == "" && c.NATS.TLSCert == "" {
		clear("nats.listen", c.NATS.Listen, "set nats.tls_cert and nats.tls_key")
		clear("nats.leaf_listen", c.NATS.LeafListen, "set nats.tls_cert and nats.tls_key")
	}
	if len(c.NATS.LeafRemotes) > 0 && len(c.Share.Classes)+len(c.Share.Scenarios) > 0 {
		all = append(all, "share: the level above isn't told of outages of whole sites when classes or scenarios are chosen, since these speak of all cameras there")
	}
	for i, remote := range c.NATS.LeafRemotes {
		if u, err := url.Parse(remote); err == nil && (u.Scheme == "nats" || u.Scheme == "ws") && !loopback(u.Host) {
			all = append(all, fmt.Sprintf("nats.leaf_remotes[%d]: the token goes to %s in the clear; write tls:// when its gateway speaks TLS", i, u.Host))
		}
	}
	if c.Access.Anonymous != "none" {
		all = append(all, fmt.Sprintf("access.anonymous: whoever is on this machine is %s without a password; write none where others work on it", c.Access.Anonymous))
	}
	for _, f := range []struct{ key, path string }{
		{"http.tls_key", c.HTTP.TLSKey}, {"rtsp.tls_key", c.RTSP.TLSKey}, {"nats.tls_key", c.NATS.TLSKey}, {"nats.credentials", c.NATS.Credentials},
		{"data_dir", filepath.Join(c.DataDir, "secret.key")}, {"data_dir", filepath.Join(c.DataDir, "audit.key")},
	} {
		if f.path == "" {
			continue
		}
		info, err := os.Stat(f.path)
		if err != nil { // not there yet, or serve says so
			continue
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			all = append(all, fmt.Sprintf("%s: %s can be read by others (mode %04o); chmod 600 it", f.key, f.path, mode))
		}
	}
	return all
}
