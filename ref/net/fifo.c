/* Bytes that wait for a socket. */
#include "ref/net/fifo.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FIRST 16384

int
fifo_add(struct fifo *f, struct atls_bytes data)
{
	size_t cap = f->cap == 0 ? FIRST : f->cap;
	uint8_t *p;

	if (data.len == 0)
		return (0);
	/* Moves to the front only when half of the room is won, so that each
	 * byte moves once or so. */
	if (f->start >= f->cap / 2 && f->start != 0) {
		memmove(f->p, f->p + f->start, f->len);
		f->start = 0;
	}
	while (cap - f->start < f->len + data.len)
		cap *= 2;
	if (cap != f->cap) {
		p = realloc(f->p, cap);
		if (p == NULL)
			return (ATLS_E_NOMEM);
		f->p = p;
		f->cap = cap;
	}
	memcpy(f->p + f->start + f->len, data.p, data.len);
	f->len += data.len;
	return (0);
}

struct atls_bytes
fifo_peek(const struct fifo *f)
{
	if (f->len == 0)
		return (atls_bytes(NULL, 0));
	return (atls_bytes(f->p + f->start, f->len));
}

void
fifo_drop(struct fifo *f, size_t n)
{
	f->start += n;
	f->len -= n;
	if (f->len == 0)
		fifo_free(f);
}

void
fifo_free(struct fifo *f)
{
	free(f->p);
	memset(f, 0, sizeof(*f));
}

/* One sendmsg. Returns bytes taken, 0 when the socket is full. */
static int
send_some(int fd, struct iovec *iov, size_t n, size_t *taken)
{
	struct msghdr m;
	ssize_t r;

	memset(&m, 0, sizeof(m));
	m.msg_iov = iov;
	m.msg_iovlen = n;
	do
		r = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return (ATLS_E_IO);
	*taken = r < 0 ? 0 : (size_t)r;
	return (0);
}

int
fifo_write(struct fifo *f, int fd, struct iovec *iov, size_t n)
{
	struct iovec own;
	size_t taken = 0, i;
	int r;

	if (f->len != 0) {
		own.iov_base = f->p + f->start;
		own.iov_len = f->len;
		r = send_some(fd, &own, 1, &taken);
		if (r < 0)
			return (r);
		fifo_drop(f, taken);
		taken = 0;
	}
	if (n != 0 && f->len == 0) {
		r = send_some(fd, iov, n, &taken);
		if (r < 0)
			return (r);
	}
	for (i = 0; i < n; i++) {
		struct atls_bytes b =
		    atls_bytes(iov[i].iov_base, iov[i].iov_len);
		size_t skip = taken < b.len ? taken : b.len;

		atls_bytes_skip(&b, skip);
		taken -= skip;
		r = fifo_add(f, b);
		if (r < 0)
			return (r);
	}
	return (0);
}
