// A server and a client around the published module sing-anytls, whose session
// code also runs in sing-box 1.12 and 1.13. The module is a library, so what
// it leaves to its host is here: listening, TLS, dialling, SOCKS, UDP.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime/debug"

	"github.com/sagernet/sing/common/logger"
)

const module = "github.com/anytls/sing-anytls"

// options are what both roles can be told.
type options struct {
	listen   string
	server   string
	password string
	scheme   string
	cert     string
	key      string
	sni      string
	ca       string
	udp      string
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	if os.Args[1] == "version" {
		fmt.Println("sing-anytls", moduleVersion())
		return
	}
	var o options
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.StringVar(&o.listen, "l", "", "listen on `ADDR:PORT`")
	flags.StringVar(&o.password, "p", "", "`password`")
	switch os.Args[1] {
	case "server":
		flags.StringVar(&o.scheme, "padding-scheme", "", "`file` with a padding scheme")
		flags.StringVar(&o.cert, "cert", "", "PEM `file` of the certificate (default: self-signed)")
		flags.StringVar(&o.key, "key", "", "PEM `file` of its key")
	case "client":
		flags.StringVar(&o.server, "s", "", "server's `HOST:PORT`")
		flags.StringVar(&o.sni, "sni", "", "server `name` to ask for")
		flags.StringVar(&o.ca, "ca", "", "PEM `file` to trust (default: any certificate)")
		flags.StringVar(&o.udp, "udp", "packet", "form of UDP over TCP: `packet|connect`")
	default:
		usage()
	}
	flags.Parse(os.Args[2:])
	if flags.NArg() > 0 {
		fail(fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	if o.listen == "" || o.password == "" {
		fail(fmt.Errorf("-l and -p are needed"))
	}
	if os.Args[1] == "server" {
		fail(serve(o))
	}
	fail(proxy(o))
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: sing-anytls-peer server|client|version [options]")
	os.Exit(2)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sing-anytls-peer:", err)
	os.Exit(1)
}

// moduleVersion is the version that was linked in, not the one asked for.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return "unknown"
}

// printer writes what the module says at the levels that an operator reads.
type printer struct{ logger.ContextLogger }

func newLogger() logger.ContextLogger { return printer{logger.NOP()} }

func (printer) Info(args ...any)  { log.Println(args...) }
func (printer) Warn(args ...any)  { log.Println(args...) }
func (printer) Error(args ...any) { log.Println(args...) }

func (printer) InfoContext(ctx context.Context, args ...any)  { log.Println(args...) }
func (printer) WarnContext(ctx context.Context, args ...any)  { log.Println(args...) }
func (printer) ErrorContext(ctx context.Context, args ...any) { log.Println(args...) }
