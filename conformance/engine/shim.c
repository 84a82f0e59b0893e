/* Talking to a shim: one line out, one line in, each wait with a deadline. */
#include "conformance/engine/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/engine/child.h"
#include "conformance/engine/process.h"

/* BoGo's: "this implementation cannot do that". */
#define CANNOT 89
/* An answer that lists sessions is a few KB; what never ends is none. */
#define LINE_MAX_BYTES (1u << 20)
#define END_MS 2000

struct shim {
	struct t *t;
	pid_t pid;   /* 0: it has ended */
	int in, out; /* of ours: to it, from it */
	char *buf;
	size_t len, cap;
	unsigned seq;
	const char *log;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What it has printed on its standard error belongs to the evidence. */
static void
log_stderr(struct shim *s)
{
	FILE *f = fopen(s->log, "r");
	char line[BOX_LINE];

	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		t_log(s->t, "shim says: %s", line);
	}
	fclose(f);
}

static void
stop(void *arg)
{
	struct shim *s = arg;
	int status;

	close_fd(&s->in);
	if (s->pid > 0 && !process_wait(s->pid, END_MS, &status)) {
		kill(s->pid, SIGTERM);
		if (!process_wait(s->pid, END_MS, &status)) {
			kill(s->pid, SIGKILL);
			waitpid(s->pid, &status, 0);
		}
	}
	s->pid = 0;
	close_fd(&s->out);
	log_stderr(s);
	free(s->buf);
	s->buf = NULL;
}

/* It has closed its output: why? */
static _Noreturn void
ended(struct shim *s, const char *cmd)
{
	char how[64] = "it closed its output and runs on";
	int status;

	if (process_wait(s->pid, END_MS, &status)) {
		s->pid = 0;
		process_describe(status, how, sizeof(how));
		if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
			t_skip(s->t, "feature",
			    "the shim cannot do this at all (exit status %d)",
			    CANNOT);
	}
	t_error(s->t, "the shim ended before it answered '%s': %s%s", cmd, how,
	    strcmp(how, "exit status 127") == 0 ? ", as for a command that "
						  "is not found"
						: "");
}

static void
run_shim(struct shim *s, int to_child, int from_child)
{
	const struct words *w = &s->t->engine->env->shim;
	char **args = calloc(w->n + 1, sizeof(*args));
	int fd = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	size_t i;

	process_become_child(false);
	if (args == NULL || w->n == 0 || dup2(to_child, STDIN_FILENO) < 0 ||
	    dup2(from_child, STDOUT_FILENO) < 0 ||
	    (fd >= 0 && dup2(fd, STDERR_FILENO) < 0))
		_exit(126);
	for (i = 0; i < w->n; i++)
		args[i] = w->v[i];
	setenv("ANYTLS_CASE", s->t->tc->id, 1);
	execvp(args[0], args);
	_exit(127);
}

static void
spawn(struct shim *s)
{
	int to[2], from[2];

	if (process_pipe(to) < 0 || process_pipe(from) < 0)
		t_error(s->t, "no pipe: %s", strerror(errno));
	fflush(NULL);
	s->pid = fork();
	if (s->pid < 0)
		t_error(s->t, "fork: %s", strerror(errno));
	if (s->pid == 0)
		run_shim(s, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	s->in = to[1];
	s->out = from[0];
}

static void
send_line(struct shim *s, const char *cmd, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);
	size_t done = 0, len;
	ssize_t n;

	json_decref(line);
	if (text == NULL)
		t_error(s->t, "out of memory");
	t_log(s->t, "to the shim: %s", text);
	len = strlen(text);
	text[len++] = '\n';
	for (; done < len; done += (size_t)n) {
		n = write(s->in, text + done, len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			break;
	}
	free(text);
	if (done < len)
		ended(s, cmd);
}

/* More bytes of it, or the end of the case. */
static void
read_more(struct shim *s, const char *cmd, uint64_t deadline)
{
	struct pollfd p = { .fd = s->out, .events = POLLIN };
	uint64_t now = t_now();
	ssize_t n;

	if (s->cap - s->len < 4096) {
		s->cap = 2 * s->cap + 8192;
		s->buf = realloc(s->buf, s->cap);
		if (s->buf == NULL)
			t_error(s->t, "out of memory");
	}
	if (now >= deadline || poll(&p, 1, (int)(deadline - now)) == 0)
		t_error(s->t, "the shim has not answered '%s' within %u ms",
		    cmd, s->t->timeout_ms);
	n = read(s->out, s->buf + s->len, s->cap - s->len);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		ended(s, cmd);
	s->len += (size_t)n;
}

/* Its next line, without the newline, in case memory. */
static const char *
read_line(struct shim *s, const char *cmd)
{
	uint64_t deadline = t_now() + s->t->timeout_ms;
	char *newline, *line;
	size_t len;

	while ((newline = s->len == 0 ? NULL : memchr(s->buf, '\n', s->len)) ==
	    NULL) {
		if (s->len > LINE_MAX_BYTES)
			t_error(
			    s->t, "the shim's answer to '%s' has no end", cmd);
		read_more(s, cmd, deadline);
	}
	len = (size_t)(newline - s->buf);
	line = t_alloc(s->t, len + 1);
	memcpy(line, s->buf, len);
	s->len -= len + 1;
	memmove(s->buf, newline + 1, s->len);
	t_log(s->t, "from the shim: %s", line);
	return line;
}

static void
free_json(void *arg)
{
	json_decref(arg);
}

/* The answer to SEQ; its seq is right. */
static const json_t *
answer(struct shim *s, const char *cmd)
{
	const char *line = read_line(s, cmd);
	json_error_t why;
	json_t *v = json_loads(line, JSON_REJECT_DUPLICATES, &why);

	if (v != NULL)
		t_cleanup(s->t, free_json, v);
	if (!json_is_object(v))
		t_error(s->t, "the shim's answer to '%s' is no JSON object: %s",
		    cmd, line);
	if (json_integer_value(json_object_get(v, "seq")) != s->seq)
		t_error(s->t, "the shim's answer to '%s' has another seq: %s",
		    cmd, line);
	return v;
}

static const json_t *
ask(struct shim *s, const char *cmd, json_t *take_args)
{
	json_t *line = json_object();

	json_object_set_new(line, "seq", json_integer(++s->seq));
	json_object_set_new(line, "cmd", json_string(cmd));
	if (take_args != NULL)
		json_object_update(line, take_args);
	json_decref(take_args);
	send_line(s, cmd, line);
	return answer(s, cmd);
}

void
t_shim_start(struct t *t)
{
	struct shim *s = t_alloc(t, sizeof(*s));
	const json_t *v;
	char *cmd;

	s->t = t;
	s->in = s->out = -1;
	s->log =
	    t_printf(t, "%s/shim-%ld.log", t->engine->env->dir, (long)getpid());
	signal(SIGPIPE, SIG_IGN);
	spawn(s);
	t->engine->shim = s;
	t_cleanup(t, stop, s);
	cmd = t_printf(t, "x-%08" PRIx64, t_random(t) & 0xffffffff);
	v = ask(s, cmd, NULL);
	if (!json_is_true(json_object_get(v, "unsupported")))
		t_error(t,
		    "the shim claims to support '%s', a command that nobody "
		    "knows: what else it says means nothing",
		    cmd);
}

const json_t *
t_shim_ask(struct t *t, const char *cmd, json_t *take_args)
{
	const json_t *v = ask(t->engine->shim, cmd, take_args);
	const json_t *error = json_object_get(v, "error");

	if (json_is_true(json_object_get(v, "unsupported")))
		t_skip(t, "feature", "the shim does not support '%s'", cmd);
	if (error != NULL)
		t_fail(t, t_printf(t, "the client does as '%s' asks", cmd),
		    "%s",
		    json_is_string(error) ? json_string_value(error)
					  : "an error without a text");
	if (!json_is_true(json_object_get(v, "ok")))
		t_error(t,
		    "the shim's answer to '%s' has neither \"ok\":true nor "
		    "\"error\" nor \"unsupported\":true",
		    cmd);
	return v;
}

void
t_shim_join(struct t *t)
{
	struct shim *s = t->engine->shim;
	char how[64];
	int status;

	close_fd(&s->in);
	if (!process_wait(s->pid, (int)t->timeout_ms, &status))
		t_error(t, "the shim runs on after 'stop'");
	s->pid = 0;
	if (status == 0)
		return;
	process_describe(status, how, sizeof(how));
	t_fail(t, "the client ends in order", "%s", how);
}
