#include "base/sha1.h"

#include <string.h>

#include "base/banned.h"

#define BLOCK 64

static uint32_t
rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* RFC 3174, section 5: f() and K of round ${t}. */
static uint32_t
mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5A827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ED9EBA1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
	return (b ^ c ^ d) + 0xCA62C1D6;
}

/* Section 6.1, "Method 1". */
static void
take_block(uint32_t h[5], const uint8_t *p)
{
	uint32_t w[80], v[5];

	for (unsigned t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (unsigned t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, h, sizeof(v));
	for (unsigned t = 0; t < 80; t++) {
		uint32_t next = rotate(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] + w[t];

		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = next;
	}
	for (unsigned i = 0; i < 5; i++)
		h[i] += v[i];
}

void
gsp_sha1(uint8_t out[GSP_SHA1_LEN], const void *data, size_t len)
{
	uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
	uint64_t bits = (uint64_t)len * 8;
	const uint8_t *p = data;
	uint8_t last[2 * BLOCK] = {0};
	size_t n;

	for (; len >= BLOCK; len -= BLOCK, p += BLOCK)
		take_block(h, p);
	/* section 4: a one, zeros, and the length as the last 8 bytes of a block */
	if (len > 0)
		memcpy(last, p, len);
	last[len] = 0x80;
	n = len + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
	for (unsigned i = 0; i < 8; i++)
		last[n - 1 - i] = (uint8_t)(bits >> 8 * i);
	take_block(h, last);
	if (n > BLOCK)
		take_block(h, last + BLOCK);
	for (unsigned i = 0; i < GSP_SHA1_LEN; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}
