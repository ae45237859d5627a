#include "query/bedrock.h"

#include <string.h>

#include "base/num.h"
#include "base/rand.h"
#include "query/text.h"

#include "base/banned.h"

#define ID_PING   0x01
#define ID_PONG   0x1c
#define PONG_HEAD 35 /* id, nonce, the server's id, magic, the length of the text */

/* By which RakNet knows what is not part of a connection. */
static const uint8_t magic[16] = {0x00, 0xff, 0xff, 0x00, 0xfe, 0xfe, 0xfe, 0xfe, 0xfd, 0xfd, 0xfd,
    0xfd, 0x12, 0x34, 0x56, 0x78};

/* "MCPE;what it is called;protocol;version;players;most players;..." */
enum { EDITION, TITLE, PROTOCOL, VERSION, PLAYERS, MOST, FIELDS };

void
gsp_bedrock_ping(uint8_t out[GSP_BEDROCK_PING], const uint8_t nonce[GSP_BEDROCK_NONCE],
    const uint8_t guid[8])
{
	out[0] = ID_PING;
	memcpy(out + 1, nonce, GSP_BEDROCK_NONCE);
	memcpy(out + 9, magic, sizeof(magic));
	memcpy(out + 25, guid, 8);
}

/* One field into ${out}, without the backslashes that escape; cut if too long. Returns what was
 * read, its semicolon included. */
static size_t
read_field(char *out, size_t size, const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len && text[i] != ';'; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		if (n + 1 < size)
			out[n++] = text[i];
	}
	out[n] = '\0';
	return i < len ? i + 1 : i;
}

static int
read_text(struct gsp_query *q, const char *text, size_t len, struct gsp_err *err)
{
	char field[FIELDS][512];
	uint64_t players, most;
	size_t at = 0;
	int n;

	for (n = 0; n < FIELDS && at < len; n++)
		at += read_field(field[n], sizeof(field[n]), text + at, len - at);
	if (n <= PLAYERS ||
	    (strcmp(field[EDITION], "MCPE") != 0 && strcmp(field[EDITION], "MCEE") != 0))
		return gsp_err_set(err, GSP_EPROTO, "its answer is not that of a Bedrock server");
	if (gsp_num_u64(&players, field[PLAYERS], 0, UINT64_MAX) == -1)
		return gsp_err_set(err, GSP_EPROTO, "its answer does not say how many play");
	if (gsp_query_set_players(q, players, err) == -1)
		return -1;
	if (n > MOST && gsp_num_u64(&most, field[MOST], 0, GSP_QUERY_PLAYERS_MAX) == 0)
		q->max = (int64_t)most;
	gsp_query_text(q->title, sizeof(q->title), field[TITLE], strlen(field[TITLE]));
	gsp_query_text(q->version, sizeof(q->version), field[VERSION], strlen(field[VERSION]));
	return 0;
}

int
gsp_bedrock_pong(struct gsp_query *q, const uint8_t nonce[GSP_BEDROCK_NONCE],
    const uint8_t *data, size_t len, struct gsp_err *err)
{
	size_t size;

	if (len < PONG_HEAD || data[0] != ID_PONG ||
	    memcmp(data + 1, nonce, GSP_BEDROCK_NONCE) != 0 ||
	    memcmp(data + 17, magic, sizeof(magic)) != 0)
		return 0;
	size = (size_t)data[33] << 8 | data[34];
	if (size != len - PONG_HEAD)
		return gsp_err_set(err, GSP_EPROTO, "its answer is not whole: %zu bytes of text, %zu were "
		    "announced", len - PONG_HEAD, size);
	return read_text(q, (const char *)data + PONG_HEAD, size, err) == -1 ? -1 : 1;
}

struct ping {
	struct gsp_query *q;
	uint8_t nonce[GSP_BEDROCK_NONCE];
};

static enum gsp_qtake
take(void *ctx, struct gsp_qask *ask, const uint8_t *data, size_t len, struct gsp_err *err)
{
	struct ping *p = ctx;

	(void)ask;
	switch (gsp_bedrock_pong(p->q, p->nonce, data, len, err)) {
	case 1: return GSP_QTAKE_DONE;
	case 0: return GSP_QTAKE_MORE;
	default: return GSP_QTAKE_BAD;
	}
}

int
gsp_bedrock_ask(void *ctx, const struct gsp_qpeer *peer, int64_t deadline_ms,
    struct gsp_err *err)
{
	uint8_t datagram[GSP_BEDROCK_PING], guid[8];
	struct ping p = {.q = ctx};
	struct gsp_qask ask = {datagram, sizeof(datagram), take, &p, 0};

	gsp_rand_bytes(p.nonce, sizeof(p.nonce));
	gsp_rand_bytes(guid, sizeof(guid));
	gsp_bedrock_ping(datagram, p.nonce, guid);
	if (gsp_qask(&ask, peer, deadline_ms, err) == -1)
		return -1;
	p.q->latency_ms = ask.latency_ms;
	return 0;
}
