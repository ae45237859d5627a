/*
 * gsp/money: dollars, months and started hours, in whole numbers: sums do not drift.
 *
 * Units: an amount is in micro-dollars (1e-6), -1 where it is not known. A month is a number that
 * counts months, in UTC, as Linode's invoices do; it has a text, "2026-11". Times are epoch seconds.
 */
#ifndef GSP_GSP_MONEY_H
#define GSP_GSP_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSP_MONEY_USD INT64_C(1000000) /* one dollar */
#define GSP_MONEY_TEXT 32
#define GSP_MONTH_TEXT 16

/** gsp_money_from(usd): rounded to the micro-dollar; -1 for what is negative, no number, or above a
 * million (no plan costs that). */
int64_t gsp_money_from(double usd);

/** gsp_money_usd(amount): in dollars, to be shown. Exact to the micro-dollar below a billion. */
double gsp_money_usd(int64_t amount);

/** gsp_money_add(a, b): the sum; stays at the largest number. An unknown b adds nothing. */
int64_t gsp_money_add(int64_t a, int64_t b);

/** gsp_money_text(buf, size, amount): "$0.0075", "$2.88", "$40.00", all digits there are; "?" for
 * unknown. Returns buf. */
const char *gsp_money_text(char *buf, size_t size, int64_t amount);

int gsp_month_of(int64_t when);
int64_t gsp_month_begin(int month);
/** gsp_month_parse(out, "2026-11"): 0 or -1; the years 1970 to 9999. */
int gsp_month_parse(int *month, const char *text);
const char *gsp_month_text(char *buf, size_t size, int month);

/* A machine's life, and its price. */
struct gsp_life {
	int64_t created;
	int64_t until; /* when it was deleted; now, if it runs */
	bool runs;     /* the second ${until} is part of it */
	int64_t hourly, monthly; /* amounts; -1 unknown. No monthly price: no cap */
};

struct gsp_bill {
	uint64_t hours; /* started ones */
	int64_t amount; /* -1: the price is not known */
};

/**
 * gsp_money_month(life, month):
 * What Linode charges for a machine in a month: each hour that began counts in full, at least one
 * for a machine that was there at all, up to the monthly price of that machine in each calendar
 * month. An hour belongs to the month in which it began, so that the months add up to the whole.
 * A machine deleted after exactly an hour has one; one that has run for an hour and runs on has two.
 * Source: Linode billing, "every started hour counts in full, per service up to its monthly price".
 */
struct gsp_bill gsp_money_month(const struct gsp_life *life, int month);

/** gsp_money_hours(life): started hours, in all. */
uint64_t gsp_money_hours(const struct gsp_life *life);

/** gsp_money_whole(life): all its months together. */
struct gsp_bill gsp_money_whole(const struct gsp_life *life);

/** gsp_money_always(month, now, hourly, monthly): the same plan, on for all of a month; of the
 * month that ${now} is in, until now; 0 for one to come. */
int64_t gsp_money_always(int month, int64_t now, int64_t hourly, int64_t monthly);

#endif
