/* What the tools say at a prompt, said in chat. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "discord/command_priv.h"
#include "discord/message_priv.h"

#include "base/banned.h"

#define WORDS_MAX 8
#define COMMAND_MAX 160 /* bytes of a quoted command that is still looked at */

/* ---- commands ---- */

struct words {
	char text[COMMAND_MAX];
	const char *v[WORDS_MAX + 1];
	size_t n;
	const char *from; /* up: --from N */
	bool odd;         /* an option that the chat does not have */
};

static bool
is_option(const char *s)
{
	return s[0] == '-' && s[1] != '\0';
}

/* "gsp up toy" and "gsp-up toy" alike: v[0] is "up". */
static bool
split(struct words *w, const char *command)
{
	char *p, *end;

	memset(w, 0, sizeof(*w));
	p = w->text;
	if (strlen(command) >= sizeof(w->text) || strncmp(command, "gsp", 3) != 0 ||
	    (command[3] != ' ' && command[3] != '-'))
		return false;
	memcpy(p, command + 4, strlen(command + 4) + 1);
	for (; *p != '\0'; p = end) {
		p += strspn(p, " ");
		end = p + strcspn(p, " ");
		if (*end == ' ')
			*end++ = '\0';
		if (*p == '\0')
			break;
		if (strcmp(p, "--from") == 0) {
			w->from = end;
			end += strcspn(end, " ");
			if (*end == ' ')
				*end++ = '\0';
		} else if (is_option(p))
			w->odd |= strcmp(p, "--even-if-playing") != 0;
		else if (w->n == WORDS_MAX)
			return false;
		else
			w->v[w->n++] = p;
	}
	return w->n > 0;
}

static bool
is_name(const char *s)
{
	return s != NULL && s[0] >= 'a' && s[0] <= 'z' && strlen(s) <= GSP_COMMAND_NAME_MAX &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

static bool
is_save(const char *s)
{
	uint64_t n;

	return s != NULL && gsp_num_u64(&n, s, 1, GSP_COMMAND_SAVE_MAX) == 0;
}

static bool
is_time(const char *s)
{
	int64_t n;

	return s != NULL && gsp_num_duration_s(&n, s, GSP_COMMAND_TIME_MAX_S) == 0;
}

/* "`/server VERB name:NAME key:value`" */
static bool
say_command(struct gsp_buf *out, const char *verb, const char *name, const char *key,
    const char *value)
{
	gsp_buf_addf(out, "`/server %s", verb);
	if (name != NULL)
		gsp_buf_addf(out, " name:%s", name);
	if (value != NULL)
		gsp_buf_addf(out, " %s:%s", key, value);
	gsp_buf_addc(out, '`');
	return true;
}

static bool
say_lease(struct gsp_buf *out, const struct words *w)
{
	if (w->n == 2)
		return say_command(out, "status", w->v[1], NULL, NULL);
	if (w->n == 3 && w->v[2][0] == '+' && is_time(w->v[2] + 1))
		return say_command(out, "extend", w->v[1], "time", w->v[2] + 1);
	if (w->n == 4 && strcmp(w->v[2], "hold") == 0 && is_time(w->v[3]))
		return say_command(out, "hold", w->v[1], "time", w->v[3]);
	if (w->n == 3 && strcmp(w->v[2], "release") == 0)
		return say_command(out, "hold", w->v[1], "time", GSP_COMMAND_RELEASE);
	return false;
}

static bool
say_saves(struct gsp_buf *out, const struct words *w)
{
	if (w->n == 3 && strcmp(w->v[1], "list") == 0 && is_name(w->v[2]))
		return say_command(out, "saves", w->v[2], NULL, NULL);
	if (w->n == 4 && strcmp(w->v[1], "restore") == 0 && is_name(w->v[2]) && is_save(w->v[3]))
		return say_command(out, "restore", w->v[2], "save", w->v[3]);
	return false;
}

bool
gsp_text_command(struct gsp_buf *out, const char *command)
{
	static const char *const plain[] = {"up", "down", "restart", "status"};
	struct words w;
	const char *tool;

	if (!split(&w, command) || w.odd)
		return false;
	tool = w.v[0];
	if (w.from != NULL)
		return strcmp(tool, "up") == 0 && w.n == 2 && is_name(w.v[1]) && is_save(w.from) &&
		    say_command(out, "up", w.v[1], "save", w.from);
	if (w.n == 1 && (strcmp(tool, "status") == 0 || strcmp(tool, "cost") == 0))
		return say_command(out, tool, NULL, NULL, NULL);
	if (strcmp(tool, "saves") == 0)
		return say_saves(out, &w);
	if (!is_name(w.v[1]))
		return false;
	if (strcmp(tool, "lease") == 0)
		return say_lease(out, &w);
	if (strcmp(tool, "query") == 0 && w.n == 2)
		return say_command(out, "players", w.v[1], NULL, NULL);
	if (strcmp(tool, "logs") == 0 && w.n == 3 && gsp_command_script(w.v[2]))
		return say_command(out, "logs", w.v[1], "script", w.v[2]);
	if (strcmp(tool, "logs") == 0 && w.n == 2)
		return say_command(out, "logs", w.v[1], NULL, NULL);
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strcmp(tool, plain[i]) == 0 && w.n == 2)
			return say_command(out, tool, w.v[1], NULL, NULL);
	return false;
}

/* ---- paths ---- */

static bool
begins(const char *s, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

/* From where on of a path, of ${n} bytes, everybody may read it. */
static size_t
public_from(const char *p, size_t n)
{
	static const char *const inside[] = {"/servers/", "/state/"};
	static const char *const ours[] = {"/home/", "/root/", "/Users/", "/tmp/", "/var/", "/opt/", "/mnt/",
	    "/media/", "/srv/"};
	size_t last = n;

	for (size_t k = 0; k < sizeof(inside) / sizeof(*inside); k++)
		for (size_t i = 0; i < n; i++)
			if (begins(p + i, n - i, inside[k]))
				return i + 1;
	while (last > 0 && p[last - 1] != '/')
		last--;
	if (begins(p + last, n - last, "gsp.yaml") || begins(p + last, n - last, "token"))
		return last;
	/* what is below /var/log, or in the server's own directory, is the machine's */
	if (begins(p, n, "/var/log/") || begins(p, n, "/srv/"))
		return 0;
	for (size_t k = 0; k < sizeof(ours) / sizeof(*ours); k++)
		if (begins(p, n, ours[k]))
			return last;
	return 0;
}

/* The text with each path cut to its part in the home, or to its last name. */
static void
shorten_paths(struct gsp_buf *out, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		char quote = p > text && (p[-1] == '\'' || p[-1] == '"') ? p[-1] : '\0';
		bool word = p == text || strchr(" (=:", p[-1]) != NULL;
		bool url = p > text && p[-1] == ':' && p[1] == '/';
		size_t n, from;

		if (*p != '/' || url || (quote == '\0' && !word)) {
			gsp_buf_addc(out, *p++);
			continue;
		}
		/* between quotes it may have spaces */
		if (quote == '\0' || strchr(p, quote) == NULL)
			n = strcspn(p, " \n'\",;:)");
		else
			n = (size_t)(strchr(p, quote) - p);
		from = public_from(p, n);
		gsp_buf_add(out, p + (from < n ? from : 0), from < n ? n - from : n);
		p += n;
	}
}

/* ---- what only matters at a prompt ---- */

/* "generation 4": in chat that is a save, as in /server saves. */
static size_t
generation(const char *text, const char *p)
{
	static const char word[] = "generation";
	size_t n = sizeof(word) - 1;

	if ((p > text && p[-1] != ' ' && p[-1] != '\'') || strncmp(p, word, n) != 0)
		return 0;
	return p[n] == ' ' || p[n] == '\0' || p[n] == 's' ? n : 0;
}

/* How much of ${p} nobody in chat needs: the file of a lock, a process, the number of an account before
 * its name. */
static size_t
needless(const char *p)
{
	static const char lock[] = "/lock' is locked: ";
	const char *end;
	size_t n;

	if (begins(p, strlen(p), "'state/") && (end = strchr(p + 1, '\'')) != NULL &&
	    end - p >= 5 && begins(end - 5, strlen(end - 5), lock))
		return (size_t)(end - 5 - p) + sizeof(lock) - 1;
	if (begins(p, strlen(p), " (pid ")) {
		n = strspn(p + 6, "0123456789");
		return n > 0 && p[6 + n] == ')' ? n + 7 : 0;
	}
	if (begins(p, strlen(p), "discord:")) {
		n = strspn(p + 8, "0123456789");
		return n > 0 && p[8 + n] == '/' ? n + 9 : 0;
	}
	return 0;
}

static void
plainer(struct gsp_buf *out, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t n = needless(p);

		if (n > 0) {
			p += n;
		} else if ((n = generation(text, p)) > 0) {
			gsp_buf_adds(out, "save");
			p += n;
		} else
			gsp_buf_addc(out, *p++);
	}
}

/* ---- sentences ---- */

/* A role or a channel, of just this form: its length; 0: it is none. */
static size_t
mention(const char *p)
{
	size_t n, at = strncmp(p, "<@&", 3) == 0 ? 3 : strncmp(p, "<#", 2) == 0 ? 2 : 0;

	if (at == 0)
		return 0;
	n = strspn(p + at, "0123456789");
	return n > 0 && n <= 20 && p[at + n] == '>' ? at + n + 1 : 0;
}

/* Up to what has to be written otherwise. */
static size_t
plain_length(const char *p)
{
	size_t n = 0;

	while (p[n] != '\0' && strncmp(p + n, "'gsp ", 5) != 0 && strncmp(p + n, "'gsp-", 5) != 0 &&
	    strncmp(p + n, "'/server ", 9) != 0 && mention(p + n) == 0)
		n++;
	return n;
}

static void
add_plain(struct gsp_buf *out, const char *p, size_t n)
{
	struct gsp_buf part = GSP_BUF_INIT(n + 1);

	gsp_buf_add(&part, p, n);
	gsp_md_escape(out, gsp_buf_str(&part), GSP_TEXT_BUF);
	gsp_buf_release(&part);
}

/* A quoted command; how much of ${p} it was, 0: it has no end. */
static size_t
add_command(struct gsp_buf *out, const char *p)
{
	const char *end = strchr(p + 1, '\'');
	char command[COMMAND_MAX];

	if (end == NULL || (size_t)(end - p) > sizeof(command))
		return 0;
	snprintf(command, sizeof(command), "%.*s", (int)(end - p - 1), p + 1);
	if (command[0] == '/')
		gsp_text_code(out, command, COMMAND_MAX);
	else if (!gsp_text_command(out, command)) {
		gsp_text_code(out, command, COMMAND_MAX);
		gsp_buf_adds(out, " (the owner types it)");
	}
	return (size_t)(end + 1 - p);
}

void
gsp_text_words(struct gsp_buf *out, const char *text, size_t max)
{
	struct gsp_buf cut = GSP_BUF_INIT(4 * GSP_TEXT_BUF), s = GSP_BUF_INIT(4 * GSP_TEXT_BUF);
	struct gsp_buf made = GSP_BUF_INIT(8 * GSP_TEXT_BUF);
	size_t n;

	shorten_paths(&cut, text);
	plainer(&s, gsp_buf_str(&cut));
	gsp_buf_release(&cut);
	for (const char *p = gsp_buf_str(&s); *p != '\0'; p += n) {
		n = plain_length(p);
		if (n > 0)
			add_plain(&made, p, n);
		else if ((n = mention(p)) > 0)
			gsp_buf_add(&made, p, n);
		else if ((n = add_command(&made, p)) == 0) {
			n = 1;
			add_plain(&made, p, n);
		}
	}
	gsp_text_cut(&made, max);
	gsp_buf_adds(out, gsp_buf_str(&made));
	gsp_buf_release(&s);
	gsp_buf_release(&made);
}

/* ---- failures ---- */

/* The last line of what a tool said, without its name. */
static void
last_words(struct gsp_buf *out, const char *said)
{
	size_t end = strlen(said), from;
	const char *p;

	while (end > 0 && strchr(" \r\n\t", said[end - 1]) != NULL)
		end--;
	for (from = end; from > 0 && said[from - 1] != '\n'; from--)
		;
	p = said + from;
	if (strncmp(p, "gsp", 3) == 0) {
		size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz-");

		if (p[n] == ':' && p[n + 1] == ' ' && from + n + 2 <= end)
			p += n + 2;
	}
	gsp_buf_add(out, p, (size_t)(said + end - p));
}

/* What it means for a friend who has no prompt. Source: gsp(1), EXIT STATUS. */
static const char *
meaning(int status, bool has_command)
{
	switch (status) {
	case 75: return "Try again in a minute.";
	case 65: return has_command ? "" : "Somebody has to look before it goes on.";
	case 70: case 71: case 73: case 74: case 76: case 77: case 78:
		return "That is for the owner to mend.";
	default: return status > 128 ? "It was interrupted: the same again goes on." : "";
	}
}

void
gsp_text_failure(struct gsp_buf *out, const char *server, int status, const char *said)
{
	struct gsp_buf last = GSP_BUF_INIT(GSP_TALK_SAID_MAX + 1), words = GSP_BUF_INIT(GSP_TEXT_BUF);
	const char *more;

	last_words(&last, said);
	if (last.len == 0)
		gsp_buf_addf(&last, status < 0 ? "it could not be done" : "it ended with status %d", status);
	gsp_text_words(&words, gsp_buf_str(&last), 900);
	more = meaning(status, strstr(gsp_buf_str(&words), "`/server ") != NULL);
	if (server[0] != '\0' && strstr(gsp_buf_str(&last), server) == NULL) {
		gsp_text_name(out, server);
		gsp_buf_adds(out, ": ");
	}
	gsp_buf_adds(out, gsp_buf_str(&words));
	if (more[0] != '\0')
		gsp_buf_addf(out, ". %s", more);
	gsp_buf_release(&last);
	gsp_buf_release(&words);
}
