/*
 * bot_run: the half of gsp-bot that owns the home: it starts the half that talks to Discord, checks who
 * may what, and starts the other tools.
 */
#ifndef GSP_CMD_BOT_RUN_H
#define GSP_CMD_BOT_RUN_H

#include "base/err.h"
#include "tool.h"

/**
 * bot_run(t, err):
 * Serve until a signal comes. ${t} has its options, and no home yet: started as root it first finds out
 * whose home it is, starts the network half, and becomes that owner. tool_close() is the caller's.
 * 0 after SIGTERM. Errors: GSP_ETEMP when it should be started again (the network half ended), or
 * another one serves this home; GSP_EAUTH the bot's token was refused; GSP_ECONFIG Discord refuses it
 * for another reason, or a bad setting; GSP_EPROTO the network half said what it may not say.
 */
int bot_run(struct tool *t, struct gsp_err *err);

/**
 * bot_job_runner(t, id, err):
 * Run the job state/discord/jobs/${id} to its end, unless it was begun before, and note what became of
 * it. Nobody's child, with a session of its own. Opens the home.
 */
int bot_job_runner(struct tool *t, const char *id, struct gsp_err *err);

#endif
