/*
 * gsp/lease_tag: a lease as a tag on the machine, "gsp-lease:<epoch>", for a computer that has to
 * learn of the session anew (gsp/takeover). The file at home is what counts; the tag follows it.
 *
 * Source: Linode API v4, tags: 3 to 50 characters each, replaced as a whole by PUT.
 */
#ifndef GSP_GSP_LEASE_TAG_H
#define GSP_GSP_LEASE_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/err.h"
#include "gsp/job.h"
#include "linode/instance.h"

/** gsp_lease_tag_read(it): the epoch that its tag names, the latest if there are several; 0: none that
 * can be understood. */
int64_t gsp_lease_tag_read(const struct gsp_instance *it);

/** gsp_lease_tag_right(it, until): it carries just the one for ${until}; none at all for 0. */
bool gsp_lease_tag_right(const struct gsp_instance *it, int64_t until);

/** gsp_lease_tag_put(out, it, until): all its tags as they are, in order, but for that one. */
void gsp_lease_tag_put(struct gsp_argv *out, const struct gsp_instance *it, int64_t until);

/**
 * gsp_lease_sync_tag(job, it, err):
 * The tag says what the lease is. ${it}: the machine as the cloud told it just now, or NULL; nothing
 * is asked when its tag is right. To be called by whoever looks at the machine anyway: a change
 * while the API was down is made up for then. Needs no lock of the server.
 * Tags cannot be changed one by one: they are read, checked (another home's machine is left alone),
 * put once without a retry, and read back; what changed meanwhile begins that again.
 * Errors: GSP_EREFUSED another home has the machine, or it is not this session's; GSP_ETEMP another
 * process is at it or the API does not answer: later; GSP_ELIMIT too many tags; those of the API.
 */
int gsp_lease_sync_tag(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err);

#endif
