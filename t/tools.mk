# t/tools.mk - lint, format, fuzz and coverage: what developers and CI type.
# SPDX-License-Identifier: Apache-2.0
LINT_JOBS = 2
LINT_GCC = gcc
CLANG_TIDY = clang-tidy
CLANG_FORMAT = clang-format
FUZZ_CC = clang
FUZZ_SECONDS = 600
PYTHON = /usr/bin/python3
BENCH_LIBS = -lssl -lcrypto

code_dirs = base conf store keys access setup serve issuer ctl agent t
find_code = cd $(top_srcdir) && find $(code_dirs) -type f 2>/dev/null
lint_sources = { $(find_code) -name '*.c' || :; } | sort | sed 's|^|$(top_srcdir)/|'
format_sources = { $(find_code) -name '*.[ch]' || :; } | sort | sed 's|^|$(top_srcdir)/|'
shell_sources = { cd $(top_srcdir) && find . -name build -prune -o -name node_modules -prune -o \
	-name .git -prune -o -name '$(distdir)*' -prune -o -path ./build-aux -prune -o \
	-type f \( -name '*.t' -o -name '*.sh' -o -path ./t/run -o -path ./.ci/run \
	-o -path ./quickstart \) -print; } | sort | sed 's|^|$(top_srcdir)/|'
lint_flags = $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) -std=gnu11

lint: lint-analyzer lint-cppcheck lint-clang-tidy lint-shellcheck
	@echo "lint: nothing to complain about"

# -O0: optimized code merges paths, which the analyzer of gcc 12 takes for forgotten initializers.
lint-analyzer: config.h
	@echo "gcc -fanalyzer"
	@$(lint_sources) | xargs -n 1 -P $(LINT_JOBS) \
		$(LINT_GCC) $(lint_flags) -O0 -fanalyzer -Werror -c -o /dev/null

# cppcheck does not read system headers, so it is told the macros that look like statements.
# varFuncNullUB: NULL is a pointer in every C library we know, and `sentinel` wants it.
lint-cppcheck: config.h
	@echo "cppcheck"
	@$(lint_sources) | xargs cppcheck -j $(LINT_JOBS) --quiet --error-exitcode=1 --std=c11 \
		--enable=warning,performance,portability --inline-suppr --include=config.h \
		--suppress=varFuncNullUB \
		-D'json_array_foreach(a,i,v)=for(i=0;(v=json_array_get(a,i));i++)' \
		-D'json_object_foreach(o,k,v)=for(k=json_object_iter_key(o);k;v=json_object_get(o,k))' \
		-I$(top_srcdir) -DSYSCONFDIR='"/etc"' -DLOCALSTATEDIR='"/var"'

lint-clang-tidy: config.h
	@echo "clang-tidy"
	@$(lint_sources) | xargs -I {} -P $(LINT_JOBS) \
		$(CLANG_TIDY) --quiet {} -- $(lint_flags) >clang-tidy.out 2>&1; status=$$?; \
	grep -vE '^[0-9]+ warnings? generated' clang-tidy.out; rm -f clang-tidy.out; exit $$status

lint-shellcheck:
	@echo "shellcheck"
	@$(shell_sources) | xargs shellcheck -P $(top_srcdir)

format:
	$(format_sources) | xargs $(CLANG_FORMAT) -i

format-check:
	$(format_sources) | xargs $(CLANG_FORMAT) --dry-run --Werror

# Finds new inputs in fuzz-build/corpus; those worth keeping go to t/fuzz/corpus by hand.
fuzz:
	@$(MKDIR_P) fuzz-build
	cd fuzz-build && { test -f config.status || \
		$(abs_top_srcdir)/configure CC='$(FUZZ_CC)' --enable-fuzz; }
	cd fuzz-build && $(MAKE) $(AM_MAKEFLAGS) fuzz-targets
	cd fuzz-build && for target in $(fuzz_targets); do \
		name=$${target##*/fuzz_}; \
		$(MKDIR_P) corpus/$$name && \
		./$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
			corpus/$$name $(abs_top_srcdir)/%D%/fuzz/corpus/$$name || exit 1; \
	done

# The long forms of what make check does briefly: a million histories, centuries of verifiers,
# thousands of crashes, versions and refreshes.
soak_seed = $${SEED:-$$(date +%s)}
soak: check-programs
	SEED=$(soak_seed) HISTORIES=1000000 $(abs_builddir)/%D%/unit/test_plan_property
	SEED=$(soak_seed) WORLDS=500 $(abs_builddir)/%D%/unit/test_plan_verifiers
	cd $(abs_builddir) && SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' SEED=$(soak_seed) ROUNDS=3000 \
		$(abs_top_srcdir)/%D%/5004-crash-random.t
	cd $(abs_builddir) && SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' CLIENTS=8000 \
		$(abs_top_srcdir)/%D%/5006-overload.t
	cd $(abs_builddir) && SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' VERSIONS=200000 \
		$(abs_top_srcdir)/%D%/6004-agent-crash.t
	cd $(abs_builddir) && SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' REFRESHES=60 \
		$(abs_top_srcdir)/%D%/6005-agent-sdks.t

# Our daemon, the limit and the peers side by side: doc/performance.md. BENCH_ONLY=mint for some
# of it, BENCH_JSON=FILE for all the numbers. What Debian has of the peers:
#   apt-get install golang-go nginx-light glewlwyd     (node and npm: see t/lib/deps.sh)
EXTRA_PROGRAMS = %D%/bench/load
%C%_bench_load_SOURCES = %D%/bench/load.c %D%/bench/connection.c %D%/bench/connection.h
%C%_bench_load_LDADD = $(BENCH_LIBS)
CLEANFILES += $(EXTRA_PROGRAMS)
EXTRA_DIST += %D%/bench/bench.py %D%/bench/cases.py %D%/bench/report.py %D%/bench/servers.py \
	%D%/bench/audit.py %D%/bench/peers

bench: issuerd issuerctl %D%/bench/load
	@BUILDDIR='$(abs_builddir)' PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(abs_srcdir)/%D%/bench/bench.py \
		$${BENCH_JSON:+--json "$$BENCH_JSON"}

# Ten million records: audit list and audit verify.
bench-audit: issuerctl
	@BUILDDIR='$(abs_builddir)' PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(abs_srcdir)/%D%/bench/audit.py

check-programs: $(check_PROGRAMS)

fuzz-targets: $(fuzz_targets)

coverage:
	@$(MKDIR_P) coverage-build
	cd coverage-build && { test -f config.status || \
		$(abs_top_srcdir)/configure CC='$(LINT_GCC)' CFLAGS='-O0 -g' --enable-coverage; }
	cd coverage-build && find . -name '*.gcda' -exec rm -f {} + && \
		$(MAKE) $(AM_MAKEFLAGS) check
	@top=`cd $(top_srcdir) && pwd` && cd coverage-build && \
		find . -name '*.gcda' -exec gcov -n -s "$$top" -r {} + 2>/dev/null | $(AWK) -F "['%:]" ' \
		/^File/ { file = $$2 } \
		/^Lines executed/ && file ~ /\.c$$/ && file !~ /^t\// && $$2 + 0 >= best[file] + 0 \
			{ best[file] = $$2 } \
		END { for (f in best) printf "%6.2f %%  %s\n", best[f], f }' | sort -k 3

.PHONY: lint lint-analyzer lint-cppcheck lint-clang-tidy lint-shellcheck
.PHONY: bench bench-audit format format-check fuzz fuzz-targets soak check-programs coverage
