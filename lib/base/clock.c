#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

static int64_t
read_ms(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
gsp_now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
gsp_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
gsp_wall_s(void)
{
	return gsp_wall_ms() / 1000;
}

const char *
gsp_clock_format(char *buf, size_t size, int64_t epoch_s)
{
	time_t t = (time_t)epoch_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, size, "?");
	return buf;
}

/* Two or four digits at p; -1 if there is anything else. */
static int
digits(const char *p, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

int
gsp_clock_parse(int64_t *epoch_s, const char *text)
{
	size_t len = strlen(text);
	struct tm tm, back;
	time_t t;

	if (len == 20 && text[19] == 'Z')
		len = 19;
	if (len != 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
	    text[13] != ':' || text[16] != ':')
		return -1;
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = digits(text, 4) - 1900;
	tm.tm_mon = digits(text + 5, 2) - 1;
	tm.tm_mday = digits(text + 8, 2);
	tm.tm_hour = digits(text + 11, 2);
	tm.tm_min = digits(text + 14, 2);
	tm.tm_sec = digits(text + 17, 2);
	if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mday < 1 || tm.tm_hour < 0 ||
	    tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return -1;
	back = tm;
	back.tm_sec = 0; /* a leap second ends a month: it would fold into the next one */
	t = timegm(&back);
	/* timegm() folds 31 February into March: a date that changed was none */
	if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday)
		return -1;
	*epoch_s = (int64_t)t + tm.tm_sec;
	return 0;
}
