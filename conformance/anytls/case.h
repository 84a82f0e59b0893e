/*
 * Everything a case may use. A case is straight-line code that reads like the
 * requirement: tell the peer something, expect something. A verb succeeds or
 * ends the case; nothing is returned to check, nothing is freed, nothing
 * sleeps. Each verb has one absolute deadline (t->timeout_ms unless said).
 *
 * Here the suite plays a client; "the peer" is the server under test.
 */
#ifndef ANYTLS_CASE_H
#define ANYTLS_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "conformance/engine/test.h"
#include "ref/wire/addr.h"
#include "ref/wire/command.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"
#include "ref/wire/uot.h"

/* The budget of a case that waits for seconds, or may: the longest budgets
 * begin first, and the others run meanwhile. */
#define LONG_WAIT_MS 20000
/* Frames of 65000 bytes: more than the sockets behind a target hold of what
 * nobody reads (Linux lets one grow to 4 MiB to send). */
#define STALLING_FRAMES 125

struct peer;   /* one TLS connection to the target, with its transcript */
struct origin; /* a listening TCP socket of ours that the target may dial */
struct app;    /* a connection the target made to an origin */
struct udp;    /* a UDP socket of ours that the target may send to */

/* ---- Values: bytes and frames. Built by ordinary functions; used alike to
 * tell and to expect. Memory belongs to the case. ---- */

enum data_kind {
	DATA_EXACT,
	DATA_ANY, /* expect: anything, also nothing */
	DATA_SOME /* expect: anything but nothing */
};

struct data {
	enum data_kind kind;
	const uint8_t *p;
	size_t len;
};

extern const struct data NO_DATA; /* exactly no bytes */
extern const struct data ANY_DATA;
extern const struct data ANY_TEXT; /* at least one byte */

struct data text(const char *s);
struct data bytes(const void *p, size_t len);
/* LEN bytes that depend on SEED and position, so that streams can be told
 * apart and no shift goes unseen. */
struct data pattern(struct t *t, size_t len, uint32_t seed);
struct data zeros(struct t *t, size_t len);
struct data join(struct t *t, struct data a, struct data b);
struct data repeat(struct t *t, struct data d, size_t times);
struct data part(struct data d, size_t from, size_t len);
/* printf into case memory. */
struct data textf(struct t *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct frame {
	uint8_t cmd;
	uint32_t sid;
	struct data data;
	bool any_sid; /* expect: the id does not matter */
};

struct frame waste(struct t *t, uint32_t sid, size_t len);
struct frame syn(uint32_t sid);
struct frame psh(uint32_t sid, struct data d);
struct frame fin(uint32_t sid);
struct frame any_fin(uint32_t sid); /* expect: FIN, also one with data */
struct frame settings(struct data d);
struct frame alert(struct data d); /* any stream id on expect */
struct frame update_scheme(struct data d);
struct frame synack(uint32_t sid, struct data d);
struct frame heart_request(uint32_t sid);
struct frame heart_response(uint32_t sid);
struct frame server_settings(struct data d);
/* Any command at all, with any data. */
struct frame frame(uint8_t cmd, uint32_t sid, struct data d);
/* The frame's bytes. */
struct data encode(struct t *t, struct frame f);

/* Settings text "v=..\nclient=..\npadding-md5=.." as an honest client sends
 * it: V is text so that odd ones can be said; MD5 NULL takes the target's own
 * (so that it sends no update). */
struct data settings_text(struct t *t, const char *v, const char *md5);

/* ---- The connection ---- */

enum version {
	V1 = 1,
	V2 = 2,
	V3 = 3
};

/* TCP and TLS; nothing is sent yet. */
struct peer *dial(struct t *t);
/* dial, then the authentication with padding0 of 30 bytes, in one record. */
struct peer *dial_auth(struct t *t);
/* dial_auth, then settings of version V; for V2 and V3 against a server of
 * version 2 ServerSettings is expected and taken; servers that send it, or a
 * scheme, again later fail the cases about that and no others. With
 * --profile v1 on a server that knows more, V is 1 whatever is asked for. */
struct peer *dial_ready(struct t *t, enum version v);

/* The authentication request, in one record. */
void tell_auth(struct peer *p, const char *password, uint16_t padding);
/* Its bytes, with FILL in padding0, for cases that cut or alter them. */
struct data auth_bytes(
    struct t *t, const char *password, uint16_t padding, uint8_t fill);

/* One frame in one record (more where it exceeds 16384 bytes). That the peer
 * has closed meanwhile fails no tell; the expectation after it judges. */
void tell(struct peer *p, struct frame f);
/* Frames told between the two go out in one record. */
void cork(struct peer *p);
void uncork(struct peer *p);
/* Any bytes, in one record. */
void tell_raw(struct peer *p, struct data d);
/* D cut at offset AT: two records; with PAUSE_MS between (0: none). */
void tell_split(struct peer *p, struct data d, size_t at, uint32_t pause_ms);
/* D in records of N bytes each. */
void tell_pieces(struct peer *p, struct data d, size_t n);
/* D as one record whose ciphertext leaves in TCP segments of N bytes, the first
 * ten and some later ones with a pause between, so that they arrive apart. */
void tell_segments(struct peer *p, struct data d, size_t n);
/* As fast as the peer takes it, while reading and keeping what it sends; for
 * data that may exceed socket buffers. Ends when all was sent, or fails. */
void tell_bulk(struct peer *p, struct data d);
/* Like tell_raw, but a connection the peer has closed meanwhile is no error. */
void tell_may_fail(struct peer *p, struct data d);

/* close_notify and FIN; the peer may still be read. */
void tell_close(struct peer *p);
/* Closes the socket at once: FIN without close_notify; or RST. */
void hang_up(struct peer *p);
void reset(struct peer *p);

/* ---- Expectations. Frames are taken in order of arrival. ---- */

/*
 * The next frame is F. Skipped and logged on the way: waste, heartbeat requests
 * of the peer's own, which are answered, and in sessions of dial_ready() more
 * ServerSettings and UpdatePaddingScheme. Anything else fails. PSH must match
 * frame for frame; for data use expect_data().
 */
void expect(struct peer *p, struct frame f);
/* Skips nothing. */
void expect_next(struct peer *p, struct frame f);
/* All of F[0..N) in any order. */
void expect_unordered(struct peer *p, const struct frame *f, size_t n);
/* Skips all but the frame F, within MS milliseconds. */
void expect_within(struct peer *p, struct frame f, uint32_t ms);
/*
 * The same where the protocol sets the time: MS of real time, whatever the
 * patience of the run, and half as much again where clocks are stretched. So
 * the verdict on a server that is much later does not change with --time-scale
 * or load.
 */
void expect_in_time(struct peer *p, struct frame f, uint32_t ms);
/* Exactly D arrives in PSH frames of stream SID, however it is cut. */
void expect_data(struct peer *p, uint32_t sid, struct data d);
/* Like expect_data, while frames of other streams may come too: they are kept
 * for later expectations of those streams. The SYNACK of a stream that was
 * opened with tell_open() may come before the data. */
void expect_data_of(struct peer *p, uint32_t sid, struct data d);
/* The peer closes the connection: FIN, RST, close_notify or their absence are
 * one. Frames before that fail the case. */
void expect_close(struct peer *p);
/* The same within MS. */
void expect_close_within(struct peer *p, uint32_t ms);
/* Frames other than FORBIDDEN_CMD (-1: none forbidden) may come first. */
void expect_close_after_anything(struct peer *p, int forbidden_cmd);
/* Not one byte of application data and no close, for MS milliseconds. */
void expect_silence(struct peer *p, uint32_t ms);
/* Proves that the peer has processed all before: heartbeat request and its
 * response (any id); for a target of version 1, or one that was found to answer
 * no heartbeats (of clients of this version), an echo on a stream of its own
 * (which needs settings told before; without them heartbeats it is). Other
 * frames meanwhile are kept for later expectations. */
void barrier(struct peer *p);
/* After a barrier and a settle time (200 ms): no frame matching F has come.
 * What else came is dropped from the queue. */
void expect_none(struct peer *p, struct frame f);
/* The same, or until the peer closes the connection, which is observed: for
 * cases about what a frame carries, not about whether the session goes on. */
void expect_none_or_close(struct peer *p, struct frame f);
/* The same of A and B. */
void expect_neither(struct peer *p, struct frame a, struct frame b);
/* The session is alive (barrier) and nothing at all has come. */
void expect_quiet(struct peer *p);

enum outcome {
	OUT_ALIVE,
	OUT_CLOSED
};
/* Either the session answers a barrier, or it was closed (an Alert before that
 * is fine): which one is returned and recorded. Never passes in silence.
 * Frames matching FORBIDDEN (NULL: none) fail the case. */
enum outcome alive_or_closed(struct peer *p, const struct frame *forbidden);
/* Refused: an Alert with text, then close. */
void expect_alert_and_close(struct peer *p);
/* Waits for an Alert with text or a close; false when neither has come in time.
 * Nothing is taken. For cases about how, not whether, a session is refused. */
bool is_refused(struct peer *p);
/*
 * The authentication failed: the peer closes, or what it sends is no AnyTLS
 * (a fallback; observed, and the case goes on without waiting for a close). The
 * first bytes of a frame of command 0 to 10 fail the case. What is awaited is
 * raw bytes, for an HTTP answer read as a frame header would never end.
 */
void expect_refused(struct peer *p);
/* The next application data is exactly D, whatever it means as frames (what a
 * fallback target sends), however it is cut. */
void expect_raw(struct peer *p, struct data d);

/* Takes the next frame, whatever it is (waste skipped); false at close. */
bool next_frame(struct peer *p, struct frame *f);
/* Milliseconds since the last tell on P. */
uint64_t since_tell(struct peer *p);

/* ---- Streams ---- */

/* SYN and PSH(address) in one record; expects SYNACK without data where the
 * session is version 2. */
void open_stream(struct peer *p, uint32_t sid, struct data dest);
/* The same without expecting anything. */
void tell_open(struct peer *p, uint32_t sid, struct data dest);
/* Sends D on SID (its target echoes) and expects it back. */
void echo(struct peer *p, uint32_t sid, struct data d);

/*
 * Opening streams where SYNACK is not the question: a server that sends none
 * (AT-SY-04) fails the cases that ask for it, and no others. Frames of other
 * streams on the way are skipped by open_echo() and echo_again(), such as a
 * late FIN (AT-CL-02) or data of a stream closed a moment ago (AT-CL-06).
 */
/* Stream SID to the shared echo; a byte has gone there and back. */
void open_echo(struct peer *p, uint32_t sid);
/* Like echo(), also for a stream whose SYNACK is still to come. */
void echo_again(struct peer *p, uint32_t sid, struct data d);
/* Stream SID to O; a byte of the target has come. */
struct app *open_to(struct peer *p, uint32_t sid, struct origin *o);
/* Like open_stream(): SYNACK is asked for, frames of other streams skipped. */
void open_again(struct peer *p, uint32_t sid, struct data dest);
/* Waits for the next frame of stream SID, and takes it when it is a SYNACK
 * without data. All others stay. */
void pass_synack(struct peer *p, uint32_t sid);
/* After a barrier, and up to MS later: has FIN come for stream SID? For where a
 * server may serve or end a stream; nothing is taken. */
bool stream_ended(struct peer *p, uint32_t sid, uint32_t ms);
/* Stream SID is refused: SYNACK with a text, or FIN. SYNACK without data may
 * come before, from a server that does not wait for its dial; frames of other
 * streams are skipped. */
void expect_refusal(struct peer *p, uint32_t sid);
/* The next frame is the response to a heartbeat request of id SID: under that
 * id or, as some servers do, under 0; with any data. */
void expect_response(struct peer *p, uint32_t sid);
/* The session works: opens stream SID to the shared echo and sees data come
 * back, whatever else the peer says meanwhile (skipped). For cases that ask for
 * no more than that; needs settings told before, but no heartbeats and no
 * SYNACK. Written with the verbs above, in service.c. */
void expect_service(struct t *t, struct peer *p, uint32_t sid);

/* ---- Where the target dials: SOCKS addresses as data ---- */

struct data dest(struct t *t, const struct origin *o);
struct data dest_echo(struct t *t); /* the run's shared TCP echo */
struct data dest_port(struct t *t, uint16_t port); /* on the origin host */
struct data dest_name(struct t *t, const char *name, uint16_t port);
struct data dest_refused(struct t *t);   /* a port that refuses */
struct data dest_blackhole(struct t *t); /* a port that never answers SYN */
struct data dest_udp_magic(struct t *t, uint16_t port); /* UoT version 2 */
struct data dest_udp_magic_v1(struct t *t);

/* ---- Origins: real sockets; the kernel queues, so sequence is enough ---- */

struct origin *listen_origin(struct t *t);  /* IPv4, ephemeral port */
struct origin *listen_origin6(struct t *t); /* ::1; skips without IPv6 */
/* For who is told to dial "localhost": both addresses that it may mean. */
struct origin *listen_origin_named(struct t *t);
uint16_t origin_port(const struct origin *o);
/* The target connects. */
struct app *origin_accept(struct origin *o);
/* No connection arrives within MS. */
void origin_expect_none(struct origin *o, uint32_t ms);

void app_tell(struct app *a, struct data d);
void app_expect(struct app *a, struct data d); /* exactly these bytes next */
void app_expect_eof(struct app *a);            /* FIN or RST, no byte before */
/* Nothing arrives for MS. */
void app_expect_silence(struct app *a, uint32_t ms);
void app_shut(struct app *a); /* FIN, may still read */
void app_close(struct app *a);
void app_reset(struct app *a);
/* Both ways at once, to the last byte: UP from the peer's stream SID to A,
 * DOWN from A to the stream; PSH frames of at most FRAME bytes. */
void exchange(struct peer *p, uint32_t sid, struct app *a, struct data up,
    struct data down, size_t frame_len);

/* ---- UDP ---- */

struct udp *udp_origin(struct t *t);
struct udp *udp_origin6(struct t *t);
struct udp *udp_origin_named(struct t *t);      /* for "localhost" */
struct atls_addr udp_addr(const struct udp *u); /* as the target is told */
/* The datagram D arrives; later udp_tell() answers its sender. */
void udp_expect(struct udp *u, struct data d);
void udp_tell(struct udp *u, struct data d);
void udp_expect_silence(struct udp *u, uint32_t ms);
/* UoT bytes: the request, and one datagram with its header. */
struct data uot_request(struct t *t, bool connect, const struct atls_addr *a);
struct data uot_datagram(
    struct t *t, bool connect, const struct atls_addr *a, struct data d);
struct atls_addr addr_of(const char *host, uint16_t port);
/* A datagram comes back on stream SID (header form as CONNECT says); with
 * connect=false *FROM, when not NULL, gets the source. */
void expect_datagram(struct peer *p, uint32_t sid, bool connect, struct data d,
    struct atls_addr *from);

/* ---- About the target, as the probes found it ---- */

unsigned target_version(const struct t *t); /* 1, 2; 3: the v3 dialect */
const char *target_md5(const struct t *t);  /* of its padding scheme */
struct data target_scheme(struct t *t);     /* its text, as sent */

/* ---- Judging by hand ---- */

/* Ends the case; see t_fail(). */
#define fail(t, expected, ...) t_fail((t), (expected), __VA_ARGS__)
#define observe(t, ...) t_observe((t), __VA_ARGS__)
#define skip(t, ...) t_skip((t), "feature", __VA_ARGS__)

/* Cases that judge a client have these verbs too. */
#include "conformance/anytls/client_case.h"

#endif
