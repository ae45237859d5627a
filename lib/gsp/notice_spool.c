#include "gsp/notice_spool.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/rand.h"
#include "fmt/json.h"
#include "gsp/notice.h"
#include "gsp/notice_text.h"
#include "gsp/record.h"
#include "gsp/session.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define NUMBER_DIGITS 16
#define LOG_MAX (256 * 1024) /* bytes, twice */
#define TURN_MS 2000        /* a turn takes as long as a file takes to be on disk */
#define NAMES_MAX 4096       /* files looked at */

static const char schema[] = "gsp.notice/1";

/* ---- one notice ---- */

const char *
gsp_notice_item_event(const struct gsp_notice_item *it)
{
	return it->event == GSP_NOTICE_TEST ? "test"
	                                    : gsp_notice_name((enum gsp_notice_event)it->event);
}

/* What is known of the session without asking anybody. */
static void
add_session(struct gsp_json *o, const struct gsp_home *h, const char *server, const char *session)
{
	struct gsp_buf address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_session *s = NULL;

	if (gsp_session_load(&s, h, server, &ignored) == 0 && s != NULL && strcmp(s->id, session) == 0) {
		gsp_record_address(&address, s);
		if (address.len > 0)
			gsp_json_add_str(o, "address", gsp_buf_str(&address));
		if (s->hourly_usd >= 0)
			gsp_json_add_num(o, "hourly_usd", s->hourly_usd);
	}
	gsp_session_free(s);
	gsp_buf_release(&address);
}

void
gsp_notice_item_make(struct gsp_notice_item *it, const struct gsp_home *h, const char *server,
    const char *session, int event, const char *text)
{
	struct gsp_json *o = gsp_json_new_obj();

	gsp_rand_id(it->id, sizeof(it->id) - 1);
	snprintf(it->server, sizeof(it->server), "%s", server != NULL ? server : "");
	snprintf(it->session, sizeof(it->session), "%s", session != NULL ? session : "");
	it->event = event;
	it->t_ms = gsp_wall_ms();
	gsp_buf_reset(&it->text);
	gsp_buf_reset(&it->json);
	gsp_notice_clean(&it->text, text, GSP_NOTICE_TEXT_MAX);
	gsp_json_add_str(o, "schema", schema);
	gsp_json_add_str(o, "id", it->id);
	gsp_json_add_str(o, "event", gsp_notice_item_event(it));
	if (it->server[0] != '\0')
		gsp_json_add_str(o, "server", it->server);
	else
		gsp_json_add_null(o, "server");
	if (it->session[0] != '\0')
		gsp_json_add_str(o, "session", it->session);
	else
		gsp_json_add_null(o, "session");
	gsp_json_add_str(o, "text", gsp_buf_str(&it->text));
	gsp_json_add_u64(o, "t", it->t_ms > 0 ? (uint64_t)it->t_ms : 0);
	gsp_json_add_str(o, "home", h->id);
	if (it->server[0] != '\0' && it->session[0] != '\0')
		add_session(o, h, it->server, it->session);
	gsp_json_print(&it->json, o);
	gsp_json_free(o);
}

int
gsp_notice_item_parse(struct gsp_notice_item *it, const char *json, size_t len,
    struct gsp_err *err)
{
	struct gsp_json *o = NULL;
	enum gsp_notice_event event;
	const char *name, *server, *session, *id;
	int rc = -1;

	if (gsp_json_parse(&o, json, len, err) == -1)
		return -1;
	name = gsp_json_str(o, "event", "");
	server = gsp_json_str(o, "server", "");
	session = gsp_json_str(o, "session", "");
	id = gsp_json_str(o, "id", "");
	if (strcmp(gsp_json_str(o, "schema", ""), schema) != 0)
		gsp_err_set(err, GSP_EPROTO, "no %s", schema);
	else if (gsp_notice_event(&event, name) == -1)
		gsp_err_set(err, GSP_EPROTO, "no event '%.20s'", name);
	else if ((*server != '\0' && !gsp_server_name_ok(server)) ||
	    strlen(session) >= sizeof(it->session) || strlen(id) >= sizeof(it->id))
		gsp_err_set(err, GSP_EPROTO, "no server, session or id");
	else
		rc = 0;
	if (rc == 0) {
		snprintf(it->id, sizeof(it->id), "%s", id);
		snprintf(it->server, sizeof(it->server), "%s", server);
		snprintf(it->session, sizeof(it->session), "%s", session);
		it->event = (int)event;
		it->t_ms = (int64_t)gsp_json_u64(o, "t", 0);
		gsp_buf_reset(&it->text);
		gsp_buf_reset(&it->json);
		gsp_notice_clean(&it->text, gsp_json_str(o, "text", ""), GSP_NOTICE_TEXT_MAX);
		gsp_json_print(&it->json, o);
		if (!gsp_buf_ok(&it->json))
			rc = gsp_err_set(err, GSP_EPROTO, "too large");
	}
	gsp_json_free(o);
	return rc;
}

void
gsp_notice_item_release(struct gsp_notice_item *it)
{
	gsp_buf_release(&it->text);
	gsp_buf_release(&it->json);
}

/* ---- the directory ---- */

const char *
gsp_notice_dir(const struct gsp_home *h, struct gsp_buf *b, const char *id, const char *rest)
{
	return gsp_home_path(h, b, "state/notify/%s%s%s", id, *rest != '\0' ? "/" : "", rest);
}

/* Where notices wait: a directory of its own, since whoever gives one writes there while the target's
 * sender writes above it, and each clears away what a killed one of its kind left. */
static const char *
waiting_path(const struct gsp_home *h, struct gsp_buf *b, const char *id, const char *name)
{
	return gsp_home_path(h, b, "state/notify/%s/waiting%s%s", id, *name != '\0' ? "/" : "", name);
}

/* "0001763838000123-0123.json": its number, or 0 for another kind of file. */
static uint64_t
number_of(const char *name)
{
	char digits[NUMBER_DIGITS + 1];
	size_t len = strlen(name);
	uint64_t n;

	if (len < NUMBER_DIGITS + 6 || name[NUMBER_DIGITS] != '-' || name[0] == '.' ||
	    strcmp(name + len - 5, ".json") != 0)
		return 0;
	memcpy(digits, name, NUMBER_DIGITS);
	digits[NUMBER_DIGITS] = '\0';
	return gsp_num_u64(&n, digits, 1, UINT64_MAX) == 0 ? n : 0;
}

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

void
gsp_notice_waiting(struct gsp_argv *names, const struct gsp_home *h, const char *id)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	DIR *d = opendir(waiting_path(h, &path, id, ""));
	struct dirent *e;

	while (d != NULL && names->n < NAMES_MAX && (e = readdir(d)) != NULL)
		if (number_of(e->d_name) != 0)
			gsp_argv_push(names, e->d_name);
	if (d != NULL)
		closedir(d);
	if (names->n > 1)
		qsort(names->v, names->n, sizeof(names->v[0]), by_name);
	gsp_buf_release(&path);
}

/* After all that wait; not before an earlier one if the clock was put back. */
static uint64_t
next_number(const struct gsp_argv *names, int64_t t_ms)
{
	uint64_t last = names->n > 0 ? number_of(names->v[names->n - 1]) : 0;
	uint64_t now = t_ms > 0 ? (uint64_t)t_ms : 1;

	return now > last ? now : last + 1;
}

/* Givers wait for each other, but not for ever: one that was stopped must not silence the others. */
static int
take_turn(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int64_t end = gsp_now_ms() + TURN_MS;
	int fd = -1, rc;

	do {
		gsp_err_clear(err);
		rc = gsp_lock_take(&fd, waiting_path(h, &path, id, "lock"), "giving a notice", -1, err);
	} while (rc == -1 && err->code == GSP_ETEMP && gsp_now_ms() < end);
	if (rc == 0)
		(void)gsp_io_sweep(waiting_path(h, &path, id, ""), err);
	gsp_err_clear(err);
	gsp_buf_release(&path);
	return fd;
}

static int
make_room(struct gsp_argv *names, const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	gsp_notice_waiting(names, h, id);
	for (size_t i = 0; i + GSP_NOTICE_WAITING_MAX <= names->n; i++) {
		gsp_notice_log(h, id, "dropped %s: more than %d wait", names->v[i],
		    GSP_NOTICE_WAITING_MAX);
		if (gsp_notice_done(h, id, names->v[i], err) == -1)
			return -1;
	}
	return 0;
}

int
gsp_notice_put(const struct gsp_home *h, const char *id, const struct gsp_notice_item *it,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_argv names = GSP_ARGV_INIT;
	char name[NUMBER_DIGITS + 24];
	int turn = -1, rc = -1;

	if (!gsp_buf_ok(&it->json))
		return gsp_err_set(err, GSP_ELIMIT, "a notice is larger than %d bytes",
		    GSP_NOTICE_JSON_MAX);
	if (gsp_home_state_make(h, NULL, err) == -1 ||
	    gsp_io_mkdirs(waiting_path(h, &path, id, ""), 0700, err) == -1)
		goto out;
	turn = take_turn(h, id, err);
	if (make_room(&names, h, id, err) == -1)
		goto out;
	/* random, too: without its turn another may have taken the same number */
	snprintf(name, sizeof(name), "%0*" PRIu64 "-%06" PRIu32 ".json", NUMBER_DIGITS,
	    next_number(&names, it->t_ms), gsp_rand_below(1000000));
	rc = gsp_io_replace(waiting_path(h, &path, id, name), it->json.data, it->json.len, 0600, err);
out:
	gsp_lock_drop(turn);
	gsp_argv_release(&names);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_notice_get(struct gsp_notice_item *it, const struct gsp_home *h, const char *id,
    const char *name, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(GSP_NOTICE_JSON_MAX);
	int rc = gsp_io_read_file(&text, waiting_path(h, &path, id, name), err) == -1
	    ? -1
	    : gsp_notice_item_parse(it, gsp_buf_str(&text), text.len, err);

	gsp_buf_release(&text);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_notice_done(const struct gsp_home *h, const char *id, const char *name, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = gsp_io_unlink(waiting_path(h, &path, id, name), err);

	gsp_buf_release(&path);
	return rc;
}

/* ---- the log ---- */

void
gsp_notice_log(const struct gsp_home *h, const char *id, const char *fmt, ...)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), line = GSP_BUF_INIT(4096);
	struct gsp_buf clean = GSP_BUF_INIT(4096);
	struct gsp_err ignored = GSP_ERR_INIT;
	char text[2048], when[GSP_CLOCK_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	gsp_notice_clean(&clean, text, sizeof(text));
	gsp_debug("notify %s: %s", id, gsp_buf_str(&clean));
	gsp_buf_addf(&line, "%s %s\n", gsp_clock_format(when, sizeof(when), gsp_wall_s()),
	    gsp_buf_str(&clean));
	(void)gsp_io_append_line(gsp_notice_dir(h, &path, id, "log"), gsp_buf_str(&line), line.len, 0600,
	    &ignored);
	gsp_buf_release(&clean);
	gsp_buf_release(&line);
	gsp_buf_release(&path);
}

void
gsp_notice_log_turn(const struct gsp_home *h, const char *id)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), old = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct stat st;

	gsp_notice_dir(h, &path, id, "log");
	gsp_notice_dir(h, &old, id, "log.1");
	if (stat(gsp_buf_str(&path), &st) == 0 && st.st_size > LOG_MAX)
		(void)gsp_io_rename(gsp_buf_str(&path), gsp_buf_str(&old), &ignored);
	gsp_buf_release(&old);
	gsp_buf_release(&path);
}
