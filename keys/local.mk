# keys/local.mk - keys, their life, and what they sign.
# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkeys.a

libkeys_a_SOURCES = \
	%D%/audit_proof.c %D%/audit_proof.h \
	%D%/claims.c %D%/claims.h \
	%D%/halves.c %D%/halves.h \
	%D%/jwk.c %D%/jwk.h \
	%D%/jws.c %D%/jws.h \
	%D%/key.c %D%/key.h %D%/key_pem.c %D%/key_pem.h %D%/key_seal.c \
	%D%/keyring.c %D%/keyring.h %D%/keyring_slot.c \
	%D%/mint.c %D%/mint.h \
	%D%/plan.c %D%/plan.h %D%/plan_ask.c %D%/plan_clock.c %D%/plan_draft.c %D%/plan_draft.h %D%/plan_state.c \
	%D%/rewrap.c %D%/rewrap.h \
	%D%/rotate.c %D%/rotate.h \
	%D%/sealing.c %D%/sealing.h \
	%D%/signer.c %D%/signer.h \
	%D%/signer_batch.c %D%/signer_batch.h \
	%D%/signer_due.c %D%/signer_due.h \
	%D%/signer_job.c %D%/signer_job.h \
	%D%/signer_message.c %D%/signer_message.h \
	%D%/signer_metrics.c %D%/signer_metrics.h \
	%D%/signer_spawn.c %D%/signer_spawn.h %D%/signer_process.c %D%/signer_process.h
