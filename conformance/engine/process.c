/* Forked processes: what they start with, and how they ended. */
#include "conformance/engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "conformance/engine/test.h"

/* Processes to run for each processor with which a machine is at ease, and how
 * far clocks are stretched where there are more. */
#define EASY_LOAD 8
#define MOST_SLOW 3

int
process_pipe(int fd[2])
{
	if (pipe(fd) < 0)
		return -1;
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

void *
process_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

void
process_become_child(bool own_group)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGCHLD, SIGPIPE };
	struct sigaction sa;
	sigset_t none;
	size_t i;
	int fd;

	if (own_group)
		setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fd = open("/dev/null", O_RDWR);
	if (fd > STDIN_FILENO) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	}
}

double
process_slowness(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	double load, factor;

	if (processors < 1 || getloadavg(&load, 1) != 1)
		return 1;
	factor = load / (EASY_LOAD * (double)processors);
	if (factor < 1)
		return 1;
	return factor < MOST_SLOW ? factor : MOST_SLOW;
}

bool
process_wait(pid_t pid, int ms, int *status)
{
	uint64_t deadline = t_now() + (uint64_t)ms;
	pid_t got;

	for (;;) {
		got = waitpid(pid, status, WNOHANG);
		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (t_now() >= deadline)
			return false;
		poll(NULL, 0, 5);
	}
}

bool
process_lacks(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS;
}

void
process_describe(int status, char *out, size_t size)
{
	static const struct {
		int number;
		const char *name;
	} names[] = { { SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" },
		{ SIGBUS, "SIGBUS" }, { SIGILL, "SIGILL" },
		{ SIGFPE, "SIGFPE" }, { SIGKILL, "SIGKILL" },
		{ SIGTERM, "SIGTERM" }, { SIGPIPE, "SIGPIPE" },
		{ SIGINT, "SIGINT" }, { SIGTRAP, "SIGTRAP" },
		{ SIGQUIT, "SIGQUIT" } };
	size_t i;

	if (!WIFSIGNALED(status)) {
		snprintf(out, size, "exit status %d", WEXITSTATUS(status));
		return;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == WTERMSIG(status)) {
			snprintf(out, size, "killed by %s", names[i].name);
			return;
		}
	snprintf(out, size, "killed by signal %d", WTERMSIG(status));
}
