/* Moments, as people write them. */
#ifndef GSP_TEST_TIMES_H
#define GSP_TEST_TIMES_H

#include "base/clock.h"

#include "tap.h"

static int64_t
at(const char *text)
{
	int64_t t = -1;

	if (gsp_clock_parse(&t, text) == -1) {
		printf("Bail out! bad time %s\n", text);
		exit(1);
	}
	return t;
}

#endif
