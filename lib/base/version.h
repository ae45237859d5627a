/*
 * base/version: which gsp this is. The Makefile defines GSP_VERSION; a file compiled by hand
 * gets a name that says so.
 */
#ifndef GSP_BASE_VERSION_H
#define GSP_BASE_VERSION_H

#ifndef GSP_VERSION
#define GSP_VERSION "0-unversioned"
#endif

#endif
