#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int
gsp_num_u64(uint64_t *out, const char *s, uint64_t min, uint64_t max)
{
	uint64_t v = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		unsigned d = (unsigned)(unsigned char)*s - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return -1;
		v = v * 10 + d;
	}
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

int
gsp_num_i64(int64_t *out, const char *s, int64_t min, int64_t max)
{
	bool neg = *s == '-';
	uint64_t v;
	int64_t x;

	if (gsp_num_u64(&v, s + neg, 0, INT64_MAX) == -1)
		return -1;
	x = neg ? -(int64_t)v : (int64_t)v;
	if (x < min || x > max)
		return -1;
	*out = x;
	return 0;
}

int
gsp_num_duration_s(int64_t *out, const char *s, int64_t max_s)
{
	size_t len = strlen(s);
	int64_t unit = 1, v;
	char digits[24];

	if (len == 0 || len >= sizeof(digits))
		return -1;
	memcpy(digits, s, len + 1);
	switch (s[len - 1]) {
	case 's': unit = 1; break;
	case 'm': unit = 60; break;
	case 'h': unit = 3600; break;
	case 'd': unit = 86400; break;
	default: len++; break; /* a bare number */
	}
	digits[len - 1] = '\0';
	if (gsp_num_i64(&v, digits, 1, max_s / unit) == -1)
		return -1;
	*out = v * unit;
	return 0;
}

int64_t
gsp_num_seconds_ms(double s, int64_t max_ms)
{
	int64_t ms;

	if (!(s >= 0))
		return -1;
	if (s * 1000 >= (double)max_ms)
		return max_ms;
	ms = (int64_t)(s * 1000);
	return ms + (s * 1000 > (double)ms);
}

int64_t
gsp_num_seconds_text_ms(const char *text, int64_t max_ms)
{
	size_t whole = text != NULL ? strspn(text, "0123456789") : 0, point;

	if (whole == 0 || strlen(text) > 32)
		return -1;
	point = text[whole] == '.' ? 1 : 0;
	if (text[whole + point + (point == 0 ? 0 : strspn(text + whole + 1, "0123456789"))] != '\0')
		return -1;
	return gsp_num_seconds_ms(strtod(text, NULL), max_ms);
}

const char *
gsp_num_bytes(char *buf, size_t size, uint64_t n)
{
	static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double v = (double)n;
	size_t u = 0;

	while (v >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1000;
		u++;
	}
	snprintf(buf, size, u == 0 || v >= 99.95 ? "%.0f %s" : "%.1f %s", v, unit[u]);
	return buf;
}

const char *
gsp_num_usd(char *buf, size_t size, double usd)
{
	int n = snprintf(buf, size, usd < 1 ? "$%.4f" : "$%.2f", usd);

	/* "$0.0075", but "$0.50" */
	if (usd < 1 && n > 2 && (size_t)n < size)
		for (int last = n - 1; last >= n - 2 && buf[last] == '0'; last--)
			buf[last] = '\0';
	return buf;
}

const char *
gsp_num_span(char *buf, size_t size, int64_t seconds)
{
	int64_t s = seconds < 0 ? 0 : seconds;

	if (s < 60)
		snprintf(buf, size, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(buf, size, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, size, "%" PRId64 " h %02" PRId64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, size, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	return buf;
}
