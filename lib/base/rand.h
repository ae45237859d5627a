/*
 * base/rand: randomness from the kernel, and names made of it.
 */
#ifndef GSP_BASE_RAND_H
#define GSP_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/** gsp_rand_bytes(p, n): n unpredictable bytes. Aborts if the kernel has none: nothing is safe then. */
void gsp_rand_bytes(void *p, size_t n);

/** gsp_rand_below(n): uniform in [0, n), n > 0. */
uint32_t gsp_rand_below(uint32_t n);

/**
 * gsp_rand_id(buf, n):
 * n characters of [a-z2-9] without look-alikes (i l o 0 1), then NUL: buf holds n + 1.
 * The first is a letter. 8 characters carry 39 bits.
 */
void gsp_rand_id(char *buf, size_t n);

#endif
