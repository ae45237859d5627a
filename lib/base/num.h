/*
 * base/num: numbers from text, whole string or nothing, and text from numbers for people.
 */
#ifndef GSP_BASE_NUM_H
#define GSP_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/** Parse all of ${s} as decimal digits in [min, max]; 0, or -1 with *out untouched. */
int gsp_num_u64(uint64_t *out, const char *s, uint64_t min, uint64_t max);
int gsp_num_i64(int64_t *out, const char *s, int64_t min, int64_t max);

/**
 * gsp_num_duration_s(out, s, max_s):
 * Parse "90", "90s", "20m", "2h", "1d" (one number, one unit; a bare number is seconds) into
 * seconds, 1..max_s. 0 or -1.
 */
int gsp_num_duration_s(int64_t *out, const char *s, int64_t max_s);

/**
 * gsp_num_seconds_ms(s, max_ms), gsp_num_seconds_text_ms(text, max_ms):
 * Seconds that a server asks us to wait, such as 64.57, in milliseconds: rounded up, for too early is
 * worse than too late; at most ${max_ms}. -1: less than none, or no such number (or NULL).
 */
int64_t gsp_num_seconds_ms(double s, int64_t max_ms);
int64_t gsp_num_seconds_text_ms(const char *text, int64_t max_ms);

/** gsp_num_bytes(buf, size, n): "512 B", "1.4 MB", "3.2 GB" (powers of 1000). Returns buf. */
const char *gsp_num_bytes(char *buf, size_t size, uint64_t n);

/** gsp_num_usd(buf, size, usd): "$0.0075", "$0.072", "$0.50", "$12.40". Returns buf. */
const char *gsp_num_usd(char *buf, size_t size, double usd);

/** gsp_num_span(buf, size, seconds): "45 s", "3 min 20 s", "2 h 05 min", "3 d 4 h". Returns buf. */
const char *gsp_num_span(char *buf, size_t size, int64_t seconds);

#endif
