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

/* What the rows look like; static storage. */
static const char *
printed(enum gsp_out_mode mode, const char *fields)
{
	static char text[4096];
	FILE *f = tmpfile();
	struct gsp_out *o = gsp_out_new(f, mode, fields);
	size_t n;

	rows(o);
	OK(gsp_out_free(o, &err) == 0);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

int
main(void)
{
	FILE *full;
	struct gsp_out *o;

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

	if ((full = fopen("/dev/full", "w")) != NULL) {
		for (int mode = GSP_OUT_TABLE; mode <= GSP_OUT_JSON; mode++) {
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
