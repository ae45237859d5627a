/*
 * sandbox/api: the HTTP half of gsp-sandbox: a stateful stand-in for the Linode API v4 on
 * 127.0.0.1, over the machines of sandbox/machine. Base URL http://127.0.0.1:PORT/v4 (and
 * /v4beta). Everything is kept in memory; the machines' disks are the world's.
 *
 * One thread: gsp_sandbox_poll() serves HTTP, moves the life of the machines forward and
 * notices machines that died. Times are milliseconds on CLOCK_MONOTONIC; times in answers are
 * UTC without a zone letter, as the real API sends them.
 *
 * What is served: /profile (with grants, sshkeys), /account (with settings, transfer,
 * availability, events), /tags, /regions, /linode/types, /linode/kernels, /images (public ones),
 * /network-transfer/prices, /linode/instances (with boot, reboot, shutdown, rebuild, password,
 * disks, configs, ips, transfer, firewalls, interfaces), /networking/firewalls (with rules,
 * devices, settings), /domains (with records). Anything else is 404.
 *
 * Machines find the metadata service at 169.254.169.254 (and fd00:a9fe:a9fe::1), port 80: /v1/token,
 * /v1/user-data, /v1/instance, for themselves alone. A `reboot` typed inside is no event here.
 *
 * CONTROL (outside /v4; wants a token the sandbox was opened with; JSON in and out)
 *
 *   GET  /_sandbox/state            machines with status, addresses, firewall; firewalls; counts
 *   GET  /_sandbox/log              requests since the start or the last DELETE, oldest first:
 *                                   method, path, query, filter, status, ms, fault, body.
 *                                   Never a token, password or user data. DELETE empties it.
 *   GET  /_sandbox/options          the settings below as they are; PUT changes the ones named:
 *                                   create_ms boot_ms shutdown_ms delete_ms event_lag_ms
 *                                   clock_ahead_s create_limit create_window_ms rate_limit
 *                                   account_limit spec_only
 *   GET  /_sandbox/faults           the rules that are armed; DELETE drops them all
 *   POST /_sandbox/faults           one rule, a list of rules, or {"faults": [rules]}; added
 *                                   after those that are armed
 *   POST /_sandbox/machines/ID/ACT  ID is the instance's id or label; ACT is one of
 *       crash       kill it hard: status offline, no event, the watchdog does not help
 *       poweroff    as typed inside: the watchdog, if on, boots it again (lassie_reboot)
 *       reboot      the host restarts it: event host_reboot
 *       cut, mend   its network drops every packet, and works again
 *       reset-ssh   every TCP connection to its port 22 is reset
 *       fill-disk   leave only {"free_bytes": N} (0 if not said); "free_bytes": null undoes it
 *       boot-fail   its next boot fails, with {"message": "..."} in the event
 *       lock, unlock  locks holds cannot_delete, or nothing
 *       suspend     status billing_suspension, the machine is off
 *       gone        deleted as if by somebody else (event linode_delete)
 *
 * A rule of POST /_sandbox/faults (and of the opts' faults text):
 *
 *   {"match": {"method": "POST", "path": "/linode/instances", "region": "us-ord",
 *              "type": "g6-standard-4", "label": "gsp-a", "nth": 2},
 *    "times": 1, "fault": "lost", "commit": false, "ms": 1000, "retry_after": 5,
 *    "reason": "text", "field": "name", "bytes": 1000000}
 *
 *   match: all that is named must fit; path is the part after /v4, with * ? [] as in a shell,
 *   * also matching slashes; region, type and label are those of the body. nth: the first nth-1
 *   fitting requests pass. times: how often it strikes, 1 if not said, 0 for ever. The first
 *   rule that fits strikes. commit: carry the request out before answering with the fault.
 *   fault is one of
 *     "400" .. "599"  that status, with reason (a fitting one if not said) and field
 *     busy            400 "Linode busy."
 *     limit           400 "Account Limit reached. Please open a support ticket."
 *     nocapacity      400, a reason that says so, field "region" unless given
 *     maintenance     503 with the header X-Maintenance-Mode
 *     retry_after_negative   429 with Retry-After: -5
 *     html400, html502       what a proxy says: Server: nginx, text/html
 *     redirect        302 to another host
 *     reset           the connection is reset before anything is done
 *     lost            carried out, then the connection is reset without an answer
 *     hang            nothing done; no answer for ms (600000), then the connection is reset
 *     slow            carried out; the answer comes ms (2000) late
 *     garbage         carried out; 200 with a body that is not JSON
 *     badhttp         nothing done; an answer that is not HTTP
 *     truncate        carried out; the body ends half way
 *     empty           carried out; the right status with no body
 *     huge            200 with bytes (67108864) of JSON white space and "{}"
 *     boot-fail       a boot job (match by region, type, label) fails: event linode_boot
 *                     failed with reason as its message, status offline
 *     create-fail     likewise the job linode_create
 */
#ifndef GSP_SANDBOX_API_H
#define GSP_SANDBOX_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/machine.h"

struct gsp_sandbox;

struct gsp_sandbox_token {
	const char *token;
	const char *scopes; /* "*" or a list as "linodes:read_write events:read_only" */
	bool restricted;    /* a user whose grants do not allow buying: 403 on every create */
};

/* Strings are copied; the world is borrowed and must live until gsp_sandbox_close(). */
struct gsp_sandbox_opts {
	struct gsp_world *world;
	unsigned port;                          /* 0: any free one */
	const struct gsp_sandbox_token *tokens; /* at least one */
	size_t ntokens;
	int64_t create_ms;    /* provisioning takes this long */
	int64_t boot_ms;      /* booting: the machine starts at its beginning */
	int64_t shutdown_ms;  /* shutting_down, at least */
	int64_t delete_ms;    /* `deleting` stays visible this long; 0: gone at once */
	int64_t event_lag_ms; /* events are listed this late */
	int64_t clock_ahead_s; /* the times it tells are this much later than the clock's */
	unsigned create_limit;    /* creates of an instance per window before 429 */
	int64_t create_window_ms;
	unsigned rate_limit;      /* any request per minute and token before 429 */
	unsigned account_limit;   /* instances before "Account Limit reached" */
	bool no_control;          /* do not serve /_sandbox */
	bool spec_only;           /* answer only what specification 4.208.1 lists, no newer fields,
	                           * no null where it forbids one (for a validating proxy) */
	const char *faults;       /* JSON as for POST /_sandbox/faults, or NULL */
};

#define GSP_SANDBOX_OPTS_INIT                                                                      \
	{NULL, 0, NULL, 0, 1500, 2500, 1500, 0, 0, 0, 100, 15000, 100000, 50, false, false, NULL}

/**
 * gsp_sandbox_open(out, o, err):
 * Bind 127.0.0.1 and start serving (with gsp_sandbox_poll()).
 * Errors: GSP_EUSAGE (no token, bad faults text), GSP_ESYS (port taken: the message names it).
 */
int gsp_sandbox_open(struct gsp_sandbox **out, const struct gsp_sandbox_opts *o,
    struct gsp_err *err);

/** gsp_sandbox_port(sb): the port it listens on. */
unsigned gsp_sandbox_port(const struct gsp_sandbox *sb);

/**
 * gsp_sandbox_poll(sb, timeout_ms, extra_fd, err):
 * One turn of the loop: wait until there is HTTP to serve, a timer is due, ${extra_fd} (-1: none)
 * is readable, or ${timeout_ms} is over (-1: no end); then do what there is to do. Never reads
 * ${extra_fd}. Returns 0, or -1 with GSP_ESYS.
 */
int gsp_sandbox_poll(struct gsp_sandbox *sb, int64_t timeout_ms, int extra_fd,
    struct gsp_err *err);

/** gsp_sandbox_close(sb): stop serving, remove every machine. NULL is fine. */
void gsp_sandbox_close(struct gsp_sandbox *sb);

#endif
