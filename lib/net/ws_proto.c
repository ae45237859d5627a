#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/rand.h"
#include "net/ws_priv.h"

#include "base/banned.h"

#define FEED_MAX 65536u /* bytes at once */
#define OUT_MAX 16384u
#define CONTROL_MAX 125 /* RFC 6455 section 5.5 */
#define TOO_BIG "it sent a message above the ceiling"

/* A message that came and was not told yet. */
struct text {
	struct text *next;
	char *data;
	size_t len;
};

struct gsp_ws_proto {
	char key[GSP_WS_KEY_LEN + 1];
	size_t text_max;
	wslay_event_context_ptr ctx; /* NULL until the handshake is through */
	struct gsp_buf in;           /* from the peer; [0, in_at) is worked off */
	size_t in_at;
	char out[OUT_MAX]; /* for the peer; it stays in place, as TLS wants it */
	size_t out_len;
	struct gsp_buf msg; /* the message that is coming in */
	struct text *first, **last, *told;
	uint8_t control[CONTROL_MAX]; /* the control frame that is coming in */
	size_t ncontrol, control_len;
	uint8_t opcode; /* of the frame that is coming in */
	bool opened_told, ended_told;
	bool asked; /* gsp_ws_proto_close() was called */
	bool lost;
	int peer_code; /* of its close frame; 0: none */
	char why[GSP_WS_WHY_MAX]; /* "": nothing is known to be wrong */
};

static void __attribute__((format(printf, 2, 3)))
blame(struct gsp_ws_proto *p, const char *fmt, ...)
{
	va_list ap;

	if (p->why[0] != '\0') /* the first cause is the cause */
		return;
	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
}

/* Stop reading, tell the peer why, and end when that is sent. */
static void
refuse(struct gsp_ws_proto *p, int code, const char *why)
{
	blame(p, "%s", why);
	wslay_event_queue_close(p->ctx, (uint16_t)code, NULL, 0);
	wslay_event_shutdown_read(p->ctx);
}

/* ---- what libwslay asks and tells ---- */

static ssize_t
on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *arg)
{
	struct gsp_ws_proto *p = arg;
	size_t n = p->in.len - p->in_at;

	(void)flags;
	if (n == 0 || p->first != NULL) { /* one message at a time, or nearly */
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = n < len ? n : len;
	memcpy(buf, p->in.data + p->in_at, n);
	p->in_at += n;
	return (ssize_t)n;
}

static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *arg)
{
	struct gsp_ws_proto *p = arg;
	size_t n = OUT_MAX - p->out_len;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = n < len ? n : len;
	memcpy(p->out + p->out_len, data, n);
	p->out_len += n;
	return (ssize_t)n;
}

static int
on_genmask(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, void *arg)
{
	(void)ctx;
	(void)arg;
	gsp_rand_bytes(buf, len);
	return 0;
}

/* The whole payload of a close frame is there. libwslay would call codes that servers do use (1012
 * to 1014) a broken protocol, so they are read here. */
static void
take_close(struct gsp_ws_proto *p)
{
	char reason[CONTROL_MAX + 1];
	size_t n = 0;

	if (p->ncontrol >= 2)
		p->peer_code = p->control[0] << 8 | p->control[1];
	if (p->peer_code < 1000 || p->peer_code > 4999)
		p->peer_code = 0;
	for (size_t i = 2; i < p->ncontrol; i++) /* it goes to a log */
		reason[n++] = p->control[i] >= ' ' && p->control[i] < 0x7f ? (char)p->control[i]
									   : '?';
	reason[n] = '\0';
	if (p->asked) {
		p->peer_code = 0;
		blame(p, "closed");
	} else if (p->peer_code == 0)
		blame(p, "the peer closed without a reason");
	else
		blame(p, "the peer closed: %d%s%s%s", p->peer_code, n > 0 ? " '" : "", reason,
		    n > 0 ? "'" : "");
}

static void
on_frame_start(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_start_arg *f,
    void *arg)
{
	struct gsp_ws_proto *p = arg;

	p->opcode = f->opcode;
	if (wslay_is_ctrl_frame(f->opcode)) {
		p->ncontrol = 0;
		p->control_len = (size_t)f->payload_length;
		if (f->opcode == WSLAY_CONNECTION_CLOSE && f->payload_length == 0)
			take_close(p);
		if (f->opcode == WSLAY_PING &&
		    wslay_event_get_queued_msg_count(ctx) > GSP_WS_PONGS_MAX)
			gsp_ws_proto_lost(p, "it sends pings and does not read their answers");
	} else if (f->opcode == WSLAY_BINARY_FRAME)
		refuse(p, WSLAY_CODE_UNSUPPORTED_DATA, "it sent a message that is not text");
	else if (f->payload_length > p->text_max - p->msg.len)
		refuse(p, WSLAY_CODE_MESSAGE_TOO_BIG, TOO_BIG);
}

static void
on_frame_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *c,
    void *arg)
{
	struct gsp_ws_proto *p = arg;

	if (c->data_length == 0 || !wslay_event_get_read_enabled(ctx))
		return;
	if (!wslay_is_ctrl_frame(p->opcode)) {
		gsp_buf_add(&p->msg, c->data, c->data_length);
		if (!gsp_buf_ok(&p->msg))
			refuse(p, WSLAY_CODE_MESSAGE_TOO_BIG, TOO_BIG);
		return;
	}
	if (c->data_length > sizeof(p->control) - p->ncontrol)
		return; /* libwslay refuses it */
	memcpy(p->control + p->ncontrol, c->data, c->data_length);
	p->ncontrol += c->data_length;
	if (p->opcode == WSLAY_CONNECTION_CLOSE && p->ncontrol == p->control_len)
		take_close(p);
}

static void
on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct gsp_ws_proto *p = arg;
	struct text *t;
	size_t len = p->msg.len;

	(void)ctx;
	if (m->opcode != WSLAY_TEXT_FRAME)
		return;
	if (p->asked) { /* nobody waits for it any more */
		gsp_buf_reset(&p->msg);
		return;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL || (t->data = gsp_buf_take(&p->msg)) == NULL) {
		free(t);
		gsp_ws_proto_lost(p, "out of memory");
		return;
	}
	t->len = len;
	*p->last = t;
	p->last = &t->next;
}

/* ---- life ---- */

int
gsp_ws_proto_new(struct gsp_ws_proto **out, const char *host, const char *target,
    const char *agent, size_t text_max, struct gsp_err *err)
{
	struct gsp_buf head = GSP_BUF_INIT(OUT_MAX + 1);
	struct gsp_ws_proto *p;

	if (strpbrk(host, "\r\n\t ") != NULL || strpbrk(target, "\r\n\t ") != NULL ||
	    strpbrk(agent, "\r\n") != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "a header of a WebSocket holds a line break");
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	gsp_buf_init(&p->in, GSP_WS_HEAD_MAX + FEED_MAX + 1);
	gsp_buf_init(&p->msg, text_max + 1);
	p->text_max = text_max;
	p->last = &p->first;
	gsp_ws_key(p->key);
	gsp_ws_head_request(&head, host, target, agent, p->key);
	if (!gsp_buf_ok(&head)) {
		gsp_buf_release(&head);
		gsp_ws_proto_free(p);
		return gsp_err_set(err, GSP_ELIMIT, "the URL of a WebSocket is too long");
	}
	memcpy(p->out, head.data, head.len);
	p->out_len = head.len;
	explicit_bzero(head.data, head.len);
	gsp_buf_release(&head);
	*out = p;
	return 0;
}

static void
text_free(struct text *t)
{
	if (t == NULL)
		return;
	free(t->data);
	free(t);
}

void
gsp_ws_proto_free(struct gsp_ws_proto *p)
{
	if (p == NULL)
		return;
	if (p->ctx != NULL)
		wslay_event_context_free(p->ctx);
	while (p->first != NULL) {
		struct text *t = p->first;

		p->first = t->next;
		text_free(t);
	}
	text_free(p->told);
	gsp_buf_release(&p->in);
	gsp_buf_release(&p->msg);
	free(p);
}

bool
gsp_ws_proto_hungry(const struct gsp_ws_proto *p)
{
	if (p->lost || p->ended_told)
		return false;
	return p->ctx == NULL || (p->in.len == 0 && p->first == NULL &&
	                             wslay_event_get_read_enabled(p->ctx));
}

void
gsp_ws_proto_feed(struct gsp_ws_proto *p, const void *data, size_t len)
{
	assert(gsp_ws_proto_hungry(p) && len <= FEED_MAX);
	gsp_buf_add(&p->in, data, len);
	if (!gsp_buf_ok(&p->in))
		gsp_ws_proto_lost(p, "out of memory");
}

void
gsp_ws_proto_lost(struct gsp_ws_proto *p, const char *why)
{
	if (why != NULL)
		blame(p, "%s", why);
	p->lost = true;
}

bool
gsp_ws_proto_is_closing(const struct gsp_ws_proto *p)
{
	return p->asked || (p->ctx != NULL && !wslay_event_get_read_enabled(p->ctx));
}

bool
gsp_ws_proto_is_open(const struct gsp_ws_proto *p)
{
	return p->ctx != NULL && !p->lost && !gsp_ws_proto_is_closing(p);
}

static int
begin_frames(struct gsp_ws_proto *p)
{
	static const struct wslay_event_callbacks cb = {
	    .recv_callback = on_recv,
	    .send_callback = on_send,
	    .genmask_callback = on_genmask,
	    .on_frame_recv_start_callback = on_frame_start,
	    .on_frame_recv_chunk_callback = on_frame_chunk,
	    .on_msg_recv_callback = on_message,
	};

	if (wslay_event_context_client_init(&p->ctx, &cb, p) != 0) {
		p->ctx = NULL;
		return -1;
	}
	/* it keeps a list of the fragments of a message, of any number; we do not */
	wslay_event_config_set_no_buffering(p->ctx, 1);
	wslay_event_config_set_max_recv_msg_length(p->ctx, p->text_max);
	return 0;
}

/* Look for the end of the handshake's answer in what came so far. */
static void
take_head(struct gsp_ws_proto *p)
{
	struct gsp_err err = GSP_ERR_INIT;
	const char *end = p->in.len > 0 ? memmem(p->in.data, p->in.len, "\r\n\r\n", 4) : NULL;
	size_t len = end != NULL ? (size_t)(end - p->in.data) + 4 : p->in.len;

	if (len > GSP_WS_HEAD_MAX)
		gsp_ws_proto_lost(p, "its answer to the handshake has no end");
	else if (end == NULL)
		return;
	else if (gsp_ws_head_check(p->in.data, len, p->key, &err) == -1)
		gsp_ws_proto_lost(p, err.msg);
	else if (p->out_len > 0) /* before it had all of the question */
		gsp_ws_proto_lost(p, "it answered before it was asked");
	else if (begin_frames(p) == -1)
		gsp_ws_proto_lost(p, "out of memory");
	else
		p->in_at = len;
}

/* Move what waits for the peer to where it is sent from. */
static void
fill(struct gsp_ws_proto *p)
{
	if (p->ctx != NULL && !p->lost && wslay_event_want_write(p->ctx) &&
	    wslay_event_send(p->ctx) != 0)
		gsp_ws_proto_lost(p, "out of memory");
}

static void
work(struct gsp_ws_proto *p)
{
	if (p->ctx == NULL && !p->lost)
		take_head(p);
	if (p->ctx == NULL)
		return;
	/* on_recv() never fails, so a failed callback is a frame that is none */
	if (p->first == NULL && wslay_event_get_read_enabled(p->ctx) &&
	    wslay_event_recv(p->ctx) == WSLAY_ERR_NOMEM)
		gsp_ws_proto_lost(p, "out of memory");
	if (p->in_at == p->in.len) {
		gsp_buf_reset(&p->in);
		p->in_at = 0;
	}
	fill(p);
}

/* Nothing more is to be read that could matter, nor to be sent. */
static bool
is_over(const struct gsp_ws_proto *p)
{
	if (p->ctx == NULL || p->lost)
		return p->lost;
	return !wslay_event_want_read(p->ctx) && !wslay_event_want_write(p->ctx) &&
	       p->out_len == 0;
}

static void
tell_end(struct gsp_ws_proto *p, struct gsp_ws_fact *fact)
{
	int sent = p->ctx != NULL ? wslay_event_get_status_code_sent(p->ctx) : 0;

	/* libwslay does not always see that a reason in two pieces is UTF-8; the code counts */
	if (sent == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA &&
	    p->opcode == WSLAY_CONNECTION_CLOSE && p->ncontrol >= 2)
		take_close(p);
	if (p->asked && p->lost)
		blame(p, "closed, without an answer");
	else if (sent == WSLAY_CODE_MESSAGE_TOO_BIG)
		blame(p, TOO_BIG);
	else if (sent == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA)
		blame(p, "it sent text that is not UTF-8");
	else if (p->ctx != NULL && !wslay_event_get_read_enabled(p->ctx))
		blame(p, "it broke the WebSocket protocol");
	blame(p, "the connection ended without a close frame");
	p->ended_told = true;
	fact->code = p->peer_code;
	fact->why = p->why;
}

enum gsp_ws_what
gsp_ws_proto_pop(struct gsp_ws_proto *p, struct gsp_ws_fact *fact)
{
	text_free(p->told);
	p->told = NULL;
	memset(fact, 0, sizeof(*fact));
	if (p->ended_told)
		return GSP_WS_NOTHING;
	work(p);
	if (p->ctx != NULL && !p->opened_told && !p->asked) {
		p->opened_told = true;
		return GSP_WS_OPENED;
	}
	if (p->first != NULL && !p->asked) {
		struct text *t = p->told = p->first;

		p->first = t->next;
		if (p->first == NULL)
			p->last = &p->first;
		fact->text = t->data;
		fact->len = t->len;
		return GSP_WS_TEXT;
	}
	if (!is_over(p))
		return GSP_WS_NOTHING;
	tell_end(p, fact);
	return GSP_WS_ENDED;
}

/* ---- to the peer ---- */

size_t
gsp_ws_proto_out(struct gsp_ws_proto *p, const char **data)
{
	fill(p);
	*data = p->out;
	return p->lost ? 0 : p->out_len;
}

void
gsp_ws_proto_sent(struct gsp_ws_proto *p, size_t n)
{
	assert(n <= p->out_len);
	p->out_len -= n;
	memmove(p->out, p->out + n, p->out_len);
}

int
gsp_ws_proto_text(struct gsp_ws_proto *p, const char *text, size_t len, struct gsp_err *err)
{
	struct wslay_event_msg m = {WSLAY_TEXT_FRAME, (const uint8_t *)text, len};
	size_t waits;

	if (!gsp_ws_proto_is_open(p))
		return gsp_err_set(err, GSP_EIO, "the WebSocket is not open");
	waits = wslay_event_get_queued_msg_length(p->ctx);
	if (len > p->text_max || waits > p->text_max - len)
		return gsp_err_set(err, GSP_ELIMIT,
		    "too much waits to be sent: %zu bytes, and %zu more", waits, len);
	switch (wslay_event_queue_msg(p->ctx, &m)) {
	case 0: return 0;
	case WSLAY_ERR_NOMEM: return gsp_err_set(err, GSP_ESYS, "out of memory");
	default: return gsp_err_set(err, GSP_EIO, "the WebSocket is closing");
	}
}

void
gsp_ws_proto_close(struct gsp_ws_proto *p, int code)
{
	if (p->ctx == NULL)
		gsp_ws_proto_lost(p, "closed before it was open");
	else if (!gsp_ws_proto_is_closing(p))
		wslay_event_queue_close(p->ctx, (uint16_t)code, NULL, 0);
	p->asked = true;
}
