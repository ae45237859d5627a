#include "net/multi.h"

#include <assert.h>
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/multi_priv.h"
#include "sys/sig.h"

#include "base/banned.h"

#define POLL_MS 1000 /* libcurl's own timers end a wait earlier */

/* A bot is idle nearly always: what is kept then is small. A burst gets more, to servers that do
 * not have HTTP/2; those get one connection. */
#define KEPT_CONNECTIONS 16
#define HOST_CONNECTIONS 16
#define ALL_CONNECTIONS 64
#define BURST 16 /* requests at once, after which memory is given back */

struct request {
	struct gsp_multi_job job; /* first: what CURLOPT_PRIVATE points to */
	struct gsp_curl_call call;
	struct gsp_multi *m;
	struct request *prev, *next;
	bool by_dir; /* as the multi was when it began */
	gsp_multi_fn *fn;
	void *ctx;
};

struct gsp_multi {
	CURLM *curl;
	char *ca_file;
	bool by_dir; /* of the system's certificates, those in its directory */
	struct request *requests;
	size_t nrequests, most; /* ... since there were none */
	struct gsp_multi_watch *watches;
	struct gsp_multi_watch *turning; /* the one whose turn is next */
	struct curl_waitfd *wait;        /* room for a wait */
	size_t nwait;
	bool in_wait;
	bool happened; /* a callback ran */
};

int
gsp_multi_new(struct gsp_multi **out, const char *ca_file, struct gsp_err *err)
{
	struct gsp_multi *m;

	if (ca_file != NULL && access(ca_file, R_OK) == -1)
		return gsp_err_sys(
		    err, GSP_ECONFIG, errno, "cannot read the certificates in '%s'", ca_file);
	if (gsp_curl_start(err) == -1)
		return -1;
	m = calloc(1, sizeof(*m));
	if (m != NULL) {
		m->curl = curl_multi_init();
		m->ca_file = ca_file != NULL ? strdup(ca_file) : NULL;
	}
	if (m == NULL || m->curl == NULL || (ca_file != NULL && m->ca_file == NULL)) {
		gsp_multi_free(m);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	m->by_dir = ca_file == NULL && gsp_curl_has_dir();
	curl_multi_setopt(m->curl, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
	curl_multi_setopt(m->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS);
	curl_multi_setopt(m->curl, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)ALL_CONNECTIONS);
	*out = m;
	return 0;
}

static void
request_free(struct request *r)
{
	struct gsp_multi *m = r->m;
	CURL *easy = r->call.easy;

	curl_multi_remove_handle(m->curl, easy);
	if (r->prev != NULL)
		r->prev->next = r->next;
	else if (m->requests == r)
		m->requests = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	m->nrequests--;
	gsp_curl_call_release(&r->call);
	gsp_http_res_release(&r->call.res);
	curl_easy_cleanup(easy);
	free(r);
	if (m->nrequests > 0)
		return;
#ifdef __GLIBC__
	if (m->most >= BURST)
		malloc_trim(0);
#endif
	m->most = 0;
}

void
gsp_multi_free(struct gsp_multi *m)
{
	if (m == NULL)
		return;
	assert(m->watches == NULL && !m->in_wait);
	while (m->requests != NULL)
		request_free(m->requests);
	if (m->curl != NULL)
		curl_multi_cleanup(m->curl);
	free(m->ca_file);
	free(m->wait);
	free(m);
}

CURLM *
gsp_multi_handle(struct gsp_multi *m)
{
	return m->curl;
}

const char *
gsp_multi_ca_file(const struct gsp_multi *m)
{
	return m->ca_file;
}

void
gsp_multi_trust(const struct gsp_multi *m, CURL *easy)
{
	if (m->by_dir)
		gsp_curl_trust_dir(easy);
	else if (m->ca_file == NULL)
		gsp_curl_trust_file(easy);
}

bool
gsp_multi_distrust(struct gsp_multi *m)
{
	bool again = m->by_dir;

	m->by_dir = false;
	return again;
}

void
gsp_multi_watch(struct gsp_multi *m, struct gsp_multi_watch *w)
{
	w->ready = 0;
	w->soon = false;
	w->next = m->watches;
	m->watches = w;
}

void
gsp_multi_unwatch(struct gsp_multi *m, struct gsp_multi_watch *w)
{
	struct gsp_multi_watch **at = &m->watches;

	while (*at != NULL && *at != w)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	if (m->turning == w)
		m->turning = w->next;
	*at = w->next;
}

size_t
gsp_multi_busy(const struct gsp_multi *m)
{
	return m->nrequests;
}

/* Once more by the file; nothing was sent yet. */
static bool
try_again(struct request *r)
{
	CURL *easy = r->call.easy;

	if (!r->by_dir)
		return false;
	(void)gsp_multi_distrust(r->m);
	r->by_dir = false;
	curl_multi_remove_handle(r->m->curl, easy);
	gsp_multi_trust(r->m, easy);
	return curl_multi_add_handle(r->m->curl, easy) == CURLM_OK;
}

static void
on_done(struct gsp_multi_job *job, CURLcode code)
{
	struct request *r = (struct request *)job;
	struct gsp_err err = GSP_ERR_INIT;
	int rc;

	if (gsp_curl_untrusted(code) && try_again(r))
		return;
	rc = gsp_curl_call_end(&r->call, code, &err);

	gsp_curl_call_log(&r->call, NULL);
	/* no longer busy when its owner asks; and its connection is free for what the owner starts */
	curl_multi_remove_handle(r->m->curl, r->call.easy);
	r->m->nrequests--;
	r->fn(r->ctx, &r->call.res, rc == 0 ? NULL : &err);
	r->m->nrequests++;
	request_free(r);
}

int
gsp_multi_start(struct gsp_multi *m, const struct gsp_http_req *req, gsp_multi_fn *fn, void *ctx,
    struct gsp_err *err)
{
	struct gsp_curl_how how = {.ca_file = m->ca_file, .many = true};
	struct request *r = calloc(1, sizeof(*r));
	CURL *easy = r != NULL ? curl_easy_init() : NULL;

	if (easy == NULL) {
		free(r);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	r->job.done = on_done;
	r->m = m;
	r->fn = fn;
	r->ctx = ctx;
	r->next = m->requests;
	if (r->next != NULL)
		r->next->prev = r;
	m->requests = r;
	if (++m->nrequests > m->most)
		m->most = m->nrequests;
	if (gsp_curl_call_begin(&r->call, easy, req, &how, err) == -1) {
		request_free(r);
		return -1;
	}
	gsp_multi_trust(m, easy);
	r->by_dir = m->by_dir;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, &r->job);
	if (curl_multi_add_handle(m->curl, easy) != CURLM_OK) {
		request_free(r);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	gsp_curl_call_log(&r->call, req);
	return 0;
}

/* Let libcurl work, and tell those who are through. */
static int
perform(struct gsp_multi *m, struct gsp_err *err)
{
	struct gsp_multi_job *job;
	int running, left;
	CURLMsg *msg;

	if (curl_multi_perform(m->curl, &running) != CURLM_OK)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
		CURLcode code = msg->data.result; /* msg does not outlive its handle */

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &job);
		m->happened = true;
		job->done(job, code);
	}
	return 0;
}

static void
turn_watches(struct gsp_multi *m)
{
	int64_t now = gsp_now_ms();

	for (struct gsp_multi_watch *w = m->watches; w != NULL; w = m->turning) {
		short ready = w->ready;

		m->turning = w->next;
		w->ready = 0;
		if (ready == 0 && !w->soon && w->due_ms > now)
			continue;
		w->soon = false;
		m->happened = true;
		w->turn(w, ready);
	}
	m->turning = NULL;
}

static short
to_curl(short events)
{
	return (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) |
		       (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
}

static short
from_curl(short events)
{
	return (short)((events & CURL_WAIT_POLLIN ? POLLIN : 0) |
		       (events & CURL_WAIT_POLLOUT ? POLLOUT : 0));
}

/* Put into m->wait what is waited for: the signal, the watches, the caller's. Returns how many; 0:
 * no memory (the place of the signal is always there). */
static size_t
gather(struct gsp_multi *m, const struct gsp_multi_fd *fds, size_t n)
{
	size_t want = 1 + n, at = 0;

	for (struct gsp_multi_watch *w = m->watches; w != NULL; w = w->next)
		want++;
	if (want > m->nwait) {
		struct curl_waitfd *more = reallocarray(m->wait, want, sizeof(*more));

		if (more == NULL)
			return 0;
		m->wait = more;
		m->nwait = want;
	}
	m->wait[at++] = (struct curl_waitfd){gsp_sig_fd(), CURL_WAIT_POLLIN, 0};
	for (struct gsp_multi_watch *w = m->watches; w != NULL; w = w->next)
		m->wait[at++] = (struct curl_waitfd){w->fd, to_curl(w->events), 0};
	for (size_t i = 0; i < n; i++)
		m->wait[at++] = (struct curl_waitfd){fds[i].fd, to_curl(fds[i].events), 0};
	for (size_t i = 0; i < at; i++)
		if (m->wait[i].fd < 0 || m->wait[i].events == 0) /* not even its end */
			m->wait[i].fd = -1;
	return at;
}

/* Tell each what happened to its descriptor. true: something that was asked for. */
static bool
spread(struct gsp_multi *m, struct gsp_multi_fd *fds, size_t n)
{
	bool any = false;
	size_t at = 1; /* 0 is the signal: gsp_sig_check() knows */

	for (struct gsp_multi_watch *w = m->watches; w != NULL; w = w->next)
		w->ready = from_curl(m->wait[at++].revents);
	for (size_t i = 0; i < n; i++) {
		fds[i].revents = from_curl(m->wait[at++].revents);
		any = any || fds[i].revents != 0;
	}
	return any;
}

/* How long until the first of: ${until}, a watch's deadline, libcurl's patience. */
static int
patience_ms(const struct gsp_multi *m, int64_t until_ms)
{
	int64_t now = gsp_now_ms(), first = now + POLL_MS;

	if (until_ms < first)
		first = until_ms;
	for (const struct gsp_multi_watch *w = m->watches; w != NULL; w = w->next)
		if (w->soon || w->due_ms < first)
			first = w->soon ? now : w->due_ms;
	return first > now ? (int)(first - now) : 0;
}

/* One look at everything. 1: the caller's wait is over; 0: it goes on. */
static int
look(struct gsp_multi *m, struct gsp_multi_fd *fds, size_t n, int64_t until_ms,
    struct gsp_err *err)
{
	struct gsp_err stop = GSP_ERR_INIT;
	bool ready;
	size_t all;

	if (perform(m, err) == -1)
		return -1;
	if ((all = gather(m, fds, n)) == 0)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (curl_multi_poll(m->curl, m->wait, (unsigned)all,
	        m->happened ? 0 : gsp_sig_idle(patience_ms(m, until_ms)), NULL) != CURLM_OK)
		return gsp_err_set(err, GSP_ESYS, "cannot wait for the network");
	ready = spread(m, fds, n);
	if (perform(m, err) == -1)
		return -1;
	turn_watches(m);
	return ready || m->happened || gsp_now_ms() >= until_ms || gsp_sig_check(&stop) == -1;
}

int
gsp_multi_wait(struct gsp_multi *m, struct gsp_multi_fd *fds, size_t n, int timeout_ms,
    struct gsp_err *err)
{
	int64_t until_ms = timeout_ms < 0 ? INT64_MAX : gsp_now_ms() + timeout_ms;
	int rc;

	assert(!m->in_wait);
	for (size_t i = 0; i < n; i++)
		fds[i].revents = 0;
	m->in_wait = true;
	m->happened = false;
	do {
		rc = look(m, fds, n, until_ms, err);
	} while (rc == 0);
	m->in_wait = false;
	return rc == -1 ? -1 : 0;
}
