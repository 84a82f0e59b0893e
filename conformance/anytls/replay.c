/* replay: sends a recording's tester side again and says what differs. */
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/replay_impl.h"
#include "conformance/engine/shared.h"
#include "ref/net/digest.h"

static void
print_head(const struct replay *r, const char *path)
{
	const struct replay_conn *conn;
	const char *about = r->rec.comment;
	unsigned sessions = 0, origins = 0;
	size_t i, records = 0, datagrams = 0;

	for (conn = r->rec.conns; conn != NULL; conn = conn->next) {
		sessions += conn->tls;
		origins += conn->known && !conn->tls && !conn->udp;
	}
	for (i = 0; i < r->rec.nevents; i++) {
		if (r->rec.events[i].kind != REPLAY_SENT)
			continue;
		records += r->rec.events[i].conn->tls;
		datagrams += r->rec.events[i].conn->udp;
	}
	fprintf(r->out, "replay    %s\n", path);
	if (about != NULL)
		fprintf(r->out, "recorded  %.*s\n", (int)strcspn(about, "\n"),
		    about);
	fprintf(r->out,
	    "sent      %zu records in %u session%s; %u connection%s to "
	    "origins\n",
	    records, sessions, sessions == 1 ? "" : "s", origins,
	    origins == 1 ? "" : "s");
	if (r->rec.nudp != 0)
		fprintf(r->out,
		    "          %zu datagram%s between %u pair%s of sockets\n",
		    datagrams, datagrams == 1 ? "" : "s", r->rec.nudp,
		    r->rec.nudp == 1 ? "" : "s");
	if (r->rec.others != 0)
		fprintf(r->out,
		    "note      not reproduced: %llu packets that are neither "
		    "TCP nor UDP\n",
		    (unsigned long long)r->rec.others);
}

/* Everything is there but the target. 0 or a code. */
static int
prepare(struct replay *r, struct complaint *c)
{
	struct tls_ctx_config cfg = { .server = false };
	char err[TLS_ERRLEN];

	cfg.verify = r->opt->ca != NULL;
	cfg.ca_file = r->opt->ca;
	if ((r->tls = tls_ctx_new(&cfg, err)) == NULL)
		return (complain(c, EXIT_SUITE, "%s", err));
	if (digest_password(r->env->target.password, r->hash) != 0)
		return (complain(c, EXIT_SUITE, "cannot hash the password"));
	return (0);
}

static int
judge(struct replay *r, const char *path, struct complaint *c)
{
	int rc;

	print_head(r, path);
	origins_open(r);
	udp_open(r);
	rc = replay_run(r, c);
	origins_close(r);
	udp_close(r);
	if (rc != 0)
		return (rc);
	replay_compare(r);
	if (r->differences == 0)
		fputs("result    the same\n", r->out);
	else
		fprintf(r->out, "result    %u difference%s\n", r->differences,
		    r->differences == 1 ? "" : "s");
	return (r->differences == 0 ? EXIT_CONFORMS : EXIT_FINDINGS);
}

int
anytls_replay(const struct options *opt, FILE *out, struct complaint *c)
{
	struct env *env = calloc(1, sizeof(*env));
	struct shared shared = { .starts = 0 };
	struct replay r = { .opt = opt, .env = env, .out = out };
	const char *path = opt->rest.v[0];
	int rc;

	if (env == NULL)
		return (complain(c, EXIT_SUITE, "out of memory"));
	env->pack = &anytls_pack;
	env->opt = opt;
	env->target.password = opt->password;
	env->target.sni = opt->sni;
	rc = recording_read(&r.rec, path, opt->keylog, c);
	if (rc == 0 && opt->sut != NULL)
		rc = shared_prepare(env, c);
	if (rc == 0)
		rc = shared_start(&shared, env, c);
	if (rc == 0)
		rc = prepare(&r, c);
	if (rc == 0)
		rc = judge(&r, path, c);
	recording_free(&r.rec);
	tls_ctx_free(r.tls);
	shared_end(&shared, env);
	features_free(&env->features);
	free(env);
	return (rc);
}
