#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bot.h"
#include "cli/say.h"
#include "discord/perms.h"
#include "fmt/out.h"
#include "gsp/config_parts.h"

#include "base/banned.h"

enum { APP_PATH_MAX = 512 };

/* Before a wait; not with -q. */
static void
note(void *ctx, const char *text)
{
	(void)ctx;
	gsp_cli_warn("%s", text);
}

int
bot_open(struct bot *b, struct tool *t, struct gsp_err *err)
{
	struct gsp_buf token = GSP_BUF_INIT(GSP_TOKEN_MAX + 1), ca = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_api_opts o = {.note = note, .budget_ms = b->budget_ms};
	int rc = -1;

	b->t = t;
	b->conf = &t->home->discord;
	if (!b->conf->set)
		return gsp_err_set(err, GSP_ECONFIG, "there is no discord: in '%s/gsp.yaml'; gsp.yaml(5) says "
		    "what belongs there, gsp-bot(1) how to begin", t->home->dir);
	(void)snprintf(b->guild, sizeof(b->guild), "%" PRIu64, b->conf->guild);
	if (b->conf->ca_file != NULL)
		gsp_home_expand(&ca, t->home->dir, b->conf->ca_file);
	if (gsp_discord_token(&token, t->home, err) == 0) {
		o.base = b->conf->api_url != NULL ? b->conf->api_url : GSP_DISCORD_URL;
		o.token = gsp_buf_str(&token);
		o.ca_file = b->conf->ca_file != NULL ? gsp_buf_str(&ca) : NULL;
		rc = gsp_api_new(&b->api, &o, err);
	}
	gsp_token_wipe(&token);
	gsp_buf_release(&ca);
	return rc;
}

void
bot_close(struct bot *b)
{
	gsp_api_free(b->api);
	gsp_json_free(b->app);
	b->api = NULL;
	b->app = NULL;
}

int
bot_get(struct bot *b, struct gsp_api_answer *a, struct gsp_err *err, const char *fmt, ...)
{
	char path[APP_PATH_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof(path)); /* ids */
	return gsp_api_call(b->api, a, "GET", path, NULL, err);
}

int
bot_app(struct bot *b, struct gsp_err *err)
{
	struct gsp_api_answer a;
	const char *id;
	uint64_t number;
	int rc = bot_get(b, &a, err, "/applications/@me");

	if (rc == 0 && (gsp_json_need_str(&id, a.body, "id", err) == -1 ||
	    gsp_json_id(&number, gsp_json_get(a.body, "id")) == -1))
		rc = gsp_err_set(err, GSP_EPROTO, "Discord's answer to '/applications/@me' has no id; is "
		    "discord: api_url in gsp.yaml right?");
	if (rc == 0) {
		(void)snprintf(b->app_id, sizeof(b->app_id), "%" PRIu64, number);
		b->app = a.body;
		a.body = NULL;
	}
	gsp_api_answer_release(&a);
	return rc;
}

/* ---- invite ---- */

const char *
bot_invite_url(char *out, size_t size, const char *app_id)
{
	(void)snprintf(out, size, "https://discord.com/oauth2/authorize?client_id=%s"
	    "&scope=bot+applications.commands&permissions=%" PRIu64, app_id, GSP_PERM_BOT);
	return out;
}

int
bot_invite(struct tool *t, struct gsp_err *err)
{
	struct bot b = {.t = t};
	char url[256], permissions[24];
	struct gsp_out *o;
	int rc = -1;

	if (bot_open(&b, t, err) == 0 && bot_app(&b, err) == 0) {
		bot_invite_url(url, sizeof(url), b.app_id);
		if (gsp_json_bool(b.app, "bot_require_code_grant", false))
			gsp_cli_warn("the link will not work: switch off 'Requires OAuth2 Code Grant' in the "
			    "Developer Portal, on the application's page Bot");
		if (t->cli.json) {
			(void)snprintf(permissions, sizeof(permissions), "%" PRIu64, GSP_PERM_BOT);
			o = gsp_out_new(stdout, GSP_OUT_JSON, NULL);
			gsp_out_str(o, "schema", "gsp.bot.invite/1");
			gsp_out_str(o, "url", url);
			gsp_out_str(o, "client_id", b.app_id);
			gsp_out_str(o, "permissions", permissions);
			gsp_out_end(o);
			rc = gsp_out_free(o, err);
		} else {
			printf("%s\n", url);
			rc = 0;
		}
	}
	bot_close(&b);
	return rc;
}
