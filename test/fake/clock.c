#include "clock.h"

#include <signal.h>
#include <stdlib.h>

#define SLEEPS 4096

static int64_t sleeps[SLEEPS], total;
static size_t nsleeps, cancel_at = SIZE_MAX;

static int64_t
now_ms(void)
{
	return FAKE_CLOCK_START + total;
}

static int64_t
wall_s(void)
{
	return FAKE_CLOCK_WALL + total / 1000;
}

static int
sleep_ms(int64_t ms, struct gsp_err *err)
{
	if (nsleeps == SLEEPS)
		abort();
	if (nsleeps == cancel_at) {
		gsp_err_set(err, GSP_ECANCEL, "stopped by SIGTERM");
		err->detail = SIGTERM;
		return -1;
	}
	sleeps[nsleeps++] = ms;
	total += ms;
	return 0;
}

static uint32_t
below(uint32_t n)
{
	(void)n;
	return 0;
}

const struct gsp_retry_clock fake_clock = {now_ms, wall_s, sleep_ms, below};

void
fake_clock_reset(void)
{
	nsleeps = 0;
	total = 0;
	cancel_at = SIZE_MAX;
}

size_t
fake_clock_sleeps(void)
{
	return nsleeps;
}

int64_t
fake_clock_sleep(size_t i)
{
	return i < nsleeps ? sleeps[i] : -1;
}

int64_t
fake_clock_total(void)
{
	return total;
}

void
fake_clock_cancel_at(size_t i)
{
	cancel_at = i;
}
