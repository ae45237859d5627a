#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "discord/rest_priv.h"

#include "base/banned.h"

void
gsp_rest_put(struct gsp_rest_list *l, struct gsp_rest_item *it, struct gsp_rest_item *before)
{
	it->next = before;
	it->prev = before != NULL ? before->prev : l->last;
	*(it->prev != NULL ? &it->prev->next : &l->first) = it;
	*(before != NULL ? &before->prev : &l->last) = it;
}

void
gsp_rest_take(struct gsp_rest_list *l, struct gsp_rest_item *it)
{
	*(it->prev != NULL ? &it->prev->next : &l->first) = it->next;
	*(it->next != NULL ? &it->next->prev : &l->last) = it->prev;
	it->next = it->prev = NULL;
}

void
gsp_rest_wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

struct gsp_rest_line *
gsp_rest_join(struct gsp_rest *r, uint64_t id)
{
	struct gsp_rest_line **head = &r->lines[id * 0x9e3779b97f4a7c15u >> 56], *l;

	for (l = *head; l != NULL && l->id != id; l = l->next)
		;
	if (l == NULL) {
		l = gsp_must(calloc(1, sizeof(*l)));
		l->id = id;
		l->next = *head;
		*head = l;
	}
	l->n++;
	return l;
}

static void
leave_line(struct gsp_rest *r, struct gsp_rest_line *l)
{
	struct gsp_rest_line **p = &r->lines[l->id * 0x9e3779b97f4a7c15u >> 56];

	if (--l->n > 0)
		return;
	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	free(l);
}

void
gsp_rest_item_free(struct gsp_rest_item *it)
{
	if (it == NULL)
		return;
	if (it->line != NULL)
		leave_line(it->r, it->line);
	free(it->method);
	gsp_rest_wipe(it->path); /* tokens of interactions and webhooks */
	gsp_rest_wipe(it->route);
	gsp_rest_wipe(it->body);
	free(it);
}
