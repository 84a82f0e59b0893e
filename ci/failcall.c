/*
 * Preloaded into a program under test: the FAIL_NTH-th call of the function
 * FAIL_CALL fails with FAIL_ERRNO. FAIL_FROM says whose calls count: those of
 * the "program" (what the C library does for it too), of another "library", or
 * of anybody (unset). Appends the caller to file FAIL_LOG, so that a test knows
 * that the call was reached, and where it crashed. "allocation" is malloc,
 * calloc and realloc.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PARTS 256
#define EXPORT __attribute__((visibility("default")))

/* Code of an object: addresses, and what it is. */
struct part {
	uintptr_t from, to;
	const char *name;
	int program; /* or the C library, which works for it */
};

static struct {
	const char *call, *log, *from;
	int nth, error, count, nparts;
	struct part part[MAX_PARTS];
} fault;

int __poll_chk(struct pollfd *p, nfds_t n, int ms, size_t size);
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static int
add_parts(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	const char *name = slash != NULL ? slash + 1 : info->dlpi_name;
	int i;

	(void)size;
	(void)arg;
	for (i = 0; i < info->dlpi_phnum && fault.nparts < MAX_PARTS; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		struct part *p = &fault.part[fault.nparts];

		if (h->p_type != PT_LOAD || !(h->p_flags & PF_X))
			continue;
		p->from = info->dlpi_addr + h->p_vaddr;
		p->to = p->from + h->p_memsz;
		p->program = name[0] == '\0' || !strncmp(name, "libc.", 5);
		p->name = name[0] == '\0' ? "program" : name;
		fault.nparts++;
	}
	return (0);
}

static void
note(const char *word, const char *name)
{
	int fd = -1, n;
	char line[128];

	n = snprintf(line, sizeof(line), "%s %s\n", word, name);
	if (fault.log != NULL)
		fd = open(
		    fault.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (writev(fd, &(struct iovec){ line, (size_t)n }, 1) < 0)
		_exit(127);
	close(fd);
}

/* Notes the way to where it crashed: functions, for addr2line. */
static void
on_crash(int signo)
{
	void *frame[32];
	char where[96];
	const char *file;
	Dl_info info;
	int i, n;

	signal(signo, SIG_DFL);
	fault.call = NULL;
	n = backtrace(frame, 32);
	for (i = 0; i < n; i++) {
		if (dladdr(frame[i], &info) == 0)
			continue;
		file = strrchr(info.dli_fname, '/');
		snprintf(where, sizeof(where), "%s %s+0x%lx",
		    info.dli_sname != NULL ? info.dli_sname : "",
		    file != NULL ? file + 1 : info.dli_fname,
		    (unsigned long)((char *)frame[i] - (char *)info.dli_fbase));
		note("crash", where);
	}
	raise(signo);
}

__attribute__((constructor)) static void
prepare(void)
{
	void *frame[1];

	backtrace(frame, 1); /* now it loads what it needs */
	signal(SIGSEGV, on_crash);
	signal(SIGABRT, on_crash);
	const char *nth = getenv("FAIL_NTH"), *error = getenv("FAIL_ERRNO");

	dl_iterate_phdr(add_parts, NULL);
	fault.log = getenv("FAIL_LOG");
	fault.from = getenv("FAIL_FROM");
	fault.error = error != NULL ? atoi(error) : ENOMEM;
	fault.nth = nth != NULL ? atoi(nth) : 0;
	fault.call = getenv("FAIL_CALL");
}

/* Does this call, of NAME, by who is at WHERE, count? Then who that is. */
static const struct part *
counts(const char *name, void *where)
{
	uintptr_t at = (uintptr_t)where;
	int i, program;

	if (fault.call == NULL || strcmp(fault.call, name) != 0)
		return (NULL);
	program = fault.from != NULL && !strcmp(fault.from, "program");
	for (i = 0; i < fault.nparts; i++) {
		const struct part *p = &fault.part[i];

		if (at >= p->from && at < p->to)
			return (fault.from == NULL || p->program == program
				? p
				: NULL);
	}
	return (NULL);
}

/* Is this the call that fails? */
static int
fails(const char *name, void *where)
{
	const struct part *p = counts(name, where);

	if (p == NULL ||
	    __atomic_add_fetch(&fault.count, 1, __ATOMIC_SEQ_CST) != fault.nth)
		return (0);
	note("reached", p->name);
	errno = fault.error;
	return (1);
}

EXPORT void *
malloc(size_t n)
{
	return (fails("allocation", __builtin_return_address(0))
		? NULL
		: __libc_malloc(n));
}

EXPORT void *
calloc(size_t n, size_t size)
{
	return (fails("allocation", __builtin_return_address(0))
		? NULL
		: __libc_calloc(n, size));
}

EXPORT void *
realloc(void *p, size_t n)
{
	return (fails("allocation", __builtin_return_address(0))
		? NULL
		: __libc_realloc(p, n));
}

/* What poll() is with _FORTIFY_SOURCE. */
EXPORT int
__poll_chk(struct pollfd *p, nfds_t n, int ms, size_t size)
{
	(void)size;
	return (
	    fails("poll", __builtin_return_address(0)) ? -1 : poll(p, n, ms));
}

/* Events and signals of the loop itself do not fail in the world. */
static int
is_socket(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode));
}

#define FAILING(type, name, params, args, failure)                             \
	FAILING_IF(1, type, name, params, args, failure)
#define FAILING_IF(when, type, name, params, args, failure)                    \
	EXPORT type name params                                                \
	{                                                                      \
		type(*next) params;                                            \
		*(void **)&next = dlsym(RTLD_NEXT, #name);                     \
		return ((when) && fails(#name, __builtin_return_address(0))    \
			? failure                                              \
			: next args);                                          \
	}

FAILING(int, socket, (int a, int b, int c), (a, b, c), -1)
FAILING(
    int, bind, (int a, const struct sockaddr *b, socklen_t c), (a, b, c), -1)
FAILING(int, listen, (int a, int b), (a, b), -1)
FAILING(int, accept, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1)
FAILING(int, accept4, (int a, struct sockaddr *b, socklen_t *c, int d),
    (a, b, c, d), -1)
FAILING(
    int, connect, (int a, const struct sockaddr *b, socklen_t c), (a, b, c), -1)
FAILING(int, setsockopt, (int a, int b, int c, const void *d, socklen_t e),
    (a, b, c, d, e), -1)
FAILING(int, getsockopt, (int a, int b, int c, void *d, socklen_t *e),
    (a, b, c, d, e), -1)
FAILING(
    int, getsockname, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1)
FAILING(
    int, getpeername, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1)
FAILING(int, shutdown, (int a, int b), (a, b), -1)
FAILING_IF(
    is_socket(a), ssize_t, read, (int a, void *b, size_t c), (a, b, c), -1)
FAILING_IF(is_socket(a), ssize_t, write, (int a, const void *b, size_t c),
    (a, b, c), -1)
FAILING_IF(is_socket(a), ssize_t, writev, (int a, const struct iovec *b, int c),
    (a, b, c), -1)
FAILING(
    ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d), -1)
FAILING(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d), -1)
FAILING(ssize_t, sendto,
    (int a, const void *b, size_t c, int d, const struct sockaddr *e,
	socklen_t f),
    (a, b, c, d, e, f), -1)
FAILING(ssize_t, recvfrom,
    (int a, void *b, size_t c, int d, struct sockaddr *e, socklen_t *f),
    (a, b, c, d, e, f), -1)
FAILING(ssize_t, sendmsg, (int a, const struct msghdr *b, int c), (a, b, c), -1)
FAILING(ssize_t, recvmsg, (int a, struct msghdr *b, int c), (a, b, c), -1)
FAILING(int, pipe, (int a[2]), (a), -1)
FAILING(pid_t, fork, (void), (), -1)
FAILING(int, epoll_create1, (int a), (a), -1)
FAILING(int, eventfd, (unsigned a, int b), (a, b), -1)
FAILING(int, poll, (struct pollfd * a, nfds_t b, int c), (a, b, c), -1)
FAILING(FILE *, fopen, (const char *a, const char *b), (a, b), NULL)
FAILING(FILE *, fdopen, (int a, const char *b), (a, b), NULL)
FAILING(int, fclose, (FILE * a), (a), EOF)
FAILING(int, rename, (const char *a, const char *b), (a, b), -1)
FAILING(int, mkdir, (const char *a, mode_t b), (a, b), -1)
FAILING(int, mkstemp, (char *a), (a), -1)
FAILING(int, dup2, (int a, int b), (a, b), -1)
FAILING(void *, mmap, (void *a, size_t b, int c, int d, int e, off_t f),
    (a, b, c, d, e, f), (void *)-1)
FAILING(pid_t, waitpid, (pid_t a, int *b, int c), (a, b, c), -1)
FAILING(int, getaddrinfo,
    (const char *a, const char *b, const struct addrinfo *c,
	struct addrinfo **d),
    (a, b, c, d), EAI_MEMORY)
FAILING(int, pthread_create,
    (pthread_t * a, const pthread_attr_t *b, void *(*c)(void *), void *d),
    (a, b, c, d), EAGAIN)
