/*
 * gsp/dns: a name that stays while machines come and go: dns: in server.yaml (records in Linode's
 * DNS), or the script `dns` at home for any other provider.
 */
#ifndef GSP_GSP_DNS_H
#define GSP_GSP_DNS_H

#include "base/err.h"
#include "gsp/job.h"

/**
 * gsp_dns_point(job, err):
 * The name leads to the session's machine when it returns 0, as far as DNS promises (the records
 * are there; caches go by the ttl). Nothing to do without dns: and without the script. Safe to run
 * again; changes nothing that is right already.
 */
int gsp_dns_point(struct gsp_job *job, struct gsp_err *err);

/** gsp_dns_clear(job, err): our records of that name that lead to the session's machine are gone;
 * others are left. */
int gsp_dns_clear(struct gsp_job *job, struct gsp_err *err);

/** gsp_dns_name(conf, out, size): "mc.example.org"; "" without dns:. */
const char *gsp_dns_name(const struct gsp_server_conf *conf, char *out, size_t size);

#endif
