/* What processes cost, from /proc. */
#include "tools/bench/procs.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Fields of /proc/PID/stat behind the name, which may hold anything. */
struct stat_line {
	int ppid;
	unsigned long utime, stime;
	long rss_pages;
};

static bool
read_stat(const char *pid, struct stat_line *s)
{
	char path[64], line[1024], *p;
	FILE *f;
	bool ok = false;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return (false);
	if (fgets(line, sizeof(line), f) != NULL &&
	    (p = strrchr(line, ')')) != NULL)
		ok = sscanf(p + 1,
			 " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu "
			 "%*d %*d %*d %*d %*d %*d %*u %*u %ld",
			 &s->ppid, &s->utime, &s->stime, &s->rss_pages) == 4;
	fclose(f);
	return (ok);
}

static uint64_t
count_fds(const char *pid)
{
	char path[64];
	struct dirent *e;
	uint64_t n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return (0);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return (n);
}

/* CPU time of all threads, finer than the ticks of /proc. */
static double
cpu_s(const char *pid, const struct stat_line *s)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(atoi(pid), &clock) == 0 &&
	    clock_gettime(clock, &t) == 0)
		return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
	return ((double)(s->utime + s->stime) / (double)sysconf(_SC_CLK_TCK));
}

static void
add(struct proc_cost *c, const char *pid, const struct stat_line *s)
{
	c->cpu_s += cpu_s(pid, s);
	c->rss += (uint64_t)s->rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	c->nfds += count_fds(pid);
	c->nprocs++;
}

struct proc_cost
proc_cost(int pid)
{
	struct proc_cost c = { 0 };
	struct stat_line s;
	struct dirent *e;
	DIR *d = opendir("/proc");

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		if (read_stat(e->d_name, &s) &&
		    (atoi(e->d_name) == pid || s.ppid == pid))
			add(&c, e->d_name, &s);
	}
	if (d != NULL)
		closedir(d);
	return (c);
}

double
proc_machine_s(void)
{
	unsigned long long user, nice, sys;
	FILE *f = fopen("/proc/stat", "r");
	double s = 0;

	if (f == NULL)
		return (0);
	if (fscanf(f, "cpu %llu %llu %llu", &user, &nice, &sys) == 3)
		s = (double)(user + nice + sys) / (double)sysconf(_SC_CLK_TCK);
	fclose(f);
	return (s);
}
