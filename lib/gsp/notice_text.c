#include "gsp/notice_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/md.h"
#include "base/num.h"
#include "base/utf8.h"
#include "fmt/json.h"
#include "gsp/config.h"
#include "gsp/notice_spool.h"
#include "gsp/notice_state.h"
#include "net/http.h"

#include "base/banned.h"

#define CONTENT_MAX 2000        /* characters. Source: Discord API v10, message content */
#define FLAG_NO_EMBEDS 4        /* SUPPRESS_EMBEDS. Source: Discord API v10, message flags */
#define LATE_MS (120 * 1000)    /* a notice that old says of when it is */
#define SNOWFLAKE_DIGITS 20     /* of a 64-bit number. Source: Discord API v10, "Snowflakes" */

void
gsp_notice_clean(struct gsp_buf *out, const char *text, size_t max)
{
	const char *p = text;
	size_t room = max > 3 ? max - 3 : 0, from = out->len, safe = out->len;

	for (size_t n; *p != '\0'; p += n) {
		n = gsp_utf8_len(p);
		if (n == 0) {
			gsp_buf_addc(out, '?');
			n = 1;
		} else if (*p == '\n' || *p == '\t' || *p == '\r')
			gsp_buf_addc(out, ' ');
		else if (gsp_utf8_shown(p) == 0)
			gsp_buf_addc(out, '?');
		else
			gsp_buf_add(out, p, n);
		if (out->len - from <= room)
			safe = out->len;
		if (out->len - from > max) {
			out->len = safe;
			gsp_buf_adds(out, "...");
			return;
		}
	}
}

/* ---- discord ---- */

/* Digits alone, a number of 64 bits. */
static bool
is_snowflake(const char *s, size_t n)
{
	return n > 0 && n <= SNOWFLAKE_DIGITS && strspn(s, "0123456789") >= n;
}

static int
no_hook(struct gsp_err *err)
{
	return gsp_err_set(err, GSP_ECONFIG, "what is in it is no URL of a Discord webhook such as "
	    "https://discord.com/api/webhooks/ID/TOKEN: copy it again in the channel's settings, under "
	    "Integrations");
}

int
gsp_discord_hook_parse(struct gsp_discord_hook *out, const char *url, struct gsp_err *err)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *api = strstr(url, "/api/"), *id, *token, *rest;
	struct gsp_err ignored = GSP_ERR_INIT;
	size_t idlen, tlen;

	if (api == NULL || strchr(url, '@') != NULL || gsp_http_url_check(url, &ignored) == -1)
		return no_hook(err);
	id = api + 5;
	if (id[0] == 'v' && id[1] >= '0' && id[1] <= '9')
		id += 1 + strspn(id + 1, "0123456789") + 1;
	if (strlen(api) < (size_t)(id - api) || strncmp(id, "webhooks/", 9) != 0 || id[-1] != '/')
		return no_hook(err);
	id += 9;
	idlen = strcspn(id, "/");
	token = id[idlen] == '/' ? id + idlen + 1 : "";
	tlen = strspn(token, word);
	rest = token + tlen;
	rest += *rest == '/';
	if (!is_snowflake(id, idlen) || tlen == 0)
		return no_hook(err);
	out->thread[0] = '\0';
	if (strncmp(rest, "?thread_id=", 11) == 0 && is_snowflake(rest + 11, strlen(rest + 11)))
		snprintf(out->thread, sizeof(out->thread), "%s", rest + 11);
	else if (*rest != '\0')
		return no_hook(err);
	for (int i = 0; i < 2; i++)
		gsp_buf_addf(i == 0 ? &out->post : &out->edit, "%.*s/api/v10/webhooks/%.*s/%.*s%s",
		    (int)(api - url), url, (int)idlen, id, (int)tlen, token,
		    i == 0 ? "?wait=true" : "/messages/");
	if (out->thread[0] != '\0')
		gsp_buf_addf(&out->post, "&thread_id=%s", out->thread);
	return gsp_buf_ok(&out->post) && gsp_buf_ok(&out->edit) ? 0 : no_hook(err);
}

void
gsp_discord_hook_release(struct gsp_discord_hook *h)
{
	gsp_token_wipe(&h->post);
	gsp_token_wipe(&h->edit);
}

/* "<t:UNIX:t>" is shown in each reader's own time. Source: Discord, "Message Formatting". */
static void
add_line(struct gsp_buf *out, const struct gsp_notice_line *l)
{
	size_t before = out->len;

	gsp_buf_addf(out, "<t:%" PRId64 ":t> ", l->t_ms / 1000);
	gsp_md_escape(out, l->text, CONTENT_MAX - (out->len - before));
}

void
gsp_discord_body(struct gsp_buf *out, const struct gsp_notice_message *m)
{
	struct gsp_buf content = GSP_BUF_INIT(4 * CONTENT_MAX + 64), line = GSP_BUF_INIT(16384);
	struct gsp_json *o = gsp_json_new_obj(), *mentions;
	size_t total = 0, first = m->nlines;

	/* the newest that fit; one always does */
	while (first > 0) {
		gsp_buf_reset(&line);
		add_line(&line, &m->lines[first - 1]);
		total += gsp_utf8_count(gsp_buf_str(&line)) + (first < m->nlines);
		if (total > CONTENT_MAX)
			break;
		first--;
	}
	for (size_t i = first; i < m->nlines; i++) {
		if (i > first)
			gsp_buf_addc(&content, '\n');
		add_line(&content, &m->lines[i]);
	}
	gsp_json_add_str(o, "content", gsp_buf_str(&content));
	gsp_json_add_u64(o, "flags", FLAG_NO_EMBEDS);
	mentions = gsp_json_add_obj(o, "allowed_mentions");
	(void)gsp_json_add_arr(mentions, "parse");
	gsp_json_print(out, o);
	gsp_json_free(o);
	gsp_buf_release(&line);
	gsp_buf_release(&content);
}

/* ---- ntfy ---- */

int
gsp_ntfy_split(struct gsp_buf *base, struct gsp_buf *topic, const char *url, struct gsp_err *err)
{
	const char *at = strstr(url, "://"), *slash = at != NULL ? strrchr(at + 3, '/') : NULL;
	struct gsp_err ignored = GSP_ERR_INIT;

	if (slash == NULL || slash[1] == '\0' || strlen(slash + 1) > 64 ||
	    strspn(slash + 1, "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
	        strlen(slash + 1) ||
	    gsp_http_url_check(url, &ignored) == -1)
		return gsp_err_set(err, GSP_ECONFIG, "what is in it is no URL of a topic such as "
		    "https://ntfy.sh/my-topic");
	gsp_buf_add(base, url, (size_t)(slash + 1 - url));
	gsp_buf_adds(topic, slash + 1);
	return gsp_buf_ok(base) && gsp_buf_ok(topic)
	    ? 0
	    : gsp_err_set(err, GSP_ELIMIT, "the URL is too long");
}

void
gsp_ntfy_body(struct gsp_buf *out, const struct gsp_notice_item *it, const char *topic,
    int64_t now_ms)
{
	static const unsigned urgent = 1u << GSP_NOTICE_FAILED | 1u << GSP_NOTICE_UNKNOWN |
	    1u << GSP_NOTICE_BUDGET | 1u << GSP_NOTICE_STRAY;
	bool bad = it->event >= 0 && (urgent & 1u << it->event) != 0;
	struct gsp_buf text = GSP_BUF_INIT(GSP_NOTICE_JSON_MAX), title = GSP_BUF_INIT(256);
	struct gsp_json *o = gsp_json_new_obj(), *tags;
	char when[GSP_CLOCK_TEXT];

	gsp_buf_adds(&text, gsp_buf_str(&it->text));
	if (now_ms - it->t_ms > LATE_MS)
		gsp_buf_addf(&text, " (of %s)", gsp_clock_format(when, sizeof(when), it->t_ms / 1000));
	gsp_buf_addf(&title, "gsp%s%s: %s", it->server[0] != '\0' ? " " : "", it->server,
	    gsp_notice_item_event(it));
	gsp_json_add_str(o, "topic", topic);
	gsp_json_add_str(o, "title", gsp_buf_str(&title));
	gsp_json_add_str(o, "message", gsp_buf_str(&text));
	gsp_json_add_u64(o, "priority", bad ? 4 : 3);
	tags = gsp_json_add_arr(o, "tags");
	gsp_json_add_str(tags, NULL, bad ? "warning" : gsp_notice_item_event(it));
	gsp_json_print(out, o);
	gsp_json_free(o);
	gsp_buf_release(&title);
	gsp_buf_release(&text);
}

/* ---- answers ---- */

void
gsp_notice_answer_parse(struct gsp_notice_answer *a, const char *body, size_t len)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_buf why = GSP_BUF_INIT(1024);
	struct gsp_json *o = NULL;
	const char *id;

	memset(a, 0, sizeof(*a));
	a->retry_ms = -1;
	if (gsp_json_parse(&o, body, len, &ignored) == -1 || !gsp_json_is_obj(o))
		goto out;
	id = gsp_json_str(o, "id", "");
	if (is_snowflake(id, strlen(id)))
		snprintf(a->message_id, sizeof(a->message_id), "%s", id);
	a->code = gsp_json_u64(o, "code", 0);
	/* Discord says "message", ntfy and others "error" */
	gsp_notice_clean(&why, gsp_json_str(o, "message", gsp_json_str(o, "error", "")),
	    sizeof(a->why) - 1);
	snprintf(a->why, sizeof(a->why), "%s", gsp_buf_str(&why));
	a->retry_ms = gsp_num_seconds_ms(gsp_json_num(o, "retry_after", -1), GSP_NOTICE_WAIT_MAX_MS);
out:
	gsp_json_free(o);
	gsp_buf_release(&why);
}
