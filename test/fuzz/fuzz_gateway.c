/*
 * A script of bytes for the gateway's machine: messages, closes, answers, leaps of the clock, in any
 * order; 'R' begins a message of raw bytes (its length in two bytes), 'F' such an answer to
 * GET /gateway/bot, 'P' such a message within {"op":0,...}. Checked by gateway_walk.h.
 */
#include <stdint.h>

#include "../unit/gateway_walk.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t dice;

static uint32_t
below(uint32_t n)
{
	NEED(n > 0);
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

static void
raw(struct walk *w, uint8_t how, const uint8_t *text, size_t len)
{
	char *copy = malloc(len + 1);
	struct gsp_buf b = GSP_BUF_INIT(70000);

	NEED(copy != NULL);
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (how == 'F')
		walk_found(w, 200, copy);
	else if (how == 'R')
		walk_say(w, copy, len);
	else {
		gsp_buf_addf(&b, "{\"op\":0,\"s\":3,\"t\":\"READY\",\"d\":%s}", copy);
		walk_say(w, gsp_buf_str(&b), b.len);
	}
	gsp_buf_release(&b);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_gateway_resume r = {"old-session", "wss://old.example", 12};
	struct walk w;
	size_t i = 1, len;

	dice = 1;
	walk_init(&w, size > 0 && (data[0] & 1) ? &r : NULL, below);
	walk_tick(&w);
	for (; i + 2 < size && i < 20000; i += 2) {
		if (data[i] != 'R' && data[i] != 'F' && data[i] != 'P') {
			walk_step(&w, data[i], data[i + 1], true);
			continue;
		}
		len = (size_t)data[i + 1] << 8 | data[i + 2];
		if (len > size - i - 3)
			len = size - i - 3;
		raw(&w, data[i], data + i + 3, len);
		i += len + 1;
	}
	walk_free(&w);
	return 0;
}
