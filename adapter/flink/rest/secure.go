package rest

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/flink-hpa/flink-hpa/adapter/config"
	"github.com/flink-hpa/flink-hpa/adapter/tlsfile"
)

const (
	// rereadAfter is how long certificates are used before their files are read again.
	rereadAfter = 10 * time.Second
	// forgetAfter is how long a client is kept for a name that nobody asks for.
	forgetAfter = 2 * idleTimeout
)

// secure has an https client for each name that servers' certificates are for: connections under one are not shared with
// another. It is safe for concurrent use.
type secure struct {
	tls   *config.TLS
	clock clock.PassiveClock

	mu      sync.Mutex
	read    time.Time // when the files were read last and were right; zero: never
	files   tlsfile.Files
	made    *tls.Config
	clients map[string]*namedClient
}

type namedClient struct {
	*http.Client
	asked time.Time
}

// client verifies servers for the name. The error names the field and the file that is wrong.
func (s *secure) client(name string) (*http.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if s.read.IsZero() || now.Sub(s.read) >= rereadAfter {
		if err := s.reread(); err != nil {
			return nil, err
		}
		s.read = now
		maps.DeleteFunc(s.clients, func(_ string, c *namedClient) bool { return now.Sub(c.asked) > forgetAfter })
	}
	client, ok := s.clients[name]
	if !ok {
		config := s.made.Clone()
		config.ServerName = name
		client = &namedClient{Client: newHTTPClient(config)}
		s.clients[name] = client
	}
	client.asked = now
	return client.Client, nil
}

// reread starts anew when something else stands in the files. The connections so far serve nobody any more, and end idle.
func (s *secure) reread() error {
	files, err := tlsfile.Read(s.tls)
	if err != nil {
		return fmt.Errorf("flink.%w", err)
	}
	if s.made != nil && files == s.files {
		return nil
	}
	made, err := files.Config(s.tls)
	if err != nil {
		return fmt.Errorf("flink.%w", err)
	}
	s.files, s.made, s.clients = files, made, map[string]*namedClient{}
	return nil
}
