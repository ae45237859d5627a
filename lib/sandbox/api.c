/* The server: libmicrohttpd in one thread, its descriptor in our poll(). */
#include "sandbox/api.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

/* One connection's request on its way. */
struct flight {
	struct flight *next; /* among those that wait */
	struct gsp_sandbox *sb;
	struct MHD_Connection *con;
	struct gsp_sb_req q;
	bool begun, waiting, woken;
	int64_t wake_ms;
};

struct gsp_sb_http {
	struct MHD_Daemon *daemon, *meta; /* meta: the metadata service; NULL: there is none */
	int epoll_fd, meta_epoll_fd;
	unsigned port;
	struct flight *waiting;
};

/* ---- answers ---- */

/* A body made on the way: how much, and where it breaks off. */
struct stream {
	char *data; /* NULL: white space, then {} */
	uint64_t len, cut;
};

static ssize_t
stream_read(void *ctx, uint64_t pos, char *buf, size_t max)
{
	const struct stream *s = ctx;
	uint64_t n = s->cut - pos < max ? s->cut - pos : max;

	if (pos >= s->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (s->data != NULL) {
		memcpy(buf, s->data + pos, n);
		return (ssize_t)n;
	}
	memset(buf, ' ', n);
	for (uint64_t i = 0; i < n; i++)
		if (pos + i + 2 >= s->len)
			buf[i] = pos + i + 2 == s->len ? '{' : '}';
	return (ssize_t)n;
}

static void
stream_free(void *ctx)
{
	struct stream *s = ctx;

	free(s->data);
	free(s);
}

static struct MHD_Response *
stream_response(char *data, uint64_t len, uint64_t cut)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *r;

	if (s == NULL)
		abort();
	*s = (struct stream){data, len, cut};
	r = MHD_create_response_from_callback(len, 32768, stream_read, s, stream_free);
	if (r == NULL)
		abort();
	return r;
}

/* The JSON of the answer; the caller frees it. */
static char *
body_text(struct gsp_sb_req *q, size_t *len)
{
	struct gsp_buf b = GSP_BUF_INIT(64 * GSP_SB_BODY_MAX);
	struct gsp_json *o;
	char *text;

	if (q->html != NULL) {
		gsp_buf_adds(&b, q->html);
	} else if (q->errors != NULL) {
		o = gsp_json_new_obj();
		gsp_json_add_copy(o, "errors", q->errors);
		gsp_json_print(&b, o);
		gsp_json_free(o);
	} else {
		if (q->out == NULL)
			q->out = gsp_json_new_obj();
		gsp_json_print(&b, q->out);
	}
	*len = b.len;
	text = gsp_buf_take(&b);
	assert(text != NULL);
	return text;
}

static struct MHD_Response *
response_of(struct gsp_sb_req *q)
{
	static const char garbage[] = "{\"data\": [{\"id\": 12, \"label\": \"\x01\xfe\xff";
	struct MHD_Response *r;
	size_t len = 0;
	char *text;

	if (q->wire == GSP_SB_HUGE)
		return stream_response(NULL, q->wire_bytes + 2, q->wire_bytes + 2);
	if (q->wire == GSP_SB_GARBAGE)
		q->status = 200;
	if (q->wire == GSP_SB_EMPTY || q->status == 204)
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	else if (q->wire == GSP_SB_GARBAGE)
		r = MHD_create_response_from_buffer(
		    sizeof(garbage) - 1, (void *)(uintptr_t)garbage, MHD_RESPMEM_PERSISTENT);
	else if ((text = body_text(q, &len)) != NULL && q->wire == GSP_SB_TRUNCATE)
		r = stream_response(text, len + (len < 2), (len + 1) / 2);
	else
		r = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		abort();
	return r;
}

static enum MHD_Result
answer(struct flight *f)
{
	struct MHD_Response *r = response_of(&f->q);
	enum MHD_Result rc;

	if (f->q.status != 204)
		MHD_add_response_header(
		    r, "Content-Type", f->q.html != NULL ? "text/html" : "application/json");
	for (size_t i = 0; i < f->q.nhdr; i++)
		MHD_add_response_header(r, f->q.hdr[i].name, f->q.hdr[i].value);
	rc = MHD_queue_response(f->con, (unsigned)f->q.status, r);
	MHD_destroy_response(r);
	return rc;
}

/* A real RST, not the orderly end that closing would be: connecting to nowhere does that. */
static enum MHD_Result
reset(struct flight *f)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(f->con, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	if (info != NULL && connect(info->connect_fd, &nowhere, sizeof(nowhere)) == -1) {
		/* then it simply ends */
	}
	return MHD_NO;
}

static enum MHD_Result
bad_http(struct flight *f)
{
	static const char nonsense[] = "SSH-2.0-NotHTTP\r\n\x15\x03\x01 what?\r\n\r\n";
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(f->con, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info != NULL && send(info->connect_fd, nonsense, sizeof(nonsense) - 1,
				MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
		/* then it simply ends */
	}
	return MHD_NO;
}

static enum MHD_Result
wait_first(struct flight *f)
{
	f->wake_ms = gsp_now_ms() + f->q.wire_ms;
	f->waiting = true;
	f->next = f->sb->http->waiting;
	f->sb->http->waiting = f;
	MHD_suspend_connection(f->con);
	return MHD_YES;
}

static enum MHD_Result
finish(struct flight *f)
{
	switch (f->q.wire) {
	case GSP_SB_RESET: return reset(f);
	case GSP_SB_BADHTTP: return bad_http(f);
	case GSP_SB_HANG: return f->woken ? reset(f) : wait_first(f);
	case GSP_SB_SLOW: return f->woken ? answer(f) : wait_first(f);
	default: return answer(f);
	}
}

/* ---- requests ---- */

static char *
header(struct MHD_Connection *con, const char *name)
{
	const char *v = MHD_lookup_connection_value(con, MHD_HEADER_KIND, name);

	return v != NULL ? gsp_sb_dup(v) : NULL;
}

/* The URI as it came: what follows is decoded by us, segment by segment. */
static void *
on_uri(void *ctx, const char *uri, struct MHD_Connection *con)
{
	struct flight *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->sb = f->q.sb = ctx;
	f->con = con;
	f->q.uri = gsp_sb_dup(uri);
	f->q.t0_ms = gsp_now_ms();
	gsp_buf_init(&f->q.body, GSP_SB_BODY_MAX + 1);
	return f;
}

static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *con, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **con_cls)
{
	struct flight *f = *con_cls;

	(void)ctx;
	(void)url;
	(void)version;
	if (!f->begun) {
		f->begun = true;
		f->q.method = gsp_sb_dup(method);
		f->q.auth = header(con, "Authorization");
		f->q.filter_text = header(con, "X-Filter");
		f->q.content_type = header(con, "Content-Type");
		return MHD_YES;
	}
	if (*len > 0) {
		gsp_buf_add(&f->q.body, data, *len);
		f->q.too_big = f->q.too_big || !gsp_buf_ok(&f->q.body);
		*len = 0;
		return MHD_YES;
	}
	if (f->waiting)
		return MHD_YES;
	if (!f->woken)
		gsp_sb_serve(&f->q);
	return finish(f);
}

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void
forget_waiting(struct flight *f)
{
	struct flight **p = &f->sb->http->waiting;

	while (*p != NULL && *p != f)
		p = &(*p)->next;
	if (*p == f)
		*p = f->next;
}

static void
on_completed(
    void *ctx, struct MHD_Connection *con, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct flight *f = *con_cls;

	(void)ctx;
	(void)con;
	(void)why;
	if (f == NULL)
		return;
	forget_waiting(f);
	gsp_json_free(f->q.in);
	gsp_json_free(f->q.out);
	gsp_json_free(f->q.errors);
	if (f->q.body.data != NULL)
		explicit_bzero(f->q.body.data, f->q.body.len);
	gsp_buf_release(&f->q.body);
	for (size_t i = 0; i < f->q.nseg; i++)
		free(f->q.seg[i]);
	free(f->q.method);
	free(f->q.uri);
	free(f->q.path);
	wipe(f->q.auth);
	free(f->q.filter_text);
	free(f->q.content_type);
	free(f);
	*con_cls = NULL;
}

static void
wake(struct gsp_sb_http *h, int64_t now, bool all)
{
	for (struct flight **p = &h->waiting; *p != NULL;) {
		struct flight *f = *p;

		if (!all && f->wake_ms > now) {
			p = &f->next;
			continue;
		}
		*p = f->next;
		f->waiting = false;
		f->woken = true;
		MHD_resume_connection(f->con);
	}
}

/* ---- the metadata service ---- */

/* "198.18.0.10", also when it comes by an IPv6 socket. */
static void
peer_text(char out[INET6_ADDRSTRLEN], struct MHD_Connection *con)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(con, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info != NULL ? info->client_addr : NULL;
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	out[0] = '\0';
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, out, INET6_ADDRSTRLEN);
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
			inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
		else
			inet_ntop(AF_INET6, &v6.sin6_addr, out, INET6_ADDRSTRLEN);
	}
}

static enum MHD_Result
on_metadata(void *ctx, struct MHD_Connection *con, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **con_cls)
{
	static int seen;
	char peer[INET6_ADDRSTRLEN];
	struct gsp_sb_meta_req r = {.method = method, .path = url, .peer = peer};
	struct MHD_Response *answer_to;
	enum MHD_Result rc;
	size_t n;

	(void)version;
	(void)data;
	if (*con_cls == NULL || *len > 0) { /* the headers; a body, which nobody needs */
		*con_cls = &seen;
		*len = 0;
		return MHD_YES;
	}
	peer_text(peer, con);
	gsp_buf_init(&r.out, GSP_SB_BODY_MAX);
	r.token = MHD_lookup_connection_value(con, MHD_HEADER_KIND, "Metadata-Token");
	r.expiry = MHD_lookup_connection_value(con, MHD_HEADER_KIND, "Metadata-Token-Expiry-Seconds");
	r.accept = MHD_lookup_connection_value(con, MHD_HEADER_KIND, "Accept");
	gsp_sb_meta_serve(ctx, &r);
	n = r.out.len;
	answer_to = MHD_create_response_from_buffer(n, gsp_buf_take(&r.out), MHD_RESPMEM_MUST_FREE);
	if (answer_to == NULL)
		abort();
	MHD_add_response_header(
	    answer_to, "Content-Type", r.json ? "application/json" : "text/plain; charset=utf-8");
	rc = MHD_queue_response(con, (unsigned)r.status, answer_to);
	MHD_destroy_response(answer_to);
	return rc;
}

static int
serve_metadata(struct gsp_sandbox *sb, struct gsp_err *err)
{
	const union MHD_DaemonInfo *info = NULL;
	int fd;

	if (gsp_world_listen(&fd, sb->world, err) == -1)
		return -1;
	/* The daemon closes the socket, also when it does not start. */
	sb->http->meta = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_metadata, sb,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)30,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)64, MHD_OPTION_END);
	if (sb->http->meta != NULL)
		info = MHD_get_daemon_info(sb->http->meta, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return gsp_err_set(err, GSP_ESYS, "cannot serve metadata");
	sb->http->meta_epoll_fd = info->epoll_fd;
	return 0;
}

/* ---- the sandbox ---- */

static int
listen_on(struct gsp_sandbox *sb, unsigned port, struct gsp_err *err)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	const union MHD_DaemonInfo *info;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	errno = 0;
	sb->http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
	    NULL, on_request, sb, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&addr,
	    MHD_OPTION_URI_LOG_CALLBACK, on_uri, sb, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
	    sb, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)262144,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)300, MHD_OPTION_END);
	if (sb->http->daemon == NULL)
		return gsp_err_sys(
		    err, GSP_ESYS, errno, "cannot listen on 127.0.0.1 port %u", port);
	info = MHD_get_daemon_info(sb->http->daemon, MHD_DAEMON_INFO_BIND_PORT);
	sb->http->port = info != NULL ? info->port : port;
	info = MHD_get_daemon_info(sb->http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return gsp_err_set(err, GSP_ESYS, "libmicrohttpd was built without epoll");
	sb->http->epoll_fd = info->epoll_fd;
	return 0;
}

static void
copy_tokens(struct gsp_sandbox *sb, const struct gsp_sandbox_opts *o)
{
	if ((sb->tokens = calloc(o->ntokens, sizeof(*sb->tokens))) == NULL)
		abort();
	for (size_t i = 0; i < o->ntokens; i++) {
		sb->tokens[i].token = gsp_sb_dup(o->tokens[i].token);
		sb->tokens[i].scopes =
		    gsp_sb_dup(o->tokens[i].scopes != NULL ? o->tokens[i].scopes : "*");
		sb->tokens[i].restricted = o->tokens[i].restricted;
	}
	sb->ntokens = o->ntokens;
}

static int
load_faults(struct gsp_sandbox *sb, const char *text, struct gsp_err *err)
{
	struct gsp_json *v;
	int rc;

	if (text == NULL)
		return 0;
	if (gsp_json_parse(&v, text, strlen(text), err) == -1) {
		err->code = GSP_EUSAGE;
		return gsp_err_wrap(err, "fault rules");
	}
	rc = gsp_sb_faults_add(sb, v, err);
	gsp_json_free(v);
	return rc;
}

int
gsp_sandbox_open(
    struct gsp_sandbox **out, const struct gsp_sandbox_opts *o, struct gsp_err *err)
{
	struct gsp_sandbox *sb;

	if (o->ntokens == 0)
		return gsp_err_set(err, GSP_EUSAGE, "the sandbox needs at least one token");
	for (size_t i = 0; i < o->ntokens; i++)
		if (o->tokens[i].token == NULL || o->tokens[i].token[0] == '\0')
			return gsp_err_set(err, GSP_EUSAGE, "a token of the sandbox is empty");
	if (o->port > 65535)
		return gsp_err_set(err, GSP_EUSAGE, "port %u does not exist", o->port);
	if ((sb = calloc(1, sizeof(*sb))) == NULL ||
	    (sb->http = calloc(1, sizeof(*sb->http))) == NULL)
		abort();
	sb->o = *o;
	sb->world = o->world;
	copy_tokens(sb, o);
	sb->o.tokens = NULL;
	sb->o.faults = NULL;
	sb->next_id = 60303116; /* ids of the real API have eight digits too */
	sb->next_event = 900000001;
	sb->network_helper = true;
	sb->interfaces_for_new = "legacy_config_default_but_linode_allowed";
	sb->tags = gsp_json_new_arr();
	sb->http->meta_epoll_fd = -1;
	if (load_faults(sb, o->faults, err) == -1 || listen_on(sb, o->port, err) == -1 ||
	    serve_metadata(sb, err) == -1) {
		gsp_sandbox_close(sb);
		return -1;
	}
	*out = sb;
	return 0;
}

unsigned
gsp_sandbox_port(const struct gsp_sandbox *sb)
{
	return sb->http->port;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a == -1 ? b : b == -1 || a < b ? a : b;
}

/* How long poll() may sleep. */
static int64_t
sleep_ms(const struct gsp_sandbox *sb, int64_t timeout_ms)
{
	int64_t due = gsp_sb_life_due_ms(sb), now = gsp_now_ms();
	MHD_UNSIGNED_LONG_LONG mhd_ms;

	for (const struct flight *f = sb->http->waiting; f != NULL; f = f->next)
		due = sooner(due, f->wake_ms);
	if (due != -1)
		due = due > now ? due - now : 0;
	due = sooner(due, timeout_ms);
	if (MHD_get_timeout(sb->http->daemon, &mhd_ms) == MHD_YES)
		due = sooner(due, mhd_ms > 600000 ? 600000 : (int64_t)mhd_ms);
	if (MHD_get_timeout(sb->http->meta, &mhd_ms) == MHD_YES)
		due = sooner(due, mhd_ms > 600000 ? 600000 : (int64_t)mhd_ms);
	return due > 600000 ? 600000 : due;
}

int
gsp_sandbox_poll(struct gsp_sandbox *sb, int64_t timeout_ms, int extra_fd, struct gsp_err *err)
{
	struct pollfd p[3] = {{.fd = sb->http->epoll_fd, .events = POLLIN},
	    {.fd = sb->http->meta_epoll_fd, .events = POLLIN}, {.fd = extra_fd, .events = POLLIN}};

	if (poll(p, extra_fd >= 0 ? 3 : 2, (int)sleep_ms(sb, timeout_ms)) == -1 &&
	    errno != EINTR)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot wait for requests");
	gsp_sb_life_turn(sb); /* first, so that an answer tells the newest truth */
	wake(sb->http, gsp_now_ms(), false);
	if (MHD_run(sb->http->daemon) != MHD_YES || MHD_run(sb->http->meta) != MHD_YES)
		return gsp_err_set(err, GSP_ESYS, "libmicrohttpd cannot go on");
	return 0;
}

void
gsp_sandbox_close(struct gsp_sandbox *sb)
{
	if (sb == NULL)
		return;
	wake(sb->http, 0, true);
	if (sb->http->daemon != NULL) {
		MHD_run(sb->http->daemon); /* lets those go that waited */
		MHD_stop_daemon(sb->http->daemon);
	}
	if (sb->http->meta != NULL)
		MHD_stop_daemon(sb->http->meta);
	while (sb->insts != NULL)
		gsp_sb_inst_free(sb, sb->insts);
	gsp_sb_fw_free_all(sb);
	gsp_sb_domains_free(sb);
	gsp_sb_sshkeys_free(sb);
	gsp_sb_events_free(sb);
	gsp_sb_faults_clear(sb);
	gsp_sb_log_clear(sb);
	gsp_json_free(sb->tags);
	for (size_t i = 0; i < sb->ntokens; i++) {
		wipe(sb->tokens[i].token);
		free(sb->tokens[i].scopes);
	}
	free(sb->tokens);
	free(sb->http);
	free(sb);
}
