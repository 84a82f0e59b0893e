/* A mean that forgets, in shared memory. */
#include "conformance/engine/pace.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "conformance/engine/process.h"

/* Beside 63 others, on a machine with nothing else to do, a handshake takes 30
 * to 60 ms. */
#define EASY_MS 150
#define MOST_SLOW 4
#define MOST_MS 10000
/* A handshake counts for a sixteenth. */
#define MEMORY 16

struct pace {
	atomic_uint mean_us;
};

struct pace *
pace_new(void)
{
	struct pace *p = process_shared(sizeof(*p));

	if (p == NULL)
		return NULL;
	atomic_init(&p->mean_us, 0);
	return p;
}

void
pace_free(struct pace *p)
{
	if (p != NULL)
		munmap(p, sizeof(*p));
}

static double
factor_of(unsigned us)
{
	double factor = us / (1000.0 * EASY_MS);

	if (factor < 1)
		return 1;
	return factor < MOST_SLOW ? factor : MOST_SLOW;
}

/* Of two at the same moment one may be lost, which does no harm. */
double
pace_took(struct pace *p, uint32_t ms)
{
	unsigned mean = atomic_load(&p->mean_us);
	unsigned us = 1000 * (ms < MOST_MS ? ms : MOST_MS);

	atomic_store(&p->mean_us, mean - mean / MEMORY + us / MEMORY);
	return factor_of(us);
}

double
pace_slowness(const struct pace *p)
{
	return factor_of(atomic_load(&p->mean_us));
}
