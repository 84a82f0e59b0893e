/* What processes cost: CPU seconds and resident memory, from /proc. */
#ifndef BENCH_PROCS_H
#define BENCH_PROCS_H

#include <stdint.h>

struct proc_cost {
	double cpu_s;    /* user and system, of the process and its children */
	uint64_t rss;    /* bytes */
	uint64_t nfds;   /* open descriptors */
	unsigned nprocs; /* 0: there is no such process */
};

/* Cost of PID and, one level deep, of the processes it started. */
struct proc_cost proc_cost(int pid);

/* CPU seconds that all processes of the machine have used. */
double proc_machine_s(void);

#endif
