#include "gsp/notice.h"

#include "base/banned.h"

const char *
gsp_notice_name(enum gsp_notice_event event)
{
	static const char *const names[] = {"up", "ready", "idle", "lease", "stopping", "saved", "failed",
	    "unknown", "budget", "stray"};

	return names[event];
}

void
gsp_notice(const struct gsp_home *h, const char *server, const char *session,
    enum gsp_notice_event event, const char *text)
{
	(void)h;
	(void)server;
	(void)session;
	(void)event;
	(void)text;
}
