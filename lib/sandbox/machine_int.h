/*
 * sandbox/machine_int: what the machine*.c files share; nobody else includes it.
 *
 * How it fits together:
 *   machine_world.c  life cycle of worlds
 *   machine.c        life cycle of machines
 *   machine_host.c   what changes on this computer: claim on an address block, forwarding, NAT
 *   machine_net.c    the "cloud": a network namespace that routes and filters for all machines
 *   machine_fw.c     cloud firewall rules as nft text (pure)
 *   machine_root.c   what a machine sees: overlay, /dev, /proc, /sys
 *   machine_etc.c    what is special in its /etc: sshd, resolver, shims, no secrets of ours
 *   machine_init.c   its PID 1
 *   machine_cloud.c  its cloud-init: machine_modules.c does what machine_config.c reads
 *   machine_shim.c   the text of systemctl, reboot and cloud-init inside
 *   machine_child.c  children: functions and commands in other namespaces
 *
 * All mounts live in a mount namespace that only a descriptor of ours keeps alive, all links
 * hang on a network namespace of the same kind, and every init dies with its parent: a
 * sandbox that is killed takes nearly everything with it. What is left (one nft table, one
 * cgroup, the forwarding switch) is found by the next sandbox through /run/gsp-sandbox.
 */
#ifndef GSP_SANDBOX_MACHINE_INT_H
#define GSP_SANDBOX_MACHINE_INT_H

#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/argv.h"
#include "base/buf.h"
#include "sandbox/machine.h"

/* Machines of one world: 198.18.B.10 to 198.18.B.249, B being the world's block. */
#define GSP_VM_SLOTS 240
#define GSP_VM_SLOT_BASE 10

struct gsp_world {
	char dir[PATH_MAX];
	uint64_t disk_bytes;
	bool disk_on_dir;
	bool no_cgroup;
	struct gsp_argv hide;
	int lock_fd;           /* dir/lock */
	int claim_fd;          /* our entry in /run/gsp-sandbox */
	int block;             /* 0..511: 198.18.0.0/24 to 198.19.255.0/24; -1 before the claim */
	char link[IFNAMSIZ];   /* our end of the cable to the cloud */
	char cgroup[PATH_MAX]; /* cgroup2 directory of all machines, "" if there is none */
	int mnt_fd, net_fd;    /* the namespaces that hold disks and the cloud's network */
	unsigned mtu;
	bool v6;
	unsigned next_slot;
	struct gsp_machine *machines;
};

struct gsp_machine {
	struct gsp_machine *next;
	struct gsp_world *world;
	uint64_t id;
	unsigned slot;
	char label[65];
	struct gsp_argv keys;
	char *user_data; /* NULL if there is none */
	size_t user_data_len;
	char dir[PATH_MAX]; /* world dir/m<slot>: disk/, root/, console */
	char cgroup[PATH_MAX];
	char ipv4[40], ipv6[48];
	pid_t pid;         /* its init, in our PID namespace; 0: off */
	int ctl_fd;        /* init's leash: it ends when this closes */
	int net_fd;        /* its network namespace while it is on */
	int64_t kill_at_ms; /* 0, or when a stop has taken too long */
	bool wants_reboot;
	bool cut;
	char *fw_text; /* its firewall chains; NULL: open */
};

/* init's exit statuses. */
enum { GSP_VM_EXIT_OFF = 0, GSP_VM_EXIT_REBOOT = 3, GSP_VM_EXIT_FAILED = 4 };

/* machine.c */
/** gsp_vm_destroy(m): gsp_machine_free() but for the rules in the cloud's network. */
void gsp_vm_destroy(struct gsp_machine *m);

/* machine_child.c */
struct gsp_vm_cmd {
	const char *const *argv;
	const char *input; /* stdin; NULL: /dev/null */
	int net_fd;        /* network namespace to run in; -1: ours */
	struct gsp_buf *out; /* stdout; NULL: /dev/null */
};
/** gsp_vm_run(c, err): run a tool to its end; GSP_ESYS with what it said on stderr if it fails. */
int gsp_vm_run(const struct gsp_vm_cmd *c, struct gsp_err *err);
/** gsp_vm_in_child(fn, arg, mnt_fd, net_fd, err): fn(arg, err) in a child in these namespaces
 * (-1: ours). */
typedef int gsp_vm_child_fn(void *arg, struct gsp_err *err);
int gsp_vm_in_child(gsp_vm_child_fn *fn, void *arg, int mnt_fd, int net_fd, struct gsp_err *err);
/** gsp_vm_child_reset(): in a fresh child: default signals, nothing blocked, a session of its own. */
void gsp_vm_child_reset(void);
/** gsp_vm_close_all_but(a, b): close every descriptor above 2 except these. */
void gsp_vm_close_all_but(int a, int b);
/** gsp_vm_put(path, mode, data, len, err): (re)write a small file, replacing a symlink. */
int gsp_vm_put(const char *path, mode_t mode, const void *data, size_t len, struct gsp_err *err);
int gsp_vm_puts(const char *path, mode_t mode, const char *text, struct gsp_err *err);
/** gsp_vm_poke(path, text): one write() into a kernel file; 0 or -1 with errno. */
int gsp_vm_poke(const char *path, const char *text);
/** gsp_vm_path(out, a, b): "a/b" into out[PATH_MAX]; aborts if too long: that is checked early. */
char *gsp_vm_path(char *out, const char *a, const char *b);

/* machine_host.c */
int gsp_vm_host_claim(struct gsp_world *w, struct gsp_err *err);
void gsp_vm_host_release(struct gsp_world *w);
void gsp_vm_cgroup_remove(const char *path);

/* machine_net.c */
int gsp_vm_net_open(struct gsp_world *w, pid_t holder, struct gsp_err *err);
int gsp_vm_net_plug(struct gsp_machine *m, struct gsp_err *err); /* cable to a booting init */
void gsp_vm_net_unplug(struct gsp_machine *m);
int gsp_vm_net_rules(struct gsp_world *w, struct gsp_err *err); /* load the whole ruleset */

/* machine_fw.c */
/** gsp_vm_fw_render(out, slot, fw, err): chains "in<slot>", "out<slot>"; GSP_EUSAGE on bad input. */
int gsp_vm_fw_render(struct gsp_buf *out, unsigned slot, const struct gsp_fw *fw,
    struct gsp_err *err);

/* machine_root.c */
/** gsp_vm_root_enter(m, err): build the tree and make it our root. In init's own namespaces. */
int gsp_vm_root_enter(const struct gsp_machine *m, struct gsp_err *err);
/** gsp_vm_root_drop_caps(): leave the machine what root on a server needs, nothing above it. */
int gsp_vm_root_drop_caps(struct gsp_err *err);

/* machine_etc.c, inside */
int gsp_vm_etc_write(const struct gsp_machine *m, const char *resolv, struct gsp_err *err);
/** gsp_vm_etc_resolv(out): name servers that work from inside. Called outside, before the pivot. */
void gsp_vm_etc_resolv(struct gsp_buf *out);

/* machine_init.c, inside: PID 1; never returns */
__attribute__((noreturn)) void gsp_vm_init_main(const struct gsp_machine *m, int ctl_fd);

/* machine_cloud.c, inside */
/** gsp_vm_cloud_main(m, ready_fd): all of cloud-init; a byte to ready_fd when sshd may start. */
void gsp_vm_cloud_main(const struct gsp_machine *m, int ready_fd);

/* machine_shim.c */
extern const char gsp_vm_shim_systemctl[];
extern const char gsp_vm_shim_cloud_init[];

#endif
