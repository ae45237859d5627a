/*
 * bot_jobs: what its files share: jobs as they run (bot_jobs.c), what they write meanwhile
 * (bot_job_follow.c), and those of earlier runs (bot_jobs_old.c).
 */
#ifndef GSP_CMD_BOT_JOBS_H
#define GSP_CMD_BOT_JOBS_H

#include <sys/types.h>

#include "bot_mon.h"

#define JOB_LINE_BYTES 65536
#define JOB_BEGIN_MS   10000 /* a runner has taken its lock by then */

enum stage { ASKED, RUNS, ENDED };

struct job {
	struct job *next;
	struct gsp_talk begin;  /* BEGIN */
	bool even;
	enum stage stage;
	bool begun, ended;      /* BEGIN, END were sent */
	off_t at;               /* of progress: read so far */
	struct gsp_buf part;    /* of a line */
	bool skip;              /* the rest of a line that is too long */
	char *held;             /* the newest line that only says how far it is */
	char lost[GSP_ERR_MAX]; /* why it has no end.json and gets none, as on a full disk */
	int64_t look_ms, lock_ms, started_ms; /* monotonic */
};

struct jobs {
	struct job *first;
	int64_t sweep_ms;
	size_t made; /* directories since the last sweep */
};

/** jobs_find(m, id): NULL. jobs_add(m): a new one, to be filled. */
struct job *jobs_find(struct mon *m, const char *id);
struct job *jobs_add(struct mon *m);
void jobs_take_out(struct mon *m, struct job *j); /* and free it */

/** job_follow(m, j): LINEs, of what was written since. false: that is more than one turn's worth, and the
 * rest waits. */
bool job_follow(struct mon *m, struct job *j);

/** jobs_close_dir(m, j): all is said: no token, "told". */
void jobs_close_dir(struct mon *m, struct job *j);
/** jobs_remove_dir(m, id): for good. jobs_sweep(m): those of directories that nobody needs any more. */
void jobs_remove_dir(struct mon *m, const char *id);
void jobs_sweep(struct mon *m);

#endif
