/* gsp/config_discord: the bot's token, and the webhook. */
#include <string.h>
#include <unistd.h>

#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "gsp/notice_text.h"

#include "base/banned.h"

int
gsp_discord_token(struct gsp_buf *out, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	if (h->discord.token_command.n > 0) {
		rc = gsp_secret_from_command(out, h->dir, &h->discord.token_command, err);
		return rc == 0 ? 0 : gsp_err_wrap(err, "discord");
	}
	if (h->discord.token_file == NULL)
		return gsp_err_set(err, GSP_ECONFIG, "no token of the bot: put it into a file (mode 0600) and "
		    "write discord: {token_file: discord-token} in '%s/gsp.yaml'", h->dir);
	gsp_home_expand(&path, h->dir, h->discord.token_file);
	rc = gsp_secret_from_file(out, gsp_buf_str(&path), "discord: token_file", "token", err);
	if (rc == -1 && access(gsp_buf_str(&path), F_OK) == -1)
		(void)gsp_err_hint(err, "put the bot's token there (mode 0600): Developer Portal > your application > "
		    "Bot > Reset Token");
	gsp_buf_release(&path);
	return rc;
}

int
gsp_discord_webhook(struct gsp_buf *out, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), url = GSP_BUF_INIT(GSP_TOKEN_MAX + 1);
	struct gsp_discord_hook hook = GSP_DISCORD_HOOK_INIT;
	const char *from, *to;
	int rc = -1;

	gsp_token_wipe(out);
	if (h->discord.webhook_file == NULL)
		return 0;
	gsp_home_expand(&path, h->dir, h->discord.webhook_file);
	if (gsp_secret_from_file(&url, gsp_buf_str(&path), "discord: webhook_file", "URL", err) == -1)
		goto out;
	if (gsp_discord_hook_parse(&hook, gsp_buf_str(&url), err) == -1) {
		(void)gsp_err_wrap(err, "discord: webhook_file '%s'", gsp_buf_str(&path));
		goto out;
	}
	from = strstr(gsp_buf_str(&hook.edit), "/webhooks/");
	to = from != NULL ? strstr(from, "/messages/") : NULL;
	if (to == NULL) {
		(void)gsp_err_set(err, GSP_EBUG, "a webhook without a path");
		goto out;
	}
	gsp_buf_add(out, from, (size_t)(to - from));
	if (hook.thread[0] != '\0')
		gsp_buf_addf(out, "?thread_id=%s", hook.thread);
	rc = gsp_buf_ok(out) ? 0 : gsp_err_set(err, GSP_ELIMIT, "discord: webhook_file: its URL is too long");
out:
	gsp_discord_hook_release(&hook);
	gsp_token_wipe(&url);
	gsp_buf_release(&path);
	return rc;
}
