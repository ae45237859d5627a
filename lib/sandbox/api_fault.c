/* Faults on demand: rules that say which request shall go wrong, and how. See api.h. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

enum { HANG_MS = 600000, SLOW_MS = 2000, HUGE_BYTES = 64 * 1024 * 1024 };

struct gsp_sb_fault {
	struct gsp_sb_fault *next;
	char kind[24];
	char *method, *path, *region, *type, *label; /* NULL: any */
	char *reason, *field;
	uint64_t nth, seen, times, struck;
	int64_t ms, retry_after;
	uint64_t bytes;
	bool commit, has_retry_after;
};

/* What each kind does to the connection, and whether the request is carried out first. */
static const struct {
	const char *kind;
	enum gsp_sb_wire wire;
	bool commit, job;
} kinds[] = {
    {"busy", GSP_SB_NORMAL, false, false},
    {"limit", GSP_SB_NORMAL, false, false},
    {"nocapacity", GSP_SB_NORMAL, false, false},
    {"maintenance", GSP_SB_NORMAL, false, false},
    {"retry_after_negative", GSP_SB_NORMAL, false, false},
    {"html400", GSP_SB_NORMAL, false, false},
    {"html502", GSP_SB_NORMAL, false, false},
    {"redirect", GSP_SB_NORMAL, false, false},
    {"reset", GSP_SB_RESET, false, false},
    {"lost", GSP_SB_RESET, true, false},
    {"hang", GSP_SB_HANG, false, false},
    {"slow", GSP_SB_SLOW, true, false},
    {"garbage", GSP_SB_GARBAGE, true, false},
    {"badhttp", GSP_SB_BADHTTP, false, false},
    {"truncate", GSP_SB_TRUNCATE, true, false},
    {"empty", GSP_SB_EMPTY, true, false},
    {"huge", GSP_SB_HUGE, false, false},
    {"boot-fail", GSP_SB_NORMAL, false, true},
    {"create-fail", GSP_SB_NORMAL, false, true},
};

enum { NKINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Index of a kind, NKINDS for a status code, -1 for neither. */
static int
kind_index(const char *kind)
{
	uint64_t status;

	for (int i = 0; i < NKINDS; i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return i;
	return gsp_num_u64(&status, kind, 400, 599) == 0 ? NKINDS : -1;
}

static void
fault_free(struct gsp_sb_fault *f)
{
	free(f->method);
	free(f->path);
	free(f->region);
	free(f->type);
	free(f->label);
	free(f->reason);
	free(f->field);
	free(f);
}

void
gsp_sb_faults_clear(struct gsp_sandbox *sb)
{
	while (sb->faults != NULL) {
		struct gsp_sb_fault *f = sb->faults;

		sb->faults = f->next;
		fault_free(f);
	}
}

static bool
known_key(const char *key, const char *const *keys)
{
	while (*keys != NULL && strcmp(*keys, key) != 0)
		keys++;
	return *keys != NULL;
}

/* Unknown keys and non-strings where strings belong: a mistyped rule must not look armed. */
static int
check_keys(const struct gsp_json *v, const char *const *keys, const char *const *texts,
    const char *what, struct gsp_err *err)
{
	for (struct gsp_json *m = gsp_json_first(v); m != NULL; m = gsp_json_next(m)) {
		if (!known_key(gsp_json_key(m), keys))
			return gsp_err_set(
			    err, GSP_EUSAGE, "%s has no key '%.64s'", what, gsp_json_key(m));
		if (known_key(gsp_json_key(m), texts) && !gsp_json_is_str(m))
			return gsp_err_set(err, GSP_EUSAGE, "'%s' of %s must be a string",
			    gsp_json_key(m), what);
		if (!known_key(gsp_json_key(m), texts) && !gsp_json_is_num(m) &&
		    !gsp_json_is_bool(m) && !gsp_json_is_obj(m))
			return gsp_err_set(err, GSP_EUSAGE, "'%s' of %s has the wrong type",
			    gsp_json_key(m), what);
	}
	return 0;
}

static char *
dup_text(const struct gsp_json *obj, const char *key)
{
	const char *s = gsp_json_str(obj, key, NULL);

	return s != NULL ? gsp_sb_dup(s) : NULL;
}

static int
rule_parse(struct gsp_sb_fault **out, const struct gsp_json *v, struct gsp_err *err)
{
	static const char *const keys[] = {"match", "times", "fault", "commit", "ms",
	    "retry_after", "reason", "field", "bytes", NULL};
	static const char *const texts[] = {"fault", "reason", "field", NULL};
	static const char *const match_keys[] = {
	    "method", "path", "region", "type", "label", "nth", NULL};
	static const char *const match_texts[] = {
	    "method", "path", "region", "type", "label", NULL};
	const struct gsp_json *m = gsp_json_get(v, "match");
	const char *kind = gsp_json_str(v, "fault", "");
	struct gsp_sb_fault *f;
	int index = kind_index(kind);

	if (!gsp_json_is_obj(v))
		return gsp_err_set(err, GSP_EUSAGE, "a fault rule must be a JSON object");
	if (m != NULL && !gsp_json_is_obj(m))
		return gsp_err_set(
		    err, GSP_EUSAGE, "'match' of a fault rule must be an object");
	if (check_keys(v, keys, texts, "a fault rule", err) == -1 ||
	    check_keys(m, match_keys, match_texts, "'match'", err) == -1)
		return -1;
	if (index < 0)
		return gsp_err_set(err, GSP_EUSAGE, "unknown fault '%.64s'", kind);
	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	gsp_sb_copy_text(f->kind, sizeof(f->kind), kind);
	f->method = dup_text(m, "method");
	f->path = dup_text(m, "path");
	f->region = dup_text(m, "region");
	f->type = dup_text(m, "type");
	f->label = dup_text(m, "label");
	f->reason = dup_text(v, "reason");
	f->field = dup_text(v, "field");
	f->nth = gsp_json_u64(m, "nth", 1);
	f->times = gsp_json_u64(v, "times", 1);
	f->bytes = gsp_json_u64(v, "bytes", HUGE_BYTES);
	f->ms = (int64_t)gsp_json_u64(v, "ms", strcmp(kind, "slow") == 0 ? SLOW_MS : HANG_MS);
	f->has_retry_after = gsp_sb_is_whole(v, "retry_after", &f->retry_after);
	f->commit = gsp_json_bool(v, "commit", index < NKINDS && kinds[index].commit);
	*out = f;
	return 0;
}

int
gsp_sb_faults_add(struct gsp_sandbox *sb, const struct gsp_json *v, struct gsp_err *err)
{
	struct gsp_sb_fault *head = NULL, **tail = &head, **end = &sb->faults;
	const struct gsp_json *list = gsp_json_is_obj(v) ? gsp_json_get(v, "faults") : v;
	int rc = 0;

	if (list == NULL || gsp_json_is_obj(list)) {
		rc = rule_parse(&head, list == NULL ? v : list, err);
	} else if (!gsp_json_is_arr(list)) {
		rc = gsp_err_set(err, GSP_EUSAGE, "fault rules must be an object or a list");
	} else {
		for (struct gsp_json *r = gsp_json_first(list); r && rc == 0;
		     r = gsp_json_next(r))
			if ((rc = rule_parse(tail, r, err)) == 0)
				tail = &(*tail)->next;
	}
	while (rc == -1 && head != NULL) {
		struct gsp_sb_fault *f = head;

		head = f->next;
		fault_free(f);
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = head;
	return rc;
}

void
gsp_sb_faults_json(const struct gsp_sandbox *sb, struct gsp_json *arr)
{
	for (const struct gsp_sb_fault *f = sb->faults; f != NULL; f = f->next) {
		struct gsp_json *o = gsp_json_add_obj(arr, NULL), *m;
		const char *const text[][2] = {{"method", f->method}, {"path", f->path},
		    {"region", f->region}, {"type", f->type}, {"label", f->label}};

		gsp_json_add_str(o, "fault", f->kind);
		m = gsp_json_add_obj(o, "match");
		for (size_t n = 0; n < sizeof(text) / sizeof(text[0]); n++)
			if (text[n][1] != NULL)
				gsp_json_add_str(m, text[n][0], text[n][1]);
		gsp_json_add_u64(m, "nth", f->nth);
		gsp_json_add_u64(o, "times", f->times);
		gsp_json_add_u64(o, "seen", f->seen);
		gsp_json_add_u64(o, "struck", f->struck);
		gsp_json_add_bool(o, "commit", f->commit);
	}
}

static bool
fits(const char *want, const char *have)
{
	return want == NULL || (have != NULL && strcmp(want, have) == 0);
}

static bool
is_spent(const struct gsp_sb_fault *f)
{
	return f->times != 0 && f->struck >= f->times;
}

/* Counts a fitting occasion; true if it is one to strike at. */
static bool
strikes(struct gsp_sb_fault *f)
{
	if (is_spent(f) || ++f->seen < f->nth)
		return false;
	f->struck++;
	return true;
}

static bool
is_job(const struct gsp_sb_fault *f)
{
	int i = kind_index(f->kind);

	return i >= 0 && i < NKINDS && kinds[i].job;
}

struct gsp_sb_fault *
gsp_sb_fault_for(struct gsp_sb_req *q)
{
	/* path is "/v4/..." or "/v4beta/..." */
	const char *path = strchr(q->path + 1, '/');

	for (struct gsp_sb_fault *f = q->sb->faults; f != NULL; f = f->next)
		if (!is_job(f) && fits(f->method, q->method) &&
		    (f->path == NULL || fnmatch(f->path, path ? path : "/", 0) == 0) &&
		    fits(f->region, gsp_json_str(q->in, "region", NULL)) &&
		    fits(f->type, gsp_json_str(q->in, "type", NULL)) &&
		    fits(f->label, gsp_json_str(q->in, "label", NULL)) && strikes(f))
			return f;
	return NULL;
}

bool
gsp_sb_fault_job(struct gsp_sandbox *sb, const char *kind, const struct gsp_sb_inst *i,
    char *reason, size_t size)
{
	for (struct gsp_sb_fault *f = sb->faults; f != NULL; f = f->next)
		if (strcmp(f->kind, kind) == 0 && fits(f->region, i->region->id) &&
		    fits(f->type, i->type->id) && fits(f->label, i->label) && strikes(f)) {
			gsp_sb_copy_text(reason, size,
			    f->reason ? f->reason : "The host could not carry out the job");
			return true;
		}
	return false;
}

bool
gsp_sb_fault_soldout(const struct gsp_sandbox *sb, const char *region, const char *type)
{
	for (const struct gsp_sb_fault *f = sb->faults; f != NULL; f = f->next)
		if (strcmp(f->kind, "nocapacity") == 0 && f->times == 0 &&
		    fits(f->region, region) && fits(f->type, type))
			return true;
	return false;
}

bool
gsp_sb_fault_commits(const struct gsp_sb_fault *f)
{
	return f->commit;
}

/* The reasons the API gives for its statuses. */
static const char *
reason_of(uint64_t status)
{
	switch (status) {
	case 401: return "Invalid Token";
	case 403: return "Unauthorized";
	case 404: return "Not found";
	case 408: return "Please try again";
	case 429: return "Too many requests";
	case 500: return "Internal Server Error";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	default: return "The request was refused by a fault of the sandbox";
	}
}

static void
strike_status(struct gsp_sb_req *q, const struct gsp_sb_fault *f)
{
	uint64_t status = 400;
	const char *reason;

	if (strcmp(f->kind, "maintenance") == 0) {
		status = 503;
		gsp_sb_header(
		    q, "X-Maintenance-Mode", "read-only,The API is being maintained");
	} else if (strcmp(f->kind, "retry_after_negative") == 0) {
		status = 429;
	} else {
		(void)gsp_num_u64(&status, f->kind, 400, 599);
	}
	reason = f->reason ? f->reason : reason_of(status);
	if (strcmp(f->kind, "busy") == 0)
		reason = "Linode busy.";
	else if (strcmp(f->kind, "limit") == 0)
		reason = "Account Limit reached. Please open a support ticket.";
	else if (strcmp(f->kind, "nocapacity") == 0 && f->reason == NULL)
		reason = "The selected plan has no capacity in this region at this time. "
			 "Choose another region or plan.";
	gsp_sb_fail(q, (int)status,
	    strcmp(f->kind, "nocapacity") == 0 && f->field == NULL ? "region" : f->field, "%s",
	    reason);
	if (f->has_retry_after)
		gsp_sb_header(q, "Retry-After", "%" PRId64, f->retry_after);
	else if (strcmp(f->kind, "retry_after_negative") == 0)
		gsp_sb_header(q, "Retry-After", "-5");
	else if (status == 429)
		gsp_sb_header(q, "Retry-After", "1");
}

/* What nginx in front of the API answers. */
static void
strike_html(struct gsp_sb_req *q, int status, const char *html)
{
	q->status = status;
	q->html = html;
	gsp_sb_header(q, "Server", "nginx");
}

void
gsp_sb_fault_strike(struct gsp_sb_req *q, const struct gsp_sb_fault *f)
{
	int i = kind_index(f->kind);

	gsp_sb_copy_text(q->fault, sizeof(q->fault), f->kind);
	q->wire = i < NKINDS ? kinds[i].wire : GSP_SB_NORMAL;
	q->wire_ms = f->ms;
	q->wire_bytes = f->bytes;
	if (q->wire != GSP_SB_NORMAL)
		return;
	gsp_sb_forget(q);
	if (strcmp(f->kind, "html400") == 0) {
		strike_html(q, 400,
		    "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>"
		    "<center><h1>400 Bad "
		    "Request</h1></center><hr><center>nginx</center></body>\r\n"
		    "</html>\r\n");
	} else if (strcmp(f->kind, "html502") == 0) {
		strike_html(q, 502,
		    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>"
		    "<center><h1>502 Bad "
		    "Gateway</h1></center><hr><center>nginx</center></body>\r\n"
		    "</html>\r\n");
	} else if (strcmp(f->kind, "redirect") == 0) {
		q->status = 302;
		q->html = "<html><body>Moved</body></html>";
		gsp_sb_header(q, "Location", "http://127.0.0.2:9/v4/profile");
	} else {
		strike_status(q, f);
	}
}

void
gsp_sb_faults_sweep(struct gsp_sandbox *sb)
{
	for (struct gsp_sb_fault **p = &sb->faults; *p != NULL;) {
		struct gsp_sb_fault *f = *p;

		if (!is_spent(f)) {
			p = &f->next;
			continue;
		}
		*p = f->next;
		fault_free(f);
	}
}
