/* Any lines as the tags of a machine: one lease comes of them, and nobody else's tag goes. After a
 * "w": any lines as the words of a wish. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gsp/lease_tag.h"
#include "gsp/lease_wish.h"
#include "text.h"

#include "base/banned.h"

#define NOW INT64_C(1795374000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
wish(char *const *words, size_t n)
{
	const struct gsp_lease l = {NOW + 100, 0, NOW + 5000};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_lease_grant g;
	struct gsp_lease_wish w;

	if (gsp_lease_wish_parse(&w, words, n, NOW, &err) == -1) {
		assert(err.code == GSP_EUSAGE && err.msg[0] != '\0');
		return;
	}
	if (w.kind == GSP_LEASE_UNTIL)
		assert(w.at > NOW && w.at <= NOW + GSP_LEASE_WISH_MAX_S);
	else if (w.kind != GSP_LEASE_RELEASE)
		assert(w.s > 0 && w.s <= GSP_LEASE_WISH_MAX_S);
	gsp_lease_grant(&g, &l, &w, NOW, 0);
	if (g.to.until > l.latest || g.to.until <= NOW || g.to.hold > g.to.until)
		abort();
}

static void
tags(const struct gsp_instance *it)
{
	int64_t t = gsp_lease_tag_read(it), first = gsp_lease_first(t, NOW, NOW + 5000);
	struct gsp_argv out = GSP_ARGV_INIT;
	struct gsp_instance after;
	size_t others = 0, kept = 0;

	if (t < 0 || first < NOW - 60 || first > NOW + 5000)
		abort();
	gsp_lease_tag_put(&out, it, NOW);
	memset(&after, 0, sizeof(after));
	for (size_t i = 0; i < it->ntags; i++)
		others += strncasecmp(it->tags[i], "gsp-lease:", 10) != 0;
	for (size_t i = 0; i < out.n && i < GSP_LINODE_TAGS_MAX; i++) {
		kept += strncasecmp(out.v[i], "gsp-lease:", 10) != 0;
		snprintf(after.tags[after.ntags++], sizeof(after.tags[0]), "%s", out.v[i]);
	}
	if (out.n != others + 1 || (out.n <= GSP_LINODE_TAGS_MAX && kept != others) ||
	    (out.n <= GSP_LINODE_TAGS_MAX && !gsp_lease_tag_right(&after, NOW)))
		abort();
	gsp_argv_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool words = size > 0 && data[0] == 'w';
	char *text = fuzz_text(data, size), *v[8] = {NULL};
	struct gsp_instance it;
	size_t n = 0;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	memset(&it, 0, sizeof(it));
	for (char *p = text + words, *next; p != NULL; p = next) {
		if ((next = strchr(p, '\n')) != NULL)
			*next++ = '\0';
		if (n < 7)
			v[n++] = p;
		if (it.ntags < GSP_LINODE_TAGS_MAX)
			snprintf(it.tags[it.ntags++], sizeof(it.tags[0]), "%s", p);
	}
	if (words)
		wish(v, n);
	else
		tags(&it);
	free(text);
	return 0;
}
