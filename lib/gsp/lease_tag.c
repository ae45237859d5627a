#include "gsp/lease_tag.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/lease.h"
#include "gsp/moved.h"
#include "sys/lock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define PREFIX     "gsp-lease:"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define EPOCH_MAX  UINT64_C(253402300799) /* the end of the year 9999 */
#define LOCK_MS    5000
#define ASK_MS     12000 /* the lease counts without its tag: it is worth this much waiting */
#define ROUNDS     3
#define PAUSE_MS   500

static bool
is_lease(const char *tag)
{
	return strncasecmp(tag, PREFIX, PREFIX_LEN) == 0;
}

int64_t
gsp_lease_tag_read(const struct gsp_instance *it)
{
	uint64_t latest = 0, t;

	for (size_t i = 0; i < it->ntags; i++)
		if (is_lease(it->tags[i]) &&
		    gsp_num_u64(&t, it->tags[i] + PREFIX_LEN, 1, EPOCH_MAX) == 0 && t > latest)
			latest = t;
	return (int64_t)latest;
}

bool
gsp_lease_tag_right(const struct gsp_instance *it, int64_t until)
{
	size_t n = 0;

	for (size_t i = 0; i < it->ntags; i++)
		n += is_lease(it->tags[i]);
	return until == 0 ? n == 0 : n == 1 && gsp_lease_tag_read(it) == until;
}

void
gsp_lease_tag_put(struct gsp_argv *out, const struct gsp_instance *it, int64_t until)
{
	bool put = until == 0;

	for (size_t i = 0; i < it->ntags; i++) {
		if (!is_lease(it->tags[i]))
			gsp_argv_push(out, it->tags[i]);
		else if (!put) {
			gsp_argv_pushf(out, PREFIX "%" PRId64, until);
			put = true;
		}
	}
	if (!put)
		gsp_argv_pushf(out, PREFIX "%" PRId64, until);
}

/* ---- on the machine ---- */

/* Ours to change: of this home and of this session, by its tags of this moment. */
static int
check_ours(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	const char *tag = gsp_instance_tag(it, "gsp-session:");

	if (gsp_moved_refuse(job, it, err) == -1)
		return -1;
	if (tag == NULL || strcasecmp(tag, job->session->id) != 0 ||
	    gsp_instance_tag(it, "gsp-home:") == NULL)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' does not carry the tags of session "
		    "'%s' any more; somebody changed them", it->label, job->session->id);
	if (it->ntags >= GSP_LINODE_TAGS_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "the machine '%s' has too many tags to change one",
		    it->label);
	return 0;
}

static int
put_tags(struct gsp_job *job, const struct gsp_instance *it, int64_t until, struct gsp_err *err)
{
	struct gsp_argv tags = GSP_ARGV_INIT;
	bool former;
	int rc;

	gsp_lease_tag_put(&tags, it, until);
	if (!gsp_argv_ok(&tags))
		rc = gsp_err_set(err, GSP_ESYS, "out of memory");
	else {
		/* at once or not at all: a retry would put tags that are old by then */
		former = gsp_linode_set_once(job->api, true);
		rc = gsp_instance_set_tags(job->api, it->id, (const char *const *)tags.v, err);
		gsp_linode_set_once(job->api, former);
	}
	gsp_argv_release(&tags);
	return rc;
}

/* One round. 1: right; 0: not yet; -1. */
static int
try_once(struct gsp_job *job, struct gsp_err *err)
{
	const uint64_t id = job->session->linode_id;
	struct gsp_instance it;
	struct gsp_lease l;

	if (gsp_instance_get(job->api, id, &it, err) == -1 || check_ours(job, &it, err) == -1 ||
	    gsp_lease_get(&l, job->home, job->session, err) == -1)
		return -1;
	if (it.status == GSP_LS_DELETING || gsp_lease_tag_right(&it, l.until))
		return 1;
	if (put_tags(job, &it, l.until, err) == -1) /* unheard or unsaid: the next look will tell */
		return err->code == GSP_ETEMP || err->code == GSP_EIO || err->code == GSP_EPROTO ? 0 : -1;
	if (gsp_instance_get(job->api, id, &it, err) == -1 || check_ours(job, &it, err) == -1 ||
	    gsp_lease_get(&l, job->home, job->session, err) == -1)
		return -1;
	if (gsp_lease_tag_right(&it, l.until))
		return 1;
	gsp_err_set(err, GSP_ETEMP, "the tags of machine '%s' are being changed by somebody else",
	    it.label);
	return 0;
}

static int
sync_locked(struct gsp_job *job, struct gsp_err *err)
{
	int64_t former = gsp_linode_set_deadline(job->api, gsp_now_ms() + ASK_MS);
	int rc = 0;

	for (int i = 0; i < ROUNDS && rc == 0; i++) {
		if (i > 0 && gsp_sleep_ms(PAUSE_MS, err) == -1) {
			rc = -1;
			break;
		}
		rc = try_once(job, err);
	}
	gsp_linode_set_deadline(job->api, former);
	if (rc == 1)
		gsp_err_clear(err);
	return rc == 1 ? 0 : -1;
}

/* Not the lease's own lock: whoever changes that must not wait for the network. */
static int
take_lock(int *fd, struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc;

	rc = gsp_lock_wait(fd, gsp_home_state_path(job->home, &path, job->server, "lease-tag.lock"),
	    gsp_lock_who(note, job->actor, "lease tag"), LOCK_MS, err);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_lease_sync_tag(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	struct gsp_lease l;
	int fd, rc;

	if (s == NULL || s->linode_id == 0 || s->taking_from[0] != '\0' || job->stray != 0 ||
	    s->phase == GSP_PHASE_DELETING)
		return 0;
	if (gsp_lease_get(&l, job->home, s, err) == -1)
		return -1;
	if (it != NULL && gsp_lease_tag_right(it, l.until))
		return 0;
	if (gsp_session_check_here(s, job->home, err) == -1 || gsp_job_api(job, err) == -1 ||
	    take_lock(&fd, job, err) == -1)
		return -1;
	rc = sync_locked(job, err);
	gsp_lock_drop(fd);
	return rc;
}
