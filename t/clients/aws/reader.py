#!/usr/bin/python3
# reader.py - botocore reads the projected token again and again, by its own provider of web identities,
# configured by environment variables, until a file appears. It prints how many times, and a line for
# each failure.
#
#   reader.py STS STOP
#
# SPDX-License-Identifier: Apache-2.0
import functools
import os
import sys

import botocore.config
import botocore.credentials
import botocore.session

sts, stop = sys.argv[1:]
session = botocore.session.get_session()
client = functools.partial(session.create_client, endpoint_url=sts, region_name="eu-central-1")


def creator(service, **more):
    config = botocore.config.Config(retries={"max_attempts": 0}).merge(more.pop("config"))
    return client(service, config=config, **more)


reads, failures = 0, []
while not os.path.exists(stop):
    try:
        provider = botocore.credentials.AssumeRoleWithWebIdentityProvider(
            load_config=lambda: session.full_config, client_creator=creator, profile_name="default")
        frozen = provider.load().get_frozen_credentials()
        if not frozen.token or not frozen.access_key.startswith("ASIA"):
            raise ValueError("no credentials")
    except Exception as e:  # whatever it is, a user would see it
        failures.append("%s: %s" % (type(e).__name__, e))
    reads += 1
print("%d reads" % reads)
print("\n".join(failures[:20]), end="")
