#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/rand.h"
#include "base/sha1.h"
#include "net/ws_priv.h"

#include "base/banned.h"

/* RFC 6455 section 1.3: what a server adds to the key. */
#define MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* RFC 4648 section 4. */
static void
base64(char *out, const uint8_t *p, size_t len)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)p[i] << 16;

		if (left > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		*out++ = letters[v >> 18];
		*out++ = letters[v >> 12 & 63];
		*out++ = left > 1 ? letters[v >> 6 & 63] : '=';
		*out++ = left > 2 ? letters[v & 63] : '=';
	}
	*out = '\0';
}

void
gsp_ws_key(char out[GSP_WS_KEY_LEN + 1])
{
	uint8_t raw[16];

	gsp_rand_bytes(raw, sizeof(raw));
	base64(out, raw, sizeof(raw));
}

void
gsp_ws_accept(char out[GSP_WS_ACCEPT_LEN + 1], const char *key)
{
	char both[GSP_WS_KEY_LEN + sizeof(MAGIC)];
	uint8_t sum[GSP_SHA1_LEN];

	assert(strlen(key) == GSP_WS_KEY_LEN);
	memcpy(both, key, GSP_WS_KEY_LEN);
	memcpy(both + GSP_WS_KEY_LEN, MAGIC, sizeof(MAGIC));
	gsp_sha1(sum, both, sizeof(both) - 1);
	base64(out, sum, sizeof(sum));
}

void
gsp_ws_head_request(struct gsp_buf *b, const char *host, const char *target,
    const char *agent, const char *key)
{
	gsp_buf_addf(b,
	    "GET %s HTTP/1.1\r\n"
	    "Host: %s\r\n"
	    "User-Agent: %s\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %s\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "\r\n",
	    target, host, agent, key);
}

/* What the header lines say that matters here. */
struct seen {
	unsigned upgrade, connection, accept; /* how often, with the right value */
	bool wrong_accept, extension, protocol;
};

/* ${word} is one of the comma-separated of ${list}, in any case. */
static bool
has_word(const char *list, size_t len, const char *word)
{
	size_t n = strlen(word), i = 0;

	while (i < len) {
		size_t end = i, last;

		while (end < len && list[end] != ',')
			end++;
		while (i < end && (list[i] == ' ' || list[i] == '\t'))
			i++;
		for (last = end; last > i && (list[last - 1] == ' ' || list[last - 1] == '\t');)
			last--;
		if (last - i == n && strncasecmp(list + i, word, n) == 0)
			return true;
		i = end + 1;
	}
	return false;
}

static bool
is_name(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

/* One header line, without its end. -1: it is none. */
static int
take_line(struct seen *s, const char *line, size_t len, const char *accept)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name, n;

	if (colon == NULL || colon == line || isspace((unsigned char)line[0]) ||
	    memchr(line, '\0', len) != NULL || memchr(line, '\r', len) != NULL ||
	    memchr(line, '\n', len) != NULL)
		return -1;
	name = (size_t)(colon - line);
	value = colon + 1;
	n = len - name - 1;
	while (n > 0 && (*value == ' ' || *value == '\t'))
		value++, n--;
	while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	if (is_name(line, name, "Upgrade"))
		s->upgrade += n == 9 && strncasecmp(value, "websocket", 9) == 0;
	else if (is_name(line, name, "Connection"))
		s->connection += has_word(value, n, "upgrade");
	else if (is_name(line, name, "Sec-WebSocket-Extensions"))
		s->extension = true;
	else if (is_name(line, name, "Sec-WebSocket-Protocol"))
		s->protocol = true;
	else if (is_name(line, name, "Sec-WebSocket-Accept")) {
		s->accept++;
		s->wrong_accept |=
		    n != GSP_WS_ACCEPT_LEN || memcmp(value, accept, GSP_WS_ACCEPT_LEN) != 0;
	}
	return 0;
}

/* "HTTP/1.1 101 Switching Protocols": the number; -1: not such a line. */
static int
status_of(const char *line, size_t len)
{
	if (len < 12 || memcmp(line, "HTTP/1.1 ", 9) != 0 || (len > 12 && line[12] != ' '))
		return -1;
	for (size_t i = 9; i < 12; i++)
		if (line[i] < '0' || line[i] > '9')
			return -1;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

static int
judge(const struct seen *s, struct gsp_err *err)
{
	if (s->upgrade == 0 || s->connection == 0)
		return gsp_err_set(err, GSP_EPROTO,
		    "its answer does not switch to a WebSocket (no Upgrade or Connection)");
	if (s->accept != 1 || s->wrong_accept)
		return gsp_err_set(err, GSP_EPROTO,
		    "its answer is not to this handshake (wrong Sec-WebSocket-Accept)");
	if (s->extension || s->protocol)
		return gsp_err_set(err, GSP_EPROTO,
		    "it wants an extension or a subprotocol that was not offered");
	return 0;
}

int
gsp_ws_head_check(const char *head, size_t len, const char *key, struct gsp_err *err)
{
	char accept[GSP_WS_ACCEPT_LEN + 1];
	struct seen s = {0};
	int status = -1;

	gsp_ws_accept(accept, key);
	for (size_t at = 0, nth = 0; at < len; nth++) {
		const char *line = head + at, *end = memmem(line, len - at, "\r\n", 2);
		size_t n = end != NULL ? (size_t)(end - line) : 0;

		if (end == NULL || (n == 0 && nth == 0))
			break;
		at += n + 2;
		if (n == 0) /* the empty line: the end */
			return judge(&s, err);
		if (nth == 0) {
			if ((status = status_of(line, n)) == -1)
				break;
			if (status != 101)
				return gsp_err_set(err, GSP_EPROTO,
				    "it answered %d instead of opening a WebSocket", status);
		} else if (take_line(&s, line, n, accept) == -1)
			break;
	}
	return gsp_err_set(err, GSP_EPROTO, "its answer to the handshake is not HTTP/1.1");
}
