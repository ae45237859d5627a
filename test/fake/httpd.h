/*
 * fake/httpd: a small HTTP/1.1 server on loopback that answers what the test told it to, badly
 * if asked, and remembers what it was asked. It runs in a thread of the test.
 *
 * Answers are taken in order from those pushed; when there are none left the handler decides,
 * and without one the answer is 500. All strings are copied; what the query functions return
 * stays valid until fake_httpd_free() or fake_httpd_forget().
 */
#ifndef GSP_FAKE_HTTPD_H
#define GSP_FAKE_HTTPD_H

#include <stddef.h>

struct fake_httpd;

enum fake_how {
	FAKE_ANSWER,   /* as it should be */
	FAKE_RESET,    /* TCP reset after the request was read */
	FAKE_CLOSE,    /* closed without a word */
	FAKE_HANG,     /* read, never answered */
	FAKE_TRUNCATE, /* half of the body, then closed */
	FAKE_STALL,    /* half of the body, then silence */
	FAKE_SLOW,     /* a byte of the body every millisecond */
	FAKE_GARBAGE,  /* bytes that are not HTTP */
	FAKE_FLOOD     /* body repeated for ever, chunked, until the client gives up */
};

struct fake_answer {
	enum fake_how how;
	int status;
	const char *headers; /* "Name: value\r\n...", or NULL */
	const char *body;    /* NULL: empty */
};

struct fake_request {
	const char *method, *path; /* path with its query */
	const char *headers;	   /* all lines, "\r\n" between */
	const char *body;
	int connection; /* number of the connection it came on */
};

/* Fills *a. Called in the server's thread. */
typedef void fake_handler(void *ctx, const struct fake_request *r, struct fake_answer *a);

struct fake_httpd *fake_httpd_new(void); /* NULL when it cannot listen */
void fake_httpd_free(struct fake_httpd *h);
const char *fake_httpd_url(const struct fake_httpd *h); /* "http://127.0.0.1:PORT" */

void fake_httpd_push(struct fake_httpd *h, const struct fake_answer *a);
/** fake_httpd_say(h, status, body): push a plain answer in JSON. */
void fake_httpd_say(struct fake_httpd *h, int status, const char *body);
void fake_httpd_handler(struct fake_httpd *h, fake_handler *fn, void *ctx);

size_t fake_httpd_count(struct fake_httpd *h); /* requests so far */
const struct fake_request *fake_httpd_request(struct fake_httpd *h, size_t i);
/** fake_httpd_header(r, name, buf, size): the value in buf, or NULL. */
const char *fake_httpd_header(
    const struct fake_request *r, const char *name, char *buf, size_t size);
/** fake_httpd_forget(h): no requests so far, no answers left. */
void fake_httpd_forget(struct fake_httpd *h);

#endif
