/*
 * An evening for gsp/decide, written as its passes; what came of it as a line with the minute
 * of each act.
 */
#ifndef GSP_TEST_DECIDE_PLAY_H
#define GSP_TEST_DECIDE_PLAY_H

#include <stdarg.h>

#include "base/clock.h"
#include "gsp/decide.h"
#include "tap.h"

#define MIN ((int64_t)60)
#define HOUR (60 * MIN)

static struct gsp_decide_rules r;
static struct gsp_decide_memory m;
static struct gsp_decide_act acts[GSP_DECIDE_ACTS];
static size_t n;
static int64_t now, created;
static char line[8192];
static int64_t met; /* struct gsp_decide_seen */

/* A machine from 19:00, whose down takes 5 minutes: idle stops aim at 52 minutes past. */
static void
fresh(void)
{
	if (gsp_clock_parse(&created, "2026-11-22T19:00:00Z") == -1)
		exit(1);
	r = (struct gsp_decide_rules){.server = "vanilla",
	    .created = created,
	    .empty_s = 20 * MIN,
	    .never_s = 30 * MIN,
	    .unknown_s = 30 * MIN,
	    .down_s = 5 * MIN};
	memset(&m, 0, sizeof(m));
	gsp_decide_session(&m, "s7k2m9qx");
	met = 0;
	now = created;
	line[0] = '\0';
	n = 0;
}

__attribute__((format(printf, 1, 2))) static void
note(const char *fmt, ...)
{
	size_t len = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
}

static const char *
kind_of(const struct gsp_decide_act *a)
{
	static const char *const names[] = {
	    "say", "idle", "lease", "budget", "unknown", "failing"};
	static const struct {
		const char *in, *name;
	} more[] = {{"somebody joined", "joined"}, {"is held until", "held"},
	    {"was not stopped at", "missed"}, {"can be told again", "known"},
	    {"has been unhealthy", "unwell"}, {"is healthy again", "well"}};

	if (a->kind == GSP_DECIDE_DOWN)
		return a->even_if_playing ? "DOWN!" : "down";
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (strstr(a->text, more[i].in) != NULL)
			return more[i].name;
	return names[a->kind];
}

/* "42 say 10, 42 idle 10": minute (and second), kind, minutes to go */
static void
write_down(const struct gsp_decide_act *a)
{
	int64_t at = now - created;
	const char *in = strstr(a->text, "stops in ");

	note("%s%" PRId64, line[0] != '\0' ? ", " : "", at / 60);
	if (at % 60 != 0)
		note(":%02d", (int)(at % 60));
	note(" %s", kind_of(a));
	if (a->kind != GSP_DECIDE_DOWN && in != NULL)
		note(" %ld", strtol(in + strlen("stops in "), NULL, 10));
	if (strlen(a->text) >= (a->kind == GSP_DECIDE_SAY ? 200 : sizeof(a->text) - 1))
		IS_STR(a->text, "a shorter text");
}

static void
pass(const char *what)
{
	struct gsp_decide_seen s = {
	    .now = now, .health = 1, .counted = *what != '?', .why = "no answer"};
	char *end = NULL;

	s.met = met;
	s.players = s.counted ? (uint32_t)strtoul(what, &end, 10) : 0;
	for (const char *p = s.counted ? end : what + 1; *p != '\0' && *p != ' ' && *p != '*';
	     p++) {
		if (*p == 'u')
			s.health = 0;
		else if (*p == 'n')
			s.health = -1;
		else if (*p == 's')
			s.stopped = true;
		else
			exit(1);
	}
	n = gsp_decide(acts, &m, &r, &s);
	for (size_t i = 0; i < n; i++)
		write_down(&acts[i]);
}

/*
 * Passes ${every} seconds apart. "0" nobody, "2" players, "?" cannot tell; followed by u:
 * unhealthy, n: nobody to ask about health, s: the game was told to stop; by *20: so many of
 * them. "+90" and
 * "-90": so many seconds without a pass; "@2520": so many after the beginning.
 */
static const char *
play(int64_t every, const char *script)
{
	line[0] = '\0';
	for (const char *p = script; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
		const char *star = memchr(p, '*', strcspn(p, " "));

		if (*p == '+' || *p == '-')
			now += strtol(p, NULL, 10);
		else if (*p == '@')
			now = created + strtol(p + 1, NULL, 10);
		else
			for (long i = star != NULL ? strtol(star + 1, NULL, 10) : 1; i > 0;
			     i--) {
				pass(p);
				now += every;
			}
	}
	return line;
}

#endif
