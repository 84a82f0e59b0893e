package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log"
	"math/big"
	"net"
	"os"
	"time"

	anytls "github.com/anytls/sing-anytls"
	"github.com/anytls/sing-anytls/padding"
	"github.com/sagernet/sing/common/buf"
	"github.com/sagernet/sing/common/bufio"
	M "github.com/sagernet/sing/common/metadata"
	N "github.com/sagernet/sing/common/network"
	"github.com/sagernet/sing/common/uot"
)

// dialTimeout leaves a client of the Go family, which waits three seconds for a
// SYNACK, time to get it on a busy machine too.
const dialTimeout = 1500 * time.Millisecond

// serve runs the server role; it returns only on failure.
func serve(o options) error {
	certificate, err := serverCertificate(o)
	if err != nil {
		return err
	}
	scheme := padding.DefaultPaddingScheme
	if o.scheme != "" {
		if scheme, err = os.ReadFile(o.scheme); err != nil {
			return err
		}
	}
	service, err := anytls.NewService(anytls.ServiceConfig{
		PaddingScheme: scheme,
		Users:         []anytls.User{{Name: "user", Password: o.password}},
		Handler:       outbound{},
		Logger:        newLogger(),
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	log.Println("sing-anytls", moduleVersion(), "server on", listener.Addr())
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			tlsConn := tls.Server(conn, config)
			defer tlsConn.Close()
			err := service.NewConnection(context.Background(), tlsConn,
				M.SocksaddrFromNet(conn.RemoteAddr()), nil)
			if err != nil {
				log.Println(conn.RemoteAddr(), err)
			}
		}()
	}
}

// outbound is the host's part of a server: it dials what a stream asks for.
type outbound struct{}

func (outbound) NewConnectionEx(ctx context.Context, conn net.Conn,
	source, destination M.Socksaddr, onClose N.CloseHandlerFunc) {
	defer conn.Close()
	var err error
	switch destination.Fqdn {
	case uot.MagicAddress:
		err = relayDatagrams(ctx, conn, uot.Version)
	case uot.LegacyMagicAddress:
		err = relayDatagrams(ctx, conn, uot.LegacyVersion)
	default:
		err = relay(ctx, conn, destination)
	}
	if err != nil {
		log.Println(source, destination, err)
	}
}

func relay(ctx context.Context, conn net.Conn, destination M.Socksaddr) error {
	target, err := net.DialTimeout("tcp", destination.String(), dialTimeout)
	if err != nil {
		N.ReportHandshakeFailure(conn, err)
		return err
	}
	defer target.Close()
	if err = N.ReportHandshakeSuccess(conn); err != nil {
		return err
	}
	return bufio.CopyConn(ctx, conn, target)
}

func relayDatagrams(ctx context.Context, conn net.Conn, version int) error {
	var request uot.Request
	if version == uot.Version {
		r, err := uot.ReadRequest(conn)
		if err != nil {
			N.ReportHandshakeFailure(conn, err)
			return err
		}
		request = *r
	}
	target, err := newDatagrams(request)
	if err != nil {
		N.ReportHandshakeFailure(conn, err)
		return err
	}
	defer target.Close()
	if err = N.ReportHandshakeSuccess(conn); err != nil {
		return err
	}
	return bufio.CopyPacketConn(ctx, uot.NewConn(conn, request), target)
}

// datagrams is the UDP socket of a stream. In the connect form it has one
// peer; else each packet names its own, maybe by a name.
type datagrams struct {
	*net.UDPConn
	peer M.Socksaddr
}

func newDatagrams(request uot.Request) (*datagrams, error) {
	if !request.IsConnect {
		socket, err := net.ListenUDP("udp", nil)
		return &datagrams{UDPConn: socket}, err
	}
	conn, err := net.Dial("udp", request.Destination.String())
	if err != nil {
		return nil, err
	}
	return &datagrams{conn.(*net.UDPConn), request.Destination}, nil
}

func (d *datagrams) ReadPacket(buffer *buf.Buffer) (M.Socksaddr, error) {
	n, source, err := d.ReadFrom(buffer.FreeBytes())
	if err != nil {
		return M.Socksaddr{}, err
	}
	buffer.Truncate(buffer.Len() + n)
	return M.SocksaddrFromNet(source).Unwrap(), nil
}

func (d *datagrams) WritePacket(buffer *buf.Buffer, to M.Socksaddr) error {
	defer buffer.Release()
	if d.peer.IsValid() {
		_, err := d.Write(buffer.Bytes())
		return err
	}
	address, err := net.ResolveUDPAddr("udp", to.String())
	if err != nil {
		return err
	}
	_, err = d.WriteTo(buffer.Bytes(), address)
	return err
}

// serverCertificate is the one in the files, or one made for this run.
func serverCertificate(o options) (tls.Certificate, error) {
	if o.cert != "" {
		return tls.LoadX509KeyPair(o.cert, o.key)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
