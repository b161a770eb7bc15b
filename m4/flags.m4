# flags.m4 - compiler and linker flags, each tried alone so that every compiler gets what it knows.
# SPDX-License-Identifier: Apache-2.0

# ISSUERD_CFLAG(VARIABLE, FLAG...) - appends each FLAG the compiler takes without a word.
# A few warnings are only known to be unknown when warnings are errors, hence -Werror.
AC_DEFUN([ISSUERD_CFLAG], [
m4_foreach_w([issuerd_flag], [$2], [
AS_VAR_PUSHDEF([cache], [issuerd_cv_cflag_[]issuerd_flag])
AC_CACHE_CHECK([whether $CC knows issuerd_flag], [cache], [
	issuerd_saved=$CFLAGS
	CFLAGS="$CFLAGS -Werror issuerd_flag"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[(void)puts("");]])],
		[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
	CFLAGS=$issuerd_saved])
AS_VAR_IF([cache], [yes], [$1="$$1 issuerd_flag"])
AS_VAR_POPDEF([cache])])])

# ISSUERD_LDFLAG(VARIABLE, FLAG...) - the same for the linker; CFLAGS of VARIABLE's sibling
# (HARDEN_CFLAGS, say) take part, because -pie needs -fPIE.
AC_DEFUN([ISSUERD_LDFLAG], [
m4_foreach_w([issuerd_flag], [$2], [
AS_VAR_PUSHDEF([cache], [issuerd_cv_ldflag_[]issuerd_flag])
AC_CACHE_CHECK([whether the linker knows issuerd_flag], [cache], [
	issuerd_saved_cflags=$CFLAGS
	issuerd_saved_ldflags=$LDFLAGS
	CFLAGS="$CFLAGS $HARDEN_CFLAGS"
	LDFLAGS="$LDFLAGS -Werror issuerd_flag"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[(void)puts("");]])],
		[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
	CFLAGS=$issuerd_saved_cflags
	LDFLAGS=$issuerd_saved_ldflags])
AS_VAR_IF([cache], [yes], [$1="$$1 issuerd_flag"])
AS_VAR_POPDEF([cache])])])

# ISSUERD_WARNINGS - sets WARN_CFLAGS. clang takes strings put together from macros for forgotten
# commas, hence the one that is off.
AC_DEFUN([ISSUERD_WARNINGS], [
WARN_CFLAGS=
ISSUERD_CFLAG([WARN_CFLAGS], [
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wcast-qual -Wwrite-strings -Wpointer-arith -Wformat=2 -Wundef -Wvla
	-Wimplicit-fallthrough -Wnull-dereference -Wduplicated-cond -Wlogical-op
	-Wframe-larger-than=16384 -Wno-string-concatenation])
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [treat warnings as errors (for developers)])])
AS_VAR_IF([enable_werror], [yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])])

# ISSUERD_HARDENING - sets HARDEN_CFLAGS, HARDEN_CPPFLAGS and HARDEN_LDFLAGS. _FORTIFY_SOURCE
# needs an optimizing compiler (the probe fails without) and hides errors from sanitizers.
AC_DEFUN([ISSUERD_HARDENING], [AC_REQUIRE([ISSUERD_SANITIZERS])
HARDEN_CFLAGS=
HARDEN_LDFLAGS=
ISSUERD_CFLAG([HARDEN_CFLAGS], [
	-fstack-protector-strong -fstack-clash-protection -fcf-protection
	-ftrivial-auto-var-init=zero -fPIE])
ISSUERD_LDFLAG([HARDEN_LDFLAGS], [-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack])
AS_IF([test -z "$SAN"], [
	issuerd_saved=$CPPFLAGS
	AC_MSG_CHECKING([which _FORTIFY_SOURCE can be used])
	issuerd_fortify=none
	for issuerd_level in 2 3; do
		CPPFLAGS="$issuerd_saved -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$issuerd_level -Werror"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[(void)puts("");]])],
			[issuerd_fortify=$issuerd_level])
	done
	CPPFLAGS=$issuerd_saved
	AC_MSG_RESULT([$issuerd_fortify])
	AS_VAR_IF([issuerd_fortify], [none], [],
		[HARDEN_CFLAGS="$HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$issuerd_fortify"])])
AC_SUBST([HARDEN_CFLAGS])
AC_SUBST([HARDEN_LDFLAGS])])

# ISSUERD_SANITIZERS - sets SAN, the flags that compiler and linker share for sanitizers, fuzzing
# and coverage, and FUZZ_LDFLAGS, which brings libFuzzer's main.
AC_DEFUN([ISSUERD_SANITIZERS], [
SAN=
FUZZ_LDFLAGS=
AC_ARG_ENABLE([sanitize],
	[AS_HELP_STRING([--enable-sanitize@<:@=address,undefined|thread@:>@], [find bugs while running])],
	[], [enable_sanitize=no])
AC_ARG_ENABLE([fuzz],
	[AS_HELP_STRING([--enable-fuzz], [link t/fuzz against libFuzzer; needs CC=clang])],
	[], [enable_fuzz=no])
AC_ARG_ENABLE([coverage],
	[AS_HELP_STRING([--enable-coverage], [count which lines are run])],
	[], [enable_coverage=no])
AS_CASE([$enable_sanitize], [yes], [enable_sanitize=address,undefined])
AS_IF([test "$enable_fuzz" = yes && test "$enable_sanitize" = no],
	[enable_sanitize=address,undefined])
AS_IF([test "$enable_sanitize" != no],
	[SAN="-fsanitize=$enable_sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"])
AS_IF([test "$enable_fuzz" = yes], [
	SAN="$SAN -fsanitize=fuzzer-no-link"
	FUZZ_LDFLAGS=-fsanitize=fuzzer])
AS_IF([test "$enable_coverage" = yes], [SAN="$SAN --coverage"])
AS_IF([test -n "$SAN"], [
	issuerd_saved=$CFLAGS
	CFLAGS="$CFLAGS $SAN"
	AC_MSG_CHECKING([whether $CC links with $SAN])
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		AC_MSG_ERROR([$CC cannot build with $SAN; --enable-fuzz needs CC=clang])])
	CFLAGS=$issuerd_saved])
AC_SUBST([SAN])
AC_SUBST([FUZZ_LDFLAGS])
AM_CONDITIONAL([FUZZ], [test "$enable_fuzz" = yes])])
