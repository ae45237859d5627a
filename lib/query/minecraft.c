#include "query/minecraft.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "fmt/json.h"
#include "query/text.h"

#include "base/banned.h"

#define VARINT_MAX  5 /* bytes of 7 bits for 32; padding up to there is seen in the wild */
#define ANY_VERSION 0xffffffffu /* -1: which version we are does not matter for a status */
#define MOTD_MAX    4096

/* ---- what we say ---- */

static void
add_varint(struct gsp_buf *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		gsp_buf_addc(b, (char)(v | 0x80));
	gsp_buf_addc(b, (char)v);
}

void
gsp_minecraft_question(struct gsp_buf *out, const char *host, uint16_t port)
{
	struct gsp_buf body = GSP_BUF_INIT(512);
	size_t len = strlen(host);

	if (len > 255) /* of the handshake's host name */
		len = 255;
	add_varint(&body, 0);
	add_varint(&body, ANY_VERSION);
	add_varint(&body, (uint32_t)len);
	gsp_buf_add(&body, host, len);
	gsp_buf_addc(&body, (char)(port >> 8));
	gsp_buf_addc(&body, (char)port);
	add_varint(&body, 1); /* next: status */
	add_varint(out, (uint32_t)body.len);
	gsp_buf_add(out, body.data, body.len);
	gsp_buf_add(out, "\1\0", 2); /* one byte long: packet 0, the status request */
	gsp_buf_release(&body);
}

/* ---- what is said to us ---- */

/* 1 read, *at after it; 0 it goes on past ${len}; -1 it is none. */
static int
read_varint(uint32_t *out, size_t *at, const uint8_t *data, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < VARINT_MAX; i++) {
		if (*at + i >= len)
			return 0;
		v |= (uint64_t)(data[*at + i] & 0x7f) << (7 * i);
		if ((data[*at + i] & 0x80) != 0)
			continue;
		if (v > INT32_MAX) /* negative, or of more than 32 bits */
			return -1;
		*out = (uint32_t)v;
		*at += i + 1;
		return 1;
	}
	return -1;
}

int
gsp_minecraft_frame(size_t *at, size_t *size, const uint8_t *data, size_t len,
    struct gsp_err *err)
{
	size_t i = 0;
	uint32_t n;
	int rc = read_varint(&n, &i, data, len);

	if (rc == 0)
		return 0;
	if (rc == -1 || n == 0)
		return gsp_err_set(err, GSP_EPROTO, "what it says is not Minecraft's protocol (a packet "
		    "without a length)");
	if (n > GSP_MINECRAFT_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "its answer has %u bytes; the most that is read is %d",
		    n, GSP_MINECRAFT_MAX);
	*at = i;
	*size = n;
	return 1;
}

/* A description is a text, a list, or an object with a text and more of the same in "extra". The
 * depth is the JSON reader's ceiling. */
static void
flatten(struct gsp_buf *out, const struct gsp_json *v)
{
	gsp_buf_adds(out, gsp_json_text(v, ""));
	if (gsp_json_is_obj(v)) {
		gsp_buf_adds(out, gsp_json_str(v, "text", ""));
		v = gsp_json_get(v, "extra");
	}
	if (!gsp_json_is_arr(v))
		return;
	for (struct gsp_json *c = gsp_json_first(v); c != NULL && gsp_buf_ok(out);
	     c = gsp_json_next(c))
		flatten(out, c);
}

static void
show(char *out, size_t size, const char *text)
{
	gsp_query_text(out, size, text, strlen(text));
}

static void
read_names(struct gsp_query *q, const struct gsp_json *players)
{
	const struct gsp_json *sample = gsp_json_get(players, "sample");
	char name[GSP_QUERY_NAME_MAX + 1];

	if (!gsp_json_is_arr(sample))
		return;
	for (struct gsp_json *c = gsp_json_first(sample);
	     c != NULL && q->names.n < GSP_QUERY_NAMES_MAX; c = gsp_json_next(c)) {
		show(name, sizeof(name), gsp_json_is_obj(c) ? gsp_json_str(c, "name", "") : "");
		if (name[0] != '\0')
			gsp_argv_push(&q->names, name);
	}
}

static int
read_json(struct gsp_query *q, const struct gsp_json *root, struct gsp_err *err)
{
	struct gsp_buf motd = GSP_BUF_INIT(MOTD_MAX);
	const struct gsp_json *players = gsp_json_get(root, "players");
	uint64_t online, max;

	if (!gsp_json_is_obj(players))
		return gsp_err_set(err, GSP_EPROTO, "its answer does not say how many play");
	if (gsp_json_need_u64(&online, players, "online", err) == -1)
		return gsp_err_wrap(err, "its answer does not say how many play");
	if (gsp_query_set_players(q, online, err) == -1)
		return -1;
	max = gsp_json_u64(players, "max", UINT64_MAX);
	q->max = max <= GSP_QUERY_PLAYERS_MAX ? (int64_t)max : -1;
	read_names(q, players);
	show(q->version, sizeof(q->version), gsp_json_str(gsp_json_get(root, "version"), "name", ""));
	flatten(&motd, gsp_json_get(root, "description"));
	show(q->title, sizeof(q->title), gsp_buf_str(&motd));
	gsp_buf_release(&motd);
	return 0;
}

int
gsp_minecraft_status(struct gsp_query *q, const uint8_t *data, size_t len, struct gsp_err *err)
{
	struct gsp_json *root = NULL;
	uint32_t id = 0, size = 0;
	size_t at = 0;
	int rc;

	if (read_varint(&id, &at, data, len) != 1 || id != 0 ||
	    read_varint(&size, &at, data, len) != 1 || size != len - at)
		return gsp_err_set(err, GSP_EPROTO, "its answer is not Minecraft's status");
	if (gsp_json_parse(&root, (const char *)data + at, size, err) == -1)
		return gsp_err_wrap(err, "Minecraft's status");
	rc = gsp_json_is_obj(root)
	    ? read_json(q, root, err)
	    : gsp_err_set(err, GSP_EPROTO, "its answer does not say how many play");
	gsp_json_free(root);
	return rc;
}

/* ---- the two together ---- */

/* One whole packet into ${in}; not a byte after it. */
static int
read_packet(struct gsp_buf *in, size_t *at, size_t *size, const struct gsp_qpeer *peer,
    int64_t deadline_ms, struct gsp_err *err)
{
	size_t want;
	char chunk[16384];
	int n, rc;

	for (;;) {
		if ((rc = gsp_minecraft_frame(at, size, (const uint8_t *)in->data, in->len, err)) == -1)
			return -1;
		if (rc == 1 && in->len == *at + *size)
			return 0;
		want = rc == 0 ? 1 : *at + *size - in->len;
		n = gsp_qsock_recv(peer, chunk, want < sizeof(chunk) ? want : sizeof(chunk), deadline_ms,
		    err);
		if (n == -1)
			return -1;
		if (n == 0 && in->len == 0)
			return gsp_err_set(err, GSP_ETEMP, "'%s' port %u/tcp hung up without an answer; is "
			    "it Minecraft, with enable-status=true?", peer->host, peer->port);
		if (n == 0)
			return gsp_err_set(err, GSP_ETEMP, "'%s' port %u/tcp hung up in the middle of its "
			    "answer", peer->host, peer->port);
		gsp_buf_add(in, chunk, (size_t)n);
	}
}

int
gsp_minecraft_ask(void *ctx, const struct gsp_qpeer *peer, int64_t deadline_ms,
    struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(1024), in = GSP_BUF_INIT(GSP_MINECRAFT_MAX + 16);
	struct gsp_query *q = ctx;
	int64_t began = gsp_now_ms();
	size_t at = 0, size = 0;
	int rc = -1;

	gsp_minecraft_question(&out, peer->host, peer->port);
	if (gsp_qsock_send(peer, out.data, out.len, deadline_ms, err) == -1 ||
	    read_packet(&in, &at, &size, peer, deadline_ms, err) == -1)
		goto out;
	q->latency_ms = gsp_now_ms() - began;
	rc = gsp_minecraft_status(q, (const uint8_t *)in.data + at, size, err);
out:
	gsp_buf_release(&out);
	gsp_buf_release(&in);
	return rc;
}
