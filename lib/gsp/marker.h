/*
 * gsp/marker: what the machine itself remembers, /var/lib/gsp/session.json: whose it is and how
 * far its saves have come. It decides, not our own memory: a machine may be reached from another
 * computer, and a computer may have lost its memory.
 *
 * The text has one fixed form (keys in this order, one line, no quotes inside values), so that
 * the script on the machine can read it without a JSON parser.
 */
#ifndef GSP_GSP_MARKER_H
#define GSP_GSP_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum gsp_marker_state {
	GSP_MARK_FRESH,    /* nothing of ours was sent */
	GSP_MARK_UPLOADED, /* files are there, the game was never started */
	GSP_MARK_DIRTY,    /* from just before `start`: there may be a save that is nowhere else */
	GSP_MARK_STOPPING, /* going down: no start any more */
	GSP_MARK_SAVED,    /* generation `saved` is home and proven */
	GSP_MARK_CLOSING   /* about to be deleted */
};
const char *gsp_marker_state_name(enum gsp_marker_state s);

struct gsp_marker {
	char home[9];
	char server[29];
	char session[33];
	enum gsp_marker_state state;
	uint64_t base;   /* generation that was uploaded */
	uint64_t saved;  /* generation that came home; 0 none */
	bool stopped;    /* a stop was proven and nothing was started since */
	bool killed;     /* the game was ended by force */
	char boot_id[40]; /* boot during which `start` ran or the stop was proven */
	char text[1024]; /* as last read or written: what compare-and-swap compares */
};

/** gsp_marker_parse(out, text, err): GSP_EPROTO for anything but the form above. */
int gsp_marker_parse(struct gsp_marker *out, const char *text, struct gsp_err *err);

/** gsp_marker_print(m): fill m->text from the other fields. */
void gsp_marker_print(struct gsp_marker *m);

#endif
