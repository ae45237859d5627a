#include "fmt/yaml.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/banned.h"

struct gsp_yaml_doc {
	char *name;
	struct gsp_yaml *root;
	size_t nodes;
};

/* What is being built: the open lists and maps, innermost last. */
struct builder {
	struct gsp_yaml_doc *doc;
	struct gsp_yaml *open[GSP_YAML_DEPTH];
	struct gsp_yaml *last[GSP_YAML_DEPTH]; /* newest child of each */
	size_t depth;
	char *key; /* read, its value is next */
	size_t key_line, key_column;
};

static int
no_memory(struct gsp_err *err)
{
	return gsp_err_set(err, GSP_ESYS, "out of memory");
}

__attribute__((format(printf, 5, 0))) static int
place_err(struct gsp_err *err, const struct gsp_yaml_doc *doc, size_t line, size_t column,
    const char *fmt, va_list ap)
{
	char why[GSP_ERR_MAX];

	(void)vsnprintf(why, sizeof(why), fmt, ap);
	if (line == 0)
		return gsp_err_set(err, GSP_ECONFIG, "%s: %s", doc->name, why);
	return gsp_err_set(err, GSP_ECONFIG, "%s:%zu:%zu: %s", doc->name, line, column, why);
}

__attribute__((format(printf, 4, 5))) static int
event_err(struct gsp_err *err, const struct gsp_yaml_doc *doc, const yaml_event_t *ev,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)place_err(err, doc, ev->start_mark.line + 1, ev->start_mark.column + 1, fmt, ap);
	va_end(ap);
	return -1;
}

int
gsp_yaml_err(struct gsp_err *err, const struct gsp_yaml *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)place_err(err, v->doc, v->line, v->column, fmt, ap);
	va_end(ap);
	return -1;
}

int
gsp_yaml_key_err(struct gsp_err *err, const struct gsp_yaml *v, const char *fmt, ...)
{
	bool keyed = v->key != NULL;
	va_list ap;

	va_start(ap, fmt);
	(void)place_err(err, v->doc, keyed ? v->key_line : v->line,
	    keyed ? v->key_column : v->column, fmt, ap);
	va_end(ap);
	return -1;
}

static int
doc_new(struct gsp_yaml_doc **out, const char *name, struct gsp_err *err)
{
	struct gsp_yaml_doc *doc = calloc(1, sizeof(*doc));

	if (doc == NULL || (doc->name = strdup(name)) == NULL) {
		free(doc);
		return no_memory(err);
	}
	*out = doc;
	return 0;
}

/* Hang a new node below the innermost open one. */
static int
attach(struct builder *b, struct gsp_yaml **out, enum gsp_yaml_kind kind, const char *text,
    struct gsp_err *err)
{
	struct gsp_yaml *v, *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL;

	if (++b->doc->nodes > GSP_YAML_NODES)
		return gsp_err_set(err, GSP_ELIMIT, "%s: more than %d values", b->doc->name,
		    GSP_YAML_NODES);
	if ((v = calloc(1, sizeof(*v))) == NULL)
		return no_memory(err);
	if (text != NULL && (v->text = strdup(text)) == NULL) {
		free(v);
		return no_memory(err);
	}
	v->kind = kind;
	v->doc = b->doc;
	v->key = b->key;
	v->key_line = b->key_line;
	v->key_column = b->key_column;
	b->key = NULL;
	if (parent == NULL) {
		assert(b->doc->root == NULL);
		b->doc->root = v;
	} else {
		if (b->last[b->depth - 1] != NULL)
			b->last[b->depth - 1]->next = v;
		else
			parent->first = v;
		b->last[b->depth - 1] = v;
		parent->count++;
	}
	*out = v;
	return 0;
}

static void
enter(struct builder *b, struct gsp_yaml *v)
{
	assert(b->depth < GSP_YAML_DEPTH);
	b->open[b->depth] = v;
	b->last[b->depth] = NULL;
	b->depth++;
}

static bool
key_wanted(const struct builder *b)
{
	return b->depth > 0 && b->open[b->depth - 1]->kind == GSP_YAML_MAP && b->key == NULL;
}

static int
take_key(struct builder *b, const yaml_event_t *ev, const char *text, struct gsp_err *err)
{
	if (*text == '\0')
		return event_err(err, b->doc, ev, "empty key");
	if (gsp_yaml_get(b->open[b->depth - 1], text) != NULL)
		return event_err(err, b->doc, ev, "key '%.64s' is there twice", text);
	if ((b->key = strdup(text)) == NULL)
		return no_memory(err);
	b->key_line = ev->start_mark.line + 1;
	b->key_column = ev->start_mark.column + 1;
	return 0;
}

static int
on_scalar(struct builder *b, const yaml_event_t *ev, struct gsp_err *err)
{
	const char *text = (const char *)ev->data.scalar.value;
	struct gsp_yaml *v;

	if (ev->data.scalar.anchor != NULL)
		return event_err(err, b->doc, ev, "anchors (&) are not supported");
	if (ev->data.scalar.tag != NULL)
		return event_err(err, b->doc, ev, "tags (!) are not supported");
	if (strlen(text) != ev->data.scalar.length)
		return event_err(err, b->doc, ev, "a NUL byte in a text");
	if (key_wanted(b))
		return take_key(b, ev, text, err);
	if (attach(b, &v, GSP_YAML_SCALAR, text, err) == -1)
		return -1;
	v->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	v->line = ev->start_mark.line + 1;
	v->column = ev->start_mark.column + 1;
	return 0;
}

static int
on_start(struct builder *b, const yaml_event_t *ev, enum gsp_yaml_kind kind,
    const yaml_char_t *anchor, const yaml_char_t *tag, struct gsp_err *err)
{
	struct gsp_yaml *v;

	if (anchor != NULL)
		return event_err(err, b->doc, ev, "anchors (&) are not supported");
	if (tag != NULL)
		return event_err(err, b->doc, ev, "tags (!) are not supported");
	if (key_wanted(b))
		return event_err(err, b->doc, ev, "a key must be a word");
	if (b->depth == GSP_YAML_DEPTH)
		return event_err(err, b->doc, ev, "nested deeper than %d levels", GSP_YAML_DEPTH);
	if (attach(b, &v, kind, NULL, err) == -1)
		return -1;
	v->line = ev->start_mark.line + 1;
	v->column = ev->start_mark.column + 1;
	enter(b, v);
	return 0;
}

/* 1: the stream ended, 0: go on. */
static int
on_event(struct builder *b, const yaml_event_t *ev, struct gsp_err *err)
{
	switch (ev->type) {
	case YAML_STREAM_END_EVENT:
		return 1;
	case YAML_DOCUMENT_START_EVENT:
		if (b->doc->root != NULL)
			return event_err(err, b->doc, ev, "a second document (---)");
		return 0;
	case YAML_ALIAS_EVENT:
		return event_err(err, b->doc, ev, "aliases (*) are not supported");
	case YAML_SCALAR_EVENT:
		return on_scalar(b, ev, err);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(b, ev, GSP_YAML_LIST, ev->data.sequence_start.anchor,
		    ev->data.sequence_start.tag, err);
	case YAML_MAPPING_START_EVENT:
		return on_start(b, ev, GSP_YAML_MAP, ev->data.mapping_start.anchor,
		    ev->data.mapping_start.tag, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		assert(b->depth > 0);
		b->depth--;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return 0;
	}
}

/* The reader counts bytes; people count lines and columns. */
static int
reader_err(struct gsp_err *err, const struct gsp_yaml_doc *doc, const yaml_parser_t *p,
    const char *text, size_t len)
{
	size_t line = 1, column = 1, end = p->problem_offset < len ? p->problem_offset : len;

	for (size_t i = 0; i < end; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return gsp_err_set(err, GSP_ECONFIG, "%s:%zu:%zu: %s", doc->name, line, column,
	    p->problem != NULL ? p->problem : "cannot be read");
}

/* What people most often did, where libyaml's words do not say it; "" otherwise. */
static const char *
hint_for(const char *why, size_t lineno, const char *text, size_t len)
{
	const char *end = text + len, *nl;

	if (strncmp(why, "mapping values are not allowed", 30) == 0)
		return "; is a ':' or the blank after it missing on the line before?";
	for (; lineno > 0 && (nl = memchr(text, '\n', (size_t)(end - text))) != NULL; lineno--)
		text = nl + 1;
	while (text < end && *text == ' ')
		text++;
	return text < end && *text == '\t' ? "; use blanks, not tabs" : "";
}

static int
parser_err(struct gsp_err *err, const struct gsp_yaml_doc *doc, const yaml_parser_t *p,
    const char *text, size_t len)
{
	const char *why = p->problem != NULL ? p->problem : "cannot be read";

	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return no_memory(err);
	case YAML_READER_ERROR:
		return reader_err(err, doc, p, text, len);
	case YAML_NO_ERROR:
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
	default:
		return gsp_err_set(err, GSP_ECONFIG, "%s:%zu:%zu: %s%s%s%s", doc->name,
		    p->problem_mark.line + 1, p->problem_mark.column + 1, why,
		    p->context != NULL ? " " : "", p->context != NULL ? p->context : "",
		    hint_for(why, p->problem_mark.line, text, len));
	}
}

int
gsp_yaml_parse(struct gsp_yaml_doc **out, const char *name, const char *text, size_t len,
    struct gsp_err *err)
{
	struct builder b = {.doc = NULL};
	yaml_parser_t p;
	yaml_event_t ev;
	int got = 0;

	if (len > GSP_YAML_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "%s: larger than %d bytes", name, GSP_YAML_MAX);
	if (doc_new(&b.doc, name, err) == -1)
		return -1;
	if (!yaml_parser_initialize(&p)) {
		gsp_yaml_free(b.doc);
		return no_memory(err);
	}
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	while (got == 0) {
		if (!yaml_parser_parse(&p, &ev)) {
			got = parser_err(err, b.doc, &p, text, len);
			break;
		}
		got = on_event(&b, &ev, err);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	free(b.key);
	if (got == -1) {
		gsp_yaml_free(b.doc);
		return -1;
	}
	*out = b.doc;
	return 0;
}

static int add_json(struct builder *b, const struct gsp_json *v, struct gsp_err *err);

static int
add_json_children(struct builder *b, struct gsp_yaml *parent, const struct gsp_json *v,
    struct gsp_err *err)
{
	const struct gsp_json *c;

	if (b->depth == GSP_YAML_DEPTH)
		return gsp_err_set(err, GSP_ELIMIT, "%s: nested deeper than %d levels",
		    b->doc->name, GSP_YAML_DEPTH);
	enter(b, parent);
	for (c = gsp_json_first(v); c != NULL; c = gsp_json_next(c)) {
		if (parent->kind == GSP_YAML_MAP) {
			if (gsp_yaml_get(parent, gsp_json_key(c)) != NULL)
				return gsp_err_set(err, GSP_ECONFIG, "%s: key '%.64s' is there twice",
				    b->doc->name, gsp_json_key(c));
			if ((b->key = strdup(gsp_json_key(c))) == NULL)
				return no_memory(err);
		}
		if (add_json(b, c, err) == -1)
			return -1;
	}
	b->depth--;
	return 0;
}

static int
add_json(struct builder *b, const struct gsp_json *v, struct gsp_err *err)
{
	bool map = gsp_json_is_obj(v), list = gsp_json_is_arr(v);
	struct gsp_buf text = GSP_BUF_INIT(GSP_YAML_MAX);
	struct gsp_yaml *node;
	int rc;

	if (map || list) {
		if (attach(b, &node, map ? GSP_YAML_MAP : GSP_YAML_LIST, NULL, err) == -1)
			return -1;
		return add_json_children(b, node, v, err);
	}
	if (gsp_json_is_str(v))
		return attach(b, &node, GSP_YAML_SCALAR, gsp_json_text(v, ""), err);
	if (!gsp_json_is_null(v))
		gsp_json_print(&text, v);
	rc = gsp_buf_ok(&text) ? attach(b, &node, GSP_YAML_SCALAR, gsp_buf_str(&text), err)
			       : no_memory(err);
	if (rc == 0)
		node->plain = true;
	gsp_buf_release(&text);
	return rc;
}

int
gsp_yaml_from_json(struct gsp_yaml_doc **out, const char *name, const struct gsp_json *v,
    struct gsp_err *err)
{
	struct builder b = {.doc = NULL};
	int rc;

	if (doc_new(&b.doc, name, err) == -1)
		return -1;
	rc = add_json(&b, v, err);
	free(b.key);
	if (rc == -1) {
		gsp_yaml_free(b.doc);
		return -1;
	}
	*out = b.doc;
	return 0;
}

/* Recursion is bounded by GSP_YAML_DEPTH. */
static void
node_free(struct gsp_yaml *v)
{
	struct gsp_yaml *c, *next;

	for (c = v->first; c != NULL; c = next) {
		next = c->next;
		node_free(c);
	}
	free((char *)v->key);
	free((char *)v->text);
	free(v);
}

void
gsp_yaml_free(struct gsp_yaml_doc *doc)
{
	if (doc == NULL)
		return;
	if (doc->root != NULL)
		node_free(doc->root);
	free(doc->name);
	free(doc);
}

const struct gsp_yaml *
gsp_yaml_root(const struct gsp_yaml_doc *doc)
{
	return doc->root;
}

const struct gsp_yaml *
gsp_yaml_get(const struct gsp_yaml *map, const char *key)
{
	const struct gsp_yaml *c;

	if (map == NULL || map->kind != GSP_YAML_MAP)
		return NULL;
	for (c = map->first; c != NULL; c = c->next)
		if (strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

bool
gsp_yaml_is_null(const struct gsp_yaml *v)
{
	return v->kind == GSP_YAML_SCALAR && v->plain &&
	    (*v->text == '\0' || strcmp(v->text, "~") == 0 || strcmp(v->text, "null") == 0);
}
