#include "fmt/yaml.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;

static struct gsp_yaml_doc *
parse(const char *text)
{
	struct gsp_yaml_doc *doc = NULL;

	gsp_err_clear(&err);
	return gsp_yaml_parse(&doc, "f.yaml", text, strlen(text), &err) == 0 ? doc : NULL;
}

/* The message for a text that must be refused. */
static const char *
refusal(const char *text)
{
	struct gsp_yaml_doc *doc = parse(text);

	gsp_yaml_free(doc);
	return doc == NULL ? err.msg : "(accepted)";
}

static void
test_tree(void)
{
	struct gsp_yaml_doc *doc = parse("# c\na: 1\nb: [x, \"y z\", ~]\nc:\n  d: {e: f}\n  g:\n");
	const struct gsp_yaml *root, *v;

	if (!OK(doc != NULL))
		return;
	root = gsp_yaml_root(doc);
	IS_INT(root->kind, GSP_YAML_MAP);
	IS_INT(root->count, 3);
	v = gsp_yaml_get(root, "a");
	IS_STR(v->text, "1");
	IS_STR(v->key, "a");
	IS_INT(v->line, 2);
	IS_INT(v->column, 4);
	IS_INT(v->key_column, 1);
	v = gsp_yaml_get(root, "b");
	IS_INT(v->kind, GSP_YAML_LIST);
	IS_INT(v->count, 3);
	IS_STR(v->first->text, "x");
	OK(v->first->plain);
	IS_STR(v->first->next->text, "y z");
	OK(!v->first->next->plain);
	OK(gsp_yaml_is_null(v->first->next->next));
	OK(v->first->key == NULL);
	v = gsp_yaml_get(root, "c");
	IS_STR(gsp_yaml_get(gsp_yaml_get(v, "d"), "e")->text, "f");
	OK(gsp_yaml_is_null(gsp_yaml_get(v, "g")));
	OK(gsp_yaml_get(root, "zzz") == NULL);
	OK(gsp_yaml_get(NULL, "a") == NULL);
	OK(gsp_yaml_get(gsp_yaml_get(root, "a"), "a") == NULL);
	IS_INT(gsp_yaml_err(&err, gsp_yaml_get(v, "d"), "bad %d", 7), -1);
	IS_STR(err.msg, "f.yaml:5:6: bad 7");
	IS_INT(err.code, GSP_ECONFIG);
	gsp_yaml_key_err(&err, gsp_yaml_get(v, "d"), "bad key");
	IS_STR(err.msg, "f.yaml:5:3: bad key");
	gsp_yaml_free(doc);
}

static void
test_empty(void)
{
	struct gsp_yaml_doc *doc = parse("# nothing\n");

	OK(doc != NULL && gsp_yaml_root(doc) == NULL);
	gsp_yaml_free(doc);
	doc = parse("");
	OK(doc != NULL && gsp_yaml_root(doc) == NULL);
	gsp_yaml_free(doc);
	gsp_yaml_free(NULL);
}

static void
test_refused(void)
{
	IS_STR(refusal("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: key 'a' is there twice");
	IS_STR(refusal("a: &x 1\n"), "f.yaml:1:4: anchors (&) are not supported");
	IS_STR(refusal("a: &x [1]\n"), "f.yaml:1:4: anchors (&) are not supported");
	IS_STR(refusal("a: *x\n"), "f.yaml:1:4: aliases (*) are not supported");
	IS_STR(refusal("a: !!str 1\n"), "f.yaml:1:4: tags (!) are not supported");
	IS_STR(refusal("a: 1\n---\nb: 2\n"), "f.yaml:2:1: a second document (---)");
	IS_STR(refusal("a\nb: 1\n"), "f.yaml:2:2: mapping values are not allowed in this context; is a "
				    "':' or the blank after it missing on the line before?");
	OK(strstr(refusal("a:\n\tb: 1\n"), "f.yaml:2:1: ") != NULL);
	OK(strstr(refusal("a:\n\tb: 1\n"), "; use blanks, not tabs") != NULL);
	OK(strstr(refusal("a:\n  b: 1\n \tc: 1"), "; use blanks, not tabs") != NULL);
	IS_STR(refusal("? [a]\n: 1\n"), "f.yaml:1:3: a key must be a word");
	IS_STR(refusal("'': 1\n"), "f.yaml:1:1: empty key");
	IS_STR(refusal("a: \"x\\0y\"\n"), "f.yaml:1:4: a NUL byte in a text");
	OK(strstr(refusal("a: [1\nb: 2\n"), "f.yaml:") != NULL);
	IS_INT(err.code, GSP_ECONFIG);
	OK(strstr(refusal("a: \x01\n"), "f.yaml:1:4: ") != NULL);
	OK(strstr(refusal("a: \xff\n"), "f.yaml:1:4: ") != NULL);
	OK(strstr(refusal("a:\n\t- b\n"), "f.yaml:2:1: ") != NULL);
}

static void
test_ceilings(void)
{
	size_t n = GSP_YAML_MAX + 1;
	char *big = malloc(n);
	struct gsp_yaml_doc *doc;
	struct gsp_buf deep = GSP_BUF_INIT(4096), many = GSP_BUF_INIT(GSP_YAML_MAX);

	memset(big, '#', n);
	OK(gsp_yaml_parse(&doc, "f.yaml", big, n, &err) == -1);
	IS_INT(err.code, GSP_ELIMIT);
	free(big);
	for (int i = 0; i < GSP_YAML_DEPTH; i++)
		gsp_buf_addc(&deep, '[');
	for (int i = 0; i < GSP_YAML_DEPTH; i++)
		gsp_buf_addc(&deep, ']');
	doc = parse(gsp_buf_str(&deep));
	OK(doc != NULL);
	gsp_yaml_free(doc);
	gsp_buf_reset(&deep);
	for (int i = 0; i < 2000; i++)
		gsp_buf_addc(&deep, '[');
	OK(strstr(refusal(gsp_buf_str(&deep)), "nested deeper than") != NULL);
	for (int i = 0; i <= GSP_YAML_NODES; i++)
		gsp_buf_adds(&many, "- a\n");
	OK(strstr(refusal(gsp_buf_str(&many)), "more than 16384 values") != NULL);
	IS_INT(err.code, GSP_ELIMIT);
	gsp_buf_release(&deep);
	gsp_buf_release(&many);
}

static void
test_json(void)
{
	static const char text[] = "{\"a\":[1,\"x\",null,true],\"b\":{\"c\":\"\"}}";
	struct gsp_json *v = NULL;
	struct gsp_yaml_doc *doc = NULL;
	const struct gsp_yaml *a;

	OK(gsp_json_parse(&v, text, strlen(text), &err) == 0);
	OK(gsp_yaml_from_json(&doc, "journal", v, &err) == 0);
	a = gsp_yaml_get(gsp_yaml_root(doc), "a");
	IS_INT(a->count, 4);
	IS_STR(a->first->text, "1");
	IS_STR(a->first->next->text, "x");
	OK(gsp_yaml_is_null(a->first->next->next));
	IS_STR(a->first->next->next->next->text, "true");
	OK(!gsp_yaml_is_null(gsp_yaml_get(gsp_yaml_get(gsp_yaml_root(doc), "b"), "c")));
	gsp_yaml_err(&err, a, "no");
	IS_STR(err.msg, "journal: no");
	gsp_yaml_free(doc);
	gsp_json_free(v);
}

int
main(void)
{
	test_tree();
	test_empty();
	test_refused();
	test_ceilings();
	test_json();
	return done();
}
