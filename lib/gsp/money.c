#include "gsp/money.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"

#include "base/banned.h"

#define HOUR      3600
#define USD_MAX   1e6
#define YEAR_MAX  9999
#define MONTH_MAX (YEAR_MAX * 12 + 11)

int64_t
gsp_money_from(double usd)
{
	if (!(usd >= 0) || usd > USD_MAX) /* not a number, too */
		return -1;
	return (int64_t)llround(usd * (double)GSP_MONEY_USD);
}

double
gsp_money_usd(int64_t amount)
{
	return (double)amount / (double)GSP_MONEY_USD;
}

int64_t
gsp_money_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (b < 0)
		return a;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

const char *
gsp_money_text(char *buf, size_t size, int64_t amount)
{
	size_t n, least;

	if (amount < 0) {
		snprintf(buf, size, "?");
		return buf;
	}
	snprintf(buf, size, "$%" PRId64 ".%06" PRId64, amount / GSP_MONEY_USD, amount % GSP_MONEY_USD);
	/* two decimals, and more only where they say something */
	least = strcspn(buf, ".") + 3;
	for (n = strlen(buf); n > least && buf[n - 1] == '0'; n--)
		buf[n - 1] = '\0';
	return buf;
}

int
gsp_month_of(int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (when < 0)
		return 1970 * 12;
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year + 1900 > YEAR_MAX)
		return MONTH_MAX;
	return (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

int64_t
gsp_month_begin(int month)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	tm.tm_year = month / 12 - 1900;
	tm.tm_mon = month % 12;
	tm.tm_mday = 1;
	return (int64_t)timegm(&tm);
}

int
gsp_month_parse(int *month, const char *text)
{
	char year[5];
	uint64_t y, m;

	if (strlen(text) != 7 || text[4] != '-')
		return -1;
	memcpy(year, text, 4);
	year[4] = '\0';
	if (gsp_num_u64(&y, year, 1970, YEAR_MAX) == -1 || gsp_num_u64(&m, text + 5, 1, 12) == -1)
		return -1;
	*month = (int)(y * 12 + m - 1);
	return 0;
}

const char *
gsp_month_text(char *buf, size_t size, int month)
{
	snprintf(buf, size, "%04d-%02d", month / 12, month % 12 + 1);
	return buf;
}

/* Hours that began before ${when}, of a machine that lived for ${total} of them. */
static int64_t
began_before(int64_t created, int64_t when, int64_t total)
{
	int64_t n = when > created ? (when - created + HOUR - 1) / HOUR : 0;

	return n < total ? n : total;
}

uint64_t
gsp_money_hours(const struct gsp_life *l)
{
	int64_t lived = l->until - l->created + (l->runs ? 1 : 0);

	return lived > HOUR ? (uint64_t)(lived + HOUR - 1) / HOUR : 1;
}

struct gsp_bill
gsp_money_month(const struct gsp_life *l, int month)
{
	int64_t total = (int64_t)gsp_money_hours(l);
	int64_t hours = began_before(l->created, gsp_month_begin(month + 1), total) -
	    began_before(l->created, gsp_month_begin(month), total);
	struct gsp_bill b = {(uint64_t)hours, -1};

	if (l->hourly >= 0 && __builtin_mul_overflow(hours, l->hourly, &b.amount))
		b.amount = INT64_MAX;
	if (l->monthly > 0 && b.amount > l->monthly)
		b.amount = l->monthly;
	return b;
}

struct gsp_bill
gsp_money_whole(const struct gsp_life *l)
{
	struct gsp_bill sum = {0, l->hourly >= 0 ? 0 : -1};
	/* the last hour began before the end, or with a machine that ended as it began */
	int last = gsp_month_of(l->until > l->created ? l->until : l->created);

	for (int m = gsp_month_of(l->created); m <= last; m++) {
		struct gsp_bill b = gsp_money_month(l, m);

		sum.hours += b.hours;
		if (sum.amount >= 0)
			sum.amount = gsp_money_add(sum.amount, b.amount);
	}
	return sum;
}

int64_t
gsp_money_always(int month, int64_t now, int64_t hourly, int64_t monthly)
{
	struct gsp_life l = {gsp_month_begin(month), gsp_month_begin(month + 1), false, hourly, monthly};

	if (now < l.created)
		return 0;
	if (now < l.until) {
		l.until = now;
		l.runs = true;
	}
	return gsp_money_month(&l, month).amount;
}
