/*
 * fake/tcpproxy: a hop between a TCP client and a server on 127.0.0.1 that breaks on command.
 *
 * It is a child process, so the code under test may block; it dies with its parent. Every
 * function returns 0, or -1 with errno set. What a fault does applies to the connections that
 * exist and to those to come, until the next tcpproxy_set().
 */
#ifndef GSP_TEST_TCPPROXY_H
#define GSP_TEST_TCPPROXY_H

#include <stdint.h>
#include <sys/types.h>

enum tcpproxy_mode {
	TCPPROXY_FORWARD, /* as if it were not there */
	TCPPROXY_SILENT,  /* takes what it is sent and throws it away: a cut cable, seen late */
	TCPPROXY_STALL,   /* takes nothing either, so that the sender's window fills */
	TCPPROXY_RESET,   /* RST to both sides; a new connection is reset as well */
	TCPPROXY_CLOSE,   /* FIN to both sides */
	TCPPROXY_GARBAGE  /* a new connection gets nonsense and never reaches the server;
	                     existing ones get nonsense put in, then go on */
};

struct tcpproxy {
	unsigned port; /* where it listens */
	pid_t pid;
	int ctl;
};

/* Listen on a free port of 127.0.0.1 and forward to ${target_port} there. */
int tcpproxy_start(struct tcpproxy *p, unsigned target_port);

/*
 * Change the mode: at once, or when ${after_bytes} more bytes have gone from the server to
 * clients if that is not 0. When it returns the proxy knows.
 */
int tcpproxy_set(struct tcpproxy *p, enum tcpproxy_mode mode, uint64_t after_bytes);

/* End it and its connections. */
void tcpproxy_stop(struct tcpproxy *p);

#endif
