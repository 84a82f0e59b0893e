/* What every forked process of the engine has in common. */
#ifndef ENGINE_PROCESS_H
#define ENGINE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* pipe() with close-on-exec; 0 or -1 with errno. */
int process_pipe(int fd[2]);

/* SIZE zeroed bytes that the processes forked later share, for munmap(); NULL
 * when there are none to be had. */
void *process_shared(size_t size);

/*
 * In the child: default signal handling, nothing on standard input, dies when
 * its parent dies (where the system can do that), and, with OWN_GROUP, a
 * process group of its own.
 */
void process_become_child(bool own_group);

/*
 * How much longer than usual things may take just now: 1 on a machine that has
 * at most 8 processes to run on each of its processors, up to 3 with more.
 */
double process_slowness(void);

/* Waits at most MS for PID to end: true with *STATUS. */
bool process_wait(pid_t pid, int ms, int *status);

/* True of an errno that says what this machine lacks (descriptors, memory), and
 * nothing of a peer. */
bool process_lacks(int error);

/* "killed by SIGSEGV", "exit status 3". */
void process_describe(int status, char *out, size_t size);

#endif
