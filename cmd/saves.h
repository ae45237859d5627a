/* saves: what the files of gsp-saves share. */
#ifndef GSP_CMD_SAVES_H
#define GSP_CMD_SAVES_H

#include <stdbool.h>
#include <stddef.h>

#include "fmt/out.h"
#include "tool.h"

/* The ctx of every word. */
struct saves {
	struct gsp_out *out;
	bool json;
	char **args; /* what follows the server's name */
	size_t nargs;
	bool all;             /* show: every change */
	bool accept, dry_run; /* restore and import; prune */
};

/* The words that only look (saves_list.c, saves_show.c, saves_diff.c, saves_verify.c). */
tool_fn saves_list, saves_show, saves_diff, saves_verify;

/* The words that change something or carry it away (saves_change.c). */
tool_fn saves_restore, saves_import, saves_export, saves_prune;

#endif
