#include "discord/talk.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discord/talk_priv.h"
#include "fmt/json.h"

#include "base/banned.h"

#define REPLACEMENT "\xef\xbf\xbd"

static const char *const verb_names[GSP_VERBS] = {"up", "down", "restart", "status", "list", "extend",
    "hold", "players", "saves", "restore", "cost", "say", "logs"};

#define AT(member) offsetof(struct gsp_talk, member)
#define ROOM(member) AT(member), sizeof(((struct gsp_talk *)NULL)->member)

enum { N, WHO, VERB, INTERACTION, APP, TOKEN, SERVER, TEXT, TIME, SCRIPT, MONTH, SAVE, SAVES, NONCE, YES,
	MESSAGE, CHANNEL, PUBLIC, UPDATE, STATUS, OUT, SAID, ASKED, ENDED, COST, UNTIL, PLAYERS, PLAYING,
	CHOICES, BASE, CA_FILE, WEBHOOK, SESSION, RESUME_URL, SEQ, CODE, USER, OWN_APP, FIELDS };

_Static_assert(FIELDS == TALK_FIELDS, "the size of the table");

const struct talk_field talk_fields[FIELDS] = {
    [N] = {"n", TALK_WHOLE, AT(n), 0, 0},
    [WHO] = {"who", TALK_WHO, AT(who), 0, 0},
    [VERB] = {"verb", TALK_VERB, AT(verb), 0, 0},
    [INTERACTION] = {"interaction", TALK_ID, ROOM(interaction), 0},
    [APP] = {"app", TALK_ID, ROOM(app), 0},
    [TOKEN] = {"token", TALK_WORD, ROOM(token), 0},
    [SERVER] = {"server", TALK_WORD, ROOM(server), 0},
    [TEXT] = {"text", TALK_TEXT, ROOM(text), 0},
    [TIME] = {"time", TALK_WORD, ROOM(time), 0},
    [SCRIPT] = {"script", TALK_WORD, ROOM(script), 0},
    [MONTH] = {"month", TALK_WORD, ROOM(month), 0},
    [SAVE] = {"save", TALK_WHOLE, AT(save), 0, 0},
    [SAVES] = {"saves", TALK_BOOL, AT(saves), 0, 0},
    [NONCE] = {"nonce", TALK_WORD, ROOM(nonce), 0},
    [YES] = {"yes", TALK_BOOL, AT(yes), 0, 0},
    [MESSAGE] = {"message", TALK_ID_NONE, ROOM(message), 0},
    [CHANNEL] = {"channel", TALK_ID_NONE, ROOM(channel), 0},
    [PUBLIC] = {"public", TALK_BOOL, AT(is_public), 0, 0},
    [UPDATE] = {"update", TALK_BOOL, AT(update), 0, 0},
    [STATUS] = {"status", TALK_INT, AT(status), 0, -1},
    [OUT] = {"out", TALK_LONG, AT(out), GSP_TALK_OUT_MAX, 0},
    [SAID] = {"said", TALK_LONG, AT(said), GSP_TALK_SAID_MAX, 0},
    [ASKED] = {"asked_ms", TALK_SIGNED, AT(asked_ms), 0, 0},
    [ENDED] = {"ended_ms", TALK_SIGNED, AT(ended_ms), 0, 0},
    [COST] = {"cost_usd", TALK_NUM, AT(cost_usd), 0, 0},
    [UNTIL] = {"until_ms", TALK_SIGNED, AT(until_ms), 0, 0},
    [PLAYERS] = {"players", TALK_SIGNED, AT(players), 0, -2},
    [PLAYING] = {"names", TALK_WORD, ROOM(names), 0},
    [CHOICES] = {"choices", TALK_CHOICES, AT(choices), 0, 0},
    [BASE] = {"base", TALK_WORD, ROOM(base), 0},
    [CA_FILE] = {"ca_file", TALK_WORD, ROOM(ca_file), 0},
    [WEBHOOK] = {"webhook", TALK_WORD, ROOM(webhook), 0},
    [SESSION] = {"session_id", TALK_WORD, ROOM(session_id), 0},
    [RESUME_URL] = {"resume_url", TALK_WORD, ROOM(resume_url), 0},
    [SEQ] = {"seq", TALK_SIGNED, AT(seq), 0, -1},
    [CODE] = {"code", TALK_INT, AT(code), 0, 0},
    [USER] = {"user", TALK_ID_NONE, ROOM(who.user), 0},
    [OWN_APP] = {"app", TALK_ID_NONE, ROOM(app), 0},
};

#define HAS(f) (UINT64_C(1) << (f))

static const struct {
	const char *name;
	uint64_t has;
} kinds[] = {
    [GSP_TALK_NAMES] = {"names", HAS(N) | HAS(WHO) | HAS(VERB) | HAS(SERVER) | HAS(TEXT) | HAS(SAVES)},
    [GSP_TALK_ASK] = {"ask", HAS(N) | HAS(WHO) | HAS(VERB) | HAS(INTERACTION) | HAS(APP) | HAS(TOKEN) |
        HAS(SERVER) | HAS(TEXT) | HAS(TIME) | HAS(SCRIPT) | HAS(MONTH) | HAS(SAVE)},
    [GSP_TALK_PRESS] = {"press", HAS(N) | HAS(WHO) | HAS(INTERACTION) | HAS(APP) | HAS(TOKEN) |
        HAS(NONCE) | HAS(YES) | HAS(MESSAGE) | HAS(CHANNEL)},
    [GSP_TALK_DEFERRED] = {"deferred", HAS(N) | HAS(MESSAGE) | HAS(CHANNEL)},
    [GSP_TALK_LOST] = {"lost", HAS(N)},
    [GSP_TALK_TOLD] = {"told", HAS(INTERACTION)},
    [GSP_TALK_RESUME] = {"resume", HAS(SESSION) | HAS(RESUME_URL) | HAS(SEQ)},
    [GSP_TALK_READY] = {"ready", HAS(USER) | HAS(OWN_APP)},
    [GSP_TALK_FATAL] = {"fatal", HAS(CODE) | HAS(TEXT)},
    [GSP_TALK_HELLO] = {"hello", HAS(TOKEN) | HAS(BASE) | HAS(CA_FILE) | HAS(WEBHOOK) | HAS(SESSION) |
        HAS(RESUME_URL) | HAS(SEQ)},
    [GSP_TALK_CHOICES] = {"choices", HAS(N) | HAS(CHOICES)},
    [GSP_TALK_REFUSED] = {"refused", HAS(N) | HAS(TEXT)},
    [GSP_TALK_DEFER] = {"defer", HAS(N) | HAS(VERB) | HAS(SERVER) | HAS(PUBLIC) | HAS(UPDATE)},
    [GSP_TALK_RESULT] = {"result", HAS(N) | HAS(VERB) | HAS(SERVER) | HAS(STATUS) | HAS(OUT) | HAS(SAID)},
    [GSP_TALK_QUESTION] = {"question", HAS(N) | HAS(VERB) | HAS(SERVER) | HAS(SAVE) | HAS(NONCE) |
        HAS(UNTIL) | HAS(PLAYERS) | HAS(PLAYING)},
    [GSP_TALK_BEGIN] = {"begin", HAS(WHO) | HAS(VERB) | HAS(INTERACTION) | HAS(APP) | HAS(TOKEN) |
        HAS(SERVER) | HAS(SAVE) | HAS(MESSAGE) | HAS(CHANNEL) | HAS(ASKED)},
    [GSP_TALK_LINE] = {"line", HAS(INTERACTION) | HAS(OUT)},
    [GSP_TALK_END] = {"end", HAS(INTERACTION) | HAS(STATUS) | HAS(TEXT) | HAS(OUT) | HAS(ASKED) |
        HAS(ENDED) | HAS(COST)},
    [GSP_TALK_STOP] = {"stop", 0},
};
_Static_assert(sizeof(kinds) / sizeof(*kinds) == TALK_KINDS, "a line for each kind");

bool
talk_has(enum gsp_talk_kind kind, int i)
{
	return (kinds[kind].has & HAS(i)) != 0;
}

const char *
talk_kind_name(enum gsp_talk_kind kind)
{
	return kinds[kind].name;
}

const char *
gsp_verb_name(enum gsp_verb v)
{
	return verb_names[v];
}

int
gsp_verb_find(enum gsp_verb *out, const char *name)
{
	for (int i = 0; i < GSP_VERBS; i++)
		if (strcmp(verb_names[i], name) == 0) {
			*out = (enum gsp_verb)i;
			return 0;
		}
	return -1;
}

void
gsp_talk_init(struct gsp_talk *t, enum gsp_talk_kind kind)
{
	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->players = -2;
	t->cost_usd = -1;
	t->seq = -1;
}

void
gsp_talk_release(struct gsp_talk *t)
{
	free(t->who.roles);
	free(t->out);
	free(t->said);
	free(t->choices);
	explicit_bzero(t, sizeof(*t));
}

size_t
talk_char(const char *p, bool lines)
{
	unsigned char c = (unsigned char)*p;

	if (c < ' ' || c == 0x7f)
		return lines && (c == '\n' || c == '\r' || c == '\t') ? 1 : 0;
	return gsp_utf8_len(p);
}

/* ---- writing ---- */

static void
write_text(struct gsp_json *o, const char *key, const char *text, size_t size, bool lines)
{
	struct gsp_buf b = GSP_BUF_INIT(size);

	for (const char *p = text; p != NULL && *p != '\0';) {
		size_t n = talk_char(p, lines), add = n > 0 ? n : sizeof(REPLACEMENT) - 1;

		if (b.len + add >= size)
			break;
		gsp_buf_add(&b, n > 0 ? p : REPLACEMENT, add);
		p += n > 0 ? n : 1;
	}
	gsp_json_add_str(o, key, gsp_buf_str(&b));
	if (b.data != NULL)
		explicit_bzero(b.data, b.cap);
	gsp_buf_release(&b);
}

static void
write_who(struct gsp_json *o, const char *key, const struct gsp_talk_who *w)
{
	struct gsp_json *v = gsp_json_add_obj(o, key), *roles;

	gsp_json_add_str(v, "user", w->user);
	write_text(v, "name", w->name, sizeof(w->name), false);
	gsp_json_add_str(v, "guild", w->guild);
	gsp_json_add_str(v, "channel", w->channel);
	gsp_json_add_str(v, "parent", w->parent);
	roles = gsp_json_add_arr(v, "roles");
	for (size_t i = 0; i < w->nroles && i < GSP_TALK_ROLES_MAX; i++)
		gsp_json_add_str(roles, NULL, w->roles[i]);
}

static void
write_choices(struct gsp_json *o, const char *key, const struct gsp_talk *t)
{
	struct gsp_json *list = gsp_json_add_arr(o, key);

	for (size_t i = 0; i < t->nchoices && i < TALK_CHOICES_MAX; i++) {
		const struct gsp_talk_choice *c = &t->choices[i];
		struct gsp_json *v = gsp_json_add_obj(list, NULL);

		write_text(v, "name", c->name, sizeof(c->name), false);
		write_text(v, "value", c->value, sizeof(c->value), false);
	}
}

static void
write_field(struct gsp_json *o, const struct talk_field *f, const struct gsp_talk *t)
{
	const void *at = (const char *)t + f->at;

	switch (f->form) {
	case TALK_WHOLE:
		gsp_json_add_num(o, f->key, (double)*(const uint64_t *)at);
		break;
	case TALK_SIGNED:
		gsp_json_add_num(o, f->key, (double)*(const int64_t *)at);
		break;
	case TALK_INT:
		gsp_json_add_num(o, f->key, *(const int *)at);
		break;
	case TALK_NUM:
		gsp_json_add_num(o, f->key, *(const double *)at);
		break;
	case TALK_BOOL:
		gsp_json_add_bool(o, f->key, *(const bool *)at);
		break;
	case TALK_VERB:
		gsp_json_add_str(o, f->key, gsp_verb_name(*(const enum gsp_verb *)at));
		break;
	case TALK_ID:
	case TALK_ID_NONE:
	case TALK_WORD:
	case TALK_TEXT:
		write_text(o, f->key, at, f->size, f->form == TALK_TEXT);
		break;
	case TALK_LONG:
		write_text(o, f->key, *(char *const *)at, f->size, true);
		break;
	case TALK_WHO:
		write_who(o, f->key, at);
		break;
	case TALK_CHOICES:
		write_choices(o, f->key, t);
		break;
	}
}

void
gsp_talk_write(struct gsp_buf *out, const struct gsp_talk *t)
{
	struct gsp_json *o = gsp_json_new_obj();

	gsp_json_add_str(o, "kind", kinds[t->kind].name);
	for (int i = 0; i < FIELDS; i++)
		if (talk_has(t->kind, i))
			write_field(o, &talk_fields[i], t);
	gsp_json_print(out, o);
	gsp_buf_addc(out, '\n');
	gsp_json_free(o);
}
