#include "gsp/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rand.h"
#include "fmt/json.h"
#include "gsp/money.h"
#include "net/ssh.h"
#include "sys/io.h"

#include "base/banned.h"

#define JOURNAL_MAX (1024 * 1024)
#define KEY_MAX 8192

static const char *const phase_names[] = {"intent", "posting", "creating", "created",
    "bootstrapped", "uploaded", "running", "stopped", "saved", "deleting"};
#define NPHASES (sizeof(phase_names) / sizeof(phase_names[0]))

const char *
gsp_session_stage(const struct gsp_session *s)
{
	return s->phase < GSP_PHASE_CREATED ? "creating" : phase_names[s->phase];
}

void
gsp_session_free(struct gsp_session *s)
{
	if (s == NULL)
		return;
	free(s->host_key);
	free(s->api_url);
	if (s->host_key_private != NULL)
		explicit_bzero(s->host_key_private, strlen(s->host_key_private));
	free(s->host_key_private);
	gsp_server_conf_free(s->conf);
	free(s);
}

static int
get_phase(enum gsp_phase *out, const struct gsp_json *v, struct gsp_err *err)
{
	const char *name;

	if (gsp_json_need_str(&name, v, "phase", err) == -1)
		return -1;
	for (size_t i = 0; i < NPHASES; i++)
		if (strcmp(name, phase_names[i]) == 0) {
			*out = (enum gsp_phase)i;
			return 0;
		}
	return gsp_err_set(err, GSP_EPROTO, "unknown phase '%s'", name);
}

static int
from_json(struct gsp_session *s, const struct gsp_json *v, struct gsp_err *err)
{
	const struct gsp_json *conf = gsp_json_get(v, "settings");
	const char *id, *host_key;

	if (strcmp(gsp_json_str(v, "schema", ""), "gsp.session/1") != 0)
		return gsp_err_set(err, GSP_EPROTO, "not a gsp.session/1");
	if (get_phase(&s->phase, v, err) == -1 ||
	    gsp_json_need_str(&id, v, "session", err) == -1 ||
	    gsp_json_need_str(&host_key, v, "host_key", err) == -1)
		return -1;
	if (!gsp_json_is_obj(conf))
		return gsp_err_set(err, GSP_EPROTO, "'settings' is missing");
	snprintf(s->id, sizeof(s->id), "%s", id);
	gsp_json_copy(s->actor, sizeof(s->actor), v, "actor");
	gsp_json_copy(s->label, sizeof(s->label), v, "label");
	gsp_json_copy(s->region, sizeof(s->region), v, "region");
	gsp_json_copy(s->type, sizeof(s->type), v, "type");
	gsp_json_copy(s->ipv4, sizeof(s->ipv4), v, "ipv4");
	gsp_json_copy(s->ipv6, sizeof(s->ipv6), v, "ipv6");
	gsp_json_copy(s->name, sizeof(s->name), v, "name");
	gsp_json_copy(s->taking_from, sizeof(s->taking_from), v, "taking_from");
	s->created = gsp_json_time(v, "created");
	s->since = gsp_json_time(v, "since");
	s->start_intent = gsp_json_bool(v, "start_intent", true); /* in doubt: there is a save */
	s->ready = gsp_json_bool(v, "ready", false);
	s->linode_id = gsp_json_u64(v, "linode_id", 0);
	s->firewall_id = gsp_json_u64(v, "firewall_id", 0);
	s->after_event = gsp_json_u64(v, "after_event", 0);
	s->hourly_usd = gsp_json_num(v, "hourly_usd", -1);
	s->monthly_usd = gsp_json_num(v, "monthly_usd", -1);
	s->base = gsp_json_u64(v, "base", 0);
	s->saved = gsp_json_u64(v, "saved", 0);
	s->host_key = strdup(host_key);
	if (gsp_json_str(v, "api_url", NULL) != NULL)
		s->api_url = strdup(gsp_json_str(v, "api_url", ""));
	if (gsp_json_str(v, "host_key_private", NULL) != NULL)
		s->host_key_private = strdup(gsp_json_str(v, "host_key_private", ""));
	return gsp_server_conf_from_json(&s->conf, s->server, conf, err);
}

static int
load(struct gsp_session **out, const char *path, const char *server, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(JOURNAL_MAX);
	struct gsp_session *s = NULL;
	struct gsp_json *v = NULL;
	int rc = -1;

	*out = NULL;
	if (gsp_io_read_file(&text, path, err) == -1) {
		if (err->code == GSP_ENOTFOUND) {
			gsp_err_clear(err);
			rc = 0;
		}
		goto out;
	}
	if ((s = calloc(1, sizeof(*s))) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	snprintf(s->server, sizeof(s->server), "%s", server);
	if (gsp_json_parse(&v, text.data, text.len, err) == -1 || from_json(s, v, err) == -1) {
		err->code = GSP_EIO;
		gsp_err_wrap(err, "journal '%s'", path);
		goto out;
	}
	if (strncmp(gsp_json_str(v, "ended", ""), "moved", 5) == 0)
		s->start_intent = true; /* what the other home did nobody here knows */
	*out = s;
	s = NULL;
	rc = 0;
out:
	gsp_session_free(s);
	gsp_json_free(v);
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_session_load(struct gsp_session **out, const struct gsp_home *h, const char *server,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = load(out, gsp_home_state_path(h, &path, server, "session.json"), server, err);

	gsp_buf_release(&path);
	return rc;
}

int
gsp_session_load_ended(struct gsp_session **out, const struct gsp_home *h, const char *server,
    const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = load(out, gsp_home_path(h, &path, "state/%s/ended/%s.json", server, id), server, err);

	gsp_buf_release(&path);
	return rc;
}

static struct gsp_json *
to_json(const struct gsp_session *s, const struct gsp_home *h)
{
	struct gsp_json *v = gsp_json_new_obj();

	gsp_json_add_str(v, "schema", "gsp.session/1");
	gsp_json_add_str(v, "server", s->server);
	gsp_json_add_str(v, "session", s->id);
	gsp_json_add_str(v, "actor", s->actor);
	gsp_json_add_str(v, "phase", phase_names[s->phase]);
	gsp_json_add_time(v, "created", s->created);
	gsp_json_add_time(v, "since", s->since);
	gsp_json_add_bool(v, "start_intent", s->start_intent);
	gsp_json_add_bool(v, "ready", s->ready);
	gsp_json_add_u64(v, "linode_id", s->linode_id);
	gsp_json_add_u64(v, "firewall_id", s->firewall_id);
	gsp_json_add_u64(v, "after_event", s->after_event);
	/* until something may have been bought, the next run may ask elsewhere */
	gsp_json_add_str(v, "api_url",
	    s->api_url != NULL && s->phase != GSP_PHASE_INTENT ? s->api_url : h->api_url);
	gsp_json_add_str(v, "label", s->label);
	gsp_json_add_str(v, "region", s->region);
	gsp_json_add_str(v, "type", s->type);
	gsp_json_add_str(v, "ipv4", s->ipv4);
	gsp_json_add_str(v, "ipv6", s->ipv6);
	if (s->name[0] != '\0')
		gsp_json_add_str(v, "name", s->name);
	gsp_json_add_num(v, "hourly_usd", s->hourly_usd);
	gsp_json_add_num(v, "monthly_usd", s->monthly_usd);
	gsp_json_add_u64(v, "base", s->base);
	gsp_json_add_u64(v, "saved", s->saved);
	if (s->taking_from[0] != '\0')
		gsp_json_add_str(v, "taking_from", s->taking_from);
	gsp_json_add_str(v, "host_key", s->host_key);
	if (s->host_key_private != NULL)
		gsp_json_add_str(v, "host_key_private", s->host_key_private);
	gsp_server_conf_to_json(s->conf, gsp_json_add_obj(v, "settings"));
	return v;
}

static int
write_journal(const struct gsp_session *s, const struct gsp_home *h, const char *path,
    const char *why, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(JOURNAL_MAX);
	struct gsp_json *v = to_json(s, h);
	int rc;

	if (why != NULL) {
		gsp_json_remove(v, "host_key_private");
		gsp_json_add_str(v, "ended", why);
		gsp_json_add_time(v, "ended_at", gsp_wall_s());
	}
	gsp_json_print(&text, v);
	gsp_buf_addc(&text, '\n');
	rc = gsp_buf_ok(&text) ? gsp_io_replace(path, text.data, text.len, 0600, err)
	                       : gsp_err_set(err, GSP_ELIMIT, "journal '%s' too large", path);
	gsp_json_free(v);
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_session_save(const struct gsp_session *s, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	rc = write_journal(s, h, gsp_home_state_path(h, &path, s->server, "session.json"), NULL, err);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_session_phase(struct gsp_session *s, const struct gsp_home *h, enum gsp_phase phase,
    struct gsp_err *err)
{
	if (s->phase != phase)
		s->since = gsp_wall_s();
	s->phase = phase;
	return gsp_session_save(s, h, err);
}

static int
write_login_key(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_buf pem = GSP_BUF_INIT(KEY_MAX), pub = GSP_BUF_INIT(KEY_MAX);
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = -1;

	if (gsp_ssh_keygen(&pem, &pub, "gsp-login", err) == -1)
		goto out;
	gsp_buf_addc(&pub, '\n');
	if (gsp_io_replace(gsp_home_state_path(h, &path, server, "id_ed25519"), pem.data, pem.len,
	        0600, err) == -1 ||
	    gsp_io_replace(gsp_home_state_path(h, &path, server, "id_ed25519.pub"), pub.data,
	        pub.len, 0600, err) == -1)
		goto out;
	rc = 0;
out:
	if (pem.data != NULL)
		explicit_bzero(pem.data, pem.len);
	gsp_buf_release(&pem);
	gsp_buf_release(&pub);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_session_login_make(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_buf key = GSP_BUF_INIT(GSP_PATH_BUF), pub = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = 0;

	gsp_home_state_path(h, &key, server, "id_ed25519");
	gsp_home_state_path(h, &pub, server, "id_ed25519.pub");
	if (!gsp_io_exists(gsp_buf_str(&key)) || !gsp_io_exists(gsp_buf_str(&pub))) {
		/* never a public line beside the private key of another pair */
		rc = gsp_io_unlink(gsp_buf_str(&pub), err) == -1 ? -1 : write_login_key(h, server, err);
	}
	gsp_buf_release(&key);
	gsp_buf_release(&pub);
	return rc;
}

int
gsp_session_login_remove(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	rc = gsp_io_unlink(gsp_home_state_path(h, &path, server, "id_ed25519"), err) == -1 ||
	        gsp_io_unlink(gsp_home_state_path(h, &path, server, "id_ed25519.pub"), err) == -1
	    ? -1
	    : 0;
	gsp_buf_release(&path);
	return rc;
}

int
gsp_session_login_public(char **line, const struct gsp_home *h, const char *server,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), pub = GSP_BUF_INIT(KEY_MAX);
	int rc;

	rc = gsp_io_read_file(&pub, gsp_home_state_path(h, &path, server, "id_ed25519.pub"), err);
	if (rc == 0) {
		if (pub.len > 0 && pub.data[pub.len - 1] == '\n')
			pub.data[--pub.len] = '\0';
		*line = gsp_buf_take(&pub);
	}
	gsp_buf_release(&pub);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_session_new(struct gsp_session **out, const struct gsp_home *h,
    struct gsp_server_conf *conf, const char *actor, struct gsp_err *err)
{
	struct gsp_buf pem = GSP_BUF_INIT(KEY_MAX), pub = GSP_BUF_INIT(KEY_MAX);
	struct gsp_session *s;
	int rc = -1;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		gsp_server_conf_free(conf);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	s->conf = conf;
	snprintf(s->server, sizeof(s->server), "%s", conf->name);
	snprintf(s->label, sizeof(s->label), "gsp-%s", conf->name);
	snprintf(s->actor, sizeof(s->actor), "%s", actor);
	gsp_rand_id(s->id, GSP_SESSION_ID_LEN);
	s->created = s->since = gsp_wall_s();
	s->hourly_usd = s->monthly_usd = -1;
	if (gsp_home_state_make(h, conf->name, err) == -1 ||
	    write_login_key(h, conf->name, err) == -1 ||
	    gsp_ssh_keygen(&pem, &pub, s->label, err) == -1)
		goto out;
	s->host_key = gsp_buf_take(&pub);
	s->host_key_private = gsp_buf_take(&pem);
	if (s->host_key == NULL || s->host_key_private == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	*out = s;
	s = NULL;
	rc = 0;
out:
	gsp_session_free(s);
	gsp_buf_release(&pem);
	gsp_buf_release(&pub);
	return rc;
}

int
gsp_session_end(const struct gsp_session *s, const struct gsp_home *h, const char *why,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = -1;

	if (gsp_io_mkdirs(gsp_home_state_path(h, &path, s->server, "ended"), 0700, err) == -1 ||
	    gsp_io_sweep(gsp_buf_str(&path), err) == -1) /* a run that died here is run again */
		goto out;
	gsp_home_path(h, &path, "state/%s/ended/%s.json", s->server, s->id);
	if (write_journal(s, h, gsp_buf_str(&path), why, err) == -1)
		goto out;
	/* the key goes before the journal: a journal without key is looked after again */
	if (gsp_session_login_remove(h, s->server, err) == -1 ||
	    gsp_io_unlink(gsp_home_state_path(h, &path, s->server, "session.json"), err) == -1)
		goto out;
	rc = gsp_io_fsync_dir(gsp_home_state_path(h, &path, s->server, ""), err);
out:
	gsp_buf_release(&path);
	return rc;
}

int
gsp_session_check_here(const struct gsp_session *s, const struct gsp_home *h,
    struct gsp_err *err)
{
	if (s->api_url == NULL || s->phase == GSP_PHASE_INTENT || strcmp(s->api_url, h->api_url) == 0)
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "'%s' does not know the machine of '%s', which was made "
	    "at '%s': ask there (linode: {api_url: ...} in gsp.yaml, or GSP_LINODE_URL), or give it up "
	    "with 'gsp teardown %s --discard-unsaved'", h->api_url, s->server, s->api_url, s->server);
}

void
gsp_session_cost(const struct gsp_session *s, int64_t now, uint64_t *hours, double *usd)
{
	bool over = s->ended != 0 && s->ended <= now;
	struct gsp_life life = {s->created, over ? s->ended : now, !over,
	    gsp_money_from(s->hourly_usd), gsp_money_from(s->monthly_usd)};
	struct gsp_bill bill;

	*hours = 0;
	*usd = 0;
	if (s->linode_id == 0)
		return;
	bill = gsp_money_whole(&life);
	*hours = bill.hours;
	if (bill.amount >= 0)
		*usd = gsp_money_usd(bill.amount);
}
