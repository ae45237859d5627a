/*
 * gsp/config_notify: the settings that say who is told of what: `notify:` in gsp.yaml (for every
 * server, and for the home) and in server.yaml (besides those). Part of gsp/config. Keys and forms:
 * gsp.yaml(5), server.yaml(5).
 *
 * A target is named by an id made of its kind and of where its address is written, never of the
 * address: "discord-5b0c21f7". The same target in both files is one target, and the server's entry
 * says what it hears of. Addresses that are secrets stay in their files: nothing here reads them,
 * and no message of an error shows what was written in place of one.
 */
#ifndef GSP_GSP_CONFIG_NOTIFY_H
#define GSP_GSP_CONFIG_NOTIFY_H

#include <stddef.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "fmt/yaml.h"

enum gsp_notice_event {
	GSP_NOTICE_UP,       /* somebody asked for it; the machine is being made */
	GSP_NOTICE_READY,    /* the game answers, with its address */
	GSP_NOTICE_IDLE,     /* nobody plays: it stops soon */
	GSP_NOTICE_LEASE,    /* its time is nearly over */
	GSP_NOTICE_STOPPING,
	GSP_NOTICE_SAVED,    /* the save is home and the machine gone */
	GSP_NOTICE_FAILED,   /* up or down failed; with the command that goes on */
	GSP_NOTICE_UNKNOWN,  /* nobody can tell whether anybody plays, or it is unwell */
	GSP_NOTICE_BUDGET,
	GSP_NOTICE_STRAY
};
#define GSP_NOTICE_EVENTS (GSP_NOTICE_STRAY + 1)

/** gsp_notice_name(event): "up", "ready", "idle", ...: as in notify: [{on: [...]}]. */
const char *gsp_notice_name(enum gsp_notice_event event);

/** gsp_notice_event(out, name): the other way; 0, or -1 for no such name. */
int gsp_notice_event(enum gsp_notice_event *out, const char *name);

enum gsp_notify_kind { GSP_NOTIFY_DISCORD, GSP_NOTIFY_WEBHOOK, GSP_NOTIFY_NTFY, GSP_NOTIFY_COMMAND };

#define GSP_NOTIFY_MAX 8   /* targets in one file */
#define GSP_NOTIFY_ID 20   /* room for an id */

struct gsp_notify_target {
	enum gsp_notify_kind kind;
	char id[GSP_NOTIFY_ID];
	char *url;               /* written in the file; NULL: it is in ${file} */
	char *file;              /* as written: gsp_home_expand(); NULL: none */
	char *token_file;        /* of ntfy; as written; NULL: none */
	struct gsp_argv command; /* of a command */
	unsigned on;             /* 1u << event */
};

struct gsp_notify {
	struct gsp_notify_target v[GSP_NOTIFY_MAX];
	size_t n;
};

/** gsp_notify_set(n, v, err): replace ${n} by the list ${v}. GSP_ECONFIG with file, line, column. */
int gsp_notify_set(struct gsp_notify *n, const struct gsp_yaml *v, struct gsp_err *err);
void gsp_notify_release(struct gsp_notify *n);

/** gsp_notify_label(b, t): append what people know it by: "discord_file discord-url". No secret. */
void gsp_notify_label(struct gsp_buf *b, const struct gsp_notify_target *t);

#endif
