/*
 * Any bytes as what a WebSocket server says. The first byte: bit 0, the answer of the handshake is in
 * the input (else a good one is put before it); bit 1, something is sent and closed by us meanwhile;
 * the rest, how many bytes come at once. The next is a length: that many bytes are the answer, with
 * "@" for the right Sec-WebSocket-Accept. What follows are frames.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/ws_priv.h"

#include "base/banned.h"

#define TEXT_MAX 4096
#define GOOD                                                                                      \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"      \
	"Sec-WebSocket-Accept: @\r\n\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int opened, ended;

/* All that is to be done now. It must come to an end. */
static void
drain(struct gsp_ws_proto *p, struct gsp_buf *sent)
{
	struct gsp_ws_fact f;
	struct gsp_err err;
	const char *out;

	for (int i = 0; i < 100000; i++) {
		enum gsp_ws_what what = gsp_ws_proto_pop(p, &f);
		size_t n = gsp_ws_proto_out(p, &out);

		gsp_buf_add(sent, out, n);
		gsp_ws_proto_sent(p, n);
		switch (what) {
		case GSP_WS_NOTHING:
			if (n == 0)
				return;
			break;
		case GSP_WS_OPENED: assert(opened++ == 0 && !ended); break;
		case GSP_WS_TEXT:
			assert(opened && !ended && f.len <= TEXT_MAX && f.text[f.len] == '\0');
			break;
		case GSP_WS_ENDED:
			assert(ended++ == 0 && f.why[0] != '\0');
			assert(f.code == 0 || (f.code >= 1000 && f.code <= 4999));
			assert(gsp_ws_proto_text(p, "x", 1, &err) == -1);
			break;
		}
	}
	abort();
}

static void
feed(struct gsp_ws_proto *p, struct gsp_buf *sent, const void *data, size_t size, size_t step)
{
	const char *d = data;

	while (size > 0 && gsp_ws_proto_hungry(p)) {
		size_t n = size < step ? size : step;

		gsp_ws_proto_feed(p, d, n);
		drain(p, sent);
		d += n;
		size -= n;
	}
}

/* ${text}, with "@" replaced by the answer to the key in ${sent}. */
static void
fill_in(struct gsp_buf *head, const void *text, size_t len, const struct gsp_buf *sent)
{
	char key[GSP_WS_KEY_LEN + 1] = "", accept[GSP_WS_ACCEPT_LEN + 1];
	const char *at = strstr(sent->data, "Sec-WebSocket-Key: ");

	assert(at != NULL);
	memcpy(key, at + 19, GSP_WS_KEY_LEN);
	gsp_ws_accept(accept, key);
	for (size_t i = 0; i < len; i++) {
		if (((const char *)text)[i] == '@')
			gsp_buf_adds(head, accept);
		else
			gsp_buf_addc(head, ((const char *)text)[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_buf head = GSP_BUF_INIT(1 << 16), sent = GSP_BUF_INIT(1 << 24);
	struct gsp_ws_proto *p;
	struct gsp_err err;
	size_t step, n = 0;
	bool busy;

	if (size < 2)
		return 0;
	opened = ended = 0;
	if (gsp_ws_proto_new(&p, "h", "/", "a", TEXT_MAX, &err) == -1)
		abort();
	drain(p, &sent);
	step = (size_t)(data[0] >> 2) + 1;
	busy = data[0] & 2;
	if (data[0] & 1)
		n = data[1] < size - 2 ? data[1] : size - 2;
	fill_in(&head, n > 0 ? (const void *)(data + 2) : GOOD, n > 0 ? n : sizeof(GOOD) - 1, &sent);
	feed(p, &sent, head.data, head.len, step);
	assert(n > 0 || opened);
	if (busy)
		(void)gsp_ws_proto_text(p, "hello", 5, &err);
	data += 2 + n;
	size -= 2 + n;
	feed(p, &sent, data, size / 2, step);
	if (busy)
		gsp_ws_proto_close(p, 4000);
	feed(p, &sent, data + size / 2, size - size / 2, step);
	gsp_ws_proto_lost(p, NULL);
	drain(p, &sent);
	assert(ended == 1);
	gsp_ws_proto_free(p);
	gsp_buf_release(&head);
	gsp_buf_release(&sent);
	return 0;
}
