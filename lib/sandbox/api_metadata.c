/*
 * The metadata service that a machine finds at 169.254.169.254 and fd00:a9fe:a9fe::1: a token
 * first, then what the platform knows of the machine that asks. Who asks shows in the address:
 * the sandbox's network lets nobody pose as another and get an answer.
 *
 * Source: Akamai's guide to the metadata service API (/v1/token, /v1/instance, /v1/user-data).
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/rand.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

/* A day; the guide's ceiling for Metadata-Token-Expiry-Seconds. */
#define TOKEN_MAX_S 86400

static struct gsp_sb_inst *
inst_at(const struct gsp_sandbox *sb, const char *peer)
{
	struct gsp_sb_inst *i = sb->insts;

	while (i != NULL && strcmp(i->ipv4, peer) != 0 && strcmp(i->ipv6, peer) != 0)
		i = i->next;
	return i != NULL && i->machine != NULL && !i->region->distributed ? i : NULL;
}

static void
fail(struct gsp_sb_meta_req *r, int status, const char *reason)
{
	struct gsp_json *o = gsp_json_new_obj();

	r->status = status;
	r->json = true;
	gsp_json_add_str(gsp_json_add_obj(gsp_json_add_arr(o, "errors"), NULL), "reason", reason);
	gsp_json_print(&r->out, o);
	gsp_json_free(o);
}

/* The oldest token of the machine makes room. */
static void
new_token(struct gsp_sb_meta_req *r, struct gsp_sb_inst *i)
{
	static const char digits[] = "0123456789abcdef";
	struct gsp_sb_meta_token *t = &i->meta[i->meta_next++ % GSP_SB_META_TOKENS];
	uint64_t seconds;
	size_t n;

	if (r->expiry == NULL || gsp_num_u64(&seconds, r->expiry, 1, TOKEN_MAX_S) == -1) {
		fail(r, 400, "Metadata-Token-Expiry-Seconds must be between 1 and 86400");
		return;
	}
	for (n = 0; n < sizeof(t->text) - 1; n++)
		t->text[n] = digits[gsp_rand_below(16)];
	t->text[n] = '\0';
	t->until_ms = gsp_now_ms() + (int64_t)seconds * 1000;
	if (r->json)
		gsp_buf_addf(&r->out, "[\"%s\"]", t->text);
	else
		gsp_buf_adds(&r->out, t->text);
}

static bool
is_token(const struct gsp_sb_inst *i, const char *text)
{
	size_t n;

	for (n = 0; text != NULL && *text != '\0' && n < GSP_SB_META_TOKENS; n++) {
		if (strcmp(i->meta[n].text, text) == 0)
			return gsp_now_ms() < i->meta[n].until_ms;
	}
	return false;
}

/* RFC 4648, on one line. */
static void
add_base64(struct gsp_buf *out, const char *data, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, k;

	for (i = 0; i < len; i += 3) {
		uint32_t v = 0;

		for (k = 0; k < 3; k++)
			v = v << 8 | (i + k < len ? (unsigned char)data[i + k] : 0);
		for (k = 0; k < 4; k++)
			gsp_buf_addc(out, i + k > len ? '=' : set[v >> (18 - 6 * k) & 63]);
	}
}

static void
user_data(struct gsp_sb_meta_req *r, const struct gsp_sb_inst *i)
{
	r->json = false;
	if (i->user_data != NULL)
		add_base64(&r->out, i->user_data, i->user_data_len);
}

static void
instance_text(struct gsp_sb_meta_req *r, const struct gsp_sb_inst *i)
{
	const struct gsp_json *t;

	gsp_buf_addf(&r->out,
	    "backups.enabled: %s\nbackups.status: \nhost_uuid: %s\nid: %" PRIu64
	    "\nlabel: %s\nregion: %s\nspecs.disk: %" PRIu64 "\nspecs.gpus: 0\nspecs.memory: %" PRIu64
	    "\nspecs.transfer: %" PRIu64 "\nspecs.vcpus: %" PRIu64 "\n",
	    i->backups ? "true" : "false", i->host_uuid, i->id, i->label, i->region->id,
	    i->type->disk_mb, i->type->memory_mb, i->type->transfer_gb, i->type->vcpus);
	for (t = gsp_json_first(i->tags); t != NULL; t = gsp_json_next(t))
		gsp_buf_addf(&r->out, "tags: %s\n", gsp_json_text(t, ""));
	gsp_buf_addf(&r->out, "type: %s\n", i->type->id);
}

static void
instance(struct gsp_sb_meta_req *r, const struct gsp_sb_inst *i)
{
	struct gsp_json *o, *b;

	if (!r->json) {
		instance_text(r, i);
		return;
	}
	o = gsp_json_new_obj();
	gsp_json_add_u64(o, "id", i->id);
	gsp_json_add_str(o, "label", i->label);
	gsp_json_add_str(o, "region", i->region->id);
	gsp_json_add_str(o, "type", i->type->id);
	gsp_sb_add_specs(i->type, o);
	b = gsp_json_add_obj(o, "backups");
	gsp_json_add_bool(b, "enabled", i->backups);
	gsp_json_add_null(b, "status");
	gsp_json_add_str(o, "host_uuid", i->host_uuid);
	gsp_json_add_copy(o, "tags", i->tags);
	gsp_json_print(&r->out, o);
	gsp_json_free(o);
}

void
gsp_sb_meta_serve(const struct gsp_sandbox *sb, struct gsp_sb_meta_req *r)
{
	struct gsp_sb_inst *i = inst_at(sb, r->peer);
	bool get = strcmp(r->method, "GET") == 0;

	r->status = 200;
	r->json = r->accept != NULL && strstr(r->accept, "application/json") != NULL;
	if (i == NULL)
		fail(r, 403, "Only machines of this sandbox are served here");
	else if (strcmp(r->path, "/v1/token") == 0 && strcmp(r->method, "PUT") == 0)
		new_token(r, i);
	else if (!get || strcmp(r->path, "/v1/token") == 0)
		fail(r, 405, "Method Not Allowed");
	else if (!is_token(i, r->token))
		fail(r, 401, "Invalid or missing Metadata-Token");
	else if (strcmp(r->path, "/v1/user-data") == 0)
		user_data(r, i);
	else if (strcmp(r->path, "/v1/instance") == 0)
		instance(r, i);
	else
		fail(r, 404, "Not found");
}
