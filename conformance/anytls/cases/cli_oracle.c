/*
 * The oracle of record sizes against a client that is known to pad rightly:
 * many sessions under many schemes. tools/oracle-run runs these and adds them
 * up; they are about the suite more than about the client.
 */
#include "conformance/anytls/case.h"

#define SESSIONS 20

static const char *const schemes[] = {
	"stop=8\n0=30-30\n1=100-400\n2=400-500,c,500-1000,c,500-1000,c,"
	"500-1000,c,500-1000\n3=9-9,500-1000\n4=500-1000\n5=500-1000\n"
	"6=500-1000\n7=500-1000\n",
	"stop=10\n0=1-100\n1=300-301\n2=200-210\n3=100-900\n4=50-60,50-60,"
	"50-60\n6=800-900\n8=20-40,c,20-40\n9=500-500",
	"stop=4\n0=100-1000\n1=1-2,3-4,5-6,300-600\n2=7-8,7-8,7-8\n3=1000-1100",
	"stop=20\n0=0-0\n1=150-151\n2=c,100-200\n3=100-200,c\n4=c\n5=c,c,"
	"50-60\n6=90-100,c,90-100,c,90-100\n7=1000-1001",
	"stop=6\n0=17-18\n1=500-400\n2=900-100\n3=30-20,c,700-600\n4=100,"
	"200-201\n5=x-y,60-70",
	"stop=3\n1=120-130,9-9\n2=9-9,9-9,9-9,9-9",
	"stop=12\n0=40-50\n1=200-300\n3=200-300\n5=200-300\n7=200-300\n"
	"9=200-300\n11=200-300",
	"stop=1\n0=1000-1100",
	"stop=0",
	"stop=9\n0=64-128\n1=1186-1186\n2=1150-1186,c,1150-1186\n3=600-1180\n"
	"4=600-1180,600-1180\n5=8-9\n6=15-16,c,15-16\n7=14-15\n8=1-2",
	"stop=100\n0=10-20\n1=250-350\n2=100-200\n3=100-200\n4=100-200\n"
	"5=100-200\n50=700-800\n51=300-400,c,500-600",
	"stop=5\n0=30-30\n1=400-1000,400-1000\n2=400-1000,c,400-1000,400-1000\n"
	"3=400-1000,400-1000,c,400-1000\n4=100-1000",
};

/* What the application writes: some of it fits into one size, some does not. */
static const unsigned writes[] = { 517, 64, 1200, 1, 93, 94, 300, 8, 2000, 90,
	3000, 5 };
#define WRITES (sizeof(writes) / sizeof(writes[0]))

/* A session under SCHEME with up to N writes; its reading is counted. */
static void
session(struct t *t, struct data scheme, struct peer *p, struct app *a,
    unsigned n, unsigned count[2])
{
	struct stream_seen st = begin_under(p, a, scheme);
	size_t records;

	for (unsigned i = 0; i < n; i++) {
		size_t len = writes[t_random(t) % WRITES];
		struct data d = pattern(t, len, (uint32_t)len);

		app_tell(a, d);
		expect_data(p, st.sid, d);
	}
	expect_shape_as(p, scheme, ATLS_SHAPE_REFERENCE);
	record_sizes(p, &records);
	count[0]++;
	count[1] += (unsigned)records;
}

static void
agrees(struct t *t)
{
	const char *const *arg = t->arg;
	struct data scheme = text(*arg);
	unsigned count[2] = { 0, 0 };
	struct app *a;
	struct peer *p = renew(t, scheme, &a);

	for (unsigned i = 0; i < SESSIONS; i++) {
		session(t, scheme, p, a, i % 12, count);
		end_session(p);
		if (i + 1 == SESSIONS)
			break;
		a = ask(t, "case.test", 80);
		p = accept_client(t);
	}
	observe(t, "oracle: %u sessions, %u records", count[0], count[1]);
}

#define ROW(n, i)                                                              \
	{                                                                      \
		"client/oracle/scheme-" n,                                     \
		    "AT-RS-01,AT-RS-02,AT-RS-03,AT-RS-04", agrees,             \
		    &schemes[(i)], "oracle", .budget_ms = 60000                \
	}

static const struct tcase cases[] = {
	ROW("1", 0),
	ROW("2", 1),
	ROW("3", 2),
	ROW("4", 3),
	ROW("5", 4),
	ROW("6", 5),
	ROW("7", 6),
	ROW("8", 7),
	ROW("9", 8),
	ROW("10", 9),
	ROW("11", 10),
	ROW("12", 11),
};

extern const struct suite suite_cli_oracle;
const struct suite suite_cli_oracle = SUITE("client: the oracle", cases);
