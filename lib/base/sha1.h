/*
 * base/sha1: for protocols that ask for it by name (RFC 6455's handshake). It proves nothing against
 * somebody who can choose the text: never for trust.
 * Source: RFC 3174.
 */
#ifndef GSP_BASE_SHA1_H
#define GSP_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define GSP_SHA1_LEN 20

/** gsp_sha1(out, data, len): the digest of ${len} bytes. */
void gsp_sha1(uint8_t out[GSP_SHA1_LEN], const void *data, size_t len);

#endif
