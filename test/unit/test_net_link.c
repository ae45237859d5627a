/* The network half: the socket to the monitor never blocks, and never grows without bound. */
#include "net_fake.h"

static bool
put(const char *text, size_t len)
{
	return send(monitor, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static void
test_lines(void)
{
	static const char stop[] = "{\"kind\":\"stop\"}\n";
	struct gsp_talk t;

	setup();
	OK(!net_link_next(&t, net.link));
	for (size_t i = 0; i < sizeof(stop) - 1; i++) { /* in the smallest pieces */
		OK(!net_link_next(&t, net.link));
		OK(put(stop + i, 1));
		net_link_read(net.link);
	}
	OK(net_link_next(&t, net.link) && t.kind == GSP_TALK_STOP);
	gsp_talk_release(&t);
	OK(put(stop, sizeof(stop) - 1) && put(stop, sizeof(stop) - 1));
	net_link_read(net.link);
	for (int i = 0; i < 2; i++) {
		OK(net_link_next(&t, net.link));
		gsp_talk_release(&t);
	}
	OK(!net_link_next(&t, net.link) && net_link_ended(net.link) == NULL);
	net_link_read(net.link); /* nothing there: no end either */
	OK(net_link_ended(net.link) == NULL);
	OK(put(stop, sizeof(stop) - 1));
	shutdown(monitor, SHUT_WR);
	net_link_read(net.link);
	net_link_read(net.link);
	IS_STR(net_link_ended(net.link), "");
	OK(net_link_next(&t, net.link)); /* what came before the end counts */
	gsp_talk_release(&t);
	OK(net_link_fd(net.link) == -1);
	teardown();
}

static void
test_nonsense(void)
{
	static char long_line[GSP_TALK_LINE_MAX + (64 << 10)];
	struct gsp_talk t;
	size_t sent_bytes = 0;

	setup();
	OK(put("{\"kind\":\"stop\",\n{\"kind\":\"stop\"}\n", 32));
	net_link_read(net.link);
	OK(!net_link_next(&t, net.link));
	OK(net_link_ended(net.link) != NULL && strstr(net_link_ended(net.link), "nonsense") != NULL);
	OK(!net_link_next(&t, net.link)); /* nor what follows it */
	teardown();

	setup();
	memset(long_line, 'x', sizeof(long_line));
	while (sent_bytes < sizeof(long_line) && net_link_ended(net.link) == NULL) {
		ssize_t n = send(monitor, long_line, 4096, MSG_DONTWAIT | MSG_NOSIGNAL);

		sent_bytes += n > 0 ? (size_t)n : 0;
		net_link_read(net.link);
	}
	OK(net_link_ended(net.link) != NULL && strstr(net_link_ended(net.link), "too long") != NULL);
	OK(sent_bytes >= GSP_TALK_LINE_MAX - 4096);
	teardown();
}

static void
test_deaf(void)
{
	struct gsp_talk t;
	int slow = 0, end = 0;

	setup();
	gsp_talk_init(&t, GSP_TALK_FATAL);
	memset(t.text, 'x', sizeof(t.text) - 1);
	for (int i = 1; i < 20000 && end == 0; i++) {
		net_link_send(net.link, &t);
		if (slow == 0 && net_link_slow(net.link))
			slow = i;
		if (net_link_ended(net.link) != NULL)
			end = i;
	}
	printf("# slow after %d, given up after %d messages of 1 kB\n", slow, end);
	OK(slow > 200 && slow < 2000);
	OK(end > slow && end < 8000);
	OK(strstr(net_link_ended(net.link), "reads nothing") != NULL);
	OK(net_link_empty(net.link));
	teardown();

	/* one that comes back in time gets everything, in order */
	setup();
	for (int i = 0; i < 1000; i++) {
		t.code = i;
		net_link_send(net.link, &t);
	}
	OK(net_link_slow(net.link) && (net_link_events(net.link) & POLLOUT) != 0);
	IS_INT(hear(), 1000);
	IS_INT(heard.code, 999);
	OK(!net_link_slow(net.link) && net_link_empty(net.link));
	OK((net_link_events(net.link) & POLLOUT) == 0);
	close(monitor);
	net_link_send(net.link, &t);
	net_link_send(net.link, &t);
	IS_STR(net_link_ended(net.link), "");
	teardown();
	gsp_talk_release(&t);
}

int
main(void)
{
	test_lines();
	test_nonsense();
	test_deaf();
	return done();
}
