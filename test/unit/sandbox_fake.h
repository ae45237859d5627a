/*
 * sandbox_fake: for tests of sandbox/api: machines that are only remembered (linked in place
 * of sandbox/machine, so that no root is needed), and a client that drives the server by turns
 * in the same thread. Included by one .c per binary.
 */
#ifndef GSP_TEST_SANDBOX_FAKE_H
#define GSP_TEST_SANDBOX_FAKE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "fmt/json.h"
#include "sandbox/api.h"
#include "tap.h"

/* ---- machines ---- */

struct gsp_world {
	int machines; /* alive in memory */
	int made;
};

struct gsp_machine {
	struct gsp_machine *next;
	struct gsp_world *world;
	uint64_t id;
	bool alive, cut, wants_reboot;
	int boots, resets;
	uint64_t free_bytes;
	char ipv4[16];
	char user_data[256];
	char first_key[128];
	char rules[512]; /* "open" or a short text of what was enforced */
};

static struct gsp_machine *fake_list;
static bool fake_boot_breaks, fake_new_breaks;

/* The metadata service needs a network of its own; here it only has a place. */
int
gsp_world_listen(int *fd, struct gsp_world *w, struct gsp_err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	(void)w;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd == -1 || bind(*fd, (struct sockaddr *)&a, sizeof(a)) == -1 || listen(*fd, 1) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot listen");
	return 0;
}

static inline struct gsp_machine *
fake_find(uint64_t id)
{
	struct gsp_machine *m = fake_list;

	while (m != NULL && m->id != id)
		m = m->next;
	return m;
}

int
gsp_machine_new(struct gsp_machine **out, struct gsp_world *w,
    const struct gsp_machine_spec *spec, struct gsp_err *err)
{
	struct gsp_machine *m;

	if (fake_new_breaks)
		return gsp_err_set(err, GSP_ESYS, "no room for a machine");
	m = calloc(1, sizeof(*m));
	m->world = w;
	m->id = spec->id;
	if (spec->ipv4 != NULL && spec->ipv4[0] != '\0')
		snprintf(m->ipv4, sizeof(m->ipv4), "%s", spec->ipv4);
	else
		snprintf(m->ipv4, sizeof(m->ipv4), "198.18.0.%d", 2 + w->made++ % 250);
	snprintf(m->rules, sizeof(m->rules), "never set");
	if (spec->user_data != NULL)
		snprintf(m->user_data, sizeof(m->user_data), "%.*s", (int)spec->user_data_len,
		    spec->user_data);
	if (spec->authorized_keys[0] != NULL)
		snprintf(m->first_key, sizeof(m->first_key), "%s", spec->authorized_keys[0]);
	m->next = fake_list;
	fake_list = m;
	w->machines++;
	*out = m;
	return 0;
}

const char *
gsp_machine_ipv4(const struct gsp_machine *m)
{
	return m->ipv4;
}

const char *
gsp_machine_ipv6(const struct gsp_machine *m)
{
	(void)m;
	return "2001:db8::2";
}

int
gsp_machine_boot(struct gsp_machine *m, struct gsp_err *err)
{
	if (fake_boot_breaks)
		return gsp_err_set(err, GSP_ESYS, "no init");
	m->alive = true;
	m->wants_reboot = false;
	m->boots++;
	return 0;
}

void
gsp_machine_stop(struct gsp_machine *m, bool hard)
{
	(void)hard;
	m->alive = false;
}

bool
gsp_machine_alive(struct gsp_machine *m)
{
	return m->alive;
}

bool
gsp_machine_wants_reboot(const struct gsp_machine *m)
{
	return m->wants_reboot;
}

void
gsp_machine_free(struct gsp_machine *m)
{
	struct gsp_machine **p = &fake_list;

	if (m == NULL)
		return;
	while (*p != m)
		p = &(*p)->next;
	*p = m->next;
	m->world->machines--;
	free(m);
}

static inline void
fake_rules_text(
    struct gsp_buf *b, const char *what, const struct gsp_fw_rule *r, size_t n, bool accept)
{
	static const char *const protos[] = {"tcp", "udp", "icmp", "ipencap"};

	gsp_buf_addf(b, "%s:", what);
	for (size_t i = 0; i < n; i++) {
		gsp_buf_addf(
		    b, "%s%s/%s", r[i].accept ? "+" : "-", protos[r[i].proto], r[i].ports);
		for (size_t k = 0; r[i].ipv4[k] != NULL; k++)
			gsp_buf_addf(b, "@%s", r[i].ipv4[k]);
		for (size_t k = 0; r[i].ipv6[k] != NULL; k++)
			gsp_buf_addf(b, "@%s", r[i].ipv6[k]);
		gsp_buf_addc(b, ' ');
	}
	gsp_buf_adds(b, accept ? "else+" : "else-");
}

int
gsp_machine_firewall(struct gsp_machine *m, const struct gsp_fw *fw, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(4096);

	(void)err;
	if (fw == NULL) {
		gsp_buf_adds(&b, "open");
	} else {
		fake_rules_text(&b, "in", fw->in, fw->nin, fw->in_accept);
		fake_rules_text(&b, " out", fw->out, fw->nout, fw->out_accept);
	}
	snprintf(m->rules, sizeof(m->rules), "%s", gsp_buf_str(&b));
	gsp_buf_release(&b);
	return 0;
}

void
gsp_machine_link(struct gsp_machine *m, bool up)
{
	m->cut = !up;
}

void
gsp_machine_reset_ssh(struct gsp_machine *m)
{
	m->resets++;
}

int
gsp_machine_fill_disk(struct gsp_machine *m, uint64_t free_bytes, struct gsp_err *err)
{
	(void)err;
	m->free_bytes = free_bytes;
	return 0;
}

/* ---- the client ---- */

static struct gsp_sandbox *box;
static const char *call_token = "t0ken";
static const char *call_type = "application/json";
static struct gsp_buf raw_answer = GSP_BUF_INIT(128 * 1024 * 1024);
static struct gsp_json *answer; /* parsed body, or NULL */
static const char *answer_body;
static bool answer_reset; /* the connection was reset */

static inline void
turn(int64_t ms, int fd)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_sandbox_poll(box, ms, fd, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
}

static inline int
dial(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_port = htons((uint16_t)gsp_sandbox_port(box));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1) {
		printf("Bail out! cannot connect: %s\n", strerror(errno));
		exit(1);
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Takes turns with the server until the whole request is sent and the connection has ended. */
static inline void
talk(int fd, const struct gsp_buf *req)
{
	size_t sent = 0;

	for (;;) {
		char *to = gsp_buf_reserve(&raw_answer, 65536);
		ssize_t n;

		if (sent < req->len &&
		    (n = send(fd, req->data + sent, req->len - sent, MSG_NOSIGNAL)) > 0) {
			sent += (size_t)n;
			turn(0, -1);
		}
		n = to == NULL ? 0 : recv(fd, to, 65536, 0);
		if (n > 0) {
			raw_answer.len += (size_t)n;
			raw_answer.data[raw_answer.len] = '\0';
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			answer_reset = n == -1 && errno == ECONNRESET;
			return;
		} else {
			turn(sent < req->len ? 0 : 1000, fd);
		}
	}
}

/* One request; the HTTP status, or 0 without an answer. answer and answer_body are set. */
static inline int
call(const char *method, const char *path, const char *filter, const char *body)
{
	struct gsp_buf req = GSP_BUF_INIT(4 * 1024 * 1024);
	struct gsp_err err = GSP_ERR_INIT;
	int status = 0, fd = dial();
	const char *end;

	gsp_json_free(answer);
	answer = NULL;
	answer_body = "";
	answer_reset = false;
	gsp_buf_release(&raw_answer);
	gsp_buf_addf(&req, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", method, path);
	if (call_token != NULL)
		gsp_buf_addf(&req, "Authorization: Bearer %s\r\n", call_token);
	if (filter != NULL)
		gsp_buf_addf(&req, "X-Filter: %s\r\n", filter);
	if (body != NULL)
		gsp_buf_addf(&req, "Content-Type: %s\r\nContent-Length: %zu\r\n", call_type,
		    strlen(body));
	gsp_buf_addf(&req, "\r\n%s", body ? body : "");
	talk(fd, &req);
	close(fd);
	gsp_buf_release(&req);
	if (raw_answer.len < 12 || strncmp(raw_answer.data, "HTTP/1.1 ", 9) != 0)
		return 0;
	status = (int)strtol(raw_answer.data + 9, NULL, 10);
	if ((end = strstr(raw_answer.data, "\r\n\r\n")) == NULL)
		return status;
	answer_body = end + 4;
	if (gsp_json_parse(&answer, answer_body, strlen(answer_body), &err) == -1)
		answer = NULL;
	return status;
}

static inline int
get(const char *path)
{
	return call("GET", path, NULL, NULL);
}

/* Is there a header line that starts like this? */
static inline bool
has_header(const char *line)
{
	char want[256];

	snprintf(want, sizeof(want), "\r\n%s", line);
	return raw_answer.len > 0 && strstr(raw_answer.data, want) != NULL;
}

static inline struct gsp_json *
item(const struct gsp_json *arr, size_t n)
{
	struct gsp_json *v = gsp_json_first(arr);

	while (v != NULL && n-- > 0)
		v = gsp_json_next(v);
	return v;
}

/* Of the first error, and whether any error has this field. */
static inline const char *
reason(void)
{
	return gsp_json_str(item(gsp_json_get(answer, "errors"), 0), "reason", "");
}

static inline bool
has_error(const char *field)
{
	const struct gsp_json *errors = gsp_json_get(answer, "errors");

	for (struct gsp_json *e = gsp_json_first(errors); e != NULL; e = gsp_json_next(e))
		if (strcmp(gsp_json_str(e, "field", ""), field) == 0)
			return true;
	return false;
}

static inline uint64_t
results(void)
{
	return gsp_json_u64(answer, "results", UINT64_MAX);
}

/* Turns until the instance has this status; false after 3 s. */
static inline bool
until_status(uint64_t id, const char *want)
{
	int64_t end = gsp_now_ms() + 3000;
	char path[64];

	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64, id);
	while (gsp_now_ms() < end) {
		if (get(path) == 200 && strcmp(gsp_json_str(answer, "status", ""), want) == 0)
			return true;
		turn(10, -1);
	}
	return false;
}

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJu0 gsp"

/* A small machine with this label; its id, 0 if it was refused. */
static inline uint64_t
make(const char *label)
{
	char body[512];

	snprintf(body, sizeof(body),
	    "{\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",\"image\":\"linode/debian12\","
	    "\"label\":\"%s\",\"authorized_keys\":[\"%s\"]}",
	    label, KEY);
	if (call("POST", "/v4/linode/instances", NULL, body) != 200)
		return 0;
	return gsp_json_u64(answer, "id", 0);
}

#endif
