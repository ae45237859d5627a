#include "fmt/out.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;

static void
rows(struct gsp_out *o)
{
	gsp_out_str(o, "server", "vanilla");
	gsp_out_u64(o, "linode_id", 60303116);
	gsp_out_num(o, "usd", 0.072, 2);
	gsp_out_bool(o, "ok", true);
	gsp_out_pair(o, "bytes", 1500, "1.5 kB");
	gsp_out_str(o, "note", NULL);
	gsp_out_end(o);
	gsp_out_str(o, "server", "b\xc3\xa4\x1b[31m\xff");
	gsp_out_u64(o, "linode_id", 7);
	gsp_out_num(o, "usd", 12.5, 2);
	gsp_out_bool(o, "ok", false);
	gsp_out_pair(o, "bytes", 2, "2 B");
	gsp_out_str(o, "note", "");
	gsp_out_end(o);
	gsp_out_end(o); /* nothing since the last: no row */
}

static const char *
text_of(struct gsp_out *o, FILE *f)
{
	static char text[4096];
	size_t n;

	rows(o);
	OK(gsp_out_free(o, &err) == 0);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* One text as a field, after a header that came first. */
static void
csv_field(const char *text, const char *want)
{
	char got[256];
	FILE *f = tmpfile();
	struct gsp_out *o = gsp_out_new(f, GSP_OUT_CSV, NULL);
	size_t n;

	gsp_out_str(o, "a", "pattern");
	gsp_out_head(o);
	gsp_out_str(o, "a", text);
	gsp_out_end(o);
	OK(gsp_out_free(o, &err) == 0);
	rewind(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	fclose(f);
	OK(strncmp(got, "a\r\n", 3) == 0);
	IS_STR(got + 3, want);
}

static void
test_csv(void)
{
	struct gsp_out *o;
	char got[64];
	FILE *f = tmpfile();
	size_t n;

	csv_field("a,b", "\"a,b\"\r\n");
	csv_field("say \"hi\"", "\"say \"\"hi\"\"\"\r\n");
	csv_field("", "\r\n");
	csv_field("a\r\nb", "a??b\r\n");
	csv_field("a\xe2\x80\xae" "b", "a???b\r\n");
	csv_field("=1+1", "'=1+1\r\n");
	csv_field("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"\r\n");
	csv_field("+x", "'+x\r\n");
	csv_field("-x", "'-x\r\n");
	csv_field("@x", "'@x\r\n");
	csv_field("\t=x", "?=x\r\n");
	csv_field("a=b", "a=b\r\n");

	/* a header, and no row; a negative number is no formula */
	o = gsp_out_new(f, GSP_OUT_CSV, NULL);
	gsp_out_str(o, "a", NULL);
	gsp_out_num(o, "n", -1.5, 1);
	gsp_out_head(o);
	OK(gsp_out_flush(o, &err) == 0);
	gsp_out_str(o, "a", "x");
	gsp_out_num(o, "n", -1.5, 1);
	gsp_out_end(o);
	OK(gsp_out_free(o, &err) == 0);
	rewind(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	IS_STR(got, "a,n\r\nx,-1.5\r\n");
	fclose(f);

	/* in the other modes it is nothing */
	o = gsp_out_new(stderr, GSP_OUT_JSON, NULL);
	gsp_out_str(o, "a", "x");
	gsp_out_head(o);
	OK(gsp_out_free(o, &err) == 0);
}

/* What the rows look like; static storage. */
static const char *
printed(enum gsp_out_mode mode, const char *fields)
{
	FILE *f = tmpfile();

	return text_of(gsp_out_new(f, mode, fields), f);
}

static const char *
fitted(enum gsp_out_mode mode, size_t columns, const char *keep)
{
	FILE *f = tmpfile();
	struct gsp_out *o = gsp_out_new(f, mode, NULL);

	gsp_out_fit(o, columns, keep);
	return text_of(o, f);
}

int
main(void)
{
	FILE *full;
	struct gsp_out *o;
	char *json;

	IS_STR(printed(GSP_OUT_TABLE, NULL),
	    "SERVER    LINODE ID    USD  OK    BYTES  NOTE\n"
	    "vanilla    60303116   0.07  yes  1.5 kB  -\n"
	    "b\xc3\xa4?[31m?          7  12.50  no      2 B  -\n");
	IS_STR(printed(GSP_OUT_TABLE, "usd,nonsense,server"),
	    "  USD  SERVER\n 0.07  vanilla\n12.50  b\xc3\xa4?[31m?\n");
	IS_STR(printed(GSP_OUT_JSON, NULL),
	    "{\"server\":\"vanilla\",\"linode_id\":60303116,\"usd\":0.072,\"ok\":true,"
	    "\"bytes\":1500,\"note\":null}\n"
	    "{\"server\":\"b\xc3\xa4\\u001b[31m\xef\xbf\xbd\",\"linode_id\":7,\"usd\":12.5,\"ok\":"
	    "false,\"bytes\":2,\"note\":\"\"}\n");
	IS_STR(printed(GSP_OUT_JSON, "linode_id,server"),
	    "{\"linode_id\":60303116,\"server\":\"vanilla\"}\n"
	    "{\"linode_id\":7,\"server\":\"b\xc3\xa4\\u001b[31m\xef\xbf\xbd\"}\n");
	IS_STR(printed(GSP_OUT_TABLE, "nonsense"), "");
	/* 8 + 2 + 5 columns: the second in importance stands where it always does */
	IS_STR(fitted(GSP_OUT_TABLE, 15, "server,usd,linode_id"),
	    "SERVER      USD\nvanilla    0.07\nb\xc3\xa4?[31m?  12.50\n");
	IS_STR(fitted(GSP_OUT_TABLE, 22, "usd,linode_id,server,ok"),
	    "LINODE ID    USD  OK\n 60303116   0.07  yes\n        7  12.50  no\n");
	IS_STR(fitted(GSP_OUT_TABLE, 3, "server,usd"), "SERVER\nvanilla\nb\xc3\xa4?[31m?\n");
	json = strdup(printed(GSP_OUT_JSON, NULL));
	IS_STR(fitted(GSP_OUT_JSON, 3, "server"), json);
	free(json);

	IS_STR(printed(GSP_OUT_CSV, NULL),
	    "server,linode_id,usd,ok,bytes,note\r\n"
	    "vanilla,60303116,0.07,true,1500,\r\n"
	    "b\xc3\xa4?[31m?,7,12.50,false,2,\r\n");
	IS_STR(printed(GSP_OUT_CSV, "usd,nonsense,server"),
	    "usd,server\r\n0.07,vanilla\r\n12.50,b\xc3\xa4?[31m?\r\n");
	test_csv();

	if ((full = fopen("/dev/full", "w")) != NULL) {
		for (int mode = GSP_OUT_TABLE; mode <= GSP_OUT_CSV; mode++) {
			gsp_err_clear(&err);
			o = gsp_out_new(full, (enum gsp_out_mode)mode, NULL);
			rows(o);
			OK(gsp_out_free(o, &err) == -1);
			IS_INT(err.code, GSP_EIO);
			IS_STR(err.msg, "cannot write the output: No space left on device; "
	    "make room there and try again");
		}
		fclose(full);
	} else {
		SKIP("no /dev/full here");
	}
	OK(gsp_out_free(NULL, &err) == 0);
	return done();
}
