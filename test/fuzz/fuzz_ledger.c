/* Any text as a ledger: never an error, and what comes of it can be summed. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/cost.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count(void *ctx, size_t line, const char *why)
{
	assert(line > 0 && why[0] != '\0');
	++*(size_t *)ctx;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_cost_pick p = {2026 * 12 + 9, 2026 * 12 + 11, NULL, "http://127.0.0.1:1/v4",
	    INT64_C(1795000000)};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_cost_sums sums;
	struct gsp_ledger l;
	size_t bad = 0;
	uint64_t hours = 0;

	if (gsp_ledger_parse(&l, (const char *)data, size, count, &bad, &err) == -1)
		abort();
	assert(bad == l.bad);
	for (size_t i = 0; i < l.n; i++) {
		struct gsp_bill b;

		if (gsp_ledger_find(&l, l.v[i].id) != &l.v[i] || !gsp_server_name_ok(l.v[i].server))
			abort();
		for (int m = p.first; m <= p.last; m++)
			if (gsp_cost_counts(&l.v[i], &p) && gsp_cost_bill(&l.v[i], m, p.now, &b))
				hours += b.hours;
	}
	for (int by = GSP_COST_TOTAL; by <= GSP_COST_MONTH; by++) {
		uint64_t sum = 0;

		if (gsp_cost_sum(&sums, &l, (enum gsp_cost_by)by, &p, &err) == -1)
			abort();
		for (size_t i = 0; i < sums.n; i++) {
			if (sums.v[i].amount < 0)
				abort();
			sum += sums.v[i].hours;
		}
		if (sum != hours)
			abort();
		gsp_cost_sums_release(&sums);
	}
	gsp_ledger_release(&l);
	return 0;
}
