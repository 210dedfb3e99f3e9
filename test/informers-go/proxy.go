package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"k8s.io/client-go/rest"
)

// proxy passes TCP through to the server and can cut every connection that is open.
type proxy struct {
	listener   net.Listener
	address    string
	target     string
	serverName string
	mu         sync.Mutex
	open       map[net.Conn]struct{}
	cutTotal   atomic.Int64
}

func newProxy(config *rest.Config) (*proxy, error) {
	target, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, address: listener.Addr().String(), target: target.Host, open: map[net.Conn]struct{}{}}
	p.serverName = config.ServerName
	if p.serverName == "" {
		p.serverName = target.Hostname()
	}
	go p.accept()
	return p, nil
}

func (p *proxy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.open[client] = struct{}{}
	p.mu.Unlock()
	done := make(chan struct{}, 2)
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go pass(server, client)
	go pass(client, server)
	<-done
	_ = client.Close()
	_ = server.Close()
	p.mu.Lock()
	delete(p.open, client)
	p.mu.Unlock()
}

// cut resets every connection: the client gets what has arrived, perhaps half an event, and no end.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for client := range p.open {
		if tcp, ok := client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = client.Close()
		p.cutTotal.Add(1)
	}
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.cut()
}

type counting struct {
	next   http.RoundTripper
	counts *requestCounts
}

func (c *requestCounts) wrap(next http.RoundTripper) http.RoundTripper { return counting{next, c} }

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	query := request.URL.Query()
	switch {
	case query.Get("watch") == "", query.Get("sendInitialEvents") == "true":
		c.counts.lists.Add(1)
	default:
		c.counts.watches.Add(1)
	}
	return c.next.RoundTrip(request)
}
