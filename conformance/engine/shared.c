/* The shared target, and the temporary files of a managed one. */
#include "conformance/engine/shared.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/process.h"
#include "ref/net/cert.h"

#define CONNECT_MS 2000
#define AGAIN_MS 300

int
shared_make_folder(struct env *env, struct complaint *c)
{
	const char *tmp = getenv("TMPDIR");

	if (env->dir[0] != '\0')
		return 0;
	if (tmp == NULL || strlen(tmp) > sizeof(env->dir) - 64)
		tmp = "/tmp";
	snprintf(env->dir, sizeof(env->dir), "%s/anytls-conform-XXXXXX", tmp);
	if (mkdtemp(env->dir) != NULL)
		return 0;
	env->dir[0] = '\0';
	return complain(c, EXIT_SUITE, "cannot make a folder in %s: %s", tmp,
	    strerror(errno));
}

static int
make_cert(struct env *env, struct complaint *c)
{
	if (!env->client && !launch_has(&env->command, "cert") &&
	    !launch_has(&env->command, "key"))
		return 0;
	snprintf(env->cert, ENV_PATH, "%s/cert.pem", env->dir);
	snprintf(env->key, ENV_PATH, "%s/key.pem", env->dir);
	if (cert_self_signed_files("localhost", env->cert, env->key) == 0)
		return 0;
	return complain(
	    c, EXIT_SUITE, "cannot make a certificate in %s", env->dir);
}

static int
make_scheme(struct env *env, struct complaint *c)
{
	FILE *f;

	if (env->pack->padding_scheme == NULL ||
	    !launch_has(&env->command, "padding_scheme"))
		return 0;
	snprintf(env->scheme, ENV_PATH, "%s/padding-scheme.txt", env->dir);
	f = fopen(env->scheme, "w");
	if (f != NULL) {
		fputs(env->pack->padding_scheme, f);
		if (fclose(f) == 0)
			return 0;
	}
	return complain(
	    c, EXIT_SUITE, "cannot write %s: %s", env->scheme, strerror(errno));
}

/* From the seed: what is sent depends on it, and a replay shall send the same.
 * It guards nothing but a server on the loopback while the run lasts. */
static void
make_password(struct env *env)
{
	snprintf(env->password, sizeof(env->password), "pw-%016" PRIx64,
	    (env->seed + 1) * 0x9e3779b97f4a7c15);
	env->target.password = env->password;
}

int
shared_prepare(struct env *env, struct complaint *c)
{
	int rc;

	rc = launch_split(env->opt->sut, &env->command, c);
	if (rc != 0)
		return rc;
	env->managed = true;
	if (env->target.password == NULL)
		make_password(env);
	features_found(&env->features, "managed", NULL);
	if (launch_has(&env->command, "padding_scheme"))
		features_found(&env->features, "own-padding-scheme", NULL);
	if (launch_has(&env->command, "fallback"))
		features_found(&env->features, "own-fallback", NULL);
	rc = shared_make_folder(env, c);
	if (rc == 0)
		rc = make_cert(env, c);
	if (rc == 0)
		rc = make_scheme(env, c);
	return rc;
}

int
shared_prepare_client(struct env *env, struct complaint *c)
{
	size_t i;
	int rc;

	env->client = true;
	for (i = 0; i < env->opt->client.n; i++)
		words_add(&env->command, env->opt->client.v[i]);
	rc = launch_check_client(&env->command, c);
	if (rc != 0)
		return rc;
	if (env->target.password == NULL)
		make_password(env);
	if (env->opt->shim != NULL) {
		rc = launch_split_words(env->opt->shim, &env->shim, c);
		if (rc != 0)
			return rc;
		features_found(&env->features, "shim", NULL);
	}
	if (launch_has(&env->command, "server2"))
		features_found(&env->features, "two-servers", NULL);
	if (launch_has(&env->command, "sni"))
		features_found(&env->features, "own-sni", NULL);
	if (launch_has(&env->command, "ca"))
		features_found(&env->features, "own-ca", NULL);
	if (launch_has(&env->command, "uri"))
		features_found(&env->features, "uri", NULL);
	snprintf(env->host, sizeof(env->host), "127.0.0.1");
	env->target.host = env->host;
	rc = shared_make_folder(env, c);
	return rc != 0 ? rc : make_cert(env, c);
}

static int
launch_shared(struct shared *s, struct env *env, struct complaint *c)
{
	struct launch_config cfg;
	char log[ENV_PATH];
	int rc;

	snprintf(log, sizeof(log), "%s/target-%u.log", env->dir, s->starts);
	memset(&cfg, 0, sizeof(cfg));
	cfg.command = &env->command;
	cfg.values.password = env->target.password;
	cfg.values.cert = env->cert[0] != '\0' ? env->cert : NULL;
	cfg.values.key = env->key[0] != '\0' ? env->key : NULL;
	cfg.values.padding_scheme = env->scheme[0] != '\0' ? env->scheme : NULL;
	cfg.log = log;
	cfg.ready_ms =
	    (uint32_t)(env->opt->ready_timeout_ms * process_slowness());
	cfg.settle_ms = env->opt->settle_ms;
	cfg.salt = (uint32_t)getpid() + s->starts++;
	cfg.own_group = true;
	rc = launch_start(&s->l, &cfg, c);
	if (rc != 0)
		return rc;
	snprintf(env->host, sizeof(env->host), "127.0.0.1");
	env->target.port = s->l.port;
	return 0;
}

int
shared_start(struct shared *s, struct env *env, struct complaint *c)
{
	int rc = env->managed
	    ? launch_shared(s, env, c)
	    : reach_resolve(env->opt->target, env->host, &env->target.port, c);

	env->target.host = env->host;
	return rc;
}

bool
shared_alive(struct shared *s, const struct env *env)
{
	return !env->managed || launch_alive(&s->l, 0);
}

int
shared_connect(const struct env *env)
{
	int fd = reach_connect(env->host, env->target.port, CONNECT_MS);

	if (fd < 0 && fd != -ETIMEDOUT) {
		poll(NULL, 0, AGAIN_MS);
		fd = reach_connect(env->host, env->target.port, CONNECT_MS);
	}
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

static void
remove_dir(const char *dir, int depth)
{
	char path[ENV_PATH + 256];
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		/* Folders of cases have files alone. */
		if (unlink(path) != 0 && depth < 3)
			remove_dir(path, depth + 1);
	}
	closedir(d);
	rmdir(dir);
}

void
shared_end(struct shared *s, struct env *env)
{
	launch_stop(&s->l);
	if (env->dir[0] != '\0')
		remove_dir(env->dir, 0);
	words_free(&env->command);
	words_free(&env->shim);
}
