#include <unistd.h>

#include "cli/opt.h"
#include "cli/say.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;
static char *words[32];

static bool accept_it;
static const char *from;
static uint64_t lines;
static int64_t wait_s;
static struct gsp_argv list = GSP_ARGV_INIT;

static const struct gsp_opt opts[] = {
    {"accept", 0, GSP_OPT_FLAG, &accept_it, NULL, "take a suspect save"},
    {"from", 'f', GSP_OPT_TEXT, &from, "N", "a generation"},
    {"lines", 'n', GSP_OPT_U64, &lines, "N", "how many"},
    {"wait", 0, GSP_OPT_DURATION, &wait_s, "TIME", "how long"},
    {"only", 0, GSP_OPT_LIST, &list, "PATH", "just these"},
    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};

static struct gsp_cli
tool(void)
{
	struct gsp_cli c = {.tool = "gsp-test",
	    .synopsis = "SERVER...",
	    .summary = "Tests.",
	    .opts = opts,
	    .max_operands = GSP_CLI_OPERANDS_ANY};

	accept_it = false;
	from = NULL;
	lines = 0;
	wait_s = 0;
	gsp_argv_release(&list);
	return c;
}

/* Words separated by one blank each. */
static int
parse(struct gsp_cli *c, const char *line)
{
	static char text[512];
	int argc = 0;
	char *p = text;

	(void)snprintf(text, sizeof(text), "gsp-test %s", line);
	while (*p != '\0') {
		words[argc++] = p;
		p += strcspn(p, " ");
		if (*p == ' ')
			*p++ = '\0';
	}
	words[argc] = NULL;
	gsp_err_clear(&err);
	return gsp_cli_parse(c, argc, words, &err);
}

static const char *
refusal(const char *line)
{
	struct gsp_cli c = tool();

	c.max_operands = 2;
	return parse(&c, line) == -1 && err.code == GSP_EUSAGE ? err.msg : "(accepted)";
}

static void
test_options(void)
{
	struct gsp_cli c = tool();

	OK(parse(&c, "-C /x --json a -vv --yes --actor me/x b --progress=json -q") == 0);
	IS_STR(c.dir, "/x");
	OK(c.json && c.yes && c.quiet && c.progress_json);
	IS_INT(c.verbose, 2);
	IS_STR(c.actor, "me/x");
	IS_INT(c.noperands, 2);
	IS_STR(c.operands[0], "a");
	IS_STR(c.operands[1], "b");
	OK(c.operands[2] == NULL);
	IS_INT(c.nrest, 0);
	OK(c.rest[0] == NULL);
	c = tool();
	OK(parse(&c, "--accept -f 12 --lines=7 --wait 2h --only a --only=b x") == 0);
	OK(accept_it);
	IS_STR(from, "12");
	IS_INT(lines, 7);
	IS_INT(wait_s, 7200);
	IS_INT(list.n, 2);
	IS_STR(list.v[1], "b");
	IS_STR(c.operands[0], "x");
	c = tool();
	OK(parse(&c, "-fx -n5 a") == 0);
	IS_STR(from, "x");
	IS_INT(lines, 5);
	gsp_argv_release(&list);
}

static void
test_operands(void)
{
	struct gsp_cli c = tool();

	OK(parse(&c, "a -q -- --json -x") == 0);
	OK(c.quiet && !c.json && c.has_rest);
	IS_INT(c.noperands, 3);
	IS_STR(c.operands[0], "a");
	IS_STR(c.operands[1], "--json");
	IS_STR(c.operands[2], "-x");
	OK(c.operands[3] == NULL);
	c = tool();
	c.split_dashes = true;
	OK(parse(&c, "start a b -- x -- -y") == 0);
	IS_INT(c.noperands, 3);
	OK(c.operands[3] == NULL);
	IS_INT(c.nrest, 3);
	IS_STR(c.rest[0], "x");
	IS_STR(c.rest[1], "--");
	IS_STR(c.rest[2], "-y");
	OK(c.rest[3] == NULL);
	c = tool();
	c.split_dashes = true;
	OK(parse(&c, "a --") == 0);
	OK(c.has_rest && c.nrest == 0 && c.noperands == 1);
	c = tool();
	c.stop_at_operand = true;
	OK(parse(&c, "-q vanilla ls --json -- x") == 0);
	OK(c.quiet && !c.json);
	IS_INT(c.noperands, 5);
	IS_STR(c.operands[3], "--");
	c = tool();
	OK(parse(&c, "-") == 0);
	IS_STR(c.operands[0], "-");
}

static void
test_refused(void)
{
	struct gsp_cli c;

	IS_STR(refusal("--jsn"), "unknown option '--jsn'; did you mean '--json'?; see gsp-test --help");
	IS_STR(refusal("--acc"), "unknown option '--acc'; did you mean '--accept'?; see gsp-test --help");
	IS_STR(refusal("--acc a b"),
	    "unknown option '--acc'; did you mean '--accept'?; see gsp-test --help");
	IS_STR(refusal("--fro 1"), "unknown option '--fro'; did you mean '--from'?; see gsp-test --help");
	IS_STR(refusal("--zzzzzz"), "unknown option '--zzzzzz'; see gsp-test --help");
	IS_STR(refusal("-Z"), "unknown option '-Z'; see gsp-test --help");
	IS_STR(refusal("--from"), "option '--from' needs an argument; see gsp-test --help");
	IS_STR(refusal("-C"), "option '-C' needs an argument; see gsp-test --help");
	IS_STR(refusal("--json=1"), "option '--json=1' takes no argument; see gsp-test --help");
	IS_STR(refusal("--lines=x"), "--lines: 'x' is no whole number; see gsp-test --help");
	IS_STR(refusal("--wait=x"), "--wait: 'x' is no time such as 90s, 20m, 2h; see gsp-test --help");
	IS_STR(refusal("--progress=xml"), "--progress: only 'json' is known; see gsp-test --help");
	IS_STR(refusal("a b c"), "unexpected operand 'c'; see gsp-test --help");
	c = tool();
	c.min_operands = 1;
	OK(parse(&c, "-q") == -1);
	IS_STR(err.msg, "what to work on is missing: SERVER...; see gsp-test --help");
	gsp_argv_release(&list);
}

static void
test_actor(void)
{
	struct gsp_cli c = tool();
	char big[GSP_ACTOR_MAX + 2];

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	OK(!gsp_cli_actor_ok(big));
	OK(gsp_cli_actor_ok(big + 1));
	OK(!gsp_cli_actor_ok(""));
	OK(gsp_cli_actor_ok("discord:1234/n\xc3\xa4me x"));
	OK(!gsp_cli_actor_ok("a\nb"));
	OK(!gsp_cli_actor_ok("a\x1b"));
	OK(!gsp_cli_actor_ok("\xff"));
	setenv("GSP_ACTOR", "from-env", 1);
	OK(parse(&c, "") == 0);
	IS_STR(c.actor, "from-env");
	c = tool();
	OK(parse(&c, "--actor x") == 0);
	IS_STR(c.actor, "x");
	setenv("GSP_ACTOR", "a\tb", 1);
	c = tool();
	OK(parse(&c, "") == -1);
	IS_INT(err.code, GSP_EUSAGE);
	unsetenv("GSP_ACTOR");
	c = tool();
	OK(parse(&c, "") == 0);
	OK(c.actor != NULL && gsp_cli_actor_ok(c.actor));
}

static void
test_escape(void)
{
	struct gsp_buf b = GSP_BUF_INIT(256);

	gsp_cli_escape(&b, "a\x1b[2J\n\xc3\xa4\xff\xc2\x9b\x7f");
	IS_STR(gsp_buf_str(&b), "a\\x1b[2J\\x0a\xc3\xa4\\xff\\xc2\\x9b\\x7f");
	gsp_buf_reset(&b);
	gsp_cli_escape(&b, "x\xe2\x80\xae" "y");
	IS_STR(gsp_buf_str(&b), "x\\xe2\\x80\\xae" "y");
	gsp_buf_release(&b);
}

int
main(void)
{
	test_options();
	test_operands();
	test_refused();
	test_actor();
	test_escape();
	return done();
}
