/*
 * sandbox/api_int: what the files of sandbox/api share: the state, a request, and the helpers
 * that handlers are made of. Nothing outside sandbox/api*.c includes it.
 *
 * Ownership: struct gsp_sandbox owns every instance, firewall, domain, event and rule. A
 * request owns what came in and the answer; handlers fill the answer and return nothing.
 * Times: *_ms is CLOCK_MONOTONIC, *_s is seconds since 1970.
 * Out of memory aborts, as in fmt/json: this is a test double with nothing to save.
 * Source of all fields and rules: Linode API v4, specification 4.208.1, and recorded answers.
 */
#ifndef GSP_SANDBOX_API_INT_H
#define GSP_SANDBOX_API_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fmt/json.h"
#include "sandbox/api.h"

/* Ceilings. The real API takes 65535 characters of user data; the rest of a body is small. */
#define GSP_SB_BODY_MAX (1024 * 1024)
#define GSP_SB_URI_MAX 8192
#define GSP_SB_SEGS 8
#define GSP_SB_TAG_MAX 50
#define GSP_SB_EVENTS_MAX 4000
#define GSP_SB_LOG_MAX 8192

/* ---- catalogue (api_catalogue.c) ---- */

struct gsp_sb_price {
	double hourly, monthly;
};
struct gsp_sb_type {
	const char *id, *label, *class;
	uint64_t memory_mb, disk_mb, vcpus, transfer_gb, network_out_mbits;
	struct gsp_sb_price price, cgk, gru;          /* everywhere else; id-cgk; br-gru */
	struct gsp_sb_price backup, backup_cgk, backup_gru;
};
struct gsp_sb_region {
	const char *id, *label, *country;
	bool distributed; /* an edge site: no Metadata, no legacy plans */
};
struct gsp_sb_image {
	const char *id, *label, *vendor, *created, *eol;
	uint64_t size_mb;
	bool cloud_init, deprecated;
};
const struct gsp_sb_type *gsp_sb_type_find(const char *id);
const struct gsp_sb_region *gsp_sb_region_find(const char *id);
const struct gsp_sb_image *gsp_sb_image_find(const char *id);

/* ---- state ---- */

enum gsp_sb_job {
	GSP_SB_IDLE,
	GSP_SB_CREATING,
	GSP_SB_BOOTING,
	GSP_SB_STOPPING,   /* shutdown */
	GSP_SB_RESTARTING, /* reboot: the stop before the boot */
	GSP_SB_REBUILDING,
	GSP_SB_DELETING
};

/* Of the metadata service; "": none. */
#define GSP_SB_META_TOKENS 8
struct gsp_sb_meta_token {
	char text[65];
	int64_t until_ms;
};

struct gsp_sb_inst {
	struct gsp_sb_inst *next;
	struct gsp_machine *machine; /* NULL while deleting */
	uint64_t id;
	char label[65];
	char group[51];
	const char *status;
	int64_t created_s, updated_s;
	const struct gsp_sb_type *type;
	const struct gsp_sb_region *region;
	const struct gsp_sb_image *image; /* NULL: an empty Linode */
	char ipv4[46], ipv6[46], private_ipv4[46];
	char host_uuid[41], mac[18];
	const char *maintenance_policy;
	struct gsp_json *tags;   /* array, folded */
	struct gsp_json *alerts; /* object */
	struct gsp_json *keys;   /* array of authorized_keys */
	char *user_data;         /* decoded, or NULL */
	size_t user_data_len;
	bool has_user_data, watchdog, backups, encrypted, linode_ifs, booted, locked;
	bool boot_after; /* the job in hand is followed by a boot */
	bool expected_dead; /* its machine is off by our own doing */
	char armed_fail[256]; /* not empty: the next boot fails with this reason */
	char fail_reason[256]; /* not empty: the boot in hand fails at its end */
	uint64_t if_id, config_id, disk_id, swap_id; /* 0: it has none */
	uint64_t boot_mb, swap_mb;
	enum gsp_sb_job job;
	uint64_t job_event;
	int64_t job_due_ms;
	int64_t lassie_since_ms;
	unsigned lassie_count;
	struct gsp_sb_meta_token meta[GSP_SB_META_TOKENS];
	unsigned meta_next;
};

struct gsp_sb_device {
	struct gsp_sb_device *next;
	uint64_t id, linode_id, if_id; /* if_id 0: the Linode itself */
	int64_t created_s;
};
struct gsp_sb_fw {
	struct gsp_sb_fw *next;
	uint64_t id, version;
	char label[33];
	bool enabled;
	int64_t created_s, updated_s;
	struct gsp_json *tags;
	struct gsp_json *rules; /* inbound, inbound_policy, outbound, outbound_policy */
	struct gsp_sb_device *devices;
};

struct gsp_sb_domain {
	struct gsp_sb_domain *next;
	uint64_t id;
	struct gsp_json *obj;     /* as it is answered */
	struct gsp_json *records; /* object: id as text -> record as it is answered */
};

struct gsp_sb_sshkey {
	struct gsp_sb_sshkey *next;
	uint64_t id;
	int64_t created_s;
	char label[65];
	char *key;
};

struct gsp_sb_entity {
	const char *type; /* "linode", "firewall", "domain"; NULL: none */
	uint64_t id;
	char label[254];
};
struct gsp_sb_event {
	struct gsp_sb_event *next; /* the next older one */
	uint64_t id;
	const char *action, *status;
	struct gsp_sb_entity entity;
	bool read, seen;
	int64_t created_s, start_ms, planned_ms, visible_ms, end_ms;
	char message[256];
};

struct gsp_sb_bucket {
	int64_t reset_s;
	int64_t reset_ms;
	unsigned used;
};
struct gsp_sb_token {
	char *token, *scopes;
	bool restricted;
	struct gsp_sb_bucket bucket;
};

struct gsp_sb_fault; /* api_fault.c */
struct gsp_sb_log;   /* api_log.c */
struct gsp_sb_http;  /* api.c */

struct gsp_sandbox {
	struct gsp_sandbox_opts o; /* numbers and flags; its pointers are not used */
	struct gsp_world *world;
	struct gsp_sb_token *tokens;
	size_t ntokens;
	struct gsp_sb_http *http;
	struct gsp_sb_inst *insts; /* in order of id */
	struct gsp_sb_fw *fws;
	struct gsp_sb_domain *domains;
	struct gsp_sb_sshkey *sshkeys;
	struct gsp_json *tags; /* array: labels made with POST /tags */
	struct gsp_sb_event *events; /* newest first */
	size_t nevents;
	struct gsp_sb_fault *faults;
	struct gsp_sb_log *log;
	uint64_t next_id, next_event, next_request;
	struct gsp_sb_bucket creates, anonymous;
	/* account settings */
	bool backups_forced, network_helper;
	const char *interfaces_for_new;
	uint64_t default_fw[4]; /* linode, nodebalancer, public_interface, vpc_interface; 0 unset */
};

/* ---- a request and its answer ---- */

enum gsp_sb_wire {
	GSP_SB_NORMAL,
	GSP_SB_RESET,
	GSP_SB_HANG,
	GSP_SB_SLOW,
	GSP_SB_GARBAGE,
	GSP_SB_BADHTTP,
	GSP_SB_TRUNCATE,
	GSP_SB_EMPTY,
	GSP_SB_HUGE
};

struct gsp_sb_header {
	char name[40];
	char value[600];
};

struct gsp_sb_req {
	struct gsp_sandbox *sb;
	/* in */
	char *method, *uri, *auth, *filter_text, *content_type;
	struct gsp_buf body;
	bool too_big;
	int64_t t0_ms;
	/* worked out */
	char *path;                /* undecoded, without query; owned */
	const char *query;         /* inside uri, or "" */
	char *seg[GSP_SB_SEGS];    /* decoded segments after the prefix; owned */
	size_t nseg;
	bool control;              /* /_sandbox */
	struct gsp_json *in;       /* the body, or NULL */
	bool bad_json;
	struct gsp_sb_token *token; /* NULL: none given */
	/* out */
	int status;
	struct gsp_json *out;      /* root; NULL: {} */
	struct gsp_json *errors;   /* root array; not NULL: the answer is an error */
	const char *html;          /* instead of JSON */
	struct gsp_sb_header hdr[12];
	size_t nhdr;
	enum gsp_sb_wire wire;
	int64_t wire_ms;
	uint64_t wire_bytes;
	char fault[24];            /* which fault struck, for the log */
};

typedef void gsp_sb_handler(struct gsp_sb_req *q);

/* api_req.c */
/** Add one error; the first decides the status. ${field} may be NULL. */
void gsp_sb_fail(struct gsp_sb_req *q, int status, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool gsp_sb_failed(const struct gsp_sb_req *q);
void gsp_sb_not_found(struct gsp_sb_req *q);
void gsp_sb_busy(struct gsp_sb_req *q);
/** Drop the answer so far (a fault takes its place). */
void gsp_sb_forget(struct gsp_sb_req *q);
void gsp_sb_header(struct gsp_sb_req *q, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** The answer's object, made on first use. */
struct gsp_json *gsp_sb_answer(struct gsp_sb_req *q);
/** The id in path segment ${i}; 0 (and 404) if it is no number. */
uint64_t gsp_sb_seg_id(struct gsp_sb_req *q, size_t i);
/** One page of ${list} (a root; taken) as X-Filter, page and page_size ask. */
void gsp_sb_page(struct gsp_sb_req *q, struct gsp_json *list, const char *const *fields);
/** %XX decoded into a new string; NULL if malformed or with a NUL. */
char *gsp_sb_unescape(const char *s, size_t len);
/** gsp_sb_wall_s(sb): now, in the times that are told. */
int64_t gsp_sb_wall_s(const struct gsp_sandbox *sb);
/** "2026-01-02T03:04:05", no zone. */
void gsp_sb_add_time(struct gsp_json *obj, const char *key, int64_t s);
/** null, but left out where the specification has no null and spec_only is set. */
void gsp_sb_add_real_null(const struct gsp_sandbox *sb, struct gsp_json *obj, const char *key);
void gsp_sb_copy_text(char *dst, size_t size, const char *src);
char *gsp_sb_dup(const char *s);
/** A copy of a value as a root. */
struct gsp_json *gsp_sb_json_dup(const struct gsp_json *v);
/** Replace a root: free *slot, put ${v} (taken) there. */
void gsp_sb_json_set(struct gsp_json **slot, struct gsp_json *v);

/* api_route.c */
/** Everything between the request's last byte and its answer. */
void gsp_sb_serve(struct gsp_sb_req *q);
bool gsp_sb_bucket_take(struct gsp_sb_bucket *b, unsigned limit, int64_t window_ms);

/* api_validate.c */
enum gsp_sb_kind {
	GSP_SB_ANY, /* known and ignored: read-only fields */
	GSP_SB_STR,
	GSP_SB_INT,
	GSP_SB_BOOL,
	GSP_SB_OBJ,
	GSP_SB_STRS,
	GSP_SB_INTS,
	GSP_SB_OBJS
};
enum gsp_sb_flag { GSP_SB_REQ = 1, GSP_SB_NULL = 2 };
struct gsp_sb_field {
	const char *name;
	enum gsp_sb_kind kind;
	unsigned flags;
	int64_t min, max;         /* characters, or range; both 0: any */
	const char *const *oneof; /* NULL-terminated, or NULL */
};
/** Check an object against its fields, reporting every fault; ${prefix} is "" or "rules." */
bool gsp_sb_check(struct gsp_sb_req *q, const struct gsp_json *obj, const char *prefix,
    const struct gsp_sb_field *f);
/** The body itself; a missing one counts as {}. The list ends with a NULL name. */
bool gsp_sb_check_body(struct gsp_sb_req *q, const struct gsp_sb_field *f);
bool gsp_sb_check_label(struct gsp_sb_req *q, const char *field, const char *s, size_t min,
    size_t max);
/** Folded and each once, as a new root array; NULL after errors. */
struct gsp_json *gsp_sb_check_tags(struct gsp_sb_req *q, const struct gsp_json *tags);
bool gsp_sb_check_password(struct gsp_sb_req *q, const char *field, const char *s);
bool gsp_sb_check_sshkey(struct gsp_sb_req *q, const char *field, const char *s);
bool gsp_sb_check_cidr(const char *s, bool v6);
bool gsp_sb_is_whole(const struct gsp_json *parent, const char *key, int64_t *out);
/** Base64 without line breaks into a new string (*len bytes and a NUL); NULL if it is none. */
char *gsp_sb_base64(const char *s, size_t *len);

/* api_event.c */
struct gsp_sb_event *gsp_sb_event_new(struct gsp_sandbox *sb, const char *action,
    const char *status, const char *type, uint64_t id, const char *label, int64_t planned_ms);
struct gsp_sb_event *gsp_sb_event_find(struct gsp_sandbox *sb, uint64_t id);
/** finished, or failed with a message; an id that fell off the list is nothing. */
void gsp_sb_event_end(struct gsp_sandbox *sb, uint64_t id, bool ok, const char *message);
void gsp_sb_events_free(struct gsp_sandbox *sb);
gsp_sb_handler gsp_sb_events_list, gsp_sb_event_get, gsp_sb_event_seen, gsp_sb_event_read;

/* api_instance.c */
struct gsp_sb_inst *gsp_sb_inst_find(struct gsp_sandbox *sb, uint64_t id);
struct gsp_sb_inst *gsp_sb_inst_by_label(struct gsp_sandbox *sb, const char *label);
struct gsp_sb_inst *gsp_sb_inst_by_if(struct gsp_sandbox *sb, uint64_t if_id);
/** The instance of path segment 2, or NULL after a 404. */
struct gsp_sb_inst *gsp_sb_inst_of(struct gsp_sb_req *q);
void gsp_sb_inst_json(const struct gsp_sandbox *sb, const struct gsp_sb_inst *i,
    struct gsp_json *o);
/** Tags, and nothing else of it, or its whole list entry is released. */
void gsp_sb_inst_free(struct gsp_sandbox *sb, struct gsp_sb_inst *i);
void gsp_sb_inst_delete(struct gsp_sandbox *sb, struct gsp_sb_inst *i);
gsp_sb_handler gsp_sb_inst_list, gsp_sb_inst_get, gsp_sb_inst_put, gsp_sb_inst_del;

/** "specs": of instances and of the metadata service. */
void gsp_sb_add_specs(const struct gsp_sb_type *t, struct gsp_json *o);

/* api_create.c */
/** Keys and user data of a create or rebuild body, checked and put into i. */
void gsp_sb_take_access(struct gsp_sb_req *q, struct gsp_sb_inst *i, bool need);
bool gsp_sb_inst_machine(struct gsp_sandbox *sb, struct gsp_sb_inst *i, struct gsp_err *err);
gsp_sb_handler gsp_sb_inst_create;

/* api_action.c */
gsp_sb_handler gsp_sb_inst_boot, gsp_sb_inst_reboot, gsp_sb_inst_shutdown, gsp_sb_inst_rebuild,
    gsp_sb_inst_password;

/* api_part.c: what hangs below an instance */
gsp_sb_handler gsp_sb_disks, gsp_sb_disk_get, gsp_sb_configs, gsp_sb_ips, gsp_sb_inst_transfer,
    gsp_sb_inst_firewalls, gsp_sb_interfaces, gsp_sb_inst_volumes;

/* api_life.c: jobs and timers */
void gsp_sb_life_start(struct gsp_sandbox *sb, struct gsp_sb_inst *i, enum gsp_sb_job job,
    const char *action);
void gsp_sb_life_boot(struct gsp_sandbox *sb, struct gsp_sb_inst *i, const char *action);
void gsp_sb_life_off(struct gsp_sandbox *sb, struct gsp_sb_inst *i, const char *status);
/** Move everything forward that is due. */
void gsp_sb_life_turn(struct gsp_sandbox *sb);
/** When gsp_sb_life_turn() is wanted next, -1: never. */
int64_t gsp_sb_life_due_ms(const struct gsp_sandbox *sb);

/* api_firewall.c */
struct gsp_sb_fw *gsp_sb_fw_find(struct gsp_sandbox *sb, uint64_t id);
/** The firewall of path segment 2, or NULL after a 404. */
struct gsp_sb_fw *gsp_sb_fw_of_path(struct gsp_sb_req *q);
/** The enabled firewall that guards the instance, or NULL. */
struct gsp_sb_fw *gsp_sb_fw_of(struct gsp_sandbox *sb, const struct gsp_sb_inst *i);
void gsp_sb_fw_json(const struct gsp_sandbox *sb, const struct gsp_sb_fw *f, struct gsp_json *o);
struct gsp_sb_device *gsp_sb_fw_attach(struct gsp_sandbox *sb, struct gsp_sb_fw *f,
    uint64_t linode_id, uint64_t if_id);
void gsp_sb_fw_detach_all(struct gsp_sandbox *sb, uint64_t linode_id);
void gsp_sb_fw_free_all(struct gsp_sandbox *sb);
extern const char *const gsp_sb_fw_fields[];
gsp_sb_handler gsp_sb_fw_list, gsp_sb_fw_create, gsp_sb_fw_get, gsp_sb_fw_put, gsp_sb_fw_del,
    gsp_sb_fw_settings, gsp_sb_fw_settings_put;

/* api_device.c */
void gsp_sb_device_entity(const struct gsp_sandbox *sb, const struct gsp_sb_device *d,
    struct gsp_json *entity);
/** One enabled firewall per service: says so in q and returns false. */
bool gsp_sb_device_free_for(struct gsp_sb_req *q, const struct gsp_sb_inst *i,
    const char *field);
gsp_sb_handler gsp_sb_devices, gsp_sb_device_add, gsp_sb_device_get, gsp_sb_device_del;

/* api_rules.c */
/** Check a rules object and return it normalised as a new root, or NULL after errors. */
struct gsp_json *gsp_sb_rules_check(struct gsp_sb_req *q, const struct gsp_json *rules,
    const char *prefix, bool need_lists);
void gsp_sb_rules_json(const struct gsp_sb_fw *f, struct gsp_json *o);
/** Tell the machine of the instance which rules hold now. */
void gsp_sb_rules_apply(struct gsp_sandbox *sb, struct gsp_sb_inst *i);
gsp_sb_handler gsp_sb_rules_get, gsp_sb_rules_put;

/* api_catalogue.c, api_domain.c, api_account.c */
gsp_sb_handler gsp_sb_types, gsp_sb_type_get, gsp_sb_regions, gsp_sb_region_get,
    gsp_sb_region_availability, gsp_sb_regions_availability, gsp_sb_images, gsp_sb_image_get,
    gsp_sb_kernels, gsp_sb_transfer_prices;
void gsp_sb_domains_free(struct gsp_sandbox *sb);
gsp_sb_handler gsp_sb_domains, gsp_sb_domain_create, gsp_sb_domain_get, gsp_sb_domain_put,
    gsp_sb_domain_del, gsp_sb_records, gsp_sb_record_create, gsp_sb_record_get,
    gsp_sb_record_put, gsp_sb_record_del;
void gsp_sb_sshkeys_free(struct gsp_sandbox *sb);
gsp_sb_handler gsp_sb_profile, gsp_sb_grants, gsp_sb_sshkeys, gsp_sb_sshkey_add,
    gsp_sb_sshkey_get, gsp_sb_sshkey_put, gsp_sb_sshkey_del, gsp_sb_account, gsp_sb_settings,
    gsp_sb_settings_put, gsp_sb_account_transfer, gsp_sb_account_availability;

/* api_tag.c */
gsp_sb_handler gsp_sb_tags, gsp_sb_tag_create, gsp_sb_tag_get, gsp_sb_tag_del;

/* api_fault.c */
/** Add the rules of a value; -1 with the reason in err, nothing added. */
int gsp_sb_faults_add(struct gsp_sandbox *sb, const struct gsp_json *v, struct gsp_err *err);
void gsp_sb_faults_clear(struct gsp_sandbox *sb);
void gsp_sb_faults_json(const struct gsp_sandbox *sb, struct gsp_json *arr);
/** The fault that strikes this request, or NULL; counts it. */
struct gsp_sb_fault *gsp_sb_fault_for(struct gsp_sb_req *q);
/** True if the request is to be carried out although a fault strikes. */
bool gsp_sb_fault_commits(const struct gsp_sb_fault *f);
void gsp_sb_fault_strike(struct gsp_sb_req *q, const struct gsp_sb_fault *f);
/** A boot-fail or create-fail rule for this instance: true, with the reason. */
bool gsp_sb_fault_job(struct gsp_sandbox *sb, const char *kind, const struct gsp_sb_inst *i,
    char *reason, size_t size);
/** A nocapacity rule for this region and plan is armed. */
bool gsp_sb_fault_soldout(const struct gsp_sandbox *sb, const char *region, const char *type);
/** Rules that struck their last are dropped (not while one is in use). */
void gsp_sb_faults_sweep(struct gsp_sandbox *sb);

/* api_control.c: /_sandbox */
void gsp_sb_control(struct gsp_sb_req *q);

/* api_metadata.c: what machines ask at 169.254.169.254 */
struct gsp_sb_meta_req {
	/* in; the headers NULL if they are not there */
	const char *method, *path, *peer; /* peer: its address as text */
	const char *token, *expiry, *accept;
	/* out */
	int status;
	bool json;
	struct gsp_buf out;
};
void gsp_sb_meta_serve(const struct gsp_sandbox *sb, struct gsp_sb_meta_req *r);

/* api_log.c */
void gsp_sb_log_add(struct gsp_sb_req *q);
void gsp_sb_log_json(const struct gsp_sandbox *sb, struct gsp_json *arr);
void gsp_sb_log_clear(struct gsp_sandbox *sb);

#endif
