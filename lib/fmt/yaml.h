/*
 * fmt/yaml: a YAML file as a tree of texts that know their line and column. The only place
 * that sees libyaml.
 *
 * A node is a scalar, a list or a map. Scalars are text as written: what they mean is the
 * caller's business. Refused: anchors, aliases, tags, duplicate keys, a second document, keys
 * that are not scalars, NUL bytes, and whatever passes a ceiling below.
 *
 * Units: lines and columns count from 1; a document made of JSON has line 0.
 * Ownership: the document owns its nodes and their texts.
 * Errors: GSP_ECONFIG "name:line:column: why", GSP_ELIMIT past a ceiling.
 */
#ifndef GSP_FMT_YAML_H
#define GSP_FMT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fmt/json.h"

#define GSP_YAML_MAX (1024 * 1024) /* bytes of a document */
#define GSP_YAML_DEPTH 16          /* nested lists and maps */
#define GSP_YAML_NODES 16384

enum gsp_yaml_kind { GSP_YAML_SCALAR, GSP_YAML_LIST, GSP_YAML_MAP };

struct gsp_yaml_doc;

struct gsp_yaml {
	enum gsp_yaml_kind kind;
	const char *key;             /* in a map: its key; else NULL */
	const char *text;            /* of a scalar, else NULL */
	bool plain;                  /* a scalar without quotes */
	size_t line, column;
	size_t key_line, key_column; /* of the key, in a map */
	size_t count;                /* children of a list or map */
	struct gsp_yaml *first;      /* child of a list or map */
	struct gsp_yaml *next;       /* sibling */
	const struct gsp_yaml_doc *doc;
};

/** gsp_yaml_parse(out, name, text, len, err): ${name} is the file's name in messages. */
int gsp_yaml_parse(struct gsp_yaml_doc **out, const char *name, const char *text, size_t len,
    struct gsp_err *err);

/** gsp_yaml_from_json(out, name, v, err): the same tree from a JSON value; null becomes "". */
int gsp_yaml_from_json(struct gsp_yaml_doc **out, const char *name, const struct gsp_json *v,
    struct gsp_err *err);

void gsp_yaml_free(struct gsp_yaml_doc *doc);

/** gsp_yaml_root(doc): NULL when the document is empty. */
const struct gsp_yaml *gsp_yaml_root(const struct gsp_yaml_doc *doc);

/** gsp_yaml_get(map, key): NULL when absent, or when map is NULL or no map. */
const struct gsp_yaml *gsp_yaml_get(const struct gsp_yaml *map, const char *key);

/** gsp_yaml_is_null(v): a scalar without quotes that says nothing: "", "~", "null". */
bool gsp_yaml_is_null(const struct gsp_yaml *v);

/** gsp_yaml_err(err, v, fmt, ...): GSP_ECONFIG "name:line:column: ..." for the value; returns -1. */
int gsp_yaml_err(struct gsp_err *err, const struct gsp_yaml *v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** gsp_yaml_key_err(err, v, fmt, ...): the same at the place of the value's key. */
int gsp_yaml_key_err(struct gsp_err *err, const struct gsp_yaml *v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
