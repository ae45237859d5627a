#include "gsp/merge.h"

#include <stdlib.h>
#include <string.h>

#include "gsp/rsync.h"

#include "base/banned.h"

void
gsp_merge_release(struct gsp_merge *m)
{
	gsp_diff_release(&m->kept);
	gsp_diff_release(&m->both);
}

/* The three trees, and the verdict on each path of the owner's changes. */
struct sides {
	const struct gsp_list *base, *edit, *game;
	struct gsp_diff home; /* what the owner changed */
	enum verdict { KEEP, THEIRS, CONFLICT } *verdict; /* of home.v[i] */
};

static bool
kept(const struct sides *s, const char *path)
{
	const struct gsp_diff_item *d = gsp_diff_find(&s->home, path);

	return d != NULL && s->verdict[d - s->home.v] == KEEP;
}

/* Path by path, as if the tree had no shape. */
static enum verdict
judge_path(const struct sides *s, const struct gsp_diff *there, const char *path)
{
	const struct gsp_entry *e, *g;

	if (gsp_diff_find(there, path) == NULL)
		return KEEP;
	e = gsp_list_find(s->edit, path);
	g = gsp_list_find(s->game, path);
	if (e == NULL && g == NULL)
		return THEIRS; /* both deleted it */
	if (e != NULL && g != NULL &&
	    (gsp_entry_same(e, g) || (e->type == 'd' && g->type == 'd')))
		return THEIRS; /* both did the same */
	return CONFLICT;
}

/* Something the owner has below what is a file or a symlink in the game's tree? */
static bool
no_directory_there(const struct sides *s, const char *path)
{
	char above[GSP_LIST_PATH_MAX];
	const struct gsp_entry *g;

	for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
		size_t len = (size_t)(p - path);

		if (len >= sizeof(above))
			return true;
		memcpy(above, path, len);
		above[len] = '\0';
		g = gsp_list_find(s->game, above);
		if (g == NULL || g->type == 'd')
			continue;
		/* unless the owner's directory stands in the file's place */
		return !kept(s, above);
	}
	return false;
}

/* Has the game's tree anything below path that the owner's deletions do not cover? */
static bool
game_lives_below(const struct sides *s, const char *path)
{
	for (size_t i = gsp_list_below(s->game, path);
	     i < s->game->n && gsp_path_under(s->game->v[i].path, path); i++)
		if (!kept(s, s->game->v[i].path))
			return true;
	return false;
}

static void
judge_shape(struct sides *s)
{
	/* from the top: whether the owner's directory stands decides what is below it */
	for (size_t i = 0; i < s->home.n; i++)
		if (s->verdict[i] == KEEP && s->home.v[i].change != GSP_REMOVED &&
		    no_directory_there(s, s->home.v[i].path))
			s->verdict[i] = CONFLICT;
	/* from the bottom: a directory the owner deleted, or made a file, may still be needed */
	for (size_t i = s->home.n; i-- > 0;) {
		const char *path = s->home.v[i].path;
		const struct gsp_entry *b = gsp_list_find(s->base, path);
		const struct gsp_entry *e = gsp_list_find(s->edit, path);

		if (s->verdict[i] != KEEP || b == NULL || b->type != 'd' ||
		    (e != NULL && e->type == 'd') || !game_lives_below(s, path))
			continue;
		s->verdict[i] = e == NULL ? THEIRS : CONFLICT;
	}
}

int
gsp_merge_make(struct gsp_merge *out, const struct gsp_list *base, const struct gsp_list *edit,
    const struct gsp_list *game, const char *const *skip, struct gsp_err *err)
{
	struct sides s = {base, edit, game, GSP_DIFF_INIT, NULL};
	struct gsp_diff there = GSP_DIFF_INIT;
	struct gsp_merge got = GSP_MERGE_INIT;
	int rc = -1;

	if (gsp_list_diff(&s.home, base, edit, err) == -1 ||
	    gsp_list_diff(&there, base, game, err) == -1)
		goto out;
	if ((s.verdict = calloc(s.home.n + 1, sizeof(*s.verdict))) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory for %zu changed paths", s.home.n);
		goto out;
	}
	for (size_t i = 0; i < s.home.n; i++)
		s.verdict[i] = gsp_path_under_any(s.home.v[i].path, skip)
		    ? THEIRS
		    : judge_path(&s, &there, s.home.v[i].path);
	judge_shape(&s);
	for (size_t i = 0; i < s.home.n; i++)
		if (s.verdict[i] != THEIRS &&
		    gsp_diff_add(s.verdict[i] == KEEP ? &got.kept : &got.both, s.home.v[i].path,
			s.home.v[i].change, err) == -1)
			goto out;
	gsp_merge_release(out);
	*out = got;
	got = (struct gsp_merge)GSP_MERGE_INIT;
	rc = 0;
out:
	gsp_merge_release(&got);
	gsp_diff_release(&s.home);
	gsp_diff_release(&there);
	free(s.verdict);
	return rc;
}

int
gsp_merge_shields(const struct gsp_merge *m, const struct gsp_list *edit,
    const struct gsp_list *game, struct gsp_buf *out, struct gsp_err *err)
{
	const char *top = NULL;

	for (size_t i = 0; i < m->kept.n; i++) {
		const char *path = m->kept.v[i].path;
		const struct gsp_entry *e = gsp_list_find(edit, path);
		const struct gsp_entry *g = gsp_list_find(game, path);

		if (top != NULL && gsp_path_under(path, top))
			continue;
		if (e != NULL && g != NULL && e->type == 'd' && g->type == 'd')
			continue; /* its mode alone: what is in it travels */
		gsp_buf_addc(out, '/');
		gsp_rsync_literal(out, path);
		gsp_buf_addc(out, '\0');
		top = path;
	}
	if (!gsp_buf_ok(out))
		return gsp_err_set(err, GSP_ELIMIT, "too many edited paths");
	return 0;
}
