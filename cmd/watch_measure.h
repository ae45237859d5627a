/*
 * watch_measure: what one machine says of itself, asked over ssh by a process of its own, which may
 * hang: it prints a JSON object a line, each as soon as it knows something, and whoever waits for
 * it takes what has come.
 */
#ifndef GSP_CMD_WATCH_MEASURE_H
#define GSP_CMD_WATCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tool.h"

struct watch_measured {
	bool answered;   /* over ssh; else why */
	bool theirs;     /* another home has the machine, as its marker says */
	bool dirty, alive, stopped, rebooted; /* struct gsp_watch_look */
	bool stopping;   /* the game was told to stop, for good */
	bool counted;
	uint32_t players;
	int health;      /* 1, 0, -1 */
	char why[200];   /* not answered, not counted, or unhealthy: why; "" */
};

/** watch_measure_child(t, server, err): the process that asks: prints to stdout. */
int watch_measure_child(struct tool *t, const char *server, struct gsp_err *err);

/**
 * watch_measure(out, t, server, limit_s, err):
 * Start it, and wait no longer than that. What it did not say is "cannot tell". -1 only for a
 * signal of ours.
 */
int watch_measure(struct watch_measured *out, struct tool *t, const char *server, int64_t limit_s,
    struct gsp_err *err);

#endif
