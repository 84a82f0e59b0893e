/* The life of a case: set up, run, leave from any depth, clean up. */
#include "conformance/engine/child.h"

#include <stdlib.h>
#include <string.h>

struct cleanup {
	struct cleanup *next;
	void (*fn)(void *arg);
	void *arg;
};

static uint64_t
hash_text(uint64_t h, const char *s)
{
	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return h;
}

static void
set_up(struct t *t, struct engine *e, const struct child_config *cfg)
{
	const struct env *env = cfg->env;

	memset(t, 0, sizeof(*t));
	memset(e, 0, sizeof(*e));
	e->env = env;
	e->capture.path = cfg->spool;
	t->tc = cfg->tc;
	t->arg = cfg->tc->arg;
	t->target = env->target;
	t->origin_bind = env->origin_bind;
	t->origin_host = env->origin_host;
	t->echo_port = env->echo_port;
	t->ca = env->opt->ca;
	t->keylog = env->opt->keylog;
	if (env->client) {
		t->cert_file = env->cert;
		t->key_file = env->key;
	}
	t->proxy = env->opt->proxy;
	t->time_scale = env->opt->time_scale;
	if (cfg->slowness > 1)
		t->time_scale *= cfg->slowness;
	t->timeout_ms = (uint32_t)(env->opt->timeout_ms * t->time_scale);
	t->rng = hash_text(env->seed ^ 0xcbf29ce484222325, cfg->tc->id) +
	    cfg->iteration;
	t->box = cfg->box;
	t->engine = e;
	t->start_ms = t_now();
	cfg->box->start_us = box_now_us();
}

void
t_cleanup(struct t *t, void (*fn)(void *), void *arg)
{
	struct cleanup *c = t_alloc(t, sizeof(*c));

	c->fn = fn;
	c->arg = arg;
	c->next = t->engine->cleanups;
	t->engine->cleanups = c;
}

void
child_leave(struct t *t, enum status status)
{
	if (!t->engine->ending && !t->box->decided) {
		t->box->status = status;
		t->box->capture_decided = t->box->capture_events;
		t->box->decided = 1;
	}
	longjmp(t->leave, 1);
}

/* Each cleanup runs once, also when one before it tried to end the case. */
static void
run_cleanups(struct t *t)
{
	struct engine *e = t->engine;
	struct cleanup *c;

	if (setjmp(t->leave) != 0)
		e->ending = true;
	while (e->cleanups != NULL) {
		c = e->cleanups;
		e->cleanups = c->next;
		c->fn(c->arg);
	}
}

static void
run_case(struct t *t, const struct child_config *cfg)
{
	static const struct own_target plain = { NULL, NULL };
	const struct pack *pack = cfg->env->pack;

	if (setjmp(t->leave) != 0)
		return;
	if (cfg->private_target)
		t_own_target(t, &plain);
	if (pack->begin != NULL)
		pack->begin(t);
	t->tc->run(t);
	if (pack->alive != NULL && cfg->check_alive)
		pack->alive(t);
	t->box->status = ST_PASS;
	t->box->decided = 1;
}

void
child_run(const struct child_config *cfg)
{
	struct engine e;
	struct t t;

	set_up(&t, &e, cfg);
	run_case(&t, cfg);
	e.ending = true;
	run_cleanups(&t);
	own_finish(&t);
	capture_end(&e.capture);
	child_free_blocks(&e);
}
