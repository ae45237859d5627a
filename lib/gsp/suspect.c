#include "gsp/suspect.h"

#include <inttypes.h>
#include <string.h>

#include "base/num.h"

#include "base/banned.h"

struct weight {
	uint64_t files, bytes;
	bool there;
};

/* What lies at or below top ("" is everything), without the push paths. */
static struct weight
weigh(const struct gsp_list *l, const char *top, const char *const *push)
{
	struct weight w = {0, 0, *top == '\0'};

	for (size_t i = 0; l != NULL && i < l->n; i++) {
		const struct gsp_entry *e = &l->v[i];

		if ((*top != '\0' && !gsp_path_under(e->path, top)) ||
		    gsp_path_under_any(e->path, push))
			continue;
		w.there = true;
		if (e->type == 'd')
			continue;
		w.files++;
		/* a symlink weighs something, but what: a proof's list does not know its target */
		w.bytes += e->type == 'l' ? 1 : e->size;
	}
	return w;
}

static void
say(struct gsp_buf *reasons, const char *top)
{
	if (reasons->len > 0)
		gsp_buf_adds(reasons, "; ");
	if (*top != '\0')
		gsp_buf_addf(reasons, "the save path '%s' ", top);
	else
		gsp_buf_adds(reasons, "the saved tree ");
}

/* Less than half of what was; without a product that could overflow. */
static bool
halved(uint64_t was, uint64_t is)
{
	return is < was - was / 2;
}

/* "101 B in 5 files" */
static void
amount(struct gsp_buf *out, const struct weight *w)
{
	char size[32];

	gsp_buf_addf(out, "%s in %" PRIu64 " file%s", gsp_num_bytes(size, sizeof(size), w->bytes),
	    w->files, w->files == 1 ? "" : "s");
}

static void
shrunk(const struct weight *was, const struct weight *is, struct gsp_buf *reasons)
{
	bool bytes = halved(was->bytes, is->bytes), files = halved(was->files, is->files);

	gsp_buf_addf(reasons, "shrank by more than half in %s%s%s: from ", bytes ? "bytes" : "",
	    bytes && files ? " and " : "", files ? "files" : "");
	amount(reasons, was);
	gsp_buf_adds(reasons, " to ");
	amount(reasons, is);
}

static bool
doubt(const char *top, const struct weight *was, const struct weight *is,
    struct gsp_buf *reasons)
{
	if (is->there && is->files > 0 && is->bytes > 0) {
		if (!halved(was->bytes, is->bytes) && !halved(was->files, is->files))
			return false;
		say(reasons, top);
		shrunk(was, is, reasons);
		return true;
	}
	say(reasons, top);
	if (!is->there)
		gsp_buf_adds(reasons, "is not there");
	else if (is->files == 0)
		gsp_buf_adds(reasons, "holds no file");
	else
		gsp_buf_addf(reasons, "holds only empty files: %" PRIu64 " of them", is->files);
	if (was->files > 0) {
		gsp_buf_adds(reasons, " (before: ");
		amount(reasons, was);
		gsp_buf_adds(reasons, ")");
	}
	return true;
}

int
gsp_suspect_check(const struct gsp_list *parent, const struct gsp_list *now,
    const char *const *saves, const char *const *push, struct gsp_buf *reasons, bool *suspect,
    struct gsp_err *err)
{
	static const char *const whole[] = {"", NULL};

	*suspect = false;
	if (saves == NULL || saves[0] == NULL)
		saves = whole;
	for (; *saves != NULL; saves++) {
		struct weight was = weigh(parent, *saves, push);
		struct weight is = weigh(now, *saves, push);

		if (doubt(*saves, &was, &is, reasons))
			*suspect = true;
	}
	return gsp_buf_ok(reasons)
	    ? 0
	    : gsp_err_set(err, GSP_ELIMIT, "too many reasons why the save is suspect");
}
