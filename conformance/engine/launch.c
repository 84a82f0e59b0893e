/* Starting, watching and stopping a target. */
#include "conformance/engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/engine/process.h"
#include "conformance/engine/reach.h"
#include "conformance/engine/test.h"
#include "conformance/engine/text.h"

#define STOP_MS 2000
#define KEPT_MS 20
/* Woken later than this the machine is busy, and the target as late. */
#define LATE_MS 4
#define KEPT_TRIES 8
#define TAIL 4096

_Noreturn static void
exec_target(
    const struct words *argv, const struct launch_config *cfg, int report_fd)
{
	char **args = words_alloc(argv->n + 1, sizeof(*args));
	const char *const *env = cfg->env;
	int fd, error;

	process_become_child(cfg->own_group);
	fd = open(cfg->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	for (; env != NULL && *env != NULL; env++)
		putenv(words_copy(*env, strlen(*env)));
	memcpy(args, argv->v, argv->n * sizeof(*args));
	execvp(args[0], args);
	error = errno;
	if (write(report_fd, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* Forks; *ERROR is what kept the command from running, or 0. */
static int
spawn(struct launch *l, const struct words *argv,
    const struct launch_config *cfg, int *error)
{
	int report[2];

	*error = 0;
	if (process_pipe(report) < 0)
		return -1;
	fflush(NULL);
	l->pid = fork();
	if (l->pid == 0)
		exec_target(argv, cfg, report[1]);
	close(report[1]);
	if (l->pid > 0) {
		if (cfg->own_group)
			setpgid(l->pid, l->pid);
		/* Ends when exec closes the other end. */
		if (read(report[0], error, sizeof(*error)) < 0)
			*error = errno;
	}
	close(report[0]);
	if (l->pid > 0)
		return 0;
	/* No process: -1 would mean all of them to kill() and waitpid(). */
	l->pid = 0;
	return -1;
}

/*
 * Some servers try a port before they open it for good, and reset who came in
 * between. False when that happens to FD.
 */
static bool
is_kept(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t start;
	char byte;
	int i;

	for (i = 0; i < KEPT_TRIES; i++) {
		start = t_now();
		if (poll(&p, 1, KEPT_MS) > 0)
			return recv(fd, &byte, 1, 0) >= 0;
		if (t_now() - start <= KEPT_MS + LATE_MS)
			break;
	}
	return true;
}

/* False with a sentence when it ends within MS. */
static bool
stays(struct launch *l, uint32_t ms, const char *what, struct complaint *c)
{
	char why[512];

	if (launch_alive(l, (int)ms))
		return true;
	l->refused = true;
	launch_obituary(l, why, sizeof(why));
	complain(
	    c, EXIT_UNUSABLE, "%s ended before it was ready: %s", what, why);
	return false;
}

/* Waits until the port accepts; false with a sentence. */
static bool
wait_ready(
    struct launch *l, const struct launch_config *cfg, struct complaint *c)
{
	const char *what = cfg->what != NULL ? cfg->what : "the target";
	uint64_t deadline = t_now() + cfg->ready_ms;
	bool kept;
	int fd;

	do {
		if (!stays(l, 0, what, c))
			return false;
		fd = reach_connect("127.0.0.1", l->port, 200);
		kept = fd >= 0 && is_kept(fd);
		if (fd >= 0)
			close(fd);
		if (kept)
			return stays(l, cfg->settle_ms, what, c);
		poll(NULL, 0, 5);
	} while (t_now() < deadline);
	complain(c, EXIT_UNUSABLE,
	    "%s was started, but 127.0.0.1:%u did not accept within %g s", what,
	    (unsigned)l->port, cfg->ready_ms / 1000.0);
	return false;
}

/* Starts it on the port that L has, and waits. */
static int
start_there(
    struct launch *l, const struct launch_config *cfg, struct complaint *c)
{
	struct launch_values values = cfg->values;
	struct words argv;
	int error, rc;

	memset(&argv, 0, sizeof(argv));
	values.port = l->port;
	rc = launch_expand(cfg->command, &values, &argv, c);
	if (rc == 0 && spawn(l, &argv, cfg, &error) < 0)
		rc = complain(c, EXIT_SUITE, "fork: %s", strerror(errno));
	if (rc == 0 && error != 0) {
		waitpid(l->pid, NULL, 0);
		l->pid = 0;
		rc = complain(c, EXIT_UNUSABLE, "cannot run '%s': %s",
		    argv.v[0], strerror(error));
	}
	words_free(&argv);
	if (rc != 0 || wait_ready(l, cfg, c))
		return rc;
	launch_stop(l);
	return c->code;
}

int
launch_start(
    struct launch *l, const struct launch_config *cfg, struct complaint *c)
{
	int hold = -1, rc;

	memset(l, 0, sizeof(*l));
	l->port =
	    cfg->port != 0 ? cfg->port : reach_free_port(cfg->salt, &hold);
	l->own_group = cfg->own_group;
	snprintf(l->log, sizeof(l->log), "%s", cfg->log);
	if (l->port == 0)
		return complain(c, EXIT_SUITE, "no free port on 127.0.0.1");
	rc = start_there(l, cfg, c);
	if (hold >= 0)
		close(hold);
	return rc;
}

bool
launch_alive(struct launch *l, int grace_ms)
{
	if (l->pid == 0)
		return false;
	if (!process_wait(l->pid, grace_ms, &l->status))
		return true;
	/* What it may have started goes with it. */
	if (l->own_group)
		kill(-l->pid, SIGKILL);
	l->pid = 0;
	return false;
}

void
launch_stop(struct launch *l)
{
	pid_t pid = l->pid;

	if (pid == 0)
		return;
	kill(l->own_group ? -pid : pid, SIGTERM);
	if (!launch_alive(l, STOP_MS)) {
		return;
	}
	kill(l->own_group ? -pid : pid, SIGKILL);
	waitpid(pid, &l->status, 0);
	l->pid = 0;
}

char *
launch_tail(const struct launch *l)
{
	FILE *f = fopen(l->log, "r");
	char *text = NULL;
	size_t len;
	long size;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0) {
		fseek(f, size > TAIL ? size - TAIL : 0, SEEK_SET);
		text = words_alloc(TAIL + 1, 1);
		len = fread(text, 1, TAIL, f);
		text[len] = '\0';
	}
	fclose(f);
	return text;
}

static bool
is_sanitizer(const char *line)
{
	static const char *const marks[] = { "ERROR: AddressSanitizer",
		"ERROR: LeakSanitizer",
		"runtime error:", "WARNING: ThreadSanitizer",
		"WARNING: MemorySanitizer" };
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(line, marks[i]) != NULL)
			return true;
	return false;
}

static bool
is_telling(const char *line)
{
	static const char *const marks[] = { "Assertion `", "assertion failed",
		"panicked at", "panic: ", "fatal error: ", "terminate called",
		"Traceback (most recent", "stack smashing",
		"SIGSEGV: segmentation violation" };
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(line, marks[i]) != NULL)
			return true;
	return is_sanitizer(line);
}

bool
launch_complaint(const struct launch *l, char *out, size_t size)
{
	FILE *f = fopen(l->log, "r");
	bool found = false;
	char line[400];

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = is_sanitizer(line);
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	if (found)
		snprintf(out, size, "%s", line);
	return found;
}

/* The first line of the log that says why; else its last two. */
static void
telling_line(const struct launch *l, char *out, size_t size)
{
	FILE *f = fopen(l->log, "r");
	char line[400], before[400] = "";

	out[0] = '\0';
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0')
			continue;
		snprintf(out, size, "%s%s%s", before,
		    before[0] != '\0' ? " / " : "", line);
		memcpy(before, line, sizeof(before));
		if (!is_telling(line))
			continue;
		snprintf(out, size, "%s", line);
		break;
	}
	fclose(f);
}

void
launch_obituary(const struct launch *l, char *out, size_t size)
{
	char how[64], line[1024];

	process_describe(l->status, how, sizeof(how));
	telling_line(l, line, sizeof(line));
	snprintf(out, size, "%s%s%s", how, line[0] != '\0' ? "; it said: " : "",
	    line);
}
