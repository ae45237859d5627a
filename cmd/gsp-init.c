/* gsp-init: a new home, or a server from an example. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "cli/opt.h"
#include "cli/say.h"
#include "fmt/out.h"
#include "gsp/config.h"
#include "gsp/init.h"
#include "sys/io.h"
#include "sys/sig.h"
#include "sys/tty.h"

#include "base/banned.h"

static const char *region, *type, *watch;
static bool examples;

static const struct gsp_opt opts[] = {
    {"examples", 0, GSP_OPT_FLAG, &examples, NULL, "list the examples"},
    {"region", 0, GSP_OPT_TEXT, &region, "REGION", "default region of a new home (us-ord)"},
    {"type", 0, GSP_OPT_TEXT, &type, "TYPE", "default plan of a new home (g6-standard-4)"},
    {"watch", 0, GSP_OPT_TEXT, &watch, "BY", "who watches: session, service or nobody; see gsp.yaml(5)"},
    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};

static enum gsp_out_mode
mode(const struct gsp_cli *c)
{
	return c->json ? GSP_OUT_JSON : GSP_OUT_TABLE;
}

/* Put the first comment of a server.yaml, which says what the game is, into ${out}. */
static void
describe(struct gsp_buf *out, const char *dir)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(65536);
	struct gsp_err ignored = GSP_ERR_INIT;
	const char *s;

	gsp_buf_reset(out);
	gsp_buf_addf(&path, "%s/server.yaml", dir);
	if (gsp_io_read_file(&text, gsp_buf_str(&path), &ignored) == 0) {
		s = gsp_buf_str(&text);
		if (*s == '#') {
			s += 1 + strspn(s + 1, " ");
			gsp_buf_add(out, s, strcspn(s, "\r\n"));
		}
	}
	gsp_buf_release(&path);
	gsp_buf_release(&text);
}

static int
list_examples(const struct gsp_cli *c, struct gsp_err *err)
{
	struct gsp_argv dirs = GSP_ARGV_INIT;
	struct gsp_buf about = GSP_BUF_INIT(65536);
	struct gsp_out *o = gsp_out_new(stdout, mode(c), NULL);
	struct gsp_err late = GSP_ERR_INIT;
	int rc = gsp_init_examples(&dirs, err);

	for (size_t i = 0; rc == 0 && i < dirs.n; i++) {
		describe(&about, dirs.v[i]);
		gsp_out_str(o, "example", gsp_init_example_name(dirs.v[i]));
		gsp_out_str(o, "about", gsp_buf_str(&about));
		gsp_out_end(o);
	}
	if (gsp_out_free(o, rc == 0 ? err : &late) == -1)
		rc = -1;
	gsp_argv_release(&dirs);
	gsp_buf_release(&about);
	return rc;
}

/* Read a line from the terminal without showing it. The terminal is put right in any case. */
static int
ask_secret(struct gsp_buf *out, const char *question, struct gsp_err *err)
{
	struct termios old, silent;
	char line[GSP_TOKEN_MAX + 2];
	ssize_t n;

	if (tcgetattr(STDIN_FILENO, &old) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot ask on this terminal");
	silent = old;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot ask on this terminal");
	fprintf(stderr, "%s", question);
	n = read(STDIN_FILENO, line, sizeof(line)); /* a signal ends it: see gsp_sig_check() */
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	if (n > 0)
		gsp_buf_add(out, line, (size_t)n);
	explicit_bzero(line, sizeof(line));
	return gsp_sig_check(err);
}

static bool
has_token(const char *dir)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	const char *env = getenv("LINODE_TOKEN");
	bool yes;

	gsp_buf_addf(&path, "%s/token", dir);
	yes = (env != NULL && *env != '\0') || gsp_io_exists(gsp_buf_str(&path));
	gsp_buf_release(&path);
	return yes;
}

static bool
is_home(const char *dir)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	bool yes;

	gsp_buf_addf(&path, "%s/gsp.yaml", dir);
	yes = gsp_io_exists(gsp_buf_str(&path));
	gsp_buf_release(&path);
	return yes;
}

/* What to do next, for people. */
static void
advise(const struct gsp_home *h)
{
	if (!has_token(h->dir) && h->token_command.n == 0)
		gsp_cli_warn("no API token yet: put one into '%s/token' and run: chmod 600 '%s/token'",
		    h->dir, h->dir);
	if (h->watch_by == GSP_WATCH_SERVICE)
		gsp_cli_warn("this home counts on 'gsp watch' as a service: gsp-watch(1) names the units for "
		    "systemd and the line for cron; 'gsp up' warns until it runs");
	if (h->ssh_key_files.n == 0)
		gsp_cli_warn("ssh_keys is empty: without a key of yours on the machines there is no "
			     "way in if state/ is lost; name one in '%s/gsp.yaml'",
		    h->dir);
}

/* Who ends what runs, when nobody thinks of it. */
static int
ask_watch(const char **by, struct gsp_err *err)
{
	if (watch != NULL)
		return 0;
	fprintf(stderr,
	    "Something has to stop a server that nobody plays on any more. Three can do it:\n"
	    "  service  a computer that is always on (a small server, a Raspberry Pi) runs 'gsp watch'\n"
	    "           all the time: the surest. Only if this computer is one.\n"
	    "  session  'gsp up' leaves a process on this computer. While the computer sleeps or is off,\n"
	    "           nothing is stopped, and the machine costs on, up to its price for the month.\n"
	    "  nobody   you type 'gsp down' yourself, each time ('watch: {by: nobody}' in gsp.yaml).\n");
	if (gsp_tty_confirm("Is this computer always on (service)? No means session", err) == 0)
		*by = "service";
	else if (err->code != GSP_EREFUSED)
		return -1;
	gsp_err_clear(err);
	return 0;
}

static int
make_home(const struct gsp_cli *c, const char *dir, struct gsp_err *err)
{
	struct gsp_init_home o = {.dir = dir, .region = region, .type = type, .watch = watch};
	struct gsp_buf token = GSP_BUF_INIT(GSP_TOKEN_MAX + 2);
	struct gsp_out *out = NULL;
	struct gsp_home *h = NULL;
	bool made = false;
	int rc = -1;

	if (*dir == '\0')
		return gsp_err_set(err, GSP_EUSAGE, "the directory has no name");
	if (isatty(STDIN_FILENO) && !has_token(o.dir) && !is_home(o.dir)) {
		if (ask_secret(&token, "Linode API token (not shown; Enter: later): ", err) == -1)
			goto out;
		if (token.len > 0) {
			gsp_buf_addc(&token, '\n');
			o.token = gsp_buf_str(&token);
		}
	}
	if (isatty(STDIN_FILENO) && !is_home(o.dir) && ask_watch(&o.watch, err) == -1)
		goto out;
	if (gsp_init_home(&o, &made, err) == -1 || gsp_home_open(&h, o.dir, err) == -1)
		goto out;
	if (!made && (region != NULL || type != NULL || watch != NULL))
		gsp_cli_warn("'%s' was a home already: its region, type and watch stay as they are", h->dir);
	out = gsp_out_new(stdout, mode(c), NULL);
	gsp_out_str(out, "home", h->id);
	gsp_out_str(out, "dir", h->dir);
	gsp_out_bool(out, "new", made);
	gsp_out_end(out);
	if ((rc = gsp_out_free(out, err)) == 0)
		advise(h);
out:
	gsp_token_wipe(&token);
	gsp_home_free(h);
	return rc;
}

static void
advise_server(const struct gsp_home *h, const char *name)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);

	gsp_cli_warn("it is in '%s/'; a world that is there already goes into its files/",
	    gsp_home_server_path(h, &path, name, ""));
	if (gsp_io_exists(gsp_home_server_path(h, &path, name, "README.md")))
		gsp_cli_warn("read '%s', look at server.yaml, then: gsp up --check %s", gsp_buf_str(&path),
		    name);
	else
		gsp_cli_warn("look at server.yaml, then: gsp up --check %s", name);
	gsp_buf_release(&path);
}

static int
make_server(const struct gsp_cli *c, struct gsp_err *err)
{
	const char *example = c->operands[0];
	const char *name = c->noperands > 1 ? c->operands[1] : example;
	struct gsp_server_conf *s = NULL;
	struct gsp_home *h = NULL;
	struct gsp_out *out;
	int rc = -1;

	if (region != NULL || type != NULL || watch != NULL)
		return gsp_err_set(err, GSP_EUSAGE,
		    "--region, --type and --watch are for a new home; edit server.yaml instead");
	if (gsp_home_open(&h, c->dir, err) == -1)
		goto out;
	if (gsp_init_server(h, example, name, err) == -1) {
		if (err->code == GSP_EUNAVAIL)
			(void)gsp_err_hint(err, "a directory for a new home has a '/': gsp-init ./%.64s",
			    example);
		goto out;
	}
	if (gsp_server_conf_load(&s, h, name, err) == -1) {
		(void)gsp_err_wrap(err, "'%s' is made, but not ready", name);
		goto out;
	}
	out = gsp_out_new(stdout, mode(c), NULL);
	gsp_out_str(out, "server", s->name);
	gsp_out_str(out, "example", example);
	gsp_out_str(out, "region", s->regions.v[0]);
	gsp_out_str(out, "type", s->types.v[0]);
	gsp_out_str(out, "dir", s->dir);
	gsp_out_end(out);
	rc = gsp_out_free(out, err);
	if (rc == 0 && !c->json)
		advise_server(h, s->name);
out:
	gsp_server_conf_free(s);
	gsp_home_free(h);
	return rc;
}

/* An operand with a slash is a directory, for no example has one; else it is an example. */
static int
init(const struct gsp_cli *c, struct gsp_err *err)
{
	if (examples)
		return list_examples(c, err);
	if (c->noperands == 0)
		return make_home(c, c->dir != NULL ? c->dir : ".", err);
	if (strchr(c->operands[0], '/') == NULL && c->operands[0][0] != '.')
		return make_server(c, err);
	if (c->noperands > 1 || c->dir != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "one directory is wanted: %s", c->synopsis);
	return make_home(c, c->operands[0], err);
}

int
main(int argc, char **argv)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_cli c = {.tool = "gsp-init",
	    .synopsis = "[./DIR] | EXAMPLE [NAME] | --examples",
	    .summary = "Makes a home, here or in DIR; or a server of a home, from an example.",
	    .notes = "An operand with a '/' is a directory. Nothing that exists is overwritten; run it\n"
		     "again to add what is missing.",
	    .opts = opts,
	    .max_operands = 2};
	int rc = gsp_cli_parse(&c, argc, argv, &err);

	if (rc == 0)
		rc = init(&c, &err);
	else if (rc == 1)
		rc = 0;
	return gsp_cli_exit(rc, &err);
}
