/*
 * gsp/status: what exists, in which state, since when, what it costs and what goes on from here:
 * the cloud's list, our journals and the machines' markers put together.
 */
#ifndef GSP_GSP_STATUS_H
#define GSP_GSP_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "gsp/cloud.h"
#include "gsp/config.h"
#include "gsp/marker.h"

/* What a machine itself said, asked over ssh. */
struct gsp_probe {
	bool asked, answered;
	bool has_marker;
	struct gsp_marker marker;
	bool rebooted; /* the marker is of an earlier boot */
	bool alive;    /* something that start left is running */
	char why[200]; /* why it did not answer */
};

struct gsp_status_row {
	char server[65];  /* of ours; a stray's label otherwise */
	char stage[16];   /* as in a record; also crashed, lost, offline, stray, other-home */
	int64_t since;    /* epoch seconds, 0 unknown */
	char why[900];    /* a clause or two: why it is so, and what went wrong last */
	char after[400];  /* an after_save that is owed; "" none */
	char dns[400];    /* a name that leads where it should not; "" none */
	char stops[300];  /* who plays, when it stops and why, as the last watch found; "" not known */
	char watched[200]; /* who watches it; "" nobody, or there is nothing to watch */
	bool unwatched;   /* nobody does, and somebody should: watch: in gsp.yaml */
	int64_t players;  /* at the last watch; -1 not known */
	int64_t stop_at, lease_until; /* epoch seconds: an idle stop that is announced; 0 none */
	char next[200];   /* the exact command that goes on; "" nothing to do */
	char address[272]; /* as in a record */
	char region[33], type[49], home[9], session[33], actor[129];
	uint64_t linode_id;
	double hourly_usd, so_far_usd; /* < 0 unknown */
	uint64_t hours;
	uint64_t generation;
	uint64_t firewall_id; /* not 0: no machine, but this firewall */
	bool mine;
	bool busy;    /* somebody works on it now */
	bool settled; /* nothing needs anybody: plays, or has no machine */
	bool damaged; /* its journal cannot be read: what is here is the cloud's word alone */
};

/**
 * gsp_status_servers(names, h, err):
 * Every server of the home, sorted; also one whose server.yaml was removed while it has a
 * session. Release with gsp_argv_release().
 */
int gsp_status_servers(struct gsp_argv *names, const struct gsp_home *h, struct gsp_err *err);

/** gsp_status_known(all, names, n, err): each of the ${n} ${names} is one of ${all}; GSP_EUNAVAIL. */
int gsp_status_known(const struct gsp_argv *all, char **names, size_t n, struct gsp_err *err);

/**
 * gsp_status_server(row, h, name, cloud, probe, err):
 * One server of this home. ${probe} may be NULL (not asked). A journal that cannot be read is no
 * error but a row that says so (stage "damaged"): it must hide no other server.
 */
int gsp_status_server(struct gsp_status_row *row, const struct gsp_home *h, const char *name,
    const struct gsp_cloud *cloud, const struct gsp_probe *probe, struct gsp_err *err);

/**
 * gsp_status_strays(h, names, cloud, fn, ctx, err):
 * fn for each tagged machine that no server of this home accounts for, and for each tagged firewall
 * without its machine. ${names}: those of gsp_status_servers(), sorted.
 */
typedef int gsp_status_fn(void *ctx, const struct gsp_status_row *row, struct gsp_err *err);
int gsp_status_strays(const struct gsp_home *h, const struct gsp_argv *names,
    const struct gsp_cloud *cloud, gsp_status_fn *fn, void *ctx, struct gsp_err *err);

/**
 * gsp_status_sentence(out, row, now):
 * What is to be said of ${row}, in one sentence: its state, since when, why, what it costs an hour
 * and has cost so far, and the exact command that goes on.
 */
void gsp_status_sentence(struct gsp_buf *out, const struct gsp_status_row *row, int64_t now);

/**
 * gsp_status_may_answer(h, name, cloud):
 * Is it worth asking the machine of a server? Not when there is none, or the cloud says it is off.
 */
bool gsp_status_may_answer(const struct gsp_home *h, const char *name,
    const struct gsp_cloud *cloud);

/** gsp_status_probe(p, h, name, err): ask the machine of a server; never fails for its silence. */
int gsp_status_probe(struct gsp_probe *p, struct gsp_home *h, const char *name,
    struct gsp_err *err);

#endif
