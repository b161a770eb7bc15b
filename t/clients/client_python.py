# client_python.py URL CA-FILE - Debian's python3-kubernetes at work; calls and answers are those of
# client_node.js, but for "self", which Debian's is too old for.
# SPDX-License-Identifier: Apache-2.0
import json
import sys

from kubernetes import client

URL, CA = sys.argv[1:]


def connect(who):
    config = client.Configuration()
    config.host, config.ssl_ca_cert = URL, CA
    if who.startswith("cert:"):
        config.cert_file, config.key_file = who[5:] + ".pem", who[5:] + ".key"
    else:
        with open(who, encoding="ascii") as file:
            config.api_key = {"authorization": "Bearer " + file.read()}
    return client.ApiClient(config)


def token(api, namespace, name, spec):
    spec = json.loads(spec)
    ref = spec.get("boundObjectRef")
    body = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(
        audiences=spec["audiences"], expiration_seconds=spec.get("expirationSeconds"),
        bound_object_ref=ref and client.V1BoundObjectReference(
            api_version=ref["apiVersion"], kind=ref["kind"], name=ref["name"], uid=ref.get("uid"))))
    return client.CoreV1Api(api).create_namespaced_service_account_token(name, namespace, body)


def review(api, spec):
    return client.AuthenticationV1Api(api).create_token_review(client.V1TokenReview(
        spec=client.V1TokenReviewSpec(**json.loads(spec))))


for line in sys.stdin:
    who, deed, *rest = line.split()
    api = connect(who)
    try:
        answer = {"token": token, "review": review}[deed](api, *rest)
        print(0, json.dumps(api.sanitize_for_serialization(answer)), flush=True)
    except client.ApiException as error:
        print(error.status, error.body.decode().strip() if isinstance(error.body, bytes)
              else error.body.strip(), flush=True)
    except Exception as error:  # a connection that was not to be had
        print(-1, json.dumps(str(error)), flush=True)
