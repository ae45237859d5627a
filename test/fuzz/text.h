/*
 * text: a fuzz target's input as a text.
 */
#ifndef GSP_FUZZ_TEXT_H
#define GSP_FUZZ_TEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** fuzz_text(data, size): a copy that ends in a NUL, exactly sized, so that a read past it is seen. free()
 * it. ${data} may be NULL when ${size} is 0. */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
