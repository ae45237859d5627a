/*
 * cli/progress_line: one progress line in its three forms. Used by cli/progress.
 */
#ifndef GSP_CLI_PROGRESS_LINE_H
#define GSP_CLI_PROGRESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum gsp_progress_state {
	GSP_LINE_START,
	GSP_LINE_PROGRESS,
	GSP_LINE_DONE,
	GSP_LINE_FAIL,
	GSP_LINE_WARN /* "progress" with a level */
};

struct gsp_progress_line {
	enum gsp_progress_state state;
	const char *step;
	int pct;               /* -1: unknown */
	uint64_t bytes, total; /* 0: unknown */
	uint64_t rate;         /* bytes a second; 0: unknown */
	int64_t eta_s;         /* -1: unknown */
	int64_t elapsed_s;     /* of the step */
	const char *msg;       /* any text; made harmless for people */
};

/** gsp_progress_state_name(state): "start", "progress", "done", "fail". */
const char *gsp_progress_state_name(enum gsp_progress_state state);

/** gsp_progress_json(out, t_ms, server, e): a JSON object and a newline. */
void gsp_progress_json(struct gsp_buf *out, int64_t t_ms, const char *server,
    const struct gsp_progress_line *e);

/** gsp_progress_people(out, server, e, color): a line without newline that stays. */
void gsp_progress_people(struct gsp_buf *out, const char *server,
    const struct gsp_progress_line *e, bool color);

/** gsp_progress_live(out, server, e, columns): a line of at most that many columns. */
void gsp_progress_live(struct gsp_buf *out, const char *server,
    const struct gsp_progress_line *e, size_t columns);

#endif
