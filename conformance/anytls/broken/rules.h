/*
 * The saboteur's rules: what goes wrong between an honest server and whoever
 * talks to it, or an honest client and its server, as text. This file is the
 * language; filter.h obeys it.
 *
 *   spec   = rule *( ";" rule )
 *   rule   = side event [ "[" cond *( "," cond ) "]" ] [ "#" count ]
 *            action *( "," action )
 *   side   = "up" (towards the server) | "down" (towards the client)
 *   event  = a command's short name (SYN, PSH, FIN, Settings, Waste,
 *            HeartRequest ...) or number | "any" (frame) | "unknown"
 *            (command) | "AUTH" (up) | "OPEN" (up) | "DEAD" (up)
 *            | "START" (up) | "RAW" | "EOF"
 *   count  = n (the nth match on a connection) | n "+" (from it on) | n "-" m
 *   cond   = number-name ( "=" | "!=" | "<" | ">" ) n
 *            | [ "!" ] flag | [ "!" ] "has" string
 *   string = characters in double quotes, with \n \r \t \0 \\ \" \xNN
 *
 * AUTH is the authentication request when it is complete; one with a wrong hash
 * when its length is known, one that ends early at its end. OPEN is the TLS
 * handshake, before anything was said. DEAD is a connection whose server cannot
 * be reached or is not trusted: whatever its rule says, it stays open and
 * silent. START is the
 * begin of a broken client while a case runs: whatever its rule says, the
 * client asks its own proxy for a connection. RAW is one record of a connection
 * whose password was wrong, so that its bytes are no frames. EOF is the end of
 * one side's sending. All rules that match are obeyed in their order, each sees
 * what those before it have made of the frame. What a rule adds is not looked
 * at by the rules.
 *
 * Numbers that conditions compare:
 *   sid, cmd, len   of the frame (RAW: len of the record)
 *   pad             length of padding0 (AUTH)
 *   records, reads  TLS records, and reads of the socket, that it came in
 *   nth             its place among the frames of its record, from 0
 *   record          the record of its side that it begins in, from 0
 *   v               the client's version; -1 before Settings
 *   psh             PSHs of its stream and side before it
 *   sent            data bytes of its stream and side before it
 *   opened, open    streams so far, and now, on the connection
 *   conn, live      connections so far, and now, with this one
 *   dialling        streams whose address is complete and SYNACK not seen
 *   ms              since the connection was made
 *   prefix, equal   bytes of the hash that are right: at its front, in all
 *   flag            isConnect of a stream with UDP; -1: not yet
 *   b0 b1 b2 b3     data bytes; -1 when there are fewer
 *   end             the last data byte; -1 when there is none
 * Flags:
 *   wrong           the hash was wrong (AUTH)
 *   short           AUTH or the address ends before it is complete
 *   partial         a frame has begun and not ended (EOF)
 *   running         the stream is open
 *   closed          the client has sent FIN for it, and no SYN since
 *   used            the id was that of a stream before (SYN)
 *   acked           SYNACK without data has come for the stream
 *   refused         SYNACK with data has come for it
 *   addr            the target's address is not complete before this PSH
 *   tail            it is with this PSH, and payload follows in it
 *   uot, connect    the stream carries UDP; with isConnect
 *   v4, v6, name    type of the address
 *   lower           the id is below that of the SYN before (SYN)
 *   newline         the hash is that of the password and a newline (AUTH)
 *   fallback        the server has one
 *   bare, rst       without close_notify; reset (EOF)
 *   marked          "mark" was obeyed on this connection
 *   allmarked       "markall" was obeyed on any
 *   stalled         what the other side has said still waits for "stall"
 *   judged          a case runs, no check of the suite itself: ANYTLS_CASE says
 *                   so, where the suite starts clients
 *
 * Actions on what has matched:
 *   pass              nothing, and no further rule
 *   drop              it is gone (EOF: the other side does not learn of it)
 *   double            it goes twice
 *   delay MS          it waits, others overtake it
 *   stall MS          it waits, and all behind it on this side
 *   swap              it goes after the next frame of this side
 *   behind COMMAND    it goes after the next such frame of the same stream
 *   split N           its data in several frames of at most N bytes
 *   pieces N          its bytes in records of N
 *   cmd N, sid N      another command or stream; "sid +N", "sid last" (the
 *                     latest SYN)
 *   data STRING       other data; "data N": N zeros
 *   add STRING        more data at its end ("add N": zeros)
 *   fore STRING       more data at its front
 *   stamp             the number of the connection as a line at its end
 *   skip N            without its first N data bytes
 *   truncate N        without what is beyond N data bytes
 *   chop N            without its last N data bytes
 *   corrupt           one bit of its last data byte flipped
 *   byte N V          data byte N becomes V
 *   length N          says N for its length (also "+N", "-N"); the data stays
 *   lose              the rest of its record is gone
 *   fix               a wrong hash becomes the right one (AUTH)
 *   retry             another request may follow (AUTH)
 *   replace OLD NEW   NEW in the place of each OLD in its data
 *   misread OLD NEW   the same with a scheme; in Settings the client's md5 is
 *                     that of the scheme as it came
 * Where records are kept as they came, which is towards the servers of clients:
 *   merge             no record ends inside it
 *   join              no record ends behind it: the next one is part of it
 *   cut               a record ends behind it
 *   fill N            as much data as makes its record N bytes long
 * And beside it:
 *   insert FRAME      goes before it, to the same side
 *   append FRAME      goes after it
 *   answer FRAME      goes to the other side
 *   say STRING        bytes to the client as they are
 *     FRAME = COMMAND [ sid | "last" ] [ STRING | N zeros ]; without an id it
 *     is that of what has matched
 *   mark, markall     see the flags
 *   await             what this side sends after it waits until the other side
 *                     sends something
 *   mute              this side is discarded from here on
 *   gather MS         what this side sends is collected that long and leaves in
 *                     one record
 *   idle MS           from here on the connection is closed (both sides) when
 *                     neither side has sent anything for so long
 * These happen before the frame that matched goes out, MS later if said:
 *   close [MS]        the connection is closed (both sides)
 *   reset [MS]        the same with RST
 *   leave [MS]        the client's side alone is closed
 *   hang [MS]         nothing more is read or written on it; it stays open
 *   refuse            the server accepts no more connections
 *   freeze            nothing more happens on any connection
 *   crash [MS]        the server aborts
 */
#ifndef BROKEN_RULES_H
#define BROKEN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define RULES_ERRLEN 160
#define RULES_MAX 64
#define RULES_CONDS 6
#define RULES_ACTIONS 6

enum side {
	SIDE_UP,
	SIDE_DOWN
};

enum event {
	EVENT_FRAME,
	EVENT_AUTH,
	EVENT_OPEN,
	EVENT_DEAD,
	EVENT_START,
	EVENT_RAW,
	EVENT_EOF
};

/* Command numbers are 0 to 255; these two stand for many. */
enum {
	COMMAND_ANY = -1,
	COMMAND_UNKNOWN = -2
};

enum cond_kind {
#define RULES_NUMBER(id, name) COND_##id,
#define RULES_FLAG(id, name) COND_##id,
#include "conformance/anytls/broken/conds.def"
#undef RULES_NUMBER
#undef RULES_FLAG
	COND_HAS
};

enum op {
	OP_TRUE, /* flags */
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_GT
};

struct cond {
	enum cond_kind kind;
	enum op op;
	bool negate;
	int64_t n;
	struct atls_bytes text;
};

enum action_kind {
#define RULES_ACTION(id, name, shape) ACT_##id,
#include "conformance/anytls/broken/actions.def"
#undef RULES_ACTION
	ACT_COUNT
};

enum sid_kind {
	SID_SAME,
	SID_EXACT,
	SID_PLUS,
	SID_LAST
};

struct action {
	enum action_kind kind;
	int64_t n; /* the number; for FRAMEs and data, that many zeros */
	int64_t value;
	bool relative; /* N was said with a sign */
	int cmd;       /* of a FRAME */
	enum sid_kind sid_kind;
	uint32_t sid;
	struct atls_bytes text;  /* p NULL: none was said */
	struct atls_bytes other; /* the second of two */
};

struct rule {
	enum side side;
	enum event event;
	int cmd; /* EVENT_FRAME: a number, COMMAND_ANY or COMMAND_UNKNOWN */
	struct cond conds[RULES_CONDS];
	size_t nconds;
	unsigned from, to; /* which matches; 1 and UINT_MAX: all */
	struct action actions[RULES_ACTIONS];
	size_t nactions;
};

struct rules {
	struct rule rule[RULES_MAX];
	size_t n;
	char *store; /* decoded strings; the rules' texts borrow from it */
};

/*
 * Reads SPEC into R, which rules_free() empties. 0, or -1 with a sentence in
 * ERR that says where ("at 14: ..."), and R is empty.
 */
int rules_parse(const char *spec, struct rules *r, char err[RULES_ERRLEN]);
void rules_free(struct rules *r);

/* True when one of R is about EVENT on SIDE. */
bool rules_about(const struct rules *r, enum side side, enum event event);

#endif
