#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/curl_priv.h"

#include "base/banned.h"

unsigned gsp_curl_dead_ms = GSP_CURL_DEAD_MS;

int
gsp_curl_start(struct gsp_err *err)
{
	static bool started;

	if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return gsp_err_set(err, GSP_ESYS, "libcurl does not start");
	started = true;
	return 0;
}

void
gsp_curl_target_release(struct gsp_curl_target *t)
{
	curl_free(t->scheme);
	curl_free(t->host);
	curl_free(t->port);
	curl_free(t->path);
	curl_free(t->query);
	memset(t, 0, sizeof(*t));
}

static CURLUcode
take_apart(struct gsp_curl_target *t, CURLU *u, const char *url)
{
	CURLUcode rc;

	rc = curl_url_set(
	    u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_SCHEME, &t->scheme, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_HOST, &t->host, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_PATH, &t->path, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_PORT, &t->port, CURLU_DEFAULT_PORT);
	if (rc == CURLUE_OK) {
		rc = curl_url_get(u, CURLUPART_QUERY, &t->query, 0);
		if (rc == CURLUE_NO_QUERY)
			rc = CURLUE_OK;
	}
	return rc;
}

int
gsp_curl_target_parse(struct gsp_curl_target *t, const char *url, const char *shown,
    struct gsp_err *err)
{
	CURLU *u = curl_url();
	CURLUcode rc;

	memset(t, 0, sizeof(*t));
	if (u == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (shown == NULL)
		shown = url;
	rc = take_apart(t, u, url);
	curl_url_cleanup(u);
	if (rc == CURLUE_USER_NOT_ALLOWED)
		return gsp_err_set(err, GSP_ECONFIG, "the URL holds a user name or password");
	if (rc != CURLUE_OK)
		return gsp_err_set(
		    err, GSP_ECONFIG, "'%s' is not a URL (%s)", shown, curl_url_strerror(rc));
	t->loopback = gsp_http_is_loopback(t->host);
	if (strcmp(t->scheme, "https") != 0 && strcmp(t->scheme, "http") != 0)
		return gsp_err_set(err, GSP_ECONFIG, "'%s' is not an https URL", shown);
	if (strcmp(t->scheme, "http") == 0 && !t->loopback)
		return gsp_err_set(err, GSP_ECONFIG,
		    "'%s' is not encrypted; use https (plain http is for 127.0.0.1 alone)",
		    shown);
	return 0;
}

void
gsp_curl_secure(CURL *e, const struct gsp_curl_target *t, const char *ca_file)
{
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, t->scheme);
	curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL) {
		curl_easy_setopt(e, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (t->loopback)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
}

void
gsp_curl_hasten(CURL *e)
{
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* its thread is left to itself */
}

/* Source: tcp(7), TCP_USER_TIMEOUT. */
static int
on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	if (purpose == CURLSOCKTYPE_IPCXN)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gsp_curl_dead_ms, sizeof(gsp_curl_dead_ms));
	return CURL_SOCKOPT_OK;
}

void
gsp_curl_mortal(CURL *e)
{
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_socket);
}

/* "002c0b4f.0": a hash and a number. Source: openssl-rehash(1). */
static bool
is_hashed(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' && name[9] <= '9';
}

bool
gsp_curl_has_dir(void)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *path = v->age >= CURLVERSION_SEVENTH ? v->capath : NULL;
	DIR *d = path != NULL ? opendir(path) : NULL;
	struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL)
		found = is_hashed(e->d_name);
	if (d != NULL)
		closedir(d);
	return found;
}

void
gsp_curl_trust_dir(CURL *e)
{
	curl_easy_setopt(e, CURLOPT_CAPATH, curl_version_info(CURLVERSION_NOW)->capath);
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
}

void
gsp_curl_trust_file(CURL *e)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (v->age < CURLVERSION_SEVENTH || v->cainfo == NULL)
		return;
	curl_easy_setopt(e, CURLOPT_CAINFO, v->cainfo);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
}

bool
gsp_curl_untrusted(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_SSL_ISSUER_ERROR;
}

/* ---- why not ---- */

const char *
gsp_curl_proxy(const struct gsp_curl_target *t)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	const char *none = getenv("no_proxy") != NULL ? getenv("no_proxy") : getenv("NO_PROXY");

	if (t->loopback || (none != NULL && (strcmp(none, "*") == 0 || strstr(none, t->host) != NULL)))
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]) != NULL && getenv(names[i])[0] != '\0')
			return names[i];
	return NULL;
}

const char *
gsp_curl_why(CURLcode code, const char *reason)
{
	return reason[0] != '\0' && strstr(reason, "://") == NULL ? reason : curl_easy_strerror(code);
}

long
gsp_curl_proxy_said(CURL *e)
{
	long status = 0;

	curl_easy_getinfo(e, CURLINFO_HTTP_CONNECTCODE, &status);
	return status < 300 ? 0 : status;
}

/* Source: OpenSSL, X509_verify_cert_error_string(3). */
static bool
of_clock(const char *why)
{
	return strstr(why, "not yet valid") != NULL || strstr(why, "has expired") != NULL;
}

static int
proxy_refused(struct gsp_err *err, const struct gsp_curl_target *t, const char *proxy, long status)
{
	return gsp_err_set(err, GSP_ETEMP, "the proxy of $%s does not connect to '%s' port %s (HTTP %ld%s)",
	    proxy, t->host, t->port, status,
	    status == 407 ? "; it wants a name and a password: http://NAME:PASSWORD@HOST:PORT" : "");
}

int
gsp_curl_unsent(struct gsp_err *err, CURL *e, const struct gsp_curl_target *t, CURLcode code,
    const char *reason)
{
	const char *why = gsp_curl_why(code, reason), *proxy = gsp_curl_proxy(t);
	long os_errno = 0;

	if (gsp_curl_untrusted(code))
		return gsp_err_set(err, GSP_EAUTH, "the certificate of '%s' was refused (%s)%s", t->host, why,
		    of_clock(why) ? "; is this computer's clock right?" : "");
	if (proxy != NULL && gsp_curl_proxy_said(e) != 0)
		return proxy_refused(err, t, proxy, gsp_curl_proxy_said(e));
	if (code == CURLE_COULDNT_RESOLVE_PROXY && proxy != NULL)
		return gsp_err_set(err, GSP_ETEMP, "cannot find the address of the proxy of $%s, which leads to "
		    "'%s'; is it right, and this computer online?", proxy, t->host);
	if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
		return gsp_err_set(err, GSP_ETEMP,
		    "cannot find the address of '%s'; is this computer online?", t->host);
	curl_easy_getinfo(e, CURLINFO_OS_ERRNO, &os_errno);
	if (code == CURLE_COULDNT_CONNECT && os_errno != 0)
		why = strerror((int)os_errno);
	return gsp_err_set(err, GSP_ETEMP, "cannot connect to '%s' port %s%s%s (%s)", t->host, t->port,
	    proxy != NULL ? " through the proxy of $" : "", proxy != NULL ? proxy : "", why);
}
