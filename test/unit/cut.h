/*
 * cut_off: a way through the network that is cut without a word: the sockets of a server in this process hear
 * nothing any more, not even TCP, and nobody is told. Source: socket(7), SO_ATTACH_FILTER.
 */
#ifndef GSP_TEST_CUT_H
#define GSP_TEST_CUT_H

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** cut_off(port): that of the server. Returns how many of its connections. */
static int
cut_off(unsigned port)
{
	struct sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
	struct sock_fprog prog = {1, &nothing};
	int n = 0;

	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in us, peer;
		socklen_t len = sizeof(us), plen = sizeof(peer);

		if (getsockname(fd, (struct sockaddr *)&us, &len) == 0 && us.sin_family == AF_INET &&
		    ntohs(us.sin_port) == port && getpeername(fd, (struct sockaddr *)&peer, &plen) == 0)
			n += setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
	}
	return n;
}

#endif
