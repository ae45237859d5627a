/*
 * fake/wsd: a WebSocket server on loopback that says exactly the bytes that the test scripts: it knows
 * of frames only how to write them. Each connection has a thread, and is served by the script: a function
 * that reads and writes on the connection, and returns when it is through.
 */
#ifndef GSP_FAKE_WSD_H
#define GSP_FAKE_WSD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_wsd;

struct fake_ws {
	int fd;
	void *ctx;       /* of fake_wsd_new() */
	char head[8192]; /* the client's request, once read */
	struct fake_wsd *d;
};

typedef void fake_ws_script(struct fake_ws *w);

/** fake_wsd_new(script, ctx): NULL when it cannot listen. fake_wsd_free() cuts what is still open. */
struct fake_wsd *fake_wsd_new(fake_ws_script *script, void *ctx);
void fake_wsd_free(struct fake_wsd *d);
unsigned fake_wsd_port(const struct fake_wsd *d);

/* What a script is made of. They give up silently when the client is gone, or after ten seconds. */

/** fake_ws_read_head(w): the client's request, to the empty line. */
bool fake_ws_read_head(struct fake_ws *w);
/** fake_ws_accept(w, out): the right Sec-WebSocket-Accept, by another SHA-1 (python's). */
bool fake_ws_accept(struct fake_ws *w, char out[29]);
/** fake_ws_open(w): both of the above, and the answer that opens. */
bool fake_ws_open(struct fake_ws *w);
bool fake_ws_write(struct fake_ws *w, const void *data, size_t len);
bool fake_ws_drip(struct fake_ws *w, const void *data, size_t len); /* a segment for each byte */
/** fake_ws_put(buf, first, mask, data, len): a frame: its first byte (FIN, RSV, opcode), the length in
 * the shortest form, a zero mask if ${mask}. Returns its length; ${buf} has room for 14 more. */
size_t fake_ws_put(uint8_t *buf, uint8_t first, bool mask, const void *data, size_t len);
bool fake_ws_frame(struct fake_ws *w, uint8_t first, const void *data, size_t len);
/** fake_ws_take(w, buf, size, len): the next frame of the client, unmasked: its first byte; -1: none, or
 * it is not masked or does not fit. */
int fake_ws_take(struct fake_ws *w, uint8_t *buf, size_t size, size_t *len);
void fake_ws_reset(struct fake_ws *w); /* RST */
void fake_ws_until_gone(struct fake_ws *w);

#endif
