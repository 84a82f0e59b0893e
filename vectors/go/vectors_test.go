// Runs the vectors of schemes, plans and UDP over TCP against sing-anytls and
// sing, the libraries of sing-box. They are installed by name; nothing of them
// is kept here. Where they differ from the document, differences says how.
package vectors

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anytls/sing-anytls/padding"
	"github.com/anytls/sing-anytls/session"
	"github.com/sagernet/sing/common/atomic"
	"github.com/sagernet/sing/common/buf"
	"github.com/sagernet/sing/common/logger"
	M "github.com/sagernet/sing/common/metadata"
	"github.com/sagernet/sing/common/uot"
)

type draw struct{ Of, Value int64 }

type address struct {
	Kind string
	Port uint16
	Host string
	Data string
}

type vector struct {
	Name    string
	Text    string
	Result  string
	Stop    uint32
	Md5     string
	Scheme  string
	Packet  json.RawMessage
	Payload int
	Draw    []draw
	Sizes   []any
	Length  int
	Write   []struct {
		Payload int
		Waste   []int
	}
	In       string
	Connect  int
	Addr     *address
	Rest     string
	Datagram []address
	End      string
}

// Where the library does something else, and what.
var differences = map[string]string{
	"padding0/check":              "takes -1 for the length",
	"padding0/check-then-size":    "takes -1 for the length",
	"padding0/skipped-then-check": "takes -1 for the length",
	"padding0/size-65536":         "wraps the length to 0",
	"padding0/size-huge":          "wraps the length",
	"padding0/size-range-over":    "wraps the length",
	"padding0/stop-0":             "pads packet 0 whatever stop says",
	"plan/large-65536":            "wraps the length of the waste",
	"plan/large-131070":           "wraps the length of the waste",
	"plan/large-131071":           "wraps the length of the waste",
	"plan/large-fill":             "wraps the length of the waste",
	"plan/large-fill-lends":       "wraps the length of the waste",
	"plan/large-fill-two-headers": "wraps the length of the waste",
	"plan/large-fill-one-byte":    "wraps the length of the waste",
	"uot-request/name-empty":      "reads no port and goes on",
	"uot-request/name-255":        "reads no port behind a name that DNS forbids",
	"uot-datagrams/name-255":      "reads no port behind a name that DNS forbids",
}

func load(t *testing.T, suite string) []vector {
	var file struct{ Suites map[string][]vector }
	data, err := os.ReadFile("../anytls-vectors.json")
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil || len(file.Suites[suite]) == 0 {
		t.Fatalf("no vectors of %s: %v", suite, err)
	}
	return file.Suites[suite]
}

func raw(t *testing.T, text string) []byte {
	var out []byte
	for _, piece := range strings.Fields(text) {
		hexed, times, _ := strings.Cut(piece, "*")
		one, err := hex.DecodeString(hexed)
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		if times != "" {
			n, _ = strconv.Atoi(times)
		}
		for ; n > 0; n-- {
			out = append(out, one...)
		}
	}
	return out
}

// script is a random source from which rand.Int draws what the vector says.
type script struct {
	draws []draw
	left  []byte
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		if len(s.draws) == 0 { // it draws for sizes nobody asks for
			clear(p)
			return len(p), nil
		}
		d := s.draws[0]
		s.draws = s.draws[1:]
		size := (big.NewInt(d.Of-1).BitLen() + 7) / 8
		s.left = big.NewInt(d.Value).FillBytes(make([]byte, size))
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

func withDraws(draws []draw, f func()) {
	old := rand.Reader
	var used []draw
	for _, d := range draws {
		if d.Of > 1 { // nothing is read for a range of one
			used = append(used, d)
		}
	}
	rand.Reader = &script{draws: used}
	defer func() { rand.Reader = old }()
	f()
}

// each runs the vectors of a suite; f says what is wrong with one.
func each(t *testing.T, suite string, f func(*testing.T, vector) error) {
	for _, v := range load(t, suite) {
		t.Run(v.Name, func(t *testing.T) {
			err := f(t, v)
			why, differs := differences[suite+"/"+v.Name]
			if differs && why != "" {
				if err == nil {
					t.Fatalf("does not differ any more (%s)", why)
				}
				t.Skipf("differs: it %s", why)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestScheme(t *testing.T) {
	each(t, "scheme", func(t *testing.T, v vector) error {
		p := padding.NewPaddingFactory([]byte(v.Text))
		if (p != nil) != (v.Result == "ok") {
			return fmt.Errorf("usable: %v, wanted %s", p != nil, v.Result)
		}
		if p == nil {
			return nil
		}
		if p.Stop != v.Stop {
			return fmt.Errorf("stop %d, wanted %d", p.Stop, v.Stop)
		}
		if v.Md5 != "" && v.Md5 != p.Md5 {
			return fmt.Errorf("md5 %s, wanted %s", p.Md5, v.Md5)
		}
		return nil
	})
}

func sizesOf(v vector, packet uint32) []int {
	p := padding.NewPaddingFactory([]byte(v.Scheme))
	if packet != 0 && packet >= p.Stop {
		return nil
	}
	return p.GenerateRecordPayloadSizes(packet)
}

func packetOf(v vector) uint32 {
	var n uint32
	json.Unmarshal(v.Packet, &n)
	return n
}

func TestSizes(t *testing.T) {
	each(t, "sizes", func(t *testing.T, v vector) (err error) {
		withDraws(v.Draw, func() {
			got := []any{}
			for _, n := range sizesOf(v, packetOf(v)) {
				if n == padding.CheckMark {
					got = append(got, "c")
				} else {
					got = append(got, float64(n))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(v.Sizes) {
				err = fmt.Errorf("%v, wanted %v", got, v.Sizes)
			}
		})
		return err
	})
}

// The client takes the first size for the length of padding0, as a uint16.
func TestPadding0(t *testing.T) {
	each(t, "padding0", func(t *testing.T, v vector) (err error) {
		withDraws(v.Draw, func() {
			got := 0
			if sizes := sizesOf(v, 0); len(sizes) > 0 {
				got = sizes[0]
			}
			if got != v.Length {
				err = fmt.Errorf("%d, wanted %d", got, v.Length)
			}
		})
		return err
	})
}

// sink is a connection that keeps what is written, write by write.
type sink struct {
	net.Conn
	lock   sync.Mutex
	writes [][]byte
	closed chan struct{}
}

func (s *sink) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.writes = append(s.writes, append([]byte(nil), p...))
	return len(p), nil
}

func (s *sink) Read([]byte) (int, error)         { <-s.closed; return 0, io.EOF }
func (s *sink) Close() error                     { close(s.closed); return nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }

// plan makes a real session write its packet number N of v.Payload bytes.
func plan(v vector, n uint32) ([][]byte, bool) {
	var scheme atomic.TypedValue[*padding.PaddingFactory]
	plain := padding.NewPaddingFactory([]byte("stop=4294967295"))
	under := padding.NewPaddingFactory([]byte(v.Scheme))
	conn := &sink{closed: make(chan struct{})}
	scheme.Store(plain)
	s := session.NewClientSession(conn, &scheme, logger.NOP())
	defer s.Close()
	s.Run()
	stream, err := s.OpenStream()
	if err != nil {
		return nil, false
	}
	for i := uint32(1); i < n; i++ {
		stream.Write([]byte("x"))
	}
	conn.lock.Lock()
	conn.writes = nil
	conn.lock.Unlock()
	scheme.Store(under)
	if v.Payload < 7 {
		return nil, false
	}
	stream.Write(make([]byte, v.Payload-7))
	return conn.writes, true
}

// lengths of the waste frames in B, or nil when it is not whole waste frames.
func lengths(b []byte) []int {
	out := []int{}
	for len(b) >= 7 && b[0] == 0 {
		n := int(b[5])<<8 | int(b[6])
		if len(b) < 7+n {
			return nil
		}
		out = append(out, n)
		b = b[7+n:]
	}
	if len(b) != 0 {
		return nil
	}
	return out
}

// A packet of a session has a header at least, and packet 1 more than that.
func TestPlan(t *testing.T) {
	run := 0
	each(t, "plan", func(t *testing.T, v vector) (err error) {
		n := packetOf(v)
		if n < 2 || v.Payload < 7 || v.Payload > 65542 {
			t.Skip("no write of a session")
		}
		run++
		withDraws(v.Draw, func() {
			writes, _ := plan(v, n)
			if len(writes) != len(v.Write) {
				err = fmt.Errorf("%d writes, wanted %d", len(writes), len(v.Write))
				return
			}
			for i, w := range v.Write {
				got := lengths(writes[i][min(w.Payload, len(writes[i])):])
				if fmt.Sprint(got) != fmt.Sprint(w.Waste) {
					err = fmt.Errorf("write %d of %d bytes: waste %v, wanted %v",
						i, len(writes[i]), got, w.Waste)
				}
			}
		})
		return err
	})
	if run < 50 {
		t.Fatalf("only %d plans were run", run)
	}
}

func sameAddress(t *testing.T, got M.Socksaddr, want address) error {
	host := raw(t, want.Host)
	var name string
	switch want.Kind {
	case "name":
		name = string(host)
	default:
		name = net.IP(host).String()
	}
	have := got.Fqdn
	if have == "" {
		have = net.IP(got.Addr.AsSlice()).String()
	}
	if have != name || got.Port != want.Port {
		return fmt.Errorf("%v, wanted %s:%d", got, name, want.Port)
	}
	return nil
}

func TestUotRequest(t *testing.T) {
	each(t, "uot-request", func(t *testing.T, v vector) error {
		in := raw(t, v.In)
		r := strings.NewReader(string(in))
		request, err := uot.ReadRequest(r)
		if (err == nil) != (v.Result == "ok") {
			return fmt.Errorf("%v, wanted %s", err, v.Result)
		}
		if err != nil {
			return nil
		}
		if request.IsConnect != (v.Connect != 0) {
			return fmt.Errorf("isConnect %v", request.IsConnect)
		}
		if rest := raw(t, v.Rest); r.Len() != len(rest) {
			return fmt.Errorf("%d bytes left, wanted %d", r.Len(), len(rest))
		}
		return sameAddress(t, request.Destination, *v.Addr)
	})
}

type reader struct {
	net.Conn
	*strings.Reader
}

func (r reader) Read(p []byte) (int, error)  { return r.Reader.Read(p) }
func (r reader) Write(p []byte) (int, error) { return len(p), nil }

func TestUotDatagrams(t *testing.T) {
	each(t, "uot-datagrams", func(t *testing.T, v vector) error {
		in := reader{nil, strings.NewReader(string(raw(t, v.In)))}
		want := v.Datagram
		if v.Connect != 0 {
			json.Unmarshal(v.Packet, &want)
		}
		conn := uot.NewConn(in, uot.Request{IsConnect: v.Connect != 0})
		for i, d := range want {
			b := buf.NewSize(65535)
			dest, err := conn.ReadPacket(b)
			if err != nil {
				return fmt.Errorf("datagram %d: %v", i, err)
			}
			if string(b.Bytes()) != string(raw(t, d.Data)) {
				return fmt.Errorf("datagram %d: other data", i)
			}
			if v.Connect == 0 {
				if err = sameAddress(t, dest, d); err != nil {
					return err
				}
			}
		}
		_, err := conn.ReadPacket(buf.NewSize(65535))
		if err == nil {
			return fmt.Errorf("one more datagram")
		}
		if v.End == "idle" && in.Reader.Len() != 0 {
			return fmt.Errorf("%d bytes left", in.Reader.Len())
		}
		return nil
	})
}
