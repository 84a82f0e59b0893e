/*
 * For tests of the runner: a target that answers "ping" with "pong" and dies
 * when told to, what a pack for it has in common, and running it with a pack.
 * The test program is itself the target that it starts: see fake_main().
 */
#ifndef CONFORMANCE_TEST_FAKE_H
#define CONFORMANCE_TEST_FAKE_H

#include "conformance/test/cm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/engine/judge.h"
#include "conformance/engine/reach.h"
#include "conformance/engine/test.h"

/* ---- The target: answers "ping" with "pong"; "die" kills it, "once" does so
 * the first time, "mute" makes it accept and say nothing. ---- */

static inline bool
first_time(void)
{
	const char *path = getenv("TEST_ONCE");
	FILE *f = path != NULL ? fopen(path, "wx") : NULL;

	if (f != NULL)
		fclose(f);
	return f != NULL;
}

static inline bool
serve_one(int fd, bool mute)
{
	char word[16] = "";
	struct pollfd p = { fd, POLLIN, 0 };

	if (poll(&p, 1, 1000) <= 0 || read(fd, word, 4) != 4)
		return mute;
	if (strcmp(word, "die ") == 0 ||
	    (strcmp(word, "once") == 0 && first_time())) {
		fputs("runtime error: told to die\n", stderr);
		kill(getpid(), SIGKILL);
	}
	if (strcmp(word, "mute") == 0)
		mute = true;
	if (!mute && write(fd, "pong", 4) != 4)
		return mute;
	return mute;
}

_Noreturn static inline void
serve(int listen_fd)
{
	struct pollfd p = { listen_fd, POLLIN, 0 };
	bool mute = false;
	int fd;

	for (;;) {
		poll(&p, 1, -1);
		fd = accept(listen_fd, NULL, NULL);
		if (fd < 0)
			continue;
		mute = serve_one(fd, mute);
		if (!mute)
			close(fd);
	}
}

/* One in a process of its own. */
static inline pid_t
start_target(uint16_t *port)
{
	pid_t pid;
	int fd;

	*port = 0;
	fd = reach_listen("127.0.0.1", port);
	assert_true(fd >= 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		serve(fd);
	close(fd);
	return pid;
}

static inline void
stop_target(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- What packs for it share ---- */

/* The answer to WORD, or a verdict. */
static inline bool
is_answered(struct t *t, const char *word)
{
	struct pollfd p = { -1, POLLIN, 0 };
	char answer[4];
	bool ok;

	p.fd = reach_connect(t->target.host, t->target.port, t->timeout_ms);
	if (p.fd < 0)
		return false;
	ok = write(p.fd, word, 4) == 4 &&
	    poll(&p, 1, (int)t->timeout_ms) == 1 &&
	    read(p.fd, answer, 4) == 4 && memcmp(answer, "pong", 4) == 0;
	close(p.fd);
	return ok;
}

static inline void
sanity(struct t *t)
{
	if (!is_answered(t, "ping"))
		t_fail(t, "pong", "accepted, but never answered");
}

static inline void
alive(struct t *t)
{
	if (!is_answered(t, "ping"))
		t_crash(t, "the target no longer answers");
}

static inline void
probe(struct t *t)
{
	t_feature(t, "udp", NULL);
	t_feature(t, "text", "line\nline");
}

static const struct tcase sanity_case = { .id = "fake/sanity", .run = sanity };
static const struct tcase probe_cases[] = { { .id = "fake/probe",
    .run = probe } };

#define FAKE_REGISTER                                                          \
	"MUST-1\tserver\tMUST\ttext\t1\tmust\tcase\n"                          \
	"SHOULD-1\tserver\tSHOULD\ttext\t1\tshould\tcase\n"                    \
	"MAY-1\tserver\tMAY\ttext\t1\tmay\tcase\n"                             \
	"REF-1\tserver\tMUST\treference\t1\tref\tcase\n"                       \
	"SAFE-1\tserver\tSHOULD\tsafety\t1\tsafe\tcase\n"

/* A pack of the SUITES. */
static inline struct pack
pack_of(const struct suite *const *suites)
{
	return (struct pack){
		.name = "fake",
		.document = "a fake protocol",
		.suites = suites,
		.requirements = FAKE_REGISTER,
		.sanity = &sanity_case,
		.probes = probe_cases,
		.nprobes = 1,
		.alive = alive,
	};
}

/* ---- Running it ---- */

struct run {
	int code;
	char *out;
	struct complaint c;
};

static inline void
run_with(struct run *r, const struct pack *pack, const char *line, int stop_fd)
{
	struct judge_config cfg = { .pack = pack,
		.program = "fake-conform",
		.version = "1",
		.stop_fd = stop_fd };
	char *argv[32], copy[1024], *rest = copy, *word;
	struct options opt;
	int argc = 0;
	size_t size;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		argv[argc++] = word;
	argv[argc] = NULL;
	memset(r, 0, sizeof(*r));
	setenv("ANYTLS_CAPTURE", "none", 0);
	r->code = options_parse(&opt, argc, argv, &r->c);
	/* A command has blanks: it comes by the environment. */
	if (r->code == 0 && opt.target == NULL)
		opt.sut = getenv("TEST_SUT");
	if (r->code == 0)
		r->code = options_check(&opt, &r->c);
	assert_int_equal(r->code, 0);
	cfg.opt = &opt;
	cfg.out = open_memstream(&r->out, &size);
	r->code = judge_run(&cfg, &r->c);
	fclose(cfg.out);
	options_free(&opt);
}

/* Against a good target of its own. */
static inline void
run_on_target(
    struct run *r, const struct pack *pack, const char *args, int stop_fd)
{
	char line[512];
	uint16_t port;
	pid_t pid = start_target(&port);

	snprintf(line, sizeof(line), "x --target 127.0.0.1:%u --password p %s",
	    (unsigned)port, args);
	run_with(r, pack, line, stop_fd);
	stop_target(pid);
}

static inline void
run_free(struct run *r)
{
	free(r->out);
}

/* The JSON line of case ID; NULL: none. */
static const char *
line_of(const struct run *r, const char *id)
{
	char text[128];

	snprintf(text, sizeof(text), "\"id\":\"%s\"", id);
	return strstr(r->out, text);
}

static inline void
assert_status(const struct run *r, const char *id, const char *status)
{
	const char *line = line_of(r, id);
	char text[64];

	if (line == NULL) {
		fail_msg("%s was not reported:\n%s", id, r->out);
		return;
	}
	snprintf(text, sizeof(text), "\"status\":\"%s\"", status);
	line = strstr(line, "\"status\"");
	if (line == NULL || strncmp(line, text, strlen(text)) != 0)
		fail_msg("%s is not %s:\n%s", id, status, r->out);
}

static inline void
assert_says(const struct run *r, const char *id, const char *text)
{
	const char *line = line_of(r, id), *found, *end;

	assert_non_null(line);
	end = strchr(line, '\n');
	found = strstr(line, text);
	if (found == NULL || found > end)
		fail_msg("%s does not say '%s':\n%s", id, text, r->out);
}

/* "brief" ends by itself after a second, by a signal; "flicker" opens the port
 * for a moment and resets who comes then. */
static inline void
begin_oddly(const char *how, uint16_t port)
{
	struct pollfd p = { -1, POLLIN, 0 };

	if (strcmp(how, "brief") == 0) {
		alarm(1);
		return;
	}
	p.fd = reach_listen("127.0.0.1", &port);
	poll(&p, 1, 5000);
	poll(NULL, 0, 10);
	close(p.fd);
}

/* For main(): the target part of the program, and what tests need to know of
 * it. */
static inline void
fake_main(int argc, char *argv[])
{
	char sut[512];
	uint16_t port;

	if (argc >= 3 && strcmp(argv[1], "serve") == 0) {
		port = (uint16_t)atoi(argv[2]);
		if (argc == 4)
			begin_oddly(argv[3], port);
		serve(reach_listen("127.0.0.1", &port));
	}
	signal(SIGPIPE, SIG_IGN);
	snprintf(sut, sizeof(sut), "'%s' serve {port}", argv[0]);
	setenv("TEST_SUT", sut, 1);
}

#endif
