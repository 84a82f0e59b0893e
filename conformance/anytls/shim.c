/* The client under test, driven by its shim. */
#include "conformance/engine/shim.h"

#include <poll.h>

#include "conformance/anytls/client.h"

#define STEP_MS 20

static void
set_number(json_t *o, const char *name, int32_t value)
{
	if (value >= 0)
		json_object_set_new(o, name, json_integer(value));
}

static json_t *
server_text(struct t *t, unsigned number)
{
	return (json_string(
	    t_printf(t, "127.0.0.1:%u", server_port_of(t, number))));
}

/* What the client cannot be told would make its times another's. */
static void
check_ignored(struct t *t, const json_t *v, const json_t *asked)
{
	const json_t *list = json_object_get(v, "ignored"), *name;
	size_t i;

	json_array_foreach(list, i, name)
	{
		const char *s = json_string_value(name);

		if (s != NULL && json_object_get(asked, s) != NULL)
			skip(t, "the shim cannot set '%s'", s);
	}
}

void
shim_start(struct t *t, const struct shim_settings *s)
{
	json_t *o = json_object(), *asked = json_object();

	set_number(asked, "idle_check_ms", s->check_ms);
	set_number(asked, "idle_timeout_ms", s->idle_ms);
	set_number(asked, "min_idle", s->min_idle);
	json_object_set_new(o, "server", server_text(t, 0));
	json_object_set_new(o, "server2", server_text(t, 1));
	json_object_set_new(o, "password", json_string(t->target.password));
	json_object_set_new(o, "sni", json_string("localhost"));
	json_object_set_new(o, "ca", json_string(t->cert_file));
	json_object_set_new(o, "insecure", json_true());
	json_object_update(o, asked);
	t_shim_start(t);
	check_ignored(t, t_shim_ask(t, "start", o), asked);
	json_decref(asked);
}

int64_t
shim_open(struct t *t, const char *name, unsigned number)
{
	json_t *o = json_object();
	const json_t *stream;

	json_object_set_new(o, "host", json_string(name));
	json_object_set_new(o, "port", json_integer(80));
	json_object_set_new(o, "server", json_integer(number + 1));
	stream = json_object_get(t_shim_ask(t, "open", o), "stream");
	if (!json_is_integer(stream))
		t_error(t,
		    "the shim's answer to 'open' has no \"stream\", a "
		    "number");
	return (json_integer_value(stream));
}

void
shim_close(struct t *t, int64_t stream)
{
	json_t *o = json_object();

	json_object_set_new(o, "stream", json_integer(stream));
	t_shim_ask(t, "close", o);
}

struct shim_state
shim_state(struct t *t, unsigned number)
{
	struct shim_state state = { 0 };
	const json_t *v, *sessions, *one;
	json_t *o = json_object();
	const char *md5;
	size_t i;

	json_object_set_new(o, "server", json_integer(number + 1));
	v = t_shim_ask(t, "state", o);
	sessions = json_object_get(v, "sessions");
	md5 = json_string_value(json_object_get(v, "padding_md5"));
	if (!json_is_array(sessions) || md5 == NULL)
		t_error(t,
		    "the shim's answer to 'state' lacks \"sessions\", an "
		    "array, or \"padding_md5\", a string");
	json_array_foreach(sessions, i, one)
	{
		state.sessions++;
		state.idle += json_is_true(json_object_get(one, "idle"));
	}
	state.md5 = t_printf(t, "%s", md5);
	return (state);
}

void
shim_expect(struct t *t, unsigned sessions, unsigned idle, const char *what)
{
	uint64_t deadline = t_now() + t->timeout_ms;
	struct shim_state s = shim_state(t, 0);

	while (s.sessions != sessions || s.idle != idle) {
		if (t_now() >= deadline)
			fail(t, what, "%u sessions, %u of them idle",
			    s.sessions, s.idle);
		poll(NULL, 0, STEP_MS);
		s = shim_state(t, 0);
	}
}

void
shim_stop(struct t *t)
{
	t_shim_ask(t, "stop", NULL);
	t_shim_join(t);
}
