/*
 * sandbox/machine: a stand-in for a Linode on this computer: private mount, PID, UTS, IPC and
 * network namespaces over an overlay of this computer's root file system, with its own sshd.
 * Needs root. Knows nothing of HTTP.
 *
 * One thread. Calls return at once unless said otherwise; a machine's life is watched with
 * gsp_machine_alive().
 */
#ifndef GSP_SANDBOX_MACHINE_H
#define GSP_SANDBOX_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gsp_world;   /* the shared part: directory, forwarding, nft table, address pool */
struct gsp_machine; /* one machine; its disk outlives shutdown and boot */

struct gsp_world_opts {
	const char *dir;          /* where disks live: an empty or missing directory of ours;
	                           * NULL: one below /run, removed at the end */
	uint64_t disk_bytes;      /* size of each machine's writable layer; 0: 8 GiB tmpfs */
	bool disk_on_dir;         /* upper layer on dir's own file system instead of a tmpfs */
	const char *const *hide;  /* NULL-terminated extra paths hidden inside (the home, ...) */
	bool no_cgroup;           /* do not give machines a cgroup2 of their own */
};

/**
 * gsp_world_open(out, o, err): checks root and tools, remembers what it changes.
 * gsp_world_close(w): kills and removes every machine and puts back what it changed; also
 * cleans after a former world in the same directory that was killed.
 */
int gsp_world_open(struct gsp_world **out, const struct gsp_world_opts *o, struct gsp_err *err);
void gsp_world_close(struct gsp_world *w);

/**
 * gsp_world_clean(alive, err):
 * Remove what worlds left on this computer whose process was killed (an nft table, a cgroup, a
 * link, the forwarding switch); gsp_world_open() does it too. *alive: worlds that still live.
 * Errors: GSP_EAUTH without root.
 */
int gsp_world_clean(unsigned *alive, struct gsp_err *err);

/**
 * gsp_world_listen(fd, w, err):
 * A new socket that listens where machines find the metadata service, on port 80 of
 * 169.254.169.254 and fd00:a9fe:a9fe::1, whatever their firewalls say. The peer's address tells
 * which machine it is (an IPv4 one perhaps mapped into IPv6). The caller closes it.
 * Source of the addresses: Akamai's guide to the metadata service API.
 */
int gsp_world_listen(int *fd, struct gsp_world *w, struct gsp_err *err);

struct gsp_machine_spec {
	uint64_t id;
	const char *label;                  /* becomes the host name */
	const char *ipv4;                   /* that of a machine that was freed; NULL or "": any */
	const char *const *authorized_keys; /* NULL-terminated; root's */
	const char *user_data;              /* raw cloud-config or NULL */
	size_t user_data_len;
	uint64_t memory_mb, vcpus, disk_mb; /* memory and cpu are shown, not enforced */
};

int gsp_machine_new(struct gsp_machine **out, struct gsp_world *w,
    const struct gsp_machine_spec *spec, struct gsp_err *err);

const char *gsp_machine_ipv4(const struct gsp_machine *m); /* fixed from _new on */
const char *gsp_machine_ipv6(const struct gsp_machine *m); /* "" if there is none */

/** gsp_machine_boot(m, err): start init, first-boot steps (first time only) and sshd. */
int gsp_machine_boot(struct gsp_machine *m, struct gsp_err *err);

/** gsp_machine_stop(m, hard): TERM to everything inside and KILL after 5 s, or KILL at once. */
void gsp_machine_stop(struct gsp_machine *m, bool hard);

/** gsp_machine_alive(m): its init still runs. */
bool gsp_machine_alive(struct gsp_machine *m);

/** gsp_machine_wants_reboot(m): not alive any more, because something inside asked for a reboot. */
bool gsp_machine_wants_reboot(const struct gsp_machine *m);

/** gsp_machine_free(m): kill it, remove disk, link and rules. NULL is fine. */
void gsp_machine_free(struct gsp_machine *m);

struct gsp_fw_rule {
	bool accept;
	enum { GSP_FW_TCP, GSP_FW_UDP, GSP_FW_ICMP, GSP_FW_IPENCAP } proto;
	char ports[128];             /* "22", "80,443", "2456-2458", "" all */
	const char *const *ipv4;     /* NULL-terminated CIDRs */
	const char *const *ipv6;
};
struct gsp_fw {
	const struct gsp_fw_rule *in, *out;
	size_t nin, nout;
	bool in_accept, out_accept; /* the policies */
};

/** gsp_machine_firewall(m, fw, err): enforce these rules from now on; NULL: everything open. */
int gsp_machine_firewall(struct gsp_machine *m, const struct gsp_fw *fw, struct gsp_err *err);

/* Faults. */
/** gsp_machine_link(m, up): cut (packets silently dropped) or mend its network. */
void gsp_machine_link(struct gsp_machine *m, bool up);
/** gsp_machine_reset_ssh(m): reset every established TCP connection to its port 22. */
void gsp_machine_reset_ssh(struct gsp_machine *m);
/** gsp_machine_fill_disk(m, free_bytes, err): leave only that much room; UINT64_MAX undoes it. */
int gsp_machine_fill_disk(struct gsp_machine *m, uint64_t free_bytes, struct gsp_err *err);

#endif
