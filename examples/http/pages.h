/* What our web server has to offer.
 *
 *   GET  /                  a page whose script asks for two of the others
 *   GET  /plaintext         "Hello, World!"
 *   GET  /file/NAME         a file below the root folder
 *   GET  /digest?rounds=N   the SHA-256 of a certain file, N times over: some hundred milliseconds of computing without a call
 *   POST /digest            the SHA-256 of what is sent
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAGES_H
#define PAGES_H

#include "conn.h"

/* pages_begin opens the root folder and reads the file to digest; NULL: none. Gives 0, or says what is wrong and gives -1. */
int pages_begin(const char *root, const char *file);
void pages_end(void);

/* pages_answer answers the request that the connection is at. */
void pages_answer(struct conn *c);

/* files_send answers with the file of that name, which the client has written, below the folder. */
void files_send(struct conn *c, int folder, const char *name, size_t size);

#endif
