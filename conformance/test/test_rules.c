/*
 * Each passive rule, red and green: a session that breaks it, bytes and times,
 * and its neighbour that does not. Sessions are written as steps:
 *
 *	auth[=PASSWORD]   the client's authentication request
 *	c FRAME...        a record of the client; s FRAME... one of the server
 *	t MS              what the clock shows from now on
 *	end c, end s      a side has closed
 *
 * A frame is NAME[/STREAM] and its data: =TEXT (";" is a line feed), #HEX, or
 * *N zeros.
 */
#include "conformance/anytls/passive_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/test/cm.h"
#include "ref/net/digest.h"
#include "ref/wire/scheme.h"

/* A scheme that nobody knows, so that sizes are not judged. */
#define MD5 "padding-md5=00000000000000000000000000000000"
#define DEFAULT "padding-md5=75cff2ad89aadf5e257059ee571ebe11"
#define SET "set=v=2;client=t;" MD5
#define ADDR "#017f0000010050"
#define BEGIN "auth|c " SET " syn/1 psh/1" ADDR
#define OPEN BEGIN "|s sset=v=2 sack/1"
/* sp.v2.udp-over-tcp.arpa:0 */
#define MAGIC "#031773702e76322e7564702d6f7665722d7463702e617270610000"
#define UDP "auth|c " SET " syn/1 psh/1" MAGIC
#define PACKETS UDP " psh/1#00017f0000010035|s sset=v=2 sack/1"
#define CONNECT UDP " psh/1#01017f0000010035|s sset=v=2 sack/1"
/* 85 bytes under the default scheme, whose packet 1 has [100, 400). Without
 * padding-md5 that scheme is in force, too. */
#define FLIGHT "auth|c set=v=2;client=t;" DEFAULT " syn/1 psh/1" ADDR

struct row {
	enum passive_rule rule;
	const char *red, *found, *green;
};

static const struct row rows[] = {
	{ RULE_HASH, "auth=other|c " SET, "AT-AU-01", "auth|c " SET },
	{ RULE_ONE_RECORD, "auth cut|c " SET, "AT-AU-08", "auth|c " SET },
	{ RULE_ZERO_PADDING, "auth ones|c " SET, "AT-AU-03", "auth|c " SET },
	{ RULE_SETTINGS_FIRST, "auth|c waste*3 " SET, "AT-ST-01",
	    "auth|c " SET " waste*3" },
	{ RULE_SETTINGS_ONCE, BEGIN "|c " SET, "AT-ST-22", BEGIN },
	{ RULE_SETTINGS_SID, "auth|c set/5=v=2;client=t;" MD5, "AT-ST-22",
	    "auth|c " SET },
	{ RULE_SETTINGS_V, "auth|c set=client=t;" MD5, "AT-ST-18",
	    "auth|c set=v=1;client=t;" MD5 },
	{ RULE_SETTINGS_V, "auth|c set", "AT-ST-18 AT-RS-06", "auth|c " SET },
	{ RULE_SETTINGS_CLIENT, "auth|c set=v=2;" MD5, "AT-ST-05",
	    "auth|c " SET },
	{ RULE_SETTINGS_MD5, "auth|c set=v=2;client=t", "AT-ST-23 AT-RS-06",
	    "auth|c " SET },
	{ RULE_SETTINGS_MD5,
	    "auth|c set=v=2;client=t;"
	    "padding-md5=75CFF2AD89AADF5E257059EE571EBE11",
	    "AT-ST-23 AT-RS-06", FLIGHT " waste*200" },
	{ RULE_SID_ORDER, OPEN "|c syn/1", "AT-SY-01", OPEN "|c syn/7" },
	{ RULE_SID_ORDER, "auth|c " SET " syn/4 syn/3", "AT-SY-01",
	    "auth|c " SET " syn/3 syn/4" },
	{ RULE_SYN_FIRST, OPEN "|c psh/2" ADDR, "AT-SY-17",
	    OPEN "|c syn/2 psh/2" ADDR },
	{ RULE_SYN_FIRST, OPEN "|c fin/2", "AT-SY-17", OPEN "|c fin/1" },
	{ RULE_AFTER_FIN, OPEN "|c fin/1 psh/1=x", "AT-CL-06",
	    OPEN "|c psh/1=x fin/1 psh/1" },
	{ RULE_NO_DATA, OPEN "|c fin/1=x", "AT-FR-03", OPEN "|c fin/1" },
	{ RULE_DIRECTION, OPEN "|c sack/1", "AT-FR-11", OPEN "|c hrs" },
	{ RULE_UNKNOWN, OPEN "|c 11/1=x", "AT-FR-05", OPEN "|c waste=" },
	{ RULE_WASTE, OPEN "|c waste/1*9", "AT-WA-02", OPEN "|c waste*9" },
	{ RULE_WASTE, OPEN "|c waste#00000100", "AT-WA-02",
	    OPEN "|c waste#00000000" },
	{ RULE_HEARTBEAT, OPEN "|t 100|s hrq|t 2100", "AT-HB-01",
	    OPEN "|t 100|s hrq|t 2099" },
	{ RULE_HEARTBEAT, OPEN "|s hrq hrq|t 1000|c hrs|t 3000", "AT-HB-01",
	    OPEN "|s hrq hrq|t 1000|c hrs|t 2900|c hrs|t 9000" },
	{ RULE_AUTH_SPLIT,
	    "auth cut|c set=v=2;client=t;" DEFAULT " syn/1 psh/1" ADDR
	    " waste*20",
	    "AT-AU-08 AT-AU-02", FLIGHT " waste*20" },
	{ RULE_SHAPE_NONE, FLIGHT " waste*20|c waste*30", "AT-PD-17",
	    FLIGHT " waste*20" },
	/* 401 bytes: no reading; 400: the text's maximum; 399: a size. */
	{ RULE_SHAPE_NONE, FLIGHT " waste*309", "AT-PD-17",
	    FLIGHT " waste*307" },
	{ RULE_SHAPE_TEXT, FLIGHT " waste*308", "AT-RS-02",
	    FLIGHT " waste*307" },
	{ RULE_SHAPE_TOLERANT, FLIGHT "|c waste*200", "AT-RS-06",
	    FLIGHT " waste*200" },
	{ RULE_ADDRESS, "auth|c " SET " syn/1 psh/1#057f0000010050", "AT-SY-13",
	    BEGIN },
	{ RULE_UOT_REQUEST, UDP " psh/1#00057f0000010035", "AT-UT-02",
	    UDP " psh/1#00017f0000010035" },
	{ RULE_UOT_CLIENT, PACKETS "|c psh/1#037f00000100350001ff", "AT-UT-04",
	    PACKETS "|c psh/1#007f00000100350001ff" },
	{ RULE_AFTER_ERROR, BEGIN "|s sset=v=2 sack/1=refused|t 2001|c psh/1=x",
	    "AT-SY-09", BEGIN "|s sset=v=2 sack/1=refused|t 2000|c psh/1=x" },
	{ RULE_ALERT_OBEYED, OPEN "|s alert=no|t 2001|c psh/1=x|end s",
	    "AT-AL-01",
	    OPEN "|s alert=no|t 2000|c psh/1=x|t 2001|c fin/1|end s" },
	{ RULE_ALERT_OBEYED, OPEN "|s alert=no|t 5000", "AT-AL-01 AT-AL-03",
	    OPEN "|s alert=no|t 4999" },
	{ RULE_V2_UNASKED, BEGIN "|s psh/1=x|c hrq|s hrs", "AT-ST-20",
	    BEGIN "|s sset=v=2 sack/1|c hrq|s hrs" },
	{ RULE_ONE_STREAM,
	    "auth|c set=v=3;client=t;" MD5 " syn/1|s sset=v=3|c syn/2",
	    "AT-V3-03",
	    "auth|c set=v=3;client=t;" MD5 " syn/1|s sset=v=2|c syn/2" },

	{ RULE_SRV_HEARTBEAT, OPEN "|t 100|c hrq|t 2100", "AT-HB-01",
	    OPEN "|t 100|c hrq|t 2099" },
	{ RULE_SRV_HEARTBEAT, OPEN "|c hrq hrq|t 500|s hrs|t 2500", "AT-HB-01",
	    OPEN "|c hrq hrq|t 500|s hrs hrs|t 2500" },
	{ RULE_SRV_NO_DATA, OPEN "|s fin/1=x", "AT-FR-03", OPEN "|s fin/1" },
	{ RULE_SRV_DIRECTION, OPEN "|s syn/2", "AT-FR-11", OPEN "|s fin/1" },
	{ RULE_SRV_UNKNOWN, OPEN "|s 255", "AT-FR-05", OPEN "|s hrs" },
	{ RULE_SRV_WASTE, OPEN "|s waste*5", "AT-PD-20", OPEN "|s psh/1*5" },
	{ RULE_SRV_SID, BEGIN "|s sset/1=v=2 sack/1", "AT-FR-13", OPEN },
	{ RULE_SRV_REJECT, "auth|c syn/1 psh/1" ADDR " " SET "|s psh/1=x",
	    "AT-ST-01 AT-ST-06",
	    "auth|c " SET " syn/1 psh/1" ADDR "|s psh/1=x" },
	{ RULE_SRV_REJECT_ALERT, "auth|c syn/1 psh/1" ADDR "|end s",
	    "AT-ST-01 AT-AL-03 AT-RS-06", BEGIN "|end s" },
	{ RULE_SRV_SETTINGS, BEGIN "|s sack/1 sset=v=2", "AT-ST-08", OPEN },
	{ RULE_SRV_SETTINGS, BEGIN "|s hrq sset=v=2 sack/1|c hrs", "AT-ST-08",
	    BEGIN "|s sset=v=2 hrq sack/1|c hrs" },
	{ RULE_SRV_SETTINGS, OPEN "|s sset=v=2", "AT-ST-08", OPEN },
	{ RULE_SRV_SETTINGS, BEGIN "|s fin/1 sset=v=2", "AT-ST-08",
	    BEGIN "|s sset=v=2 sack/1 fin/1" },
	{ RULE_SRV_SETTINGS_V, BEGIN "|s sset=x=2 sack/1", "AT-ST-19", OPEN },
	{ RULE_SRV_V1,
	    "auth|c set=v=1;client=t;" MD5 " syn/1 psh/1" ADDR "|s sack/1",
	    "AT-ST-09",
	    "auth|c set=v=1;client=t;" MD5 " syn/1 psh/1" ADDR "|s psh/1=x" },
	{ RULE_SRV_V1, "auth|c set=v=1;client=t;" MD5 "|s sset=v=2", "AT-ST-09",
	    "auth|c set=v=2;client=t;" MD5 "|s sset=v=2" },
	{ RULE_SRV_SYNACK, OPEN "|s sack/1", "AT-SY-06", OPEN },
	{ RULE_SRV_SYNACK, OPEN "|s sack/2", "AT-SY-06",
	    OPEN "|c syn/2|s sack/2" },
	{ RULE_SRV_SYNACK, BEGIN "|s sset=v=2 psh/1=x sack/1", "AT-SY-06",
	    BEGIN "|s sset=v=2 sack/1 psh/1=x" },
	{ RULE_SRV_SYNACK, BEGIN "|s sset=v=2 sack/1=refused psh/1=x",
	    "AT-SY-06", BEGIN "|s sset=v=2 sack/1=refused psh/1" },
	{ RULE_SRV_NO_SYNACK, BEGIN "|s sset=v=2|s fin/1", "AT-SY-04",
	    BEGIN "|s sset=v=2|s sack/1 fin/1" },
	/* Before the address nothing is due. */
	{ RULE_SRV_NO_SYNACK, BEGIN "|s sset=v=2|t 10000", "AT-SY-04",
	    "auth|c " SET " syn/1|s sset=v=2|t 10000" },
	{ RULE_SRV_LATE_SYNACK, BEGIN "|s sset=v=2|t 3001|s sack/1", "AT-SY-11",
	    BEGIN "|s sset=v=2|t 3000|s sack/1" },
	{ RULE_SRV_LATE_SYNACK, BEGIN "|s sset=v=2|t 9999", "AT-SY-11",
	    BEGIN "|s sset=v=2|t 3000" },
	/* A client that gives up earlier waits for nothing. */
	{ RULE_SRV_LATE_SYNACK, BEGIN "|s sset=v=2|t 3001|c fin/1|t 20000",
	    "AT-SY-11", BEGIN "|s sset=v=2|t 3000|c fin/1|t 20000" },
	{ RULE_SRV_STRANGE, OPEN "|s psh/2=x", "AT-DA-01",
	    OPEN "|c syn/2 psh/2" ADDR "|s sack/2 psh/2=x" },
	{ RULE_SRV_AFTER_FIN, OPEN "|s fin/1 psh/1=x", "AT-CL-06",
	    OPEN "|s psh/1=x fin/1 psh/1" },
	{ RULE_SRV_HALF_CLOSE, OPEN "|c fin/1|t 2001|s psh/1=x", "AT-CL-06",
	    OPEN "|c fin/1|t 2000|s psh/1=x" },
	{ RULE_SRV_ALERT, OPEN "|s alert=no|t 2001|s fin/1|end s", "AT-AL-03",
	    OPEN "|s alert=no|t 2000|s fin/1|end s" },
	{ RULE_SRV_ALERT, OPEN "|s alert=no|end c|t 5000", "AT-AL-03",
	    OPEN "|s alert=no|end s|t 5000" },
	{ RULE_SRV_UPDATE, OPEN "|s upd=stop=1|s upd=stop=2", "AT-PD-03",
	    OPEN "|s upd=stop=1" },
	{ RULE_SRV_UPDATE,
	    "auth|c set=v=2;client=t;padding-md5="
	    "0f90ac628ea5d808d36a6522a492d7b6|s upd=stop=1",
	    "AT-PD-03",
	    "auth|c set=v=2;client=t;padding-md5="
	    "0f90ac628ea5d808d36a6522a492d7b6|s upd=stop=2" },
	{ RULE_SRV_SCHEME, OPEN "|s upd=stop=no", "AT-PD-23",
	    OPEN "|s upd=stop=0" },
	{ RULE_SRV_UOT, PACKETS "|s psh/1#037f00000100350001ff", "AT-UT-04",
	    PACKETS "|s psh/1#007f00000100350001ff" },
	/* With isConnect a datagram is a length and data: 769 bytes here. */
	{ RULE_UOT_CLIENT, PACKETS "|c psh/1#0301ff", "AT-UT-04",
	    CONNECT "|c psh/1#0301ff" },
	{ RULE_SRV_UOT, PACKETS "|s psh/1#0301ff", "AT-UT-04",
	    CONNECT "|s psh/1#0301ff" },
	/* A scheme that cannot be used changes nothing. */
	{ RULE_SHAPE_NONE,
	    FLIGHT " waste*20|s sset=v=2 sack/1 upd=stop=no|c waste*30",
	    "AT-PD-23 AT-PD-17", FLIGHT " waste*20|s sset=v=2 sack/1" },
};

static const struct {
	const char *name;
	uint8_t cmd;
} commands[] = {
	{ "waste", ATLS_CMD_WASTE },
	{ "syn", ATLS_CMD_SYN },
	{ "psh", ATLS_CMD_PSH },
	{ "fin", ATLS_CMD_FIN },
	{ "set", ATLS_CMD_SETTINGS },
	{ "alert", ATLS_CMD_ALERT },
	{ "upd", ATLS_CMD_UPDATE_PADDING_SCHEME },
	{ "sack", ATLS_CMD_SYNACK },
	{ "hrq", ATLS_CMD_HEART_REQUEST },
	{ "hrs", ATLS_CMD_HEART_RESPONSE },
	{ "sset", ATLS_CMD_SERVER_SETTINGS },
};

struct play {
	struct passive *v;
	char found[128];
	uint8_t hash[ATLS_AUTH_HASH];
	size_t piece; /* frames come in records of so many bytes; 0: whole */
};

static void
found(void *ctx, const char *req, const char *text)
{
	struct play *p = ctx;
	size_t n = strlen(p->found);

	assert_true(text[0] != '\0');
	snprintf(p->found + n, sizeof(p->found) - n, "%s%s", n ? " " : "", req);
}

static uint8_t
command_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return (commands[i].cmd);
	assert_in_range(name[0], '0', '9');
	return ((uint8_t)atoi(name));
}

/* Writes what stands behind the name and stream of a frame. */
static void
put_data(struct atls_writer *w, char kind, const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);
	unsigned byte;

	for (; kind == '*' && n != 0; n--)
		atls_writer_put8(w, 0);
	for (; kind == '=' && *text != '\0'; text++)
		atls_writer_put8(w, *text == ';' ? '\n' : (uint8_t)*text);
	for (; kind == '#' && *text != '\0'; text += 2) {
		assert_int_equal(sscanf(text, "%2x", &byte), 1);
		atls_writer_put8(w, (uint8_t)byte);
	}
}

static void
put_frame(struct atls_writer *w, char *word)
{
	struct atls_frame f = { 0 };
	size_t at = w->len, n = strcspn(word, "/=#*");
	char kind = word[n];
	char *rest = word + n;

	if (kind == '/') {
		f.sid = (uint32_t)strtoul(rest + 1, &rest, 10);
		kind = *rest;
	}
	word[n] = '\0';
	f.cmd = command_of(word);
	assert_non_null(atls_writer_take(w, ATLS_FRAME_HEADER));
	put_data(w, kind, kind != '\0' ? rest + 1 : rest);
	f.len = (uint16_t)(w->len - at - ATLS_FRAME_HEADER);
	atls_frame_put(w->p + at, f);
	assert_false(w->full);
}

/* A record, in memory that ends where it does. */
static void
feed(struct play *p, bool client, struct atls_bytes in)
{
	uint8_t *exact = malloc(in.len);
	struct atls_bytes plain = atls_bytes(exact, in.len);

	assert_non_null(exact);
	memcpy(exact, in.p, in.len);
	assert_true(
	    client ? passive_client(p->v, plain) : passive_server(p->v, plain));
	free(exact);
}

static void
feed_frames(struct play *p, bool client, struct atls_bytes in)
{
	size_t n;

	for (; in.len != 0; atls_bytes_skip(&in, n)) {
		n = p->piece != 0 && p->piece < in.len ? p->piece : in.len;
		feed(p, client, atls_bytes(in.p, n));
	}
}

static void
auth(struct play *p, const char *how)
{
	uint8_t buf[128], hash[ATLS_AUTH_HASH];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	size_t cut = strcmp(how, " cut") == 0 ? 32 : 0;

	assert_int_equal(
	    digest_password(how[0] == '=' ? how + 1 : "secret", hash), 0);
	atls_auth_put(&w, hash, 30);
	if (strcmp(how, " ones") == 0)
		buf[w.len - 1] = 1;
	if (cut != 0)
		feed(p, true, atls_bytes(buf, cut));
	feed(p, true, atls_bytes(buf + cut, w.len - cut));
}

static void
step(struct play *p, char *s)
{
	uint8_t buf[2048];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	char *word, *more;

	if (strncmp(s, "auth", 4) == 0) {
		auth(p, s + 4);
	} else if (strncmp(s, "t ", 2) == 0) {
		passive_time(p->v, strtoul(s + 2, NULL, 10));
	} else if (strncmp(s, "end ", 4) == 0) {
		passive_closed(p->v, s[4] == 'c');
	} else {
		assert_true((s[0] == 'c' || s[0] == 's') && s[1] == ' ');
		for (word = strtok_r(s + 2, " ", &more); word != NULL;
		     word = strtok_r(NULL, " ", &more))
			put_frame(&w, word);
		feed_frames(p, s[0] == 'c', atls_bytes(w.p, w.len));
	}
}

static void
begin(struct play *p)
{
	struct passive_config cfg = {
		.found = found, .ctx = p, .hash = p->hash
	};

	p->found[0] = '\0';
	assert_int_equal(digest_password("secret", p->hash), 0);
	p->v = passive_new(&cfg);
	assert_non_null(p->v);
}

__attribute__((format(printf, 2, 3))) static void
steps(struct play *p, const char *script, ...)
{
	char text[1024], *s, *more;
	va_list ap;

	va_start(ap, script);
	assert_in_range(
	    vsnprintf(text, sizeof(text), script, ap), 1, sizeof(text) - 1);
	va_end(ap);
	for (s = strtok_r(text, "|", &more); s != NULL;
	     s = strtok_r(NULL, "|", &more))
		step(p, s);
}

/* True when SCRIPT finds WANT, and RULE is among it unless that is nothing. */
static bool
finds_cut(
    const struct row *row, const char *script, const char *want, size_t piece)
{
	struct play p = { .piece = piece };
	bool ok;

	begin(&p);
	steps(&p, "%s", script);
	passive_end(p.v, true);
	ok = strcmp(p.found, want) == 0 &&
	    (want[0] == '\0' || p.v->done[row->rule]);
	/* Where sizes are judged they have to be as written. */
	if (piece != 0 && !passive_shapeless(p.v))
		ok = true;
	if (!ok)
		print_error("row %zu, %zu: \"%s\" finds \"%s\", not \"%s\"%s\n",
		    (size_t)(row - rows), piece, script, p.found, want,
		    p.v->done[row->rule] ? "" : " by the rule");
	passive_free(p.v);
	return (ok);
}

/* However its frames are cut into records. */
static bool
finds(const struct row *row, const char *script, const char *want)
{
	return (finds_cut(row, script, want, 0) &&
	    finds_cut(row, script, want, 1) &&
	    finds_cut(row, script, want, 5) &&
	    finds_cut(row, script, want, 50));
}

static void
red_and_green(void **state)
{
	size_t i, wrong = 0;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wrong += !finds(&rows[i], rows[i].red, rows[i].found);
		wrong += !finds(&rows[i], rows[i].green, "");
	}
	assert_int_equal(wrong, 0);
}

/* Of the streams that have ended the latest are remembered: what belongs to
 * older ones is not strange, what was never opened is. */
static void
forgotten(void **state)
{
	struct play p = { 0 };
	unsigned i;

	(void)state;
	begin(&p);
	steps(&p, "auth|c " SET "|s sset=v=2");
	for (i = 1; i <= 1000; i++)
		steps(&p,
		    "c syn/%u psh/%u" ADDR " fin/%u|s sack/%u psh/%u=x fin/%u",
		    i, i, i, i, i, i);
	assert_in_range(p.v->nstreams, PASSIVE_ENDED, 4 * PASSIVE_ENDED);
	steps(&p, "s psh/1=x fin/1|c fin/1");
	assert_string_equal(p.found, "");
	steps(&p, "s psh/1001=x");
	assert_string_equal(p.found, "AT-DA-01");
	passive_free(p.v);
}

/* Records before the settings are kept, but not without end. */
static void
settings_late(void **state)
{
	struct play p = { 0 };
	unsigned i;

	(void)state;
	begin(&p);
	steps(&p, "auth");
	for (i = 0; i < 20; i++)
		steps(&p, "c waste*2000");
	steps(&p, "c " SET);
	assert_true(passive_shapeless(p.v));
	assert_string_equal(p.found, "AT-ST-01");
	passive_free(p.v);
}

static void
no_rule_without_a_row(void **state)
{
	bool has[PASSIVE_RULES] = { false };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		has[rows[i].rule] = true;
	for (i = 0; i < PASSIVE_RULES; i++)
		if (!has[i])
			fail_msg(
			    "rule %zu of enum passive_rule is not here", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(red_and_green),
		cmocka_unit_test(no_rule_without_a_row),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(settings_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
