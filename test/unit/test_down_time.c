/* gsp/down_time: what the last whole down took, kept and read back. */
#include "gsp/down_time.h"

#include "sys/io.h"
#include "tap.h"
#include "tree.h"

#include "base/banned.h"

static struct gsp_home *home;
static struct gsp_err err = GSP_ERR_INIT;

static void
open_home(void)
{
	static const char yaml[] = "home: h4f8k2m9\n";

	TREE_NEED(gsp_io_replace(at("gsp.yaml"), yaml, sizeof(yaml) - 1, 0600, &err) == 0);
	TREE_NEED(gsp_home_open(&home, at("."), &err) == 0);
	TREE_NEED(gsp_home_state_make(home, "vanilla", &err) == 0);
}

static void
write_json(const char *text)
{
	TREE_NEED(gsp_io_replace(at("state/vanilla/down.json"), text, strlen(text), 0600, &err) == 0);
}

/* What such a file says; -1: nothing that can be. */
static int64_t
parse(const char *text)
{
	int64_t s;

	write_json(text);
	s = gsp_down_time(home, "vanilla");
	return s != GSP_DOWN_TIME_GUESS_S ? s : -1;
}

int
main(void)
{
	char *long_text;

	tree_new("down-time");
	open_home();

	IS_INT(gsp_down_time(home, "vanilla"), GSP_DOWN_TIME_GUESS_S);
	OK(gsp_down_time_keep(home, "vanilla", 41001, &err) == 0);
	IS_INT(gsp_down_time(home, "vanilla"), 42);
	OK(gsp_down_time_keep(home, "vanilla", 41000, &err) == 0);
	IS_INT(gsp_down_time(home, "vanilla"), 41);
	OK(gsp_down_time_keep(home, "vanilla", 0, &err) == 0);
	IS_INT(gsp_down_time(home, "vanilla"), 1);
	OK(gsp_down_time_keep(home, "vanilla", -5, &err) == 0);
	IS_INT(gsp_down_time(home, "vanilla"), 1);
	OK(gsp_down_time_keep(home, "vanilla", INT64_MAX, &err) == 0);
	IS_INT(gsp_down_time(home, "vanilla"), 24 * 3600);
	IS_INT(gsp_down_time(home, "other"), GSP_DOWN_TIME_GUESS_S);

	/* what is no such file is as good as none */
	IS_INT(parse("{\"schema\":\"gsp.down/1\",\"seconds\":90}"), 90);
	IS_INT(parse("{\"schema\":\"gsp.down/2\",\"seconds\":90}"), -1);
	IS_INT(parse("{\"schema\":\"gsp.down/1\",\"seconds\":0}"), -1);
	IS_INT(parse("{\"schema\":\"gsp.down/1\",\"seconds\":-90}"), -1);
	IS_INT(parse("{\"schema\":\"gsp.down/1\",\"seconds\":86401}"), -1);
	IS_INT(parse("{\"schema\":\"gsp.down/1\",\"seconds\":\"90\"}"), -1);
	IS_INT(parse("{\"schema\":\"gsp.down/1\"}"), -1);
	IS_INT(parse("[]"), -1);
	IS_INT(parse(""), -1);
	write_json("{\"schema\":\"gsp.down/1\",\"seconds\":90");
	IS_INT(gsp_down_time(home, "vanilla"), GSP_DOWN_TIME_GUESS_S);
	write_json("");
	IS_INT(gsp_down_time(home, "vanilla"), GSP_DOWN_TIME_GUESS_S);
	long_text = malloc(5001);
	TREE_NEED(long_text != NULL);
	memset(long_text, ' ', 5000);
	long_text[5000] = '\0';
	write_json(long_text);
	free(long_text);
	IS_INT(gsp_down_time(home, "vanilla"), GSP_DOWN_TIME_GUESS_S);

	gsp_home_free(home);
	return done();
}
