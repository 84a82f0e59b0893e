/* Statistics of drawn sizes, with known error rates. No libm. */
#include <string.h>

#include "ref/wire/shape.h"

void
atls_shape_stats_init(struct atls_shape_stats *st, uint32_t low, uint32_t high,
    uint32_t *sizes, size_t cap)
{
	*st = (struct atls_shape_stats){ low, high, sizes, cap, 0 };
}

bool
atls_shape_stats_add(struct atls_shape_stats *st, uint32_t size)
{
	size_t i = st->n;

	if (st->n == st->cap)
		return (false);
	while (i != 0 && st->sizes[i - 1] > size)
		i--;
	memmove(&st->sizes[i + 1], &st->sizes[i],
	    (st->n - i) * sizeof(st->sizes[0]));
	st->sizes[i] = size;
	st->n++;
	return (true);
}

enum atls_shape_answer
atls_shape_stats_bounds(const struct atls_shape_stats *st)
{
	if (st->n == 0)
		return (ATLS_SHAPE_UNKNOWN);
	return (st->sizes[0] >= st->low && st->sizes[st->n - 1] <= st->high
		? ATLS_SHAPE_YES
		: ATLS_SHAPE_NO);
}

enum atls_shape_answer
atls_shape_stats_random(
    const struct atls_shape_stats *st, double alpha, double *chance)
{
	double values = (double)st->high - (double)st->low;
	double p = 1;
	size_t i;

	if (chance != NULL)
		*chance = 1;
	if (st->n != 0 && st->sizes[0] != st->sizes[st->n - 1])
		return (ATLS_SHAPE_YES);
	if (values < 2)
		return (ATLS_SHAPE_UNKNOWN);
	for (i = 1; i < st->n && p > 0; i++)
		p /= values;
	if (chance != NULL)
		*chance = p;
	return (st->n > 1 && p <= alpha ? ATLS_SHAPE_NO : ATLS_SHAPE_UNKNOWN);
}

/* The natural logarithm of X, at least 1. */
static double
log_of(double x)
{
	const double ln2 = 0.69314718055994530942;
	double sum = 0;
	double z;
	double power;
	unsigned i;

	while (x > 2) {
		x /= 2;
		sum += ln2;
	}
	/* ln x = 2 artanh((x - 1) / (x + 1)), and that is at most 1/3. */
	z = (x - 1) / (x + 1);
	power = 2 * z;
	for (i = 1; i < 40; i += 2) {
		sum += power / i;
		power *= z * z;
	}
	return (sum);
}

size_t
atls_shape_stats_need(double alpha, double bound)
{
	double need = log_of(2 / alpha) / (2 * bound * bound);
	size_t n;

	if (need >= (double)(SIZE_MAX / 2))
		return (SIZE_MAX);
	n = (size_t)need;
	return ((double)n < need ? n + 1 : n);
}

/* The even distribution over VALUES integers from LOW on, up to SIZE. */
static double
even_below(double size, double low, double values)
{
	double f = (size - low + 1) / values;

	return (f < 0 ? 0 : f > 1 ? 1 : f);
}

/*
 * The greatest difference to the even distribution: it is reached at a size
 * that was drawn, or just below one.
 */
static double
distance_to_even(const struct atls_shape_stats *st, double values)
{
	double low = st->low;
	double n = (double)st->n;
	double max = 0;
	size_t i;
	size_t next;

	for (i = 0; i < st->n; i = next) {
		double size = st->sizes[i];
		double above;
		double below;

		for (next = i; next < st->n; next++) {
			if (st->sizes[next] != st->sizes[i])
				break;
		}
		above = (double)next / n - even_below(size, low, values);
		below = even_below(size - 1, low, values) - (double)i / n;
		above = above < 0 ? -above : above;
		below = below < 0 ? -below : below;
		max = above > max ? above : max;
		max = below > max ? below : max;
	}
	return (max);
}

enum atls_shape_answer
atls_shape_stats_even(const struct atls_shape_stats *st, double alpha,
    double bound, double *distance)
{
	double values = (double)st->high - (double)st->low;
	double d;
	double inclusive;

	if (values < 2 || st->n == 0 ||
	    st->n < atls_shape_stats_need(alpha, bound))
		return (ATLS_SHAPE_UNKNOWN);
	d = distance_to_even(st, values);
	inclusive = distance_to_even(st, values + 1);
	if (inclusive < d)
		d = inclusive;
	if (distance != NULL)
		*distance = d;
	return (d > bound ? ATLS_SHAPE_NO : ATLS_SHAPE_YES);
}
