/*
 * base/version: which gsp this is. The Makefile defines GSP_VERSION; a file compiled by hand
 * gets a name that says so.
 */
#ifndef GSP_BASE_VERSION_H
#define GSP_BASE_VERSION_H

#ifndef GSP_VERSION
#define GSP_VERSION "0-unversioned"
#endif

/* How every request to Discord calls itself: "DiscordBot (URL, VERSION)", or it is blocked (40333).
 * gsp has no site of its own: a name that RFC 2606 keeps from ever being one. */
#define GSP_DISCORD_AGENT "DiscordBot (https://gsp.invalid, " GSP_VERSION ")"

#endif
