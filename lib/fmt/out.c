#include "fmt/out.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/utf8.h"

#include "base/banned.h"

enum { CELL_MAX = 16384, ROW_MAX = 64 * 1024 * 1024 };

struct cell {
	char *name;
	char *text;
	bool number; /* right-aligned */
};

struct row {
	struct cell *cells;
	size_t n;
};

struct gsp_out {
	FILE *f;
	enum gsp_out_mode mode;
	struct gsp_argv fields; /* empty: all */
	struct gsp_argv keep;   /* gsp_out_fit(); empty: no limit */
	size_t columns;
	struct gsp_json *obj;   /* JSON: the row so far, or NULL */
	struct row cur;         /* table: the row so far */
	struct row *rows;
	size_t nrows;
	bool headed; /* CSV: the header was written */
	int errnum; /* first failure to write */
};

/* There is nothing sensible left to do without memory for a line of text. */
static void *
grown(void *p, size_t n, size_t size)
{
	void *q = n < SIZE_MAX / size ? realloc(p, n * size) : NULL;

	if (q == NULL)
		abort();
	return q;
}

static void
split(struct gsp_argv *out, const char *fields)
{
	while (fields != NULL && *fields != '\0') {
		size_t n = strcspn(fields, ",");

		if (n > 0)
			gsp_argv_pushf(out, "%.*s", (int)n, fields);
		fields += n + (fields[n] == ',');
	}
}

struct gsp_out *
gsp_out_new(FILE *f, enum gsp_out_mode mode, const char *fields)
{
	struct gsp_out *o = grown(NULL, 1, sizeof(*o));

	memset(o, 0, sizeof(*o));
	o->f = f;
	o->mode = mode;
	split(&o->fields, fields);
	return o;
}

void
gsp_out_fit(struct gsp_out *o, size_t columns, const char *keep)
{
	split(&o->keep, keep);
	o->columns = columns;
}

static struct gsp_json *
json_row(struct gsp_out *o)
{
	if (o->obj == NULL)
		o->obj = gsp_json_new_obj();
	return o->obj;
}

static char *
clean_text(const char *text, const char *empty)
{
	struct gsp_buf b = GSP_BUF_INIT(CELL_MAX + 8);
	const char *p = text;
	char *s;

	while (*p != '\0' && b.len < CELL_MAX) {
		size_t n = gsp_utf8_shown(p);

		if (n > 0)
			gsp_buf_add(&b, p, n);
		else
			gsp_buf_addc(&b, '?');
		p += n > 0 ? n : 1;
	}
	if (b.len == 0)
		gsp_buf_adds(&b, empty);
	if ((s = gsp_buf_take(&b)) == NULL)
		abort();
	return s;
}

static size_t
width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void
add_cell(struct gsp_out *o, const char *name, const char *text, bool number)
{
	struct cell *c;

	o->cur.cells = grown(o->cur.cells, o->cur.n + 1, sizeof(*o->cur.cells));
	c = &o->cur.cells[o->cur.n++];
	c->name = clean_text(name, "-");
	/* in a table an empty cell would shift what stands right of it */
	c->text = clean_text(text, o->mode == GSP_OUT_CSV ? "" : "-");
	c->number = number;
}

void
gsp_out_str(struct gsp_out *o, const char *name, const char *v)
{
	if (o->mode != GSP_OUT_JSON)
		add_cell(o, name, v != NULL ? v : "", false);
	else if (v != NULL)
		gsp_json_add_str(json_row(o), name, v);
	else
		gsp_json_add_null(json_row(o), name);
}

void
gsp_out_u64(struct gsp_out *o, const char *name, uint64_t v)
{
	char text[24];

	if (o->mode == GSP_OUT_JSON) {
		gsp_json_add_u64(json_row(o), name, v);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	add_cell(o, name, text, true);
}

void
gsp_out_num(struct gsp_out *o, const char *name, double v, int decimals)
{
	char text[400];

	if (o->mode == GSP_OUT_JSON) {
		gsp_json_add_num(json_row(o), name, v);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.*f", decimals, v);
	add_cell(o, name, text, true);
}

void
gsp_out_bool(struct gsp_out *o, const char *name, bool v)
{
	if (o->mode == GSP_OUT_JSON)
		gsp_json_add_bool(json_row(o), name, v);
	else
		add_cell(o, name, o->mode == GSP_OUT_CSV ? v ? "true" : "false" : v ? "yes" : "no", false);
}

void
gsp_out_pair(struct gsp_out *o, const char *name, uint64_t v, const char *text)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRIu64, v);
	if (o->mode == GSP_OUT_JSON)
		gsp_json_add_u64(json_row(o), name, v);
	else
		add_cell(o, name, o->mode == GSP_OUT_CSV ? digits : text, true);
}

static void
put(struct gsp_out *o, const char *data, size_t len)
{
	if (fwrite(data, 1, len, o->f) != len && o->errnum == 0)
		o->errnum = errno != 0 ? errno : EIO;
}

static void
end_json(struct gsp_out *o)
{
	struct gsp_buf line = GSP_BUF_INIT(ROW_MAX);
	struct gsp_json *obj = o->obj, *v;

	o->obj = NULL;
	if (o->fields.n > 0) {
		struct gsp_json *some = gsp_json_new_obj();

		for (size_t i = 0; i < o->fields.n; i++)
			if ((v = gsp_json_get(obj, o->fields.v[i])) != NULL)
				gsp_json_add_copy(some, o->fields.v[i], v);
		gsp_json_free(obj);
		obj = some;
	}
	gsp_json_print(&line, obj);
	gsp_json_free(obj);
	gsp_buf_addc(&line, '\n');
	if (!gsp_buf_ok(&line))
		abort();
	put(o, line.data, line.len);
	gsp_buf_release(&line);
	/* the next tool of a pipe goes on with this row while we work at the next */
	if (fflush(o->f) == EOF && o->errnum == 0)
		o->errnum = errno;
}

static const struct cell *
cell_of(const struct row *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->cells[i].name, name) == 0)
			return &r->cells[i];
	return NULL;
}

/* ---- CSV ---- */

static void
put_field(struct gsp_out *o, const char *text, bool is_text)
{
	struct gsp_buf b = GSP_BUF_INIT(2 * CELL_MAX + 64);
	bool formula = is_text && text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
	bool quoted = text[strcspn(text, "\",")] != '\0';

	if (quoted)
		gsp_buf_addc(&b, '"');
	if (formula)
		gsp_buf_addc(&b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			gsp_buf_addc(&b, '"');
		gsp_buf_addc(&b, *text);
	}
	gsp_buf_adds(&b, quoted ? "\"" : "");
	if (!gsp_buf_ok(&b))
		abort();
	put(o, gsp_buf_str(&b), b.len);
	gsp_buf_release(&b);
}

static void
row_release(struct row *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->cells[i].name);
		free(r->cells[i].text);
	}
	free(r->cells);
	memset(r, 0, sizeof(*r));
}

/* The fields of a row that are wanted, in order: their names, or what they hold. */
static void
put_csv(struct gsp_out *o, bool names)
{
	size_t n = o->fields.n > 0 ? o->fields.n : o->cur.n;
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		const struct cell *c = o->fields.n > 0 ? cell_of(&o->cur, o->fields.v[i]) : &o->cur.cells[i];

		if (c == NULL)
			continue;
		if (!first)
			put(o, ",", 1);
		first = false;
		put_field(o, names ? c->name : c->text, names || !c->number);
	}
	put(o, "\r\n", 2);
}

static void
end_csv(struct gsp_out *o, bool head)
{
	if (!o->headed)
		put_csv(o, true);
	o->headed = true;
	if (!head)
		put_csv(o, false);
	row_release(&o->cur);
}

void
gsp_out_head(struct gsp_out *o)
{
	gsp_json_free(o->obj);
	o->obj = NULL;
	if (o->mode == GSP_OUT_CSV)
		end_csv(o, true);
	row_release(&o->cur);
}

void
gsp_out_end(struct gsp_out *o)
{
	if (o->obj != NULL)
		end_json(o);
	if (o->cur.n == 0)
		return;
	if (o->mode == GSP_OUT_CSV) {
		end_csv(o, false);
		return;
	}
	o->rows = grown(o->rows, o->nrows + 1, sizeof(*o->rows));
	o->rows[o->nrows++] = o->cur;
	memset(&o->cur, 0, sizeof(o->cur));
}

/* The names of the columns, in order. */
static void
columns(const struct gsp_out *o, struct gsp_argv *names)
{
	for (size_t i = 0; i < o->fields.n; i++)
		if (cell_of(&o->rows[0], o->fields.v[i]) != NULL)
			gsp_argv_push(names, o->fields.v[i]);
	for (size_t i = 0; o->fields.n == 0 && i < o->rows[0].n; i++)
		gsp_argv_push(names, o->rows[0].cells[i].name);
	if (names->failed)
		abort();
}

static void
put_cell(struct gsp_out *o, const char *text, bool right, size_t wide, bool last)
{
	size_t n = width(text), pad = wide > n ? wide - n : 0;

	for (size_t i = 0; right && i < pad; i++)
		put(o, " ", 1);
	put(o, text, strlen(text));
	for (size_t i = 0; !right && !last && i < pad; i++)
		put(o, " ", 1);
	if (last)
		put(o, "\n", 1);
	else
		put(o, "  ", 2);
}

static size_t
column_width(const struct gsp_out *o, const char *name)
{
	size_t wide = width(name);
	const struct cell *c;

	for (size_t r = 0; r < o->nrows; r++)
		if ((c = cell_of(&o->rows[r], name)) != NULL && width(c->text) > wide)
			wide = width(c->text);
	return wide;
}

/* Which columns there is room for. */
static void
fit(const struct gsp_out *o, struct gsp_argv *names)
{
	struct gsp_argv some = GSP_ARGV_INIT;
	bool *show = grown(NULL, names->n + 1, sizeof(*show));
	size_t used = 0, wide, i;

	memset(show, 0, (names->n + 1) * sizeof(*show));
	for (size_t k = 0; k < o->keep.n; k++) {
		for (i = 0; i < names->n && strcmp(names->v[i], o->keep.v[k]) != 0; i++)
			;
		if (i == names->n)
			continue;
		wide = column_width(o, names->v[i]) + (used > 0 ? 2 : 0);
		if (used > 0 && used + wide > o->columns)
			continue;
		show[i] = true;
		used += wide;
	}
	for (i = 0; i < names->n; i++)
		if (show[i])
			gsp_argv_push(&some, names->v[i]);
	if (some.failed)
		abort();
	free(show);
	gsp_argv_release(names);
	*names = some;
}

static void
print_table(struct gsp_out *o, const struct gsp_argv *names)
{
	size_t *wide = grown(NULL, names->n, sizeof(*wide));
	const struct cell *c;

	for (size_t i = 0; i < names->n; i++)
		wide[i] = column_width(o, names->v[i]);
	for (size_t i = 0; i < names->n; i++) {
		char *head = clean_text(names->v[i], "-");

		for (char *p = head; *p != '\0'; p++)
			*p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
		put_cell(o, head, cell_of(&o->rows[0], names->v[i])->number, wide[i],
		    i + 1 == names->n);
		free(head);
	}
	for (size_t r = 0; r < o->nrows; r++)
		for (size_t i = 0; i < names->n; i++) {
			c = cell_of(&o->rows[r], names->v[i]);
			put_cell(o, c != NULL ? c->text : "-", c != NULL && c->number, wide[i],
			    i + 1 == names->n);
		}
	free(wide);
}

int
gsp_out_flush(struct gsp_out *o, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;

	if (o->nrows > 0) {
		columns(o, &names);
		if (o->keep.n > 0)
			fit(o, &names);
		if (names.n > 0)
			print_table(o, &names);
		gsp_argv_release(&names);
	}
	for (size_t i = 0; i < o->nrows; i++)
		row_release(&o->rows[i]);
	o->nrows = 0;
	if ((fflush(o->f) == EOF || ferror(o->f)) && o->errnum == 0)
		o->errnum = errno != 0 ? errno : EIO;
	if (o->errnum != 0)
		return gsp_err_sys(err, GSP_EIO, o->errnum, "cannot write the output");
	return 0;
}

int
gsp_out_free(struct gsp_out *o, struct gsp_err *err)
{
	int rc;

	if (o == NULL)
		return 0;
	rc = gsp_out_flush(o, err);
	row_release(&o->cur);
	free(o->rows);
	gsp_json_free(o->obj);
	gsp_argv_release(&o->fields);
	gsp_argv_release(&o->keep);
	free(o);
	return rc;
}
