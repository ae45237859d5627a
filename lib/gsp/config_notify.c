/* gsp/config: who is told of what. */
#include "gsp/config_notify.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/config_parts.h"
#include "gsp/setting.h"

#include "base/banned.h"

#define TOPIC_MAX 64 /* Source: ntfy's documentation, "Publishing": [-_A-Za-z0-9]{1,64} */
#define ALL_EVENTS ((1u << GSP_NOTICE_EVENTS) - 1)

static const char *const event_names[GSP_NOTICE_EVENTS] = {"up", "ready", "idle", "lease",
    "stopping", "saved", "failed", "unknown", "budget", "stray"};

static const char *const kind_names[] = {"discord", "webhook", "ntfy", "command"};

const char *
gsp_notice_name(enum gsp_notice_event event)
{
	return event_names[event];
}

int
gsp_notice_event(enum gsp_notice_event *out, const char *name)
{
	for (int i = 0; i < GSP_NOTICE_EVENTS; i++)
		if (strcmp(event_names[i], name) == 0) {
			*out = (enum gsp_notice_event)i;
			return 0;
		}
	return -1;
}

/* What is being read. */
struct entry {
	struct gsp_notify_target *t;
	bool has_kind;
};

static int
set_kind(struct entry *e, enum gsp_notify_kind kind, const struct gsp_yaml *v, struct gsp_err *err)
{
	if (e->has_kind)
		return gsp_yaml_key_err(err, v, "one target each: begin another entry of the list for "
		    "'%.20s'", v->key);
	e->has_kind = true;
	e->t->kind = kind;
	return 0;
}

static int
set_discord_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;

	return set_kind(e, GSP_NOTIFY_DISCORD, v, err) == -1 ||
	        gsp_config_secret_file(&e->t->file, v, err) == -1
	    ? -1
	    : 0;
}

static int
is_secret(const struct gsp_yaml *v, const char *key, struct gsp_err *err)
{
	return gsp_yaml_err(err, v, "this URL lets everybody who reads it write to your channel, and this "
	    "file is often shared: put it into a file of its own (mode 0600) and write '%s: FILE'", key);
}

/* For those who would write it that way. */
static int
set_discord(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	(void)ctx;
	return is_secret(v, "discord_file", err);
}

/* A URL that may stand in a file that others read; its text is in no message. */
static int
set_url(char **dst, const struct gsp_yaml *v, struct gsp_err *err)
{
	const char *text, *why;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if ((why = gsp_setting_url(text)) != NULL)
		return gsp_yaml_err(err, v, "%s; a URL with a secret in it belongs into a file (mode 0600): "
		    "%s_file", why, v->key);
	return gsp_config_keep(dst, text, err);
}

static int
set_webhook(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;

	if (set_kind(e, GSP_NOTIFY_WEBHOOK, v, err) == -1)
		return -1;
	if (v->text != NULL && strstr(v->text, "/api/") != NULL && strstr(v->text, "/webhooks/") != NULL)
		return is_secret(v, "discord_file", err);
	if (v->text != NULL && strstr(v->text, "hooks.slack.com/") != NULL)
		return is_secret(v, "webhook_file", err);
	return set_url(&e->t->url, v, err);
}

static int
set_webhook_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;

	return set_kind(e, GSP_NOTIFY_WEBHOOK, v, err) == -1 ||
	        gsp_config_secret_file(&e->t->file, v, err) == -1
	    ? -1
	    : 0;
}

static int
set_ntfy(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;
	const char *topic;
	size_t n;

	if (set_kind(e, GSP_NOTIFY_NTFY, v, err) == -1 || set_url(&e->t->url, v, err) == -1)
		return -1;
	topic = strrchr(strstr(e->t->url, "://") + 3, '/');
	n = topic != NULL ? strlen(topic + 1) : 0;
	if (n == 0 || n > TOPIC_MAX || strspn(topic + 1, "-_0123456789abcdefghijklmnopqrstuvwxyz"
	                                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != n)
		return gsp_yaml_err(err, v, "no topic at its end, as in https://ntfy.sh/my-topic");
	return 0;
}

static int
set_ntfy_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;

	return set_kind(e, GSP_NOTIFY_NTFY, v, err) == -1 ||
	        gsp_config_secret_file(&e->t->file, v, err) == -1
	    ? -1
	    : 0;
}

static int
set_token_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;

	return gsp_config_secret_file(&e->t->token_file, v, err);
}

static int
set_command(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct entry *e = ctx;

	if (set_kind(e, GSP_NOTIFY_COMMAND, v, err) == -1)
		return -1;
	return gsp_config_command(&e->t->command, v, "[notify-send, gsp]", err);
}

static const char *
check_event(const char *text)
{
	enum gsp_notice_event event;

	return gsp_notice_event(&event, text) == 0 ? NULL : "not one of up, ready, idle, lease, stopping, "
	    "saved, failed, unknown, budget, stray";
}

static int
set_on(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct entry *e = ctx;
	int rc = gsp_setting_list(&names, v, check_event, NULL, GSP_NOTICE_EVENTS, err);

	e->t->on = 0;
	for (size_t i = 0; i < names.n; i++) {
		enum gsp_notice_event event;

		if (gsp_notice_event(&event, names.v[i]) == 0)
			e->t->on |= 1u << event;
	}
	gsp_argv_release(&names);
	return rc;
}

/* FNV-1a: the id only has to differ, and to be the same tomorrow. */
static void
mix(uint32_t *h, const char *text)
{
	do {
		*h = (*h ^ (unsigned char)*text) * 16777619u;
	} while (*text++ != '\0');
}

static void
make_id(struct gsp_notify_target *t)
{
	uint32_t h = 2166136261u;

	mix(&h, t->file != NULL ? "file" : "inline");
	if (t->file != NULL || t->url != NULL)
		mix(&h, t->file != NULL ? t->file : t->url);
	for (size_t i = 0; i < t->command.n; i++)
		mix(&h, t->command.v[i]);
	snprintf(t->id, sizeof(t->id), "%s-%08" PRIx32, kind_names[t->kind], h);
}

static int
set_target(struct gsp_notify_target *t, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"discord_file", set_discord_file},
	    {"discord", set_discord}, {"webhook", set_webhook}, {"webhook_file", set_webhook_file},
	    {"ntfy", set_ntfy}, {"ntfy_file", set_ntfy_file}, {"token_file", set_token_file},
	    {"command", set_command}, {"on", set_on}, {NULL, NULL}};
	struct entry e = {t, false};

	t->on = ALL_EVENTS;
	if (v->kind != GSP_YAML_MAP)
		return gsp_yaml_err(err, v, "a target is a map, such as {discord_file: discord-url}");
	if (gsp_setting_apply(keys, v, "a target of notify", &e, err) == -1)
		return -1;
	if (!e.has_kind)
		return gsp_yaml_err(err, v, "a target wants one of discord_file, webhook, webhook_file, ntfy, "
		    "ntfy_file, command");
	if (t->token_file != NULL && t->kind != GSP_NOTIFY_NTFY)
		return gsp_yaml_err(err, v, "token_file belongs to ntfy");
	make_id(t);
	return 0;
}

int
gsp_notify_set(struct gsp_notify *n, const struct gsp_yaml *v, struct gsp_err *err)
{
	gsp_notify_release(n);
	if (gsp_yaml_is_null(v))
		return 0;
	if (v->kind != GSP_YAML_LIST)
		return gsp_yaml_err(err, v, "a list of targets is wanted here, such as [{discord_file: "
		    "discord-url}]");
	if (v->count > GSP_NOTIFY_MAX)
		return gsp_yaml_err(err, v, "more than %d targets", GSP_NOTIFY_MAX);
	for (const struct gsp_yaml *e = v->first; e != NULL; e = e->next) {
		struct gsp_notify_target *t = &n->v[n->n++];

		if (set_target(t, e, err) == -1)
			return -1;
		for (size_t i = 0; i + 1 < n->n; i++)
			if (strcmp(n->v[i].id, t->id) == 0)
				return gsp_yaml_err(err, e, "this target is there twice");
	}
	return 0;
}

void
gsp_notify_release(struct gsp_notify *n)
{
	for (size_t i = 0; i < n->n; i++) {
		free(n->v[i].url);
		free(n->v[i].file);
		free(n->v[i].token_file);
		gsp_argv_release(&n->v[i].command);
	}
	memset(n, 0, sizeof(*n));
}

void
gsp_notify_label(struct gsp_buf *b, const struct gsp_notify_target *t)
{
	const char *kind = kind_names[t->kind];

	if (t->file != NULL)
		gsp_buf_addf(b, "%s_file %s", kind, t->file);
	else if (t->kind == GSP_NOTIFY_COMMAND)
		gsp_buf_addf(b, "command %s", t->command.v[0]);
	else { /* the host alone */
		const char *host = strstr(t->url, "://") + 3;

		gsp_buf_addf(b, "%s at %.*s", kind, (int)strcspn(host, "/"), host);
	}
}
