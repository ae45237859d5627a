/*
 * gsp/userdata: the cloud-config a machine gets with its creation. It holds the session's host
 * key, so that the first connection is already verified; installs rsync and nftables; and hides
 * the metadata service (which would show the host key) from everybody but root, again at every
 * boot. Source: cloud-init 22.4 and later, modules ssh, write_files, bootcmd, runcmd.
 */
#ifndef GSP_GSP_USERDATA_H
#define GSP_GSP_USERDATA_H

#include "base/buf.h"
#include "base/err.h"

/** gsp_userdata(out, host_key_private, host_key, err): ${out} needs a ceiling of 49149 bytes. */
int gsp_userdata(struct gsp_buf *out, const char *host_key_private, const char *host_key,
    struct gsp_err *err);

#endif
