package main

import (
	std_bufio "bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	anytls "github.com/anytls/sing-anytls"
	"github.com/sagernet/sing/common/bufio"
	M "github.com/sagernet/sing/common/metadata"
	N "github.com/sagernet/sing/common/network"
	"github.com/sagernet/sing/common/uot"
	"github.com/sagernet/sing/protocol/socks"
)

// proxy runs the client role behind a SOCKS port; it returns only on failure.
func proxy(o options) error {
	if o.udp != "packet" && o.udp != "connect" {
		return fmt.Errorf("-udp takes packet or connect, not %q", o.udp)
	}
	config, err := clientTLS(o)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	client, err := anytls.NewClient(context.Background(), anytls.ClientConfig{
		Password: o.password,
		DialOut: func(ctx context.Context) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, "tcp", o.server)
			if err != nil {
				return nil, err
			}
			tlsConn := tls.Client(conn, config)
			if err := tlsConn.HandshakeContext(ctx); err != nil {
				conn.Close()
				return nil, err
			}
			return tlsConn, nil
		},
		IdleSessionCheckInterval: 30 * time.Second,
		IdleSessionTimeout:       30 * time.Second,
		Logger:                   newLogger(),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	log.Println("sing-anytls", moduleVersion(), "client on", listener.Addr())
	handler := inbound{client: client, connect: o.udp == "connect"}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			err := socks.HandleConnectionEx(context.Background(), conn,
				std_bufio.NewReader(conn), nil, handler,
				M.SocksaddrFromNet(conn.RemoteAddr()), nil)
			if err != nil {
				log.Println(conn.RemoteAddr(), err)
			}
		}()
	}
}

// inbound is the host's part of a client: it takes what the SOCKS port brings.
type inbound struct {
	client  *anytls.Client
	connect bool
}

func (h inbound) NewConnectionEx(ctx context.Context, conn net.Conn,
	source, destination M.Socksaddr, onClose N.CloseHandlerFunc) {
	defer conn.Close()
	stream, err := h.client.CreateProxy(ctx, destination)
	if err != nil {
		N.ReportHandshakeFailure(conn, err)
		log.Println(source, destination, err)
		return
	}
	defer stream.Close()
	if err = N.ReportConnHandshakeSuccess(conn, stream); err != nil {
		return
	}
	if err = bufio.CopyConn(ctx, conn, stream); err != nil {
		log.Println(source, destination, err)
	}
}

// NewPacketConnectionEx waits for the first datagram: a stream in connect form
// is bound to the address that it names.
func (h inbound) NewPacketConnectionEx(ctx context.Context, conn N.PacketConn,
	source, destination M.Socksaddr, onClose N.CloseHandlerFunc) {
	defer conn.Close()
	if err := N.ReportHandshakeSuccess(conn); err != nil {
		return
	}
	if h.connect {
		buffer := N.NewReadWaitOptions(conn, conn).NewPacketBuffer()
		first, err := conn.ReadPacket(buffer)
		if err != nil {
			buffer.Release()
			return
		}
		destination = first
		conn = bufio.NewCachedPacketConn(conn, buffer, first)
	}
	stream, err := h.client.CreateProxy(ctx, uot.RequestDestination(uot.Version))
	if err != nil {
		log.Println(source, err)
		return
	}
	defer stream.Close()
	request := uot.Request{IsConnect: h.connect, Destination: destination}
	if !request.Destination.IsValid() {
		request.Destination = M.ParseSocksaddrHostPort("0.0.0.0", 0)
	}
	err = bufio.CopyPacketConn(ctx, conn, uot.NewLazyConn(stream, request))
	if err != nil {
		log.Println(source, err)
	}
}

func clientTLS(o options) (*tls.Config, error) {
	config := &tls.Config{ServerName: o.sni, InsecureSkipVerify: o.ca == ""}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(o.server)
		if err != nil {
			return nil, fmt.Errorf("-s: %w", err)
		}
		config.ServerName = host
	}
	if o.ca != "" {
		pem, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", o.ca)
		}
	}
	return config, nil
}
