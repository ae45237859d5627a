/*
 * gsp/notice_run: who is told, and the process that tells one of them. Part of gsp/notice.
 */
#ifndef GSP_GSP_NOTICE_RUN_H
#define GSP_GSP_NOTICE_RUN_H

#include "gsp/config.h"
#include "gsp/notice_send.h"

/* The targets of a server and of the home; the settings they come from. */
struct gsp_notice_targets {
	const struct gsp_notify_target *v[4 * GSP_NOTIFY_MAX]; /* each once */
	size_t n;
	struct gsp_server_conf **confs; /* private */
	size_t nconfs;
};

/**
 * gsp_notice_targets(out, h, server):
 * ${server} NULL: the home's alone. Where a server names a target of the home's again, its entry
 * counts. A server.yaml that cannot be read has none: the home's are told all the same.
 */
void gsp_notice_targets(struct gsp_notice_targets *out, const struct gsp_home *h,
    const char *server);

/** gsp_notice_targets_all(out, h): those of the home and of every server. */
void gsp_notice_targets_all(struct gsp_notice_targets *out, const struct gsp_home *h);
void gsp_notice_targets_release(struct gsp_notice_targets *t);

/**
 * gsp_notice_run(h, id, err):
 * Send what waits for one target, oldest first, until nothing does; wait for it as long as what
 * waits is worth it. 0 also when another process does so already. A notice is removed when it was
 * taken, so one may come twice if we die, or its answer is lost, in between.
 * How long: GSP_NOTICE_FAILED, UNKNOWN, BUDGET, STRAY and SAVED for a day, IDLE and LEASE for a
 * quarter of an hour, the others for an hour; each is tried at least once.
 * Errors: GSP_ECANCEL; the lock's GSP_EIO.
 */
int gsp_notice_run(const struct gsp_home *h, const char *id, struct gsp_err *err);

/** gsp_notice_test(h, t, server, err): one line to one target, now; once. */
enum gsp_notice_outcome gsp_notice_test(const struct gsp_home *h,
    const struct gsp_notify_target *t, const char *server, struct gsp_http *http,
    struct gsp_err *err);

/** gsp_notice_trouble(out, h): a line for each target that does not work, for people; often
 * nothing. */
void gsp_notice_trouble(struct gsp_argv *out, const struct gsp_home *h);

/** gsp_notice_backoff_ms(tries, rnd): after that many tries in vain: 5 s, 10 s, 20 s ... 5 min, and
 * up to a quarter more; ${rnd} is uniform in [0, 1000). */
int64_t gsp_notice_backoff_ms(uint64_t tries, uint32_t rnd);

#endif
