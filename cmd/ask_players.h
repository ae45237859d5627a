/*
 * ask_players: before a tool stops a game, those who play on it count.
 */
#ifndef GSP_CMD_ASK_PLAYERS_H
#define GSP_CMD_ASK_PLAYERS_H

#include <stdbool.h>

#include "tool.h"

struct ask_players {
	bool even;     /* --even-if-playing: whoever plays */
	bool if_empty; /* --if-empty: on a measured zero alone, and no question */
	/* out */
	bool runs;     /* there was a game to be stopped */
	bool refused;  /* it must not be */
};

#define ASK_PLAYERS_EVEN_HELP "stop it whoever plays, and do not ask"

/** ask_players_check(a, err): GSP_EUSAGE if both are wanted. */
int ask_players_check(const struct ask_players *a, struct gsp_err *err);

/**
 * ask_players(t, job, a, err):
 * 0: go on. Asks on a terminal if somebody plays, or nobody can tell.
 * -1 with ${a}->refused: GSP_ENO if that was answered with no, GSP_EREFUSED if nobody could be asked
 * or --if-empty met somebody, GSP_ETEMP if --if-empty met that nobody can tell.
 * -1 without it: the machine cannot be reached, or is not ours.
 */
int ask_players(struct tool *t, struct gsp_job *job, struct ask_players *a, struct gsp_err *err);

#endif
