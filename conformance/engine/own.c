/* Servers under test that a case starts for itself; how the targets of cases
 * end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/engine/child.h"

/* A connection that breaks is seen before the process that broke it is gone;
 * a sanitizer's report may take a while. */
#define DEATH_GRACE_MS 400

/* Lines of a target's log in the transcript: of a dead one, of a live one. */
#define TAIL_LINES 100
#define SHORT_TAIL 8

static const char *
path_or_null(const char *path)
{
	return path[0] != '\0' ? path : NULL;
}

static bool
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool ok;

	if (f == NULL)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok;
}

static void
check_settings(struct t *t, const struct own_target *own)
{
	const struct env *env = t->engine->env;

	if (!env->managed)
		t_skip(t, "feature",
		    "needs a target of its own, which takes --sut");
	if (own->padding_scheme != NULL &&
	    !launch_has(&env->command, "padding_scheme"))
		t_skip(t, "feature",
		    "the --sut command has no "
		    "{padding_scheme}");
	if (own->fallback != NULL && !launch_has(&env->command, "fallback"))
		t_skip(t, "feature", "the --sut command has no {fallback}");
}

/* Takes out what colours terminals. */
static void
strip_colours(char *text)
{
	char *out = text;

	while (*text != '\0') {
		if (text[0] == '\033' && text[1] == '[') {
			text += 2 + strcspn(text + 2, "mKHJ");
			text += *text != '\0';
			continue;
		}
		*out++ = *text++;
	}
	*out = '\0';
}

/* The end of its log, LINES lines at most, becomes the end of the transcript.
 */
static void
log_tail(struct t *t, unsigned lines)
{
	char *tail = launch_tail(&t->engine->own), *line, *end;

	if (tail == NULL)
		return;
	redact_text(&t->engine->env->redact, tail);
	strip_colours(tail);
	line = tail + strlen(tail);
	for (; line > tail; line--)
		if (line[-1] == '\n' && line[0] != '\0' && lines-- == 1)
			break;
	for (; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		if (*end == '\n')
			*end++ = '\0';
		t_log(t, "%s says: %s",
		    t->engine->env->client ? "client" : "target", line);
	}
	free(tail);
}

/* It would not start with the settings of the case, which is for the case to
 * judge; that it did not crash over them is not. */
static void
refused(struct t *t)
{
	struct launch *own = &t->engine->own;
	char why[BOX_TEXT / 2];

	if (WIFSIGNALED(own->status) ||
	    launch_complaint(own, why, sizeof(why))) {
		launch_obituary(own, why, sizeof(why));
		redact_text(&t->engine->env->redact, why);
		log_tail(t, TAIL_LINES);
		t_crash(t, "the target ended when it was started: %s", why);
	}
	t_log(t, "own target refused to start");
	log_tail(t, SHORT_TAIL);
}

uint32_t
own_ready_ms(const struct t *t)
{
	double ms = t->engine->env->opt->ready_timeout_ms;

	return (uint32_t)(t->time_scale > 1 ? ms * t->time_scale : ms);
}

void
t_own_target(struct t *t, const struct own_target *own)
{
	struct engine *e = t->engine;
	const struct env *env = e->env;
	char log[ENV_PATH], scheme[ENV_PATH];
	struct launch_config cfg;
	struct complaint c;

	check_settings(t, own);
	if (e->has_own && !launch_alive(&e->own, 0))
		t_crash(t, "the target started before this one has ended");
	launch_stop(&e->own);
	e->has_own = false;
	snprintf(log, sizeof(log), "%s/case-%ld-%u.log", env->dir,
	    (long)getpid(), e->nowns);
	snprintf(t->box->log, sizeof(t->box->log), "%s", log);
	snprintf(scheme, sizeof(scheme), "%s/case-%ld-%u.scheme", env->dir,
	    (long)getpid(), e->nowns++);
	if (own->padding_scheme != NULL &&
	    !write_file(scheme, own->padding_scheme))
		t_error(t, "cannot write a padding scheme file");
	memset(&cfg, 0, sizeof(cfg));
	cfg.command = &env->command;
	cfg.values.password = env->target.password;
	cfg.values.cert = path_or_null(env->cert);
	cfg.values.key = path_or_null(env->key);
	cfg.values.padding_scheme =
	    own->padding_scheme != NULL ? scheme : path_or_null(env->scheme);
	cfg.values.fallback = own->fallback;
	cfg.log = log;
	cfg.ready_ms = own_ready_ms(t);
	cfg.settle_ms = env->opt->settle_ms;
	cfg.salt = (uint32_t)getpid();
	t_step(t, "%s", "");
	if (launch_start(&e->own, &cfg, &c) != 0) {
		if (!own->may_refuse || c.code != EXIT_UNUSABLE)
			t_error(t, "a target of the case's own: %s", c.text);
		if (e->own.refused)
			refused(t);
		else
			t_observe(t, "own target does not serve: %s", c.text);
		return;
	}
	e->has_own = true;
	t->target.host = "127.0.0.1";
	t->target.port = e->own.port;
	t_log(t, "own target started on port %u", (unsigned)e->own.port);
}

bool
t_own_target_alive(struct t *t)
{
	return t->engine->has_own && launch_alive(&t->engine->own, 0);
}

void
own_refuse(struct t *t, const char *why, bool ended)
{
	char *text = t_printf(t, "%s", why);

	redact_text(&t->engine->env->redact, text);
	log_tail(t, TAIL_LINES);
	t->box->unready = true;
	/* In preparation it is rather the command that is wrong. */
	if (ended && strncmp(t->tc->id, "suite/", strlen("suite/")) != 0)
		t_crash(t, "%s", text);
	t_error(t, "%s", text);
}

static void
report_death(struct t *t, const char *why)
{
	const char *what = t->engine->env->client ? "client" : "target";
	struct box *box = t->box;
	char text[BOX_TEXT / 2];

	snprintf(text, sizeof(text), "%s", why);
	redact_text(&t->engine->env->redact, text);
	box->status = ST_CRASH;
	box->capture_decided = box->capture_events;
	box->decided = 1;
	box_print(box->expected, BOX_TEXT, "the %s goes on running", what);
	box_print(box->actual, BOX_TEXT, "the %s ended: %s", what, text);
	log_tail(t, TAIL_LINES);
}

/* A client has done its work when the case ends; what it says while it stops
 * counts all the same. */
static void
finish_client(struct t *t)
{
	struct launch *own = &t->engine->own;
	char why[BOX_TEXT / 2];
	bool passed = t->box->status == ST_PASS;

	launch_stop(own);
	if (launch_complaint(own, why, sizeof(why)))
		report_death(t, why);
	else if (!passed)
		log_tail(t, SHORT_TAIL);
}

void
own_finish(struct t *t)
{
	struct engine *e = t->engine;
	bool suspicious =
	    t->box->status != ST_PASS && t->box->status != ST_SKIP;
	char why[BOX_TEXT / 2];

	if (!e->has_own)
		return;
	if (!launch_alive(&e->own, suspicious ? DEATH_GRACE_MS : 0)) {
		launch_obituary(&e->own, why, sizeof(why));
		report_death(t, why);
	} else if (e->env->client) {
		finish_client(t);
	} else if (suspicious) {
		log_tail(t, SHORT_TAIL);
	}
	launch_stop(&e->own);
}
