#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "discord/gateway_priv.h"

#include "base/banned.h"

static void
free_node(struct gsp_gateway_node *n)
{
	if (n == NULL)
		return;
	if (n->text != NULL)
		explicit_bzero(n->text, n->len); /* maybe the token */
	free(n->text);
	gsp_json_free(n->doc);
	free(n);
}

struct gsp_gateway_act *
gsp_gateway_push(struct gsp_gateway *g, enum gsp_gateway_do what, const char *text)
{
	struct gsp_gateway_node *n = gsp_must(calloc(1, sizeof(*n)));

	if (text != NULL)
		n->text = gsp_must(strdup(text));
	n->len = text != NULL ? strlen(text) : 0;
	n->act.what = what;
	n->act.text = n->text;
	*g->last = n;
	g->last = &n->next;
	return &n->act;
}

void
gsp_gateway_own(struct gsp_gateway_act *act, struct gsp_json *doc)
{
	struct gsp_gateway_node *n =
	    (void *)((char *)act - offsetof(struct gsp_gateway_node, act));

	n->doc = doc;
}

void
gsp_gateway_unsend(struct gsp_gateway *g)
{
	struct gsp_gateway_node **p = &g->first, *n;

	while ((n = *p) != NULL) {
		if (n->act.what == GSP_GATEWAY_SEND) {
			*p = n->next;
			free_node(n);
		} else
			p = &n->next;
	}
	g->last = p;
}

bool
gsp_gateway_pop(struct gsp_gateway_act *out, struct gsp_gateway *g)
{
	free_node(g->popped);
	if ((g->popped = g->first) == NULL)
		return false;
	if ((g->first = g->popped->next) == NULL)
		g->last = &g->first;
	*out = g->popped->act;
	return true;
}

void
gsp_gateway_say(struct gsp_gateway *g, const char *fmt, ...)
{
	char line[512], clean[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	gsp_gateway_push(g, GSP_GATEWAY_SAY, gsp_gateway_clean(clean, sizeof(clean), line));
}

void
gsp_gateway_end(struct gsp_gateway *g, int code, const char *why)
{
	g->state = GW_DEAD;
	gsp_gateway_push(g, GSP_GATEWAY_FATAL, why)->code = code;
}

void
gsp_gateway_free_acts(struct gsp_gateway *g)
{
	for (struct gsp_gateway_node *n = g->first, *next; n != NULL; n = next) {
		next = n->next;
		free_node(n);
	}
	free_node(g->popped);
}
