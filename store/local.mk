# store/local.mk - what issuerd remembers, on SQLite.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = \
	%D%/store.c %D%/store.h \
	%D%/store_key.c %D%/store_account.c %D%/store_client.c %D%/store_grant.c %D%/store_node.c \
	%D%/store_audit.c %D%/store_proof.c %D%/store_prune.c %D%/store_alive.c %D%/store_backup.c \
	%D%/chain.c %D%/chain.h \
	%D%/tx.c %D%/tx.h \
	%D%/db.c %D%/db.h %D%/db_open.c %D%/db_file.c %D%/db_file.h \
	%D%/sql.h %D%/migrations.h
libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)

unit_tests += \
	t/unit/test_audit_chain \
	t/unit/test_store_backup \
	t/unit/test_store_sqlite
t_unit_test_store_backup_SOURCES = \
	t/unit/test_store_backup.c t/lib/vfs_faulty.c t/lib/vfs_faulty.h
t_unit_test_store_sqlite_SOURCES = \
	t/unit/test_store_sqlite.c \
	t/unit/store_suite.c t/unit/store_suite.h t/unit/store_suite_cases.h \
	t/unit/store_suite_objects.c t/unit/store_suite_nodes.c t/unit/store_suite_audit.c \
	t/unit/store_suite_shared.c \
	t/lib/vfs_faulty.c t/lib/vfs_faulty.h
