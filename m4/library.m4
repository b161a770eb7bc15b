# library.m4 - outside libraries by pkg-config; all that are missing are named at once.
# SPDX-License-Identifier: Apache-2.0

# ISSUERD_LIBRARY(VARIABLE, MODULE, DEBIAN-PACKAGE) - sets VARIABLE_CFLAGS and VARIABLE_LIBS.
AC_DEFUN([ISSUERD_LIBRARY],
	[PKG_CHECK_MODULES([$1], [$2], [], [
	issuerd_missing="$issuerd_missing
    $2 (Debian package $3)"])])

# ISSUERD_LIBRARIES_DONE - stops if one was missing.
AC_DEFUN([ISSUERD_LIBRARIES_DONE], [
AS_IF([test -n "$issuerd_missing"], [
	AC_MSG_ERROR([these libraries are missing or too old:$issuerd_missing
Install them, or set PKG_CONFIG_PATH if they live in an unusual place.])])])
