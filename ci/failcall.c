/*
 * Preloaded into a program under test: the FAIL_NTH-th call of the function
 * FAIL_CALL fails with FAIL_ERRNO. Says so on file FAIL_LOG, so that a test
 * knows whether the call was reached.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Events and signals of the loop itself do not fail in the world. */
static int
is_socket(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode));
}

/* Is this call of NAME the one that fails? */
static int
fails(const char *name)
{
	const char *call = getenv("FAIL_CALL"), *nth = getenv("FAIL_NTH");
	const char *log = getenv("FAIL_LOG"), *no = getenv("FAIL_ERRNO");
	static int count;
	int fd;

	if (call == NULL || nth == NULL || strcmp(call, name) != 0)
		return (0);
	if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) != atoi(nth))
		return (0);
	fd = log != NULL ? creat(log, 0600) : -1;
	if (fd >= 0)
		close(fd);
	errno = no != NULL ? atoi(no) : ENOMEM;
	return (1);
}

#define FAILING(type, name, params, args, failure)                             \
	FAILING_IF(1, type, name, params, args, failure)
#define FAILING_IF(when, type, name, params, args, failure)                    \
	type name params                                                       \
	{                                                                      \
		type(*next) params;                                            \
		*(void **)&next = dlsym(RTLD_NEXT, #name);                     \
		return ((when) && fails(#name) ? failure : next args);         \
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
FAILING(
    int, getsockname, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1)
FAILING_IF(
    is_socket(a), ssize_t, read, (int a, void *b, size_t c), (a, b, c), -1)
FAILING_IF(is_socket(a), ssize_t, write, (int a, const void *b, size_t c),
    (a, b, c), -1)
FAILING(
    ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d), -1)
FAILING(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d), -1)
FAILING(int, pipe, (int *a), (a), -1)
FAILING(pid_t, fork, (void), (), -1)
FAILING(int, epoll_create1, (int a), (a), -1)
FAILING(int, eventfd, (unsigned a, int b), (a, b), -1)
