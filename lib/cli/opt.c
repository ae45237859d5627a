#include "cli/opt.h"

#include <assert.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/num.h"
#include "cli/say.h"
#include "sys/sig.h"

#include "base/banned.h"

#ifndef GSP_VERSION
#define GSP_VERSION "0.1.0"
#endif

enum {
	OWN_MAX = 32, /* options of one tool */
	VAL_HELP = 256,
	VAL_VERSION,
	VAL_JSON,
	VAL_PROGRESS,
	VAL_ACTOR,
	VAL_YES,
	VAL_OWN, /* the tool's own follow */
	DURATION_MAX_S = 366 * 86400
};

struct common {
	const char *name;
	char letter;
	int val;
	const char *arg;
	const char *help;
};

static const struct common common[] = {
    {NULL, 'C', 'C', "DIR", "the home (where gsp.yaml is)"},
    {"json", 0, VAL_JSON, NULL, "print JSON, one object per line"},
    {NULL, 'q', 'q', NULL, "say nothing but errors and warnings"},
    {NULL, 'v', 'v', NULL, "say what is done; twice: every request"},
    {"progress", 0, VAL_PROGRESS, "json", "report progress on stderr as JSON lines"},
    {"actor", 0, VAL_ACTOR, "WHO", "who asked, for the records (else $GSP_ACTOR, else you)"},
    {"yes", 0, VAL_YES, NULL, "do what would be asked about"},
    {"help", 0, VAL_HELP, NULL, "this text"},
    {"version", 0, VAL_VERSION, NULL, "the version of gsp"},
};

enum { NCOMMON = sizeof(common) / sizeof(common[0]) };

struct tables {
	struct option longs[NCOMMON + OWN_MAX + 1];
	char shorts[2 * (NCOMMON + OWN_MAX) + 3];
};

static void
add_option(struct tables *t, size_t *nlong, const char *name, char letter, int val, bool arg)
{
	size_t n = strlen(t->shorts);

	if (letter != 0) {
		t->shorts[n++] = letter;
		if (arg)
			t->shorts[n++] = ':';
		t->shorts[n] = '\0';
	}
	if (name != NULL)
		t->longs[(*nlong)++] = (struct option){
		    name, arg ? required_argument : no_argument, NULL, val};
}

static void
build(struct tables *t, const struct gsp_cli *c)
{
	size_t nlong = 0, i;

	memset(t, 0, sizeof(*t));
	/* ':' tells a missing argument from an unknown option; '+' stops at an operand */
	(void)snprintf(t->shorts, sizeof(t->shorts), "%s:", c->stop_at_operand ? "+" : "");
	for (i = 0; i < NCOMMON; i++)
		add_option(t, &nlong, common[i].name, common[i].letter, common[i].val,
		    common[i].arg != NULL);
	for (i = 0; c->opts != NULL && c->opts[i].name != NULL; i++) {
		assert(i < OWN_MAX);
		add_option(t, &nlong, c->opts[i].name, c->opts[i].letter, VAL_OWN + (int)i,
		    c->opts[i].kind != GSP_OPT_FLAG);
	}
}

/* The table's index of an option of the tool's own, or -1. */
static int
own_index(const struct gsp_cli *c, int val)
{
	if (val >= VAL_OWN)
		return val - VAL_OWN;
	for (int i = 0; c->opts != NULL && c->opts[i].name != NULL; i++)
		if (c->opts[i].letter != 0 && c->opts[i].letter == val)
			return i;
	return -1;
}

static int
store(const struct gsp_opt *o, const char *arg, struct gsp_err *err)
{
	switch (o->kind) {
	case GSP_OPT_FLAG:
		*(bool *)o->out = true;
		return 0;
	case GSP_OPT_TEXT:
		*(const char **)o->out = arg;
		return 0;
	case GSP_OPT_U64:
		if (gsp_num_u64(o->out, arg, 0, UINT64_MAX) == 0)
			return 0;
		return gsp_err_set(err, GSP_EUSAGE, "--%s: '%.64s' is no whole number", o->name,
		    arg);
	case GSP_OPT_DURATION:
		if (gsp_num_duration_s(o->out, arg, DURATION_MAX_S) == 0)
			return 0;
		return gsp_err_set(err, GSP_EUSAGE, "--%s: '%.64s' is no time such as 90s, 20m, 2h",
		    o->name, arg);
	case GSP_OPT_LIST:
		gsp_argv_push(o->out, arg);
		return 0;
	default:
		assert(0);
		return -1;
	}
}

bool
gsp_cli_actor_ok(const char *s)
{
	struct gsp_buf b = GSP_BUF_INIT(8 * GSP_ACTOR_MAX);
	size_t n = strlen(s);
	bool ok;

	if (n == 0 || n > GSP_ACTOR_MAX)
		return false;
	gsp_cli_escape(&b, s);
	ok = gsp_buf_ok(&b) && b.len == n; /* nothing needed an escape */
	gsp_buf_release(&b);
	return ok;
}

static int
find_actor(struct gsp_cli *c, struct gsp_err *err)
{
	static char login[GSP_ACTOR_MAX + 1];
	const char *env = getenv("GSP_ACTOR"), *from = "--actor";
	struct passwd *pw;

	if (c->actor == NULL && env != NULL && *env != '\0') {
		c->actor = env;
		from = "GSP_ACTOR";
	}
	if (c->actor != NULL) {
		if (gsp_cli_actor_ok(c->actor))
			return 0;
		return gsp_err_set(err, GSP_EUSAGE,
		    "%s: 1 to %d bytes of text without control characters are wanted", from,
		    GSP_ACTOR_MAX);
	}
	pw = getpwuid(getuid());
	(void)snprintf(login, sizeof(login), "%s", pw != NULL ? pw->pw_name : "");
	if (!gsp_cli_actor_ok(login))
		(void)snprintf(login, sizeof(login), "uid:%u", (unsigned)getuid());
	c->actor = login;
	return 0;
}

static void
print_option(char letter, const char *name, const char *arg, const char *help)
{
	char left[64];
	size_t n = 0;

	if (letter != 0)
		n = (size_t)snprintf(left, sizeof(left), "-%c", letter);
	if (name != NULL)
		n += (size_t)snprintf(left + n, sizeof(left) - n, "%s--%s", letter ? ", " : "", name);
	if (arg != NULL && n < sizeof(left))
		(void)snprintf(left + n, sizeof(left) - n, "%s%s", name != NULL ? "=" : " ", arg);
	if (strlen(left) > 22)
		printf("  %s\n  %-22s  %s\n", left, "", help);
	else
		printf("  %-22s  %s\n", left, help);
}

static void
print_help(const struct gsp_cli *c)
{
	printf("usage: %s [option ...]%s%s\n%s\n\n", c->tool, *c->synopsis != '\0' ? " " : "",
	    c->synopsis, c->summary);
	for (size_t i = 0; c->opts != NULL && c->opts[i].name != NULL; i++)
		if (c->opts[i].help != NULL)
			print_option(c->opts[i].letter, c->opts[i].name, c->opts[i].arg, c->opts[i].help);
	for (size_t i = 0; i < NCOMMON; i++)
		print_option(common[i].letter, common[i].name, common[i].arg, common[i].help);
	if (c->notes != NULL) { /* with or without a newline at its end */
		size_t n = strlen(c->notes);

		printf("\n%s%s", c->notes, n > 0 && c->notes[n - 1] == '\n' ? "" : "\n");
	}
	printf("\nManual: man %s\n", c->tool);
}

static int
unknown_option(const struct tables *t, char **argv, struct gsp_err *err)
{
	const char *known[NCOMMON + OWN_MAX + 1], *near, *word = argv[optind - 1];
	char name[64];
	size_t n;

	if (optopt > 0 && optopt < 256)
		return gsp_err_set(err, GSP_EUSAGE, "unknown option '-%c'", optopt);
	if (optopt != 0 || strncmp(word, "--", 2) != 0) /* a flag was given "=something" */
		return gsp_err_set(err, GSP_EUSAGE, "option '%.64s' takes no argument", word);
	for (n = 0; t->longs[n].name != NULL; n++)
		known[n] = t->longs[n].name;
	known[n] = NULL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = gsp_nearest(name, known);
	if (near != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "unknown option '--%s'; did you mean '--%s'?",
		    name, near);
	return gsp_err_set(err, GSP_EUSAGE, "unknown option '--%s'", name);
}

/* getopt_long() takes any unambiguous beginning for an option; we do not. */
static int
check_spelled_out(const struct option *o, char **argv, struct gsp_err *err)
{
	const char *word = argv[optind - 1];
	size_t n;

	if (optarg != NULL && optarg == word)
		word = argv[optind - 2];
	word += strspn(word, "-");
	n = strcspn(word, "=");
	if (n == strlen(o->name) && strncmp(word, o->name, n) == 0)
		return 0;
	return gsp_err_set(err, GSP_EUSAGE, "unknown option '--%.*s'; did you mean '--%s'?",
	    (int)(n < 64 ? n : 64), word, o->name);
}

/* 1: printed what was asked for. */
static int
take_option(struct gsp_cli *c, int val, struct gsp_err *err)
{
	switch (val) {
	case 'C': c->dir = optarg; return 0;
	case 'q': c->quiet = true; return 0;
	case 'v': c->verbose++; return 0;
	case VAL_JSON: c->json = true; return 0;
	case VAL_ACTOR: c->actor = optarg; return 0;
	case VAL_YES: c->yes = true; return 0;
	case VAL_HELP: print_help(c); return 1;
	case VAL_VERSION:
		printf("%s%s %s\n", c->tool, strcmp(c->tool, "gsp") == 0 ? "" : " (gsp)", GSP_VERSION);
		return 1;
	case VAL_PROGRESS:
		if (strcmp(optarg, "json") != 0)
			return gsp_err_set(err, GSP_EUSAGE, "--progress: only 'json' is known");
		c->progress_json = true;
		return 0;
	default: return store(&c->opts[own_index(c, val)], optarg, err);
	}
}

static int
take_options(struct gsp_cli *c, const struct tables *t, int argc, char **argv,
    struct gsp_err *err)
{
	int val, rc, index;

	optind = 0; /* glibc: start anew */
	opterr = 0;
	for (;;) {
		index = -1;
		val = getopt_long(argc, argv, t->shorts, t->longs, &index);
		if (val == -1)
			return 0;
		if (val == '?')
			return unknown_option(t, argv, err);
		if (val == ':')
			return gsp_err_set(err, GSP_EUSAGE, "option '%.64s' needs an argument",
			    argv[optind - 1]);
		/* a short option may have a long one's value: only a long one sets index */
		if (index != -1 && check_spelled_out(&t->longs[index], argv, err) == -1)
			return -1;
		if ((rc = take_option(c, val, err)) != 0)
			return rc;
	}
}

static int
take_operands(struct gsp_cli *c, char **from, size_t n, struct gsp_err *err)
{
	c->operands = from;
	c->noperands = n;
	if (n < c->min_operands)
		return gsp_err_set(err, GSP_EUSAGE, n == 0 ? "what to work on is missing: %s"
							   : "more operands are needed: %s",
		    c->synopsis);
	if (n > c->max_operands)
		return gsp_err_set(err, GSP_EUSAGE, "unexpected operand '%.64s'",
		    from[c->max_operands]);
	return 0;
}

static void
log_line(void *ctx, enum gsp_loglevel level, const char *text)
{
	(void)ctx;
	gsp_cli_error("%s%s", level == GSP_LOG_WARN ? "warning: " : "", text);
}

static void
start_logging(const struct gsp_cli *c)
{
	enum gsp_loglevel level = GSP_LOG_WARN;

	if (c->verbose > 0)
		level = c->verbose > 1 ? GSP_LOG_TRACE : GSP_LOG_DEBUG;
	else if (c->quiet)
		level = GSP_LOG_ERROR;
	gsp_log_handler(log_line, NULL, level);
	gsp_cli_set_quiet(c->quiet);
}

static int
parse(struct gsp_cli *c, int argc, char **argv, struct gsp_err *err)
{
	struct tables t;
	int cut = 1, rc;

	build(&t, c);
	if (c->stop_at_operand)
		cut = argc; /* a "--" behind the first operand belongs to it */
	while (cut < argc && strcmp(argv[cut], "--") != 0)
		cut++;
	c->has_rest = cut < argc;
	if (c->has_rest)
		argv[cut] = NULL;
	if ((rc = take_options(c, &t, cut, argv, err)) != 0)
		return rc;
	c->rest = argv + argc;
	if (c->has_rest && c->split_dashes) {
		c->rest = argv + cut + 1;
		c->nrest = (size_t)(argc - cut - 1);
	} else if (c->has_rest) { /* operands all the same: close the gap */
		memmove(argv + cut, argv + cut + 1, (size_t)(argc - cut) * sizeof(*argv));
		cut = --argc;
		c->rest = argv + argc;
	}
	if (find_actor(c, err) == -1)
		return -1;
	return take_operands(c, argv + optind, (size_t)(cut - optind), err);
}

int
gsp_cli_parse(struct gsp_cli *c, int argc, char **argv, struct gsp_err *err)
{
	int rc;

	gsp_cli_set_tool(c->tool);
	rc = parse(c, argc, argv, err);
	if (rc == -1)
		return gsp_err_hint(err, "see %s --help", c->tool);
	if (rc == 0) {
		start_logging(c);
		rc = gsp_sig_init(err);
	}
	return rc;
}
