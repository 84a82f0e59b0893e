/* The progress line. */
#include "conformance/engine/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVERY_MS 100
#define LINE 256

void
progress_begin(struct progress *p, FILE *out)
{
	const char *term = getenv("TERM");

	memset(p, 0, sizeof(*p));
	if (out != NULL && isatty(fileno(out)) && term != NULL &&
	    strcmp(term, "dumb") != 0)
		p->out = out;
}

static size_t
columns_of(FILE *out)
{
	struct winsize w;

	if (ioctl(fileno(out), TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 80;
	return w.ws_col;
}

void
progress_text(
    const struct progress_state *s, size_t columns, char *out, size_t size)
{
	char slowest[LINE] = "", left[64] = "";

	if (s->slowest != NULL)
		snprintf(slowest, sizeof(slowest), ", %s %.1f of %.0f s",
		    s->slowest, (double)s->slowest_ms / 1000,
		    s->budget_ms / 1000.0);
	if (s->has_deadline)
		snprintf(left, sizeof(left), ", %.0f s left",
		    (double)s->left_ms / 1000);
	snprintf(out, size, "%zu/%zu done, %zu running, %u failed%s%s", s->done,
	    s->total, s->running, s->failed, left, slowest);
	/* A line that fills the last column would wrap on some. */
	if (columns > 0 && strlen(out) >= columns)
		out[columns - 1] = '\0';
}

void
progress_draw(
    struct progress *p, const struct progress_state *s, uint64_t now_ms)
{
	char text[2 * LINE];

	if (p->out == NULL || (p->visible && now_ms < p->drawn_ms + EVERY_MS))
		return;
	progress_text(s, columns_of(p->out), text, sizeof(text));
	fprintf(p->out, "\r\033[K%s", text);
	fflush(p->out);
	p->visible = true;
	p->drawn_ms = now_ms;
}

void
progress_hide(struct progress *p)
{
	if (p->out == NULL || !p->visible)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->visible = false;
}
