#include <stdio.h>
#include <string.h>

#include "discord/rest.h"

#include "base/banned.h"

#define DEPTH 16

struct out {
	char *data;
	size_t size, len;
};

/* Printable ASCII on one line; what does not fit is cut. */
static void
put(struct out *o, const char *text)
{
	for (; *text != '\0' && o->len + 1 < o->size; text++)
		o->data[o->len++] = *text >= ' ' && *text <= '~' ? *text : '?';
	o->data[o->len] = '\0';
}

/* The tree of 50035 runs along the keys of the request; its leaves are {"_errors":[...]}. */
static void
put_fields(struct out *o, const struct gsp_json *v, char *path, size_t size, size_t at, int depth)
{
	const struct gsp_json *errors = gsp_json_get(v, "_errors");
	const struct gsp_json *c = gsp_json_is_arr(errors) ? gsp_json_first(errors) : NULL;
	size_t len;

	for (; c != NULL; c = gsp_json_next(c)) {
		put(o, "; ");
		put(o, at > 0 ? path : "body");
		put(o, ": ");
		put(o, gsp_json_str(c, "message", "wrong"));
	}
	if (depth == 0 || !gsp_json_is_obj(v))
		return;
	for (c = gsp_json_first(v); c != NULL; c = gsp_json_next(c)) {
		const char *key = gsp_json_key(c);

		if (!gsp_json_is_obj(c) || key == NULL)
			continue;
		len = at;
		if (len < size)
			len += (size_t)snprintf(
			    path + at, size - at, "%s%.64s", at > 0 ? "." : "", key);
		put_fields(o, c, path, size, len < size ? len : size - 1, depth - 1);
		path[at] = '\0';
	}
}

void
gsp_discord_explain(char *out, size_t size, long status, const struct gsp_json *body)
{
	const char *message = gsp_json_str(body, "message", "");
	unsigned long long code = gsp_json_u64(body, "code", 0);
	struct out o = {out, size, 0};
	char text[64], path[256] = "";

	if (size == 0)
		return;
	out[0] = '\0';
	if (message[0] == '\0' && code == 0)
		(void)snprintf(text, sizeof(text), "HTTP %ld", status);
	else if (code == 0)
		(void)snprintf(text, sizeof(text), " (HTTP %ld)", status);
	else
		(void)snprintf(text, sizeof(text), " (%llu)", code);
	put(&o, message[0] == '\0' && code != 0 ? "error" : message);
	put(&o, text);
	put_fields(&o, gsp_json_get(body, "errors"), path, sizeof(path), 0, DEPTH);
}

const char *
gsp_discord_hides(const char *path)
{
	if (strncmp(path, "/interactions/", 14) == 0)
		return "/interactions/...";
	if (strncmp(path, "/webhooks/", 10) == 0)
		return "/webhooks/...";
	return NULL;
}
