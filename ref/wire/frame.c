/* The splitter: frames out of bytes that are cut anywhere. */
#include "ref/wire/frame.h"

/* Adds to the header held. True when it is complete. */
static bool
collect_header(struct atls_splitter *sp, struct atls_bytes *in)
{
	size_t n = ATLS_FRAME_HEADER - (size_t)sp->nheader;

	if (n > in->len)
		n = in->len;
	if (n == 0)
		return (false);
	memcpy(sp->header + sp->nheader, in->p, n);
	atls_bytes_skip(in, n);
	sp->nheader = (uint8_t)(sp->nheader + n);
	if (sp->nheader < ATLS_FRAME_HEADER)
		return (false);
	sp->left = atls_frame_get(sp->header).len;
	return (true);
}

bool
atls_splitter_rest(
    struct atls_splitter *sp, struct atls_bytes *in, struct atls_part *part)
{
	struct atls_frame f;
	size_t n;

	if (sp->nheader < ATLS_FRAME_HEADER && !collect_header(sp, in))
		return (false);
	f = atls_frame_get(sp->header);
	/* A frame without data has its one part here; others wait for data. */
	if (in->len == 0 && sp->left != 0)
		return (false);
	n = in->len < sp->left ? in->len : sp->left;
	part->frame = f;
	part->offset = (uint16_t)(f.len - sp->left);
	part->data = atls_bytes(in->p, n);
	part->last = n == sp->left;
	atls_bytes_skip(in, n);
	sp->left = (uint16_t)(sp->left - n);
	if (sp->left == 0)
		sp->nheader = 0;
	return (true);
}
