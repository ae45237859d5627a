/*
 * tap: the Test Anything Protocol for C tests, one binary per module.
 */
#ifndef GSP_TEST_TAP_H
#define GSP_TEST_TAP_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_n, tap_bad;

#define OK(cond) tap_ok((cond) ? 1 : 0, __FILE__, __LINE__, #cond)
#define IS_STR(got, want) tap_str((got), (want), __FILE__, __LINE__, #got)
#define IS_INT(got, want) tap_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define SKIP(why)                                                                                  \
	do {                                                                                       \
		printf("ok %d # SKIP %s\n", ++tap_n, (why));                                       \
	} while (0)
#define SKIP_ALL(why)                                                                              \
	do {                                                                                       \
		printf("1..0 # SKIP %s\n", (why));                                                 \
		exit(0);                                                                           \
	} while (0)

static inline int
tap_ok(int ok, const char *file, int line, const char *what)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tap_n, what);
	if (!ok) {
		printf("# at %s:%d\n", file, line);
		tap_bad++;
	}
	fflush(stdout);
	return ok;
}

static inline int
tap_str(const char *got, const char *want, const char *file, int line, const char *what)
{
	int ok = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;

	tap_ok(ok, file, line, what);
	if (!ok)
		printf("#  got: %s\n# want: %s\n", got ? got : "(null)", want ? want : "(null)");
	return ok;
}

static inline int
tap_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
	tap_ok(got == want, file, line, what);
	if (got != want)
		printf("#  got: %" PRId64 "\n# want: %" PRId64 "\n", got, want);
	return got == want;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_n);
	return tap_bad != 0;
}

#endif
