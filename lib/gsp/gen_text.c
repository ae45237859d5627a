/* The text of a .gsp file: a first line of JSON, then the list. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "fmt/json.h"
#include "gsp/history_priv.h"

#include "base/banned.h"

static const char schema[] = "gsp.generation/1";

/* How many moving paths are named; a first line has a ceiling, and paths are up to 4 KiB. */
#define MOVING_NAMED 50

static const char *const kind_names[] = {
    [GSP_GEN_DOWN] = "down",
    [GSP_GEN_EDIT] = "edit",
    [GSP_GEN_IMPORT] = "import",
    [GSP_GEN_RESTORE] = "restore",
    [GSP_GEN_LIVE] = "live",
    [GSP_GEN_KILLED] = "killed",
};
#define KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

const char *
gsp_gen_kind_name(enum gsp_gen_kind k)
{
	return (size_t)k < KINDS ? kind_names[k] : "?";
}

int
gsp_gen_kind_parse(enum gsp_gen_kind *out, const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kind_names[i], name) == 0) {
			*out = (enum gsp_gen_kind)i;
			return 0;
		}
	return -1;
}

static void
add_paths(struct gsp_json *o, const char *key, const char *const *paths)
{
	struct gsp_json *a = gsp_json_add_arr(o, key);

	for (; paths != NULL && *paths != NULL; paths++)
		gsp_json_add_str(a, NULL, *paths);
}

/* A copy that was torn says so itself, with the first names: the list below has no room for it. */
static void
add_moving(struct gsp_json *o, const struct gsp_diff *moving)
{
	struct gsp_json *a;

	gsp_json_add_u64(o, "moving", moving->n);
	a = gsp_json_add_arr(o, "moving_paths");
	for (size_t i = 0; i < moving->n && i < MOVING_NAMED; i++)
		gsp_json_add_str(a, NULL, moving->v[i].path);
}

void
gsp_gen_print(struct gsp_buf *out, const struct gsp_gen *g, const struct gsp_gen_meta *meta,
    const struct gsp_history *h, const struct gsp_list *list)
{
	struct gsp_json *o = gsp_json_new_obj();

	gsp_json_add_str(o, "schema", schema);
	gsp_json_add_u64(o, "number", g->number);
	gsp_json_add_u64(o, "parent", g->parent);
	gsp_json_add_str(o, "kind", gsp_gen_kind_name(g->kind));
	gsp_json_add_time(o, "time", g->time);
	gsp_json_add_str(o, "home", h->home_id);
	gsp_json_add_str(o, "server", h->server);
	gsp_json_add_str(o, "session", g->session);
	gsp_json_add_str(o, "actor", g->actor);
	gsp_json_add_bool(o, "accepted", g->accepted);
	if (meta->suspect != NULL && meta->suspect[0] != '\0')
		gsp_json_add_str(o, "suspect", meta->suspect);
	if (meta->moving != NULL)
		add_moving(o, meta->moving);
	gsp_json_add_u64(o, "files", g->files);
	gsp_json_add_u64(o, "bytes", g->bytes);
	gsp_json_add_u64(o, "entries", list->n);
	add_paths(o, "exclude", h->exclude);
	add_paths(o, "push", h->push);
	gsp_json_add_str(o, "checksum", "xxh128");
	gsp_json_print(out, o);
	gsp_json_free(o);
	gsp_buf_addc(out, '\n');
	gsp_list_print(out, list);
}

static int
parse_first(struct gsp_gen *g, uint64_t *entries, const struct gsp_json *o, struct gsp_err *err)
{
	const char *s;

	memset(g, 0, sizeof(*g));
	if (gsp_json_need_str(&s, o, "schema", err) == -1)
		return -1;
	if (strcmp(s, schema) != 0)
		return gsp_err_set(err, GSP_EIO, "schema '%s' is not '%s'", s, schema);
	if (gsp_json_need_u64(&g->number, o, "number", err) == -1 ||
	    gsp_json_need_u64(&g->parent, o, "parent", err) == -1 ||
	    gsp_json_need_u64(&g->files, o, "files", err) == -1 ||
	    gsp_json_need_u64(&g->bytes, o, "bytes", err) == -1 ||
	    gsp_json_need_u64(entries, o, "entries", err) == -1 ||
	    gsp_json_need_str(&s, o, "kind", err) == -1)
		return -1;
	if (gsp_gen_kind_parse(&g->kind, s) == -1)
		return gsp_err_set(err, GSP_EIO, "unknown kind '%s'", s);
	if (gsp_json_need_str(&s, o, "time", err) == -1)
		return -1;
	if (gsp_clock_parse(&g->time, s) == -1)
		return gsp_err_set(err, GSP_EIO, "unreadable time '%s'", s);
	gsp_json_copy(g->home, sizeof(g->home), o, "home");
	gsp_json_copy(g->session, sizeof(g->session), o, "session");
	gsp_json_copy(g->actor, sizeof(g->actor), o, "actor");
	g->accepted = gsp_json_bool(o, "accepted", false);
	g->moving = gsp_json_u64(o, "moving", 0);
	return 0;
}

static int
check_counts(const struct gsp_gen *g, uint64_t entries, const struct gsp_list *list,
    struct gsp_err *err)
{
	uint64_t files, bytes;

	gsp_list_sum(list, "", &files, &bytes);
	if (list->n == entries && files == g->files && bytes == g->bytes)
		return 0;
	return gsp_err_set(err, GSP_EIO,
	    "line 1 promises %" PRIu64 " paths, %" PRIu64 " files, %" PRIu64
	    " bytes, but the lines below are %zu, %" PRIu64 ", %" PRIu64,
	    entries, g->files, g->bytes, list->n, files, bytes);
}

int
gsp_gen_parse(struct gsp_gen *g, struct gsp_list *list, const char *text, size_t len,
    struct gsp_err *err)
{
	const char *nl = len == 0 ? NULL : memchr(text, '\n', len);
	struct gsp_json *o = NULL;
	uint64_t entries = 0;
	struct gsp_gen got;
	int rc = -1;

	if (nl == NULL || (size_t)(nl - text) > GSP_GEN_LINE_MAX)
		return gsp_err_set(err, GSP_EIO, "line 1 has no end");
	if (gsp_json_parse(&o, text, (size_t)(nl - text), err) == -1 ||
	    parse_first(&got, &entries, o, err) == -1) {
		err->code = GSP_EIO; /* damage on disk, whoever noticed it */
		gsp_err_wrap(err, "line 1");
		goto out;
	}
	if (list != NULL) {
		size_t rest = len - (size_t)(nl + 1 - text);

		if (gsp_list_parse(list, nl + 1, rest, err) == -1)
			goto out;
		if (check_counts(&got, entries, list, err) == -1) {
			gsp_list_release(list);
			goto out;
		}
	}
	*g = got;
	rc = 0;
out:
	gsp_json_free(o);
	return rc;
}
