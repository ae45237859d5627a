/*
 * discord/view: what is folded (view.c) and shown (view_text.c, view_final.c).
 */
#ifndef GSP_DISCORD_VIEW_PRIV_H
#define GSP_DISCORD_VIEW_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discord/message_priv.h"
#include "discord/view.h"

#define VIEW_STEPS_MAX 14    /* lines of steps that are shown; an up has 7 */
#define VIEW_WARNINGS_MAX 3
#define VIEW_NAME_MAX 33     /* bytes of a step's name, NUL included */

enum view_state { VIEW_RUNS, VIEW_DONE, VIEW_FAILED };

struct view_step {
	char name[VIEW_NAME_MAX];
	enum view_state state;
	int64_t begun_ms, ended_ms; /* wall clock */
	int pct;                    /* -1: unknown */
	uint64_t rate;              /* bytes a second; 0 unknown */
	int64_t eta_s;              /* -1: unknown */
};

struct gsp_view {
	enum gsp_verb verb;
	uint64_t save;
	char server[65], job[GSP_TALK_ID], user[GSP_TALK_ID];
	int64_t asked_ms, ended_ms;

	struct view_step steps[VIEW_STEPS_MAX];
	size_t nsteps, earlier; /* earlier: steps that gave way */
	char warnings[VIEW_WARNINGS_MAX][513];
	size_t nwarnings;
	char why[1025];         /* it failed */
	uint64_t generation;    /* that came home; 0 none */
	bool has_machine;       /* a step said so */
	bool gone;              /* likewise: there is none any more */
	bool was_down;
	bool unplayed;          /* nothing was ever started: nothing to save */

	bool ended;
	int status;
	double cost_usd;
	struct gsp_json *record; /* that was printed; NULL: none */
};

/** gsp_view_title(out, v): "**vanilla** is coming up", "... is up", "... did not come up". */
void gsp_view_title(struct gsp_buf *out, const struct gsp_view *v);

/** gsp_view_why(out, v): why it failed, and how to go on. */
void gsp_view_why(struct gsp_buf *out, const struct gsp_view *v);

#endif
