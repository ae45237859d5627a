/*
 * bot_job_file: a job of the bot on disk, state/discord/jobs/<interaction id>/:
 *
 *   job.json   who asked for what, where; the interaction's token until it is of no use any more
 *   lock       held by the runner for as long as it lives; and by the monitor while it settles
 *   started    the runner is about to start the tool
 *   progress   the tool's stderr, --progress=json
 *   out        its stdout: the record
 *   end.json   its status; nothing is started once this is there
 *   told       the chat has been told; the directory stays a while, so that what Discord repeats late
 *              starts nothing
 */
#ifndef GSP_CMD_BOT_JOB_FILE_H
#define GSP_CMD_BOT_JOB_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "discord/talk.h"
#include "gsp/config.h"

struct job_end {
	int status;          /* exit status; -1 not started, or lost */
	int64_t ended_ms;    /* wall clock */
	char why[GSP_ERR_MAX]; /* of -1 */
};

/** job_path(b, h, id, name): borrowed from ${b}; ${name} "": the directory. ${id} is digits. */
const char *job_path(struct gsp_buf *b, const struct gsp_home *h, const char *id, const char *name);

/** job_claim(h, id, err): mkdir, which is done once. GSP_EREFUSED when the directory is there. One without
 * job.json is of what acted at once; it goes after a while. */
int job_claim(const struct gsp_home *h, const char *id, struct gsp_err *err);
/** job_make(h, begin, even, err): mkdir and job.json. GSP_EREFUSED when the directory is there. */
int job_make(const struct gsp_home *h, const struct gsp_talk *begin, bool even, struct gsp_err *err);
/** job_write(h, begin, even, err): job.json once more. */
int job_write(const struct gsp_home *h, const struct gsp_talk *begin, bool even, struct gsp_err *err);
/** job_read(begin, even, h, id, err): release ${begin}, a BEGIN. GSP_ENOTFOUND, GSP_EIO. */
int job_read(struct gsp_talk *begin, bool *even, const struct gsp_home *h, const char *id,
    struct gsp_err *err);

/** job_read_end(end, h, id): 0, or -1 while there is none. */
int job_read_end(struct job_end *end, const struct gsp_home *h, const char *id);
int job_write_end(const struct gsp_home *h, const char *id, int status, const char *why,
    struct gsp_err *err);

/** job_mark(h, id, name, err): an empty file, such as started. */
int job_mark(const struct gsp_home *h, const char *id, const char *name, struct gsp_err *err);
bool job_has(const struct gsp_home *h, const char *id, const char *name);

/**
 * job_settle(h, id, err):
 * One that nobody runs and that has no end gets one: it was not begun, or its runner was killed.
 * 1: it has an end; 0: somebody runs it; -1.
 */
int job_settle(const struct gsp_home *h, const char *id, struct gsp_err *err);

/** job_last_words(end, h, begin, t): fill END's text, out and cost from what the tool has left. */
void job_last_words(struct gsp_talk *t, const struct gsp_home *h, const struct gsp_talk *begin,
    const struct job_end *end);

#endif
