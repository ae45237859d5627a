/*
 * query/sock: one question over TCP or UDP: never blocks past its deadline, wakes on a signal.
 *
 * A UDP socket is connected, so that the kernel drops what comes from any other address or port.
 */
#ifndef GSP_QUERY_SOCK_H
#define GSP_QUERY_SOCK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Most datagrams looked at for one answer: an answer of A2S has 32 at most, some lost and sent
 * again; whoever sends more does it to keep us busy. */
#define GSP_QSOCK_DATAGRAMS_MAX 512

/** gsp_qsock_wait(fd, events, deadline_ms, err): 1 ready (or broken), 0 the deadline, -1 a signal. */
int gsp_qsock_wait(int fd, short events, int64_t deadline_ms, struct gsp_err *err);

/* Whom we ask, connected. */
struct gsp_qpeer {
	int fd;
	const char *host; /* as it was given */
	uint16_t port;
	bool udp;
};

typedef int gsp_qsock_fn(void *ctx, const struct gsp_qpeer *peer, int64_t deadline_ms,
    struct gsp_err *err);

/**
 * gsp_qsock_each(host, port, udp, deadline_ms, fn, ctx, err):
 * Connect to each address of ${host} until ${fn} has its answer; each has its share of the time
 * that is left. What GSP_ETEMP cannot tell of one address, the next may.
 * Errors: GSP_ETEMP unknown host, no answer, refused; else ${fn}'s.
 */
int gsp_qsock_each(const char *host, uint16_t port, bool udp, int64_t deadline_ms,
    gsp_qsock_fn *fn, void *ctx, struct gsp_err *err);

/** gsp_qsock_send(peer, data, len, deadline_ms, err): all of it, over TCP. */
int gsp_qsock_send(const struct gsp_qpeer *peer, const void *data, size_t len,
    int64_t deadline_ms, struct gsp_err *err);

/** gsp_qsock_recv(peer, data, size, deadline_ms, err): some bytes over TCP; 0 when the peer has
 * closed, -1 with GSP_ETEMP or GSP_ECANCEL. */
int gsp_qsock_recv(const struct gsp_qpeer *peer, void *data, size_t size, int64_t deadline_ms,
    struct gsp_err *err);

enum gsp_qtake { GSP_QTAKE_BAD = -1, GSP_QTAKE_MORE = 0, GSP_QTAKE_DONE = 1, GSP_QTAKE_AGAIN = 2 };

struct gsp_qask {
	const uint8_t *question; /* may be another after GSP_QTAKE_AGAIN */
	size_t len;
	/* What a datagram is: the answer; a part of it, or not ours (MORE); a reason to ask a new
	 * question at once (AGAIN); nonsense that ends it (BAD, with err). */
	enum gsp_qtake (*take)(void *ctx, struct gsp_qask *q, const uint8_t *data, size_t len,
	    struct gsp_err *err);
	void *ctx;
	int64_t latency_ms; /* out: from the last question, first sent, to the end of its answer */
};

/**
 * gsp_qask(q, peer, deadline_ms, err):
 * Ask over UDP, and again after half a second, a second, then every two, until it is answered.
 * Errors: GSP_ETEMP no answer or refused, GSP_ELIMIT too many datagrams, take's, GSP_ECANCEL.
 */
int gsp_qask(struct gsp_qask *q, const struct gsp_qpeer *peer, int64_t deadline_ms,
    struct gsp_err *err);

#endif
