/* gsp WORD ...: runs gsp-WORD. gsp alone: lists the tools. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/argv.h"
#include "base/nearest.h"
#include "cli/exitcode.h"
#include "cli/opt.h"
#include "sys/io.h"

#include "base/banned.h"

/* In the order of an evening. */
static const struct {
	const char *word, *does;
} tools[] = {
    {"init", "make a home, or a server from an example"},
    {"up", "the whole way from nothing to a running game"},
    {"down", "stop the game, bring the world home, delete the machine"},
    {"restart", "stop, send what you changed, start again"},
    {"status", "what exists, in which state, what it costs, how to go on"},
    {"logs", "a server's script and game logs"},
    {"provision", "create the machine"},
    {"run", "run a script on the machine: bootstrap, start, stop, health, players, say"},
    {"sync", "move the files: up, down, diff"},
    {"teardown", "delete the machine, once the saves are home"},
    {"ssh", "a shell or a command on the machine, with the pinned key"},
    {"saves", "list, show, compare, restore, import, export, verify, prune generations"},
    {"query", "who is playing"},
    {"watch", "stop what has run long enough, and say so before; tell of trouble"},
    {"lease", "extend or hold an evening"},
    {"notify", "tell a chat or a telephone what happens; --test tries it"},
    {"bot", "the servers from a Discord channel: run, register, invite, check"},
    {"cost", "what it cost"},
    {"sandbox", "a stand-in for Linode on this computer"},
    {NULL, NULL},
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Parts of gsp-bot, which starts them. */
static bool
is_part(const char *name)
{
	return strcmp(name, "gsp-bot-net") == 0 || strcmp(name, "gsp-bot-setup") == 0;
}

/* The words of the tools that are installed beside this one. */
static int
find_words(struct gsp_argv *words, const char *dir, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(8192);
	struct dirent *e;
	DIR *d = opendir(dir);

	if (d == NULL)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", dir);
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "gsp-", 4) != 0 || strchr(e->d_name, '.') != NULL ||
		    is_part(e->d_name))
			continue;
		gsp_buf_reset(&path);
		gsp_buf_addf(&path, "%s/%s", dir, e->d_name);
		if (gsp_buf_ok(&path) && access(gsp_buf_str(&path), X_OK) == 0 &&
		    !gsp_io_is_dir(gsp_buf_str(&path)))
			gsp_argv_push(words, e->d_name + 4);
	}
	closedir(d);
	gsp_buf_release(&path);
	if (words->failed)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (words->n > 1)
		qsort(words->v, words->n, sizeof(*words->v), by_name);
	return 0;
}

static bool
listed(const char *word)
{
	for (size_t i = 0; tools[i].word != NULL; i++)
		if (strcmp(tools[i].word, word) == 0)
			return true;
	return false;
}

static int
list_tools(const char *dir, struct gsp_err *err)
{
	struct gsp_argv words = GSP_ARGV_INIT;
	int rc = find_words(&words, dir, err);

	if (rc == 0)
		printf("usage: gsp WORD ...\n\n");
	for (size_t i = 0; rc == 0 && tools[i].word != NULL; i++)
		if (gsp_argv_has(&words, tools[i].word))
			printf("  %-12s %s\n", tools[i].word, tools[i].does);
	for (size_t i = 0; rc == 0 && i < words.n; i++)
		if (!listed(words.v[i]))
			printf("  %s\n", words.v[i]);
	if (rc == 0)
		printf("\ngsp WORD --help, or man gsp-WORD, tells more about one of them.\n");
	gsp_argv_release(&words);
	return rc;
}

static int
unknown_word(const char *word, const char *dir, struct gsp_err *err)
{
	struct gsp_argv words = GSP_ARGV_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;
	const char *near = NULL;

	if (find_words(&words, dir, &ignored) == 0 && words.n > 0)
		near = gsp_nearest(word, (const char *const *)words.v);
	(void)gsp_err_set(err, GSP_EUSAGE, "unknown word '%.64s'", word);
	if (near != NULL)
		(void)gsp_err_hint(err, "did you mean 'gsp %s'?", near);
	else
		(void)gsp_err_hint(err, "'gsp' alone lists them");
	gsp_argv_release(&words);
	return -1;
}

static bool
word_ok(const char *s)
{
	if (!islower((unsigned char)*s) || strlen(s) > 32)
		return false;
	while (islower((unsigned char)*s) || isdigit((unsigned char)*s) || *s == '-')
		s++;
	return *s == '\0';
}

/* Become gsp-WORD. Returns only if there is none, or it cannot run. */
static int
become(const char *dir, const char *word, char **options, size_t noptions, char **rest,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(8192);
	struct gsp_argv argv = GSP_ARGV_INIT;
	int rc = -1;

	if (!word_ok(word))
		return unknown_word(word, dir, err);
	gsp_argv_pushf(&argv, "gsp-%s", word);
	for (size_t i = 0; i < noptions; i++)
		gsp_argv_push(&argv, options[i]);
	for (; *rest != NULL; rest++)
		gsp_argv_push(&argv, *rest);
	gsp_buf_addf(&path, "%s/gsp-%s", dir, word);
	if (!gsp_argv_ok(&argv) || !gsp_buf_ok(&path)) {
		(void)gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	(void)signal(SIGPIPE, SIG_DFL); /* ignored by us, and that would be inherited */
	execv(gsp_buf_str(&path), argv.v);
	if (errno == ENOENT) {
		execvp(argv.v[0], argv.v);
		/* so it is also called when a directory of PATH is not ours to look into */
		if (errno == EACCES)
			errno = ENOENT;
	}
	if (errno == ENOENT)
		(void)unknown_word(word, dir, err);
	else
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot run '%s'", argv.v[0]);
out:
	gsp_argv_release(&argv);
	gsp_buf_release(&path);
	return rc;
}

/* "gsp -C DIR WORD ...": the options before the word are the tool's. */
static int
dispatch(const struct gsp_cli *c, char **argv, const char *dir, struct gsp_err *err)
{
	static char flag[] = "--help";
	char *help[] = {flag, NULL}, **word = c->operands;
	size_t before = (size_t)(word - argv) - 1;

	if (c->noperands == 0)
		return list_tools(dir, err);
	if (before > 0 && strcmp(argv[before], "--") == 0)
		before--;
	if (strcmp(word[0], "help") != 0)
		return become(dir, word[0], argv + 1, before, word + 1, err);
	if (word[1] == NULL)
		return list_tools(dir, err);
	return become(dir, word[1], NULL, 0, help, err);
}

int
main(int argc, char **argv)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf dir = GSP_BUF_INIT(4096);
	struct gsp_cli c = {.tool = "gsp",
	    .synopsis = "[WORD ...]",
	    .summary = "Runs gsp-WORD; alone, lists the words. Options before WORD are passed on to it.",
	    .max_operands = GSP_CLI_OPERANDS_ANY,
	    .stop_at_operand = true};
	int rc = gsp_cli_parse(&c, argc, argv, &err);

	if (rc == 0)
		rc = gsp_io_self_dir(&dir, &err) == -1 ? -1
						       : dispatch(&c, argv, gsp_buf_str(&dir), &err);
	else if (rc == 1)
		rc = 0;
	gsp_buf_release(&dir);
	return gsp_cli_exit(rc, &err);
}
