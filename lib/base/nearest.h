/*
 * base/nearest: "did you mean ...?"
 */
#ifndef GSP_BASE_NEAREST_H
#define GSP_BASE_NEAREST_H

/**
 * gsp_nearest(word, known):
 * The entry of the NULL-terminated list ${known} that is the fewest edits (insert, delete,
 * replace, swap neighbours) away from ${word}; NULL when none is near enough to be a typo, or
 * ${word} is longer than 64 bytes. Borrowed from ${known}.
 */
const char *gsp_nearest(const char *word, const char *const *known);

#endif
