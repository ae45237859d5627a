/* url: what an URL must look like before anybody is asked for it. No libcurl here: who only checks
 * settings need not load what connects. Stricter than libcurl's own reading, which follows in
 * gsp_curl_target_parse() when it is used. Source: RFC 3986, section 3. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "net/http.h"

#include "base/banned.h"

#define HOST_MAX 253 /* Source: RFC 1035, section 2.3.4 */

struct parts {
	bool encrypted;
	char host[HOST_MAX + 1];
	const char *port; /* behind its colon; NULL: none */
	size_t port_len;
};

static bool
printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '\\')
			return false;
	return true;
}

/* Bytes of other scripts, too: such names are for libcurl to translate. */
static bool
is_host(const char *h)
{
	bool six = *h == '[';
	size_t n = strlen(h);

	if (n == 0 || (six && (n < 4 || h[n - 1] != ']')))
		return false;
	for (size_t i = six; i < n - six; i++) {
		bool hex = (h[i] >= '0' && h[i] <= '9') || (h[i] >= 'a' && h[i] <= 'f') ||
		    (h[i] >= 'A' && h[i] <= 'F');

		if (six ? !hex && h[i] != ':' && h[i] != '.'
		        : !hex && !(h[i] >= 'g' && h[i] <= 'z') && !(h[i] >= 'G' && h[i] <= 'Z') &&
		            strchr("-._", h[i]) == NULL && (unsigned char)h[i] < 0x80)
			return false;
	}
	return true;
}

static bool
is_port(const char *p, size_t n)
{
	char text[6];
	uint64_t port;

	if (n == 0 || n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)n, p);
	return gsp_num_u64(&port, text, 1, 65535) == 0;
}

static bool
take_apart(struct parts *p, const char *url)
{
	const char *at, *end, *colon;

	if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
		return false;
	p->encrypted = url[4] == 's' || url[4] == 'S';
	at = strchr(url, ':') + 3;
	end = at + strcspn(at, "/?#");
	colon = *at == '[' ? memchr(at, ']', (size_t)(end - at)) : at;
	if (colon == NULL)
		return false;
	colon = memchr(colon, ':', (size_t)(end - colon));
	p->port = colon != NULL ? colon + 1 : NULL;
	p->port_len = colon != NULL ? (size_t)(end - colon - 1) : 0;
	if (colon != NULL)
		end = colon;
	if ((size_t)(end - at) > HOST_MAX)
		return false;
	snprintf(p->host, sizeof(p->host), "%.*s", (int)(end - at), at);
	return is_host(p->host) && (p->port == NULL || is_port(p->port, p->port_len));
}

static bool
has_user(const char *url)
{
	const char *at = strstr(url, "://");

	return at != NULL && memchr(at + 3, '@', strcspn(at + 3, "/?#")) != NULL;
}

bool
gsp_http_is_loopback(const char *host)
{
	struct in_addr a;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127;
}

int
gsp_http_url_check(const char *url, struct gsp_err *err)
{
	struct parts p = {.encrypted = false};

	if (has_user(url))
		return gsp_err_set(err, GSP_ECONFIG, "the URL holds a user name or password");
	if (!printable(url) || !take_apart(&p, url))
		return gsp_err_set(err, GSP_ECONFIG, "'%s' is not an https URL", url);
	if (!p.encrypted && !gsp_http_is_loopback(p.host))
		return gsp_err_set(err, GSP_ECONFIG,
		    "'%s' is not encrypted; use https (plain http is for 127.0.0.1 alone)", url);
	return 0;
}
