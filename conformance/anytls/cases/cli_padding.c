/*
 * Packet numbers and rules, told apart by schemes whose packets have sizes of
 * their own: packet 2 has 202 bytes, packet 3 has 203, and so on. All sizes are
 * small, so that no TLS stack cuts them.
 */

#include "conformance/anytls/case.h"

/* Each packet has its own size. */
#define COUNTED                                                                \
	"0=30-30\n1=301-301\n2=202-202\n3=203-203\n4=204-204\n5=205-205\n"     \
	"6=206-206\n7=207-207\n8=208-208\n9=209-209\n10=210-210\n"             \
	"12=212-212"
/* What schemes about packet 2 and 3 begin with. */
#define HEAD "stop=8\n0=30-30\n1=301-301\n"

/*
 * Under SCHEME the application writes pieces of these lengths, each after the
 * one before has arrived; RECORDS are the sizes from packet 1 on: "100", or
 * "120|127" (either), or "200-300" (from, to). A record of waste alone may have
 * l bytes (text) or l + 7 (Go family).
 */
struct row {
	const char *scheme;
	uint16_t writes[5];
	const char *records;
};

/* Does WANT, one word of a row, allow SIZE? */
static bool
allows(const char *want, unsigned long size)
{
	char *end;
	unsigned long low = strtoul(want, &end, 10), high = low;

	if (*end == '-')
		high = strtoul(end + 1, &end, 10);
	if (size >= low && size <= high)
		return (true);
	return (*end == '|' && allows(end + 1, size));
}

/* All record sizes so far, as text. */
static const char *
sizes_text(struct t *t, const struct peer *p)
{
	const uint32_t *sizes;
	const char *s = "";
	size_t n;

	sizes = record_sizes(p, &n);
	for (size_t i = 0; i < n && i < 24; i++)
		s = t_printf(t, "%s %u", s, (unsigned)sizes[i]);
	return (s);
}

/* The records after the authentication are WANT. */
static void
expect_sizes(struct t *t, struct peer *p, const char *want)
{
	size_t n, i = auth_records(p), words = 1;
	const uint32_t *sizes;

	for (const char *s = want; *s != '\0'; s++)
		words += *s == ' ';
	expect_records(p, i + words);
	if (says_heartbeats(p))
		skip(t, "the client's own heartbeats are packets, too");
	sizes = record_sizes(p, &n);
	for (const char *s = want; s != NULL; i++) {
		if (!allows(s, sizes[i]))
			fail(t, want, "record %zu has %u bytes; all:%s", i,
			    (unsigned)sizes[i], sizes_text(t, p));
		s = strchr(s, ' ');
		s = s == NULL ? NULL : s + 1;
	}
	if (n > i)
		fail(t, want, "%zu more records; all:%s", n - i,
		    sizes_text(t, p));
}

/* The application's next LEN bytes have come over stream SID. */
static void
write_through(
    struct t *t, struct peer *p, uint32_t sid, struct app *a, size_t len)
{
	struct data d = pattern(t, len, (uint32_t)len);

	app_tell(a, d);
	expect_data(p, sid, d);
}

static void
row(struct t *t)
{
	const struct row *row = t->arg;
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(row->scheme), &a);

	st = begin_under(p, a, text(row->scheme));
	for (size_t i = 0; i < 5 && row->writes[i] != 0; i++)
		write_through(t, p, st.sid, a, row->writes[i]);
	expect_sizes(t, p, row->records);
	expect_shape(p, text(row->scheme));
}

/* The counter: address 1, then one for each write of data. */
static const struct row counter = { "stop=10\n" COUNTED, { 50, 1, 120, 7 },
	"301 202 203 204 205" };
/* From stop on packets go as they are; without padding packet 1 is as long as
 * the client's name makes it. */
static const struct row stops[] = {
	{ "stop=1\n" COUNTED, { 50, 60 }, "80-280 57 67" },
	{ "stop=0\n" COUNTED, { 50, 60 }, "80-280 57 67" },
	{ "stop=2\n" COUNTED, { 50, 60 }, "301 57 67" },
	{ "stop=3\n" COUNTED, { 50, 60, 70 }, "301 202 67 77" },
};
static const struct row missing = { "stop=8\n1=301-301\n3=203-203",
	{ 50, 60, 70 }, "301 57 203 77" };
static const struct row split = { HEAD "2=100-100,90-90\n3=203-203",
	{ 500, 10 }, "301 100 90 317 203" };
static const struct row fill = { HEAD "2=100-100,120-120,140-140\n3=203-203",
	{ 10, 10 }, "301 100 120|127 140|147 203" };
static const struct row split_fill = { HEAD "2=100-100,120-120\n3=203-203",
	{ 150, 10 }, "301 100 120 203" };
static const struct row checks[] = {
	{ HEAD "2=100-100,c,120-120\n3=203-203", { 10, 10 }, "301 100 203" },
	{ HEAD "2=100-100,c,120-120\n3=203-203", { 150, 10 },
	    "301 100 120 203" },
	{ HEAD "2=100-100,110-110,c,120-120\n3=203-203", { 10, 10 },
	    "301 100 110|117 203" },
	{ HEAD "2=100-100,c,110-110,c,120-120\n3=203-203", { 150, 10 },
	    "301 100 110 203" },
	{ HEAD "2=c,100-100\n3=203-203", { 10, 10 }, "301 100 203" },
	{ HEAD "2=100-100,c\n3=203-203", { 300, 10 }, "301 100 207 203" },
	{ HEAD "2=c\n3=203-203", { 10, 10 }, "301 17 203" },
};
/* Without room for a header and a byte there is no waste; the text knows no
 * such thing, and a waste frame without data is as good. */
static const struct row gaps[] = {
	{ HEAD "2=100-100\n3=203-203", { 85, 10 }, "301 100 203" },
	{ HEAD "2=100-100\n3=203-203", { 86, 10 }, "301 93|100 203" },
	{ HEAD "2=100-100\n3=203-203", { 87, 10 }, "301 94 203" },
	{ HEAD "2=100-100\n3=203-203", { 92, 10 }, "301 99 203" },
	{ HEAD "2=100-100\n3=203-203", { 93, 10 }, "301 100 203" },
	{ HEAD "2=100-100\n3=203-203", { 94, 10 }, "301 100 1 203" },
};
/* Records that cut the header of a frame. */
static const struct row tiny[] = {
	{ HEAD "2=9-9,200-200\n3=203-203", { 50, 10 }, "301 9 200 203" },
	{ HEAD "2=1-1,2-2,3-3,200-200\n3=203-203", { 50, 10 },
	    "301 1 2 3 200 203" },
	{ HEAD "2=7-7,1-1\n3=203-203", { 1, 10 }, "301 7 1 203" },
	{ HEAD "2=100-100,9-9\n3=203-203", { 10, 10 }, "301 100 9|16 203" },
};
static const struct row ranges[] = {
	{ HEAD "2=300-200\n3=203-203", { 50, 10 }, "301 200-300 203" },
	{ HEAD "2=150-151\n3=203-203", { 50, 10 }, "301 150|151 203" },
	{ HEAD "2=300-600\n3=203-203", { 50, 10 }, "301 300-600 203" },
};
static const struct row garbage[] = {
	{ HEAD "2=100,150-150\n3=203-203", { 50, 10 }, "301 150 203" },
	{ HEAD "2=abc,a-b,1-x,150-150\n3=203-203", { 50, 10 }, "301 150 203" },
	{ HEAD "2=0-0,0-90,-5-10,5--6,150-150\n3=203-203", { 50, 10 },
	    "301 150 203" },
	{ HEAD "2=,,C,cc,150-150,\n3=203-203", { 50, 10 }, "301 150 203" },
	{ HEAD "2=\n3=203-203", { 50, 10 }, "301 57 203" },
	{ HEAD "x=1-1\nno line\n02=99-99\n=5\n2=150-150\n\n3=203-203",
	    { 50, 10 }, "301 150 203" },
	{ HEAD "2=99-99\n2=150-150\n3=203-203", { 50, 10 }, "301 150 203" },
};

/* Not only data: FIN, a SYN on a used session and (with an argument) the answer
 * to a heartbeat are packets, too. Some clients send SYN and address in one. */
static void
control(struct t *t)
{
	struct stream_seen st;
	const uint32_t *sizes;
	struct app *a;
	struct peer *p = renew(t, text("stop=10\n" COUNTED), &a);
	size_t n;

	st = begin_under(p, a, text("stop=10\n" COUNTED));
	write_through(t, p, st.sid, a, 50);
	if (t->arg != NULL) {
		tell(p, heart_request(1));
		expect_response(p, 1);
	}
	release(t, p, st.sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client does not use the session again");
	st = serve_stream(p);
	expect_granted(a);
	write_through(t, p, st.sid, a, 50);
	if (says_heartbeats(p))
		skip(t, "the client's own heartbeats are packets, too");
	sizes = record_sizes(p, &n);
	for (size_t i = auth_records(p) + 1, k = 2; i < n; i++, k++) {
		if (sizes[i] != 200 + k)
			fail(t, "packets of 301, 202, 203, 204 ... bytes",
			    "all records:%s", sizes_text(t, p));
	}
	expect_shape(p, text("stop=10\n" COUNTED));
}

/* A packet without a rule counts, and a number of two digits is one; after
 * stop, nothing is added. */
static void
long_session(struct t *t)
{
	static const char scheme[] = "stop=14\n" COUNTED;
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(scheme), &a);

	st = begin_under(p, a, text(scheme));
	for (size_t i = 2; i <= 16; i++)
		write_through(t, p, st.sid, a, 10 + i);
	expect_sizes(
	    t, p, "301 202 203 204 205 206 207 208 209 210 28 212 30 31 32 33");
	expect_shape(p, text(scheme));
}

/* The counter belongs to the session: each begins with packet 1. */
static void
each_session(struct t *t)
{
	static const char scheme[] = "stop=10\n" COUNTED;
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(scheme), &a);

	st = begin_under(p, a, text(scheme));
	write_through(t, p, st.sid, a, 50);
	end_session(p);
	a = connect_through(t, &p, &st);
	write_through(t, p, st.sid, a, 50);
	expect_sizes(t, p, "301 202");
}

/* After stop nothing is padded for the rest of the session: neither FIN nor
 * another stream. */
static void
rest_of_session(struct t *t)
{
	static const char scheme[] = "stop=2\n" COUNTED;
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, text(scheme), &a);

	st = begin_under(p, a, text(scheme));
	for (int i = 0; i < 3; i++) {
		write_through(t, p, st.sid, a, 50);
		release(t, p, st.sid, a);
		a = ask(t, "case.test", 80);
		if (session_comes(t, 100))
			skip(t, "the client does not use the session again");
		st = serve_stream(p);
		expect_granted(a);
	}
	expect_shape(p, text(scheme));
}

/* A size that takes several records, or several waste frames: what follows is
 * understood all the same. */
static void
large(struct t *t)
{
	const char *rule = t->arg;
	struct data scheme = textf(t, HEAD "2=%s\n3=203-203", rule);
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, scheme, &a);

	st = begin_under(p, a, scheme);
	write_through(t, p, st.sid, a, 50);
	write_through(t, p, st.sid, a, 20);
	release(t, p, st.sid, a);
	expect_shape(p, scheme);
}

static const struct tcase cases[] = {
	{ "client/padding/counter", "AT-PD-11", row, &counter,
	    "!address-apart" },
	{ "client/padding/counter-long", "AT-PD-11,AT-PD-12,AT-PD-09",
	    long_session, NULL, "!address-apart" },
	{ "client/padding/counter-each-session", "AT-PD-11,AT-PD-04",
	    each_session, NULL, "!address-apart" },
	{ "client/padding/control-frames", "AT-PD-12,AT-PD-11", control, NULL,
	    "!address-apart" },
	{ "client/padding/heartbeats", "AT-PD-12,AT-HB-01", control, "",
	    "v2,!address-apart" },
	{ "client/padding/stop-1", "AT-PD-10,AT-PD-09", row, &stops[0],
	    "!address-apart" },
	{ "client/padding/stop-0", "AT-PD-10,AT-PD-09", row, &stops[1],
	    "!address-apart" },
	{ "client/padding/stop-2", "AT-PD-09", row, &stops[2],
	    "!address-apart" },
	{ "client/padding/stop-3", "AT-PD-09", row, &stops[3],
	    "!address-apart" },
	{ "client/padding/rest-of-session", "AT-PD-09", rest_of_session, NULL,
	    "!address-apart" },
	{ "client/padding/no-rule", "AT-PD-13,AT-PD-12", row, &missing,
	    "!address-apart" },
	{ "client/padding/split", "AT-PD-16,AT-RS-01", row, &split,
	    "!address-apart" },
	{ "client/padding/fill", "AT-PD-17,AT-RS-02,AT-RS-04", row, &fill,
	    "!address-apart" },
	{ "client/padding/split-fill", "AT-PD-17,AT-RS-01,AT-RS-02", row,
	    &split_fill, "!address-apart" },
	{ "client/padding/check", "AT-PD-15", row, &checks[0],
	    "!address-apart" },
	{ "client/padding/check-passed", "AT-PD-15,AT-PD-17", row, &checks[1],
	    "!address-apart" },
	{ "client/padding/check-after-waste", "AT-PD-15,AT-PD-17", row,
	    &checks[2], "!address-apart" },
	{ "client/padding/check-second", "AT-PD-15", row, &checks[3],
	    "!address-apart" },
	{ "client/padding/check-first", "AT-PD-15", row, &checks[4],
	    "!address-apart" },
	{ "client/padding/check-last", "AT-PD-15,AT-PD-16", row, &checks[5],
	    "!address-apart" },
	{ "client/padding/check-alone", "AT-PD-15,AT-PD-16", row, &checks[6],
	    "!address-apart" },
	{ "client/padding/gap-8", "AT-RS-02,AT-PD-17", row, &gaps[0],
	    "!address-apart" },
	{ "client/padding/gap-7", "AT-RS-03", row, &gaps[1], "!address-apart" },
	{ "client/padding/gap-6", "AT-RS-03", row, &gaps[2], "!address-apart" },
	{ "client/padding/gap-1", "AT-RS-03", row, &gaps[3], "!address-apart" },
	{ "client/padding/gap-0", "AT-RS-03", row, &gaps[4], "!address-apart" },
	{ "client/padding/one-over", "AT-RS-01,AT-PD-16", row, &gaps[5],
	    "!address-apart" },
	{ "client/padding/cut-header", "AT-RS-01,AT-PD-17", row, &tiny[0],
	    "!address-apart" },
	{ "client/padding/cut-bytes", "AT-RS-01,AT-PD-16", row, &tiny[1],
	    "!address-apart" },
	{ "client/padding/cut-after-header", "AT-RS-01,AT-PD-16", row, &tiny[2],
	    "!address-apart" },
	{ "client/padding/waste-alone", "AT-RS-04,AT-PD-17", row, &tiny[3],
	    "!address-apart" },
	{ "client/padding/range-reversed", "AT-PD-14", row, &ranges[0],
	    "!address-apart" },
	{ "client/padding/range-of-one", "AT-PD-14", row, &ranges[1],
	    "!address-apart" },
	{ "client/padding/range", "AT-PD-17,AT-PD-14", row, &ranges[2],
	    "!address-apart" },
	{ "client/padding/item-no-range", "AT-PD-14", row, &garbage[0],
	    "!address-apart" },
	{ "client/padding/item-letters", "AT-PD-14", row, &garbage[1],
	    "!address-apart" },
	{ "client/padding/item-not-positive", "AT-PD-14", row, &garbage[2],
	    "!address-apart" },
	{ "client/padding/item-empty", "AT-PD-14", row, &garbage[3],
	    "!address-apart" },
	{ "client/padding/rule-empty", "AT-PD-14,AT-PD-13", row, &garbage[4],
	    "!address-apart" },
	{ "client/padding/odd-lines", "AT-PD-14", row, &garbage[5],
	    "!address-apart" },
	{ "client/padding/rule-twice", "AT-PD-14", row, &garbage[6],
	    "!address-apart" },
	{ "client/padding/large-1187", "AT-PD-17,AT-RS-07", large, "1187-1187",
	    "!address-apart" },
	{ "client/padding/large-5000", "AT-PD-17,AT-RS-07", large,
	    "5000-5000,c,100-100", "!address-apart" },
	{ "client/padding/large-16384", "AT-PD-17,AT-RS-07", large,
	    "16384-16384", "!address-apart" },
	{ "client/padding/large-20000", "AT-PD-17,AT-RS-07", large,
	    "20000-20000", "!address-apart" },
	{ "client/padding/large-65535", "AT-PD-17,AT-RS-07", large,
	    "65535-65535", "!address-apart" },
	{ "client/padding/waste-65535", "AT-PD-17,AT-RS-04", large,
	    "100-100,65535-65535", "!address-apart" },
	{ "client/padding/waste-65536", "AT-PD-21,AT-RS-05", large,
	    "100-100,65536-65536", "!address-apart" },
	{ "client/padding/large-70000", "AT-PD-21,AT-RS-05", large,
	    "70000-70000", "!address-apart" },
	{ "client/padding/large-300000", "AT-PD-21,AT-RS-05", large,
	    "300000-300000", "!address-apart" },
};

extern const struct suite suite_cli_padding;
const struct suite suite_cli_padding = SUITE("client: padding", cases);
