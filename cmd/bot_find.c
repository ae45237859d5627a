#include "bot_find.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/say.h"

#include "base/banned.h"

enum { TEXT_MAX = 4096 };

static const struct {
	const char *json, *people;
} marks[] = {{"ok", "ok"}, {"note", "note"}, {"wrong", "WRONG"}, {"unknown", "?"}};

void
bot_finds_init(struct bot_finds *f, bool json, bool quiet)
{
	memset(f, 0, sizeof(*f));
	f->worst = GSP_ENO;
	f->quiet = quiet;
	f->json = json ? gsp_out_new(stdout, GSP_OUT_JSON, NULL) : NULL;
}

static void
print(const struct bot_finds *f, enum bot_mark mark, const char *what, const char *todo,
    const char *text)
{
	struct gsp_buf safe = GSP_BUF_INIT(8 * TEXT_MAX);

	if (f->quiet && mark == BOT_OK)
		return;
	gsp_cli_escape(&safe, text);
	printf("%-6s %-9s %s\n", marks[mark].people, what, gsp_buf_str(&safe));
	gsp_buf_reset(&safe);
	if (todo != NULL) {
		gsp_cli_escape(&safe, todo);
		printf("%-6s %-9s -> %s\n", "", "", gsp_buf_str(&safe));
	}
	fflush(stdout);
	gsp_buf_release(&safe);
}

void
bot_found(struct bot_finds *f, enum bot_mark mark, const char *what, const char *todo,
    const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->n[mark]++;
	if (f->json == NULL) {
		print(f, mark, what, todo, text);
		return;
	}
	gsp_out_str(f->json, "schema", "gsp.bot.finding/1");
	gsp_out_str(f->json, "mark", marks[mark].json);
	gsp_out_str(f->json, "what", what);
	gsp_out_str(f->json, "text", text);
	gsp_out_str(f->json, "todo", todo);
	gsp_out_end(f->json);
}

int
bot_found_err(struct bot_finds *f, const char *what, const char *todo, const struct gsp_err *why,
    struct gsp_err *err)
{
	if (why->code == GSP_ECANCEL) {
		*err = *why;
		return -1;
	}
	if (why->code == GSP_EAUTH && strcmp(what, "token") == 0)
		f->worst = GSP_EAUTH;
	bot_found(f, why->code == GSP_ETEMP ? BOT_UNKNOWN : BOT_WRONG, what, todo, "%s", why->msg);
	return 0;
}

int
bot_finds_end(struct bot_finds *f, struct gsp_err *err)
{
	int rc = gsp_out_free(f->json, err);

	f->json = NULL;
	if (rc == -1)
		return -1;
	if (f->n[BOT_WRONG] > 0)
		return gsp_err_set(err, f->worst, "%zu thing%s wrong%s", f->n[BOT_WRONG],
		    f->n[BOT_WRONG] == 1 ? " is" : "s are",
		    f->n[BOT_UNKNOWN] > 0 ? ", and not everything could be looked at" : "");
	if (f->n[BOT_UNKNOWN] > 0)
		return gsp_err_set(err, GSP_ETEMP, "not everything could be looked at; again later");
	return 0;
}
