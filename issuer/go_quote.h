/* go_quote.h - texts in quotes as Go's %q writes them, which is how Kubernetes tells what it
 * was sent.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef GO_QUOTE_H
#define GO_QUOTE_H

/* Of a text in UTF-8. In quotes; without control characters. The caller frees. (Go also escapes
 * whatever Unicode has not assigned, or does not print; here that stays as it is.) */
char *go_quote(const char *s);

#endif
