#include "discord/gateway_wire.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "discord/gateway.h"
#include "fmt/json.h"
#include "net/http.h"

#include "base/banned.h"

#define QUERY "/?v=10&encoding=json"

int
gsp_gateway_url(struct gsp_buf *out, const char *url)
{
	struct gsp_buf http = GSP_BUF_INIT(GSP_GATEWAY_URL_MAX + 8);
	struct gsp_err ignored = GSP_ERR_INIT;
	size_t len = strnlen(url, GSP_GATEWAY_URL_MAX), scheme, host;
	int rc;

	if (len >= GSP_GATEWAY_URL_MAX)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] > '~' || strchr("\"<>\\^`{|}@", url[i]) != NULL)
			return -1;
	if (strncasecmp(url, "wss://", 6) == 0)
		scheme = 6;
	else if (strncasecmp(url, "ws://", 5) == 0)
		scheme = 5;
	else
		return -1;
	len = strcspn(url, "?#"); /* ours is the query */
	host = strcspn(url + scheme, "/?#");
	if (host == 0 || url[scheme] == '-' || url[scheme + host - 1] == ':') /* libcurl is not so strict */
		return -1;
	while (len > scheme + host && url[len - 1] == '/')
		len--;
	/* the same rules: a host, plain to loopback alone */
	gsp_buf_addf(&http, "http%s%.*s", scheme == 6 ? "s" : "", (int)(len - scheme + 3), url + scheme - 3);
	rc = gsp_http_url_check(gsp_buf_str(&http), &ignored);
	gsp_buf_release(&http);
	if (rc == 0)
		gsp_buf_addf(out, "%.*s%s", (int)len, url, QUERY);
	return rc;
}

static void
print(struct gsp_buf *out, struct gsp_json *root)
{
	gsp_json_print(out, root);
	gsp_json_free(root);
}

static struct gsp_json *
payload(struct gsp_json **d, enum gsp_gateway_op op)
{
	struct gsp_json *root = gsp_json_new_obj();

	gsp_json_add_u64(root, "op", op);
	*d = gsp_json_add_obj(root, "d");
	return root;
}

void
gsp_gateway_identify(struct gsp_buf *out, const char *token)
{
	struct gsp_json *d, *root = payload(&d, GSP_OP_IDENTIFY), *p;

	gsp_json_add_str(d, "token", token);
	/* Interactions belong to no intent and always come; but the key is mandatory (4013). */
	gsp_json_add_u64(d, "intents", 0);
	p = gsp_json_add_obj(d, "properties");
	gsp_json_add_str(p, "os", "linux");
	gsp_json_add_str(p, "browser", "gsp-bot");
	gsp_json_add_str(p, "device", "gsp-bot");
	print(out, root);
}

void
gsp_gateway_resume_text(
    struct gsp_buf *out, const char *token, const char *session_id, int64_t seq)
{
	struct gsp_json *d, *root = payload(&d, GSP_OP_RESUME);

	gsp_json_add_str(d, "token", token);
	gsp_json_add_str(d, "session_id", session_id);
	gsp_json_add_u64(d, "seq", seq < 0 ? 0 : (uint64_t)seq);
	print(out, root);
}

void
gsp_gateway_heartbeat(struct gsp_buf *out, int64_t seq)
{
	struct gsp_json *root = gsp_json_new_obj();

	gsp_json_add_u64(root, "op", GSP_OP_HEARTBEAT);
	if (seq < 0)
		gsp_json_add_null(root, "d");
	else
		gsp_json_add_u64(root, "d", (uint64_t)seq);
	print(out, root);
}

enum gsp_gateway_after
gsp_gateway_after(int code)
{
	switch (code) {
	case 4004:
	case 4010:
	case 4011:
	case 4012:
	case 4013:
	case 4014: return GSP_AFTER_NOTHING;
	case 4007:
	case 4009: return GSP_AFTER_IDENTIFY;
	default: return GSP_AFTER_RESUME;
	}
}

const char *
gsp_gateway_fatal(int code)
{
	switch (code) {
	case 401:
	case 4004:
		return "the bot token was refused: make a new one in the Discord developer portal "
		       "(Bot, Reset Token) and put it into the token file";
	case 4010:
		return "Discord refused our shard (4010), though none is asked for: this is a bug of "
		       "gsp-bot, please report it";
	case 4011:
		return "Discord wants this bot split into shards (4011): it is in more guilds than one "
		       "connection may serve; remove it from those that do not need it, or make an "
		       "application of your own for gsp";
	case 4012:
		return "Discord no longer speaks version 10 of its gateway (4012): a newer gsp is needed";
	case 4013:
		return "Discord called our intents invalid (4013): a newer gsp is needed";
	case 4014:
		return "Discord did not allow our intents (4014), though gsp-bot asks for none: look at "
		       "the application in the Discord developer portal (Bot), or make a new one";
	default: return "Discord's gateway refused for good";
	}
}

const char *
gsp_gateway_clean(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < size; n++)
		out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	out[n] = '\0';
	return out;
}
