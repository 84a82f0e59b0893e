/* A counter in shared memory. */
#include "conformance/engine/ports.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conformance/engine/process.h"
#include "conformance/engine/test.h"

/* Where most systems hand out ports themselves, above those of targets. */
#define PORTS_FROM 33000u
#define PORTS 27000u
#define SPREAD 7919u /* of runs that begin together */

struct ports {
	atomic_uint given;
};

struct ports *
ports_new(void)
{
	struct ports *p = process_shared(sizeof(*p));

	if (p == NULL)
		return NULL;
	atomic_init(&p->given,
	    ((unsigned)t_now() + (unsigned)getpid() * SPREAD) % PORTS);
	return p;
}

void
ports_free(struct ports *p)
{
	if (p != NULL)
		munmap(p, sizeof(*p));
}

uint16_t
ports_next(struct ports *p)
{
	unsigned n = atomic_fetch_add(&p->given, 1);

	return (uint16_t)(PORTS_FROM + n % PORTS);
}
