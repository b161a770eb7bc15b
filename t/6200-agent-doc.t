#!/bin/sh
# What doc/agent.md tells people to type does what it says, taken from there, against this build and
# the tests' own STS. Only URLs, paths, ports and users are others.
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=t/lib/callers.sh
. "${SRCDIR:-.}/t/lib/callers.sh"
. "$SRCDIR/t/lib/agent.sh"
# shellcheck source=t/lib/told.sh
. "$SRCDIR/t/lib/told.sh"
! is_sanitized || skip_all "what is written is held to the programs that people run"
DOC=$SRCDIR/doc/agent.md
IS_ROOT=$([ "$(id -u)" -ne 0 ] || echo yes)
callers_make
issuer_start
sts_start
CREDENTIALS_PORT=$(port_random)
mkdir -p etc/issuer etc/systemd/system etc/nomad.d run
cp "$CA" etc/issuer/ca.pem
cp tls/callers.pem tls/callers.key .
# Others are to read their own files, below.
chmod 755 .

# ---- what people have, here ----

# here - standard input, with our own in place of what only they have. Two users that every Debian
# has stand for the workloads.
here() {
	sed -e "s|https://oidc.example.org|$URL|g; s|/run/credentials/issuer-agent.service/|/etc/issuer/|" \
		-e "s|/etc/issuer/|$WORK/etc/issuer/|g; s|/etc/systemd/|$WORK/etc/systemd/|g; s|/etc/nomad.d/|$WORK/etc/nomad.d/|g" \
		-e "s|/run/issuer-agent|$WORK/run|g; s|127.0.0.1:9911|127.0.0.1:$CREDENTIALS_PORT|g" \
		-e "s|https://sts.eu-central-1.amazonaws.com|$STS|; s|https://sts.googleapis.com|$STS|" \
		-e "s|group: deploy|group: '$(id -g)'|; s|owner: shop|owner: daemon|; s|owner: batch|owner: games|" \
		-e "s|-u shop |-u daemon |; s|-u batch |-u games |"
}
# typed FROM TO - the lines between two patterns, in the file "lines", as they are to be run here.
typed() {
	block "$1" "$2" | here >lines
	[ -s lines ] || fail "there are lines after '$1'"
}
# run CMD... - has the shell CMD run them, and prints what they print; what they complain of is in err.
run() {
	as_told AWS_EC2_METADATA_DISABLED=true AWS_DATA_PATH="$WORK/aws" AWS_ENDPOINT_URL_STS="$STS" \
		AWS_CONFIG_FILE=none AWS_SHARED_CREDENTIALS_FILE=none ISSUER_AGENT_CONFIG="$WORK/etc/issuer/issuer-agent.yaml" \
		"$@" -e lines 2>err
}
# runs DESC [NAME=VALUE...] [CMD...] - they succeed; their output is in out. CMD is what a shell that
# runs them is given to.
runs() {
	runs_desc=$1
	shift
	run "$@" sh >out
	runs_status=$?
	is "$runs_desc" "$runs_status$([ $runs_status -eq 0 ] || cat out err)" 0
}
# is_role DESC SESSION - the last line of out is that session of the role.
is_role() { is "$1" "$(tail -n 1 out)" "arn:aws:sts::123456789012:assumed-role/deploy/$2"; }
# can CMD... - silently.
can() { "$@" >/dev/null 2>&1; }

told_issuerctl
told_program issuer-agent "$BUILDDIR/issuer-agent"
# A service manager: starts the agent, and is content when that is.
cat >bin/systemctl <<END
#!/bin/sh
echo "\$*" >>systemctl.log
[ "\$1" != daemon-reload ] || exit 0
[ ! -s agent.pid ] || { kill "\$(cat agent.pid)"; flock -w 20 run/lock true; }
rm -f agent-ready && mkfifo agent-ready
echo 'state: $WORK/run' >>etc/issuer/issuer-agent.yaml
"$BUILDDIR/issuer-agent" -R 3 3>agent-ready >>agent.log 2>&1 </dev/null &
echo \$! >agent.pid
grep -qx ready agent-ready
END
chmod +x bin/systemctl
# agent_end - ends it; it is no child of ours that could be waited for, but it holds its lock.
agent_end() {
	[ -s agent.pid ] || return 0
	can kill "$(cat agent.pid)" && flock -w 20 run/lock true
	rm agent.pid
}
on_exit agent_end

# Where an AWS CLI that does not know AWS_ENDPOINT_URL_STS looks for the rules of endpoints.
mkdir -p aws/sts/2011-06-15
printf '{"version": "1.0", "parameters": {}, "rules": [{"conditions": [], "type": "endpoint", "endpoint": {"url": "%s"}}]}\n' \
	"$STS" >aws/sts/2011-06-15/endpoint-rule-set-1.json
AWS=/usr/bin/aws
[ -x "$AWS" ] || AWS=$(command -v aws) || AWS=
[ -z "$AWS" ] || told_program aws "$AWS"

# ---- the issuer's side ----

typed '^## The issuer.s side' '^One client for'
runs "service account, client and grants are made"
is "a grant for each audience" "$(issuerctl grant list -o json | jq length)" 3

# ---- a VM ----

if [ -n "$AWS" ]; then
	typed '^## A VM with' '^Without an agent that stays'
	runs "a VM has the agent, and the AWS CLI its role"
	is_role "as STS says" ci.deploy
	like "the status was shown" "$(cat out)" '^ci/deploy +sts.amazonaws.com +fresh '
	is "the service manager was asked once" "$(cat systemctl.log)" "enable --now issuer-agent"
	is "STS believed the token" "$(sts_count ok) $(jq -r 'select(.result == "ok").sub' sts.log)" \
		"1 system:serviceaccount:ci:deploy"
	typed '^Without an agent that stays' '^## A systemd service'
	runs "exec gives a program the same, and the CLI's own exchange a token"
	is "with the default session" "$(head -n 1 out)" "arn:aws:sts::123456789012:assumed-role/deploy/ci.deploy"
	is_role "and one by hand" by-hand
else
	skip 8 "no aws"
fi

# ---- a systemd service ----

typed '^## A systemd service' '^The test has .systemd-analyze'
runs "a unit is written"
UNIT=etc/systemd/system/deploy.service
like "with a command" "$(cat $UNIT)" '^ExecStart=/'
# unit_is_good DESC FILE - systemd finds nothing in it.
unit_is_good() {
	if can command -v systemd-analyze && [ -x /usr/bin/aws ]; then
		is "$1" "$(systemd-analyze verify "./$2" 2>&1)" ""
	else
		skip 1 "no systemd-analyze, or no /usr/bin/aws"
	fi
}
sed -e "s|^ExecStart=[^ ]*|ExecStart=$BUILDDIR/issuer-agent|" -e /^Documentation=/d "$BUILDDIR/conf/issuer-agent.service" \
	>etc/systemd/system/issuer-agent.service
unit_is_good "systemd finds nothing in it" $UNIT
if [ -n "$AWS" ]; then
	sed -n 's/^Environment=/export /p' $UNIT >lines
	sed -n 's|^ExecStart=.*/aws|aws|p' $UNIT >>lines
	runs "its command, in its environment, by hand"
	is_role "has the role" deploy.service
else
	skip 2 "no aws"
fi

# ---- a Nomad job ----

# In a mount namespace: what follows, with SOURCE at PLACE, below a /run that has nothing else.
# shellcheck disable=SC2016 # for the shell that runs it
MOUNTED='mount -t tmpfs tmpfs /run && mkdir -p "$PLACE" && mount --bind -o ro "$SOURCE" "$PLACE" && exec "$0" "$@"'
typed '^## A Nomad job' '^Debian has no Nomad'
runs "a job is written"
JOB=deploy.nomad.hcl
if can command -v nomad; then
	ok "Nomad finds it valid" env NOMAD_ADDR=http://127.0.0.1:1 nomad job validate $JOB
else
	skip 1 "no nomad"
fi
is "client and job speak of one volume" "$(sed -n 's/.*host_volume "\([^"]*\)".*/\1/p' etc/nomad.d/tokens.hcl)" \
	"$(sed -n 's/.* source *= "\(.*\)"/\1/p' $JOB)"
if [ -n "$AWS" ] && [ "$IS_ROOT" ] && can unshare --mount true; then
	sed -n 's/^ *\(AWS_[A-Z_]*\) *= \(".*"\)/export \1=\2/p' $JOB >lines
	echo aws "$(sed -n 's/^ *args *= \[\(.*\)\]/\1/p' $JOB | tr -d ,)" >>lines
	runs "the task's command, with its mount, by hand" "PLACE=$(sed -n 's/^ *destination *= "\(.*\)"/\1/p' $JOB)" \
		"SOURCE=$(sed -n 's/.* path = "\(.*\)" .*/\1/p' etc/nomad.d/tokens.hcl)" unshare --mount sh -ec "$MOUNTED"
	is_role "has the role" nomad
else
	skip 2 "no aws, no root or no mount namespace"
fi

# ---- a container ----

# root_make - a directory with a shell, cat and id, and what they need.
root_make() {
	mkdir -p root/bin root/var/run/secrets/tokens
	for program in sh cat id; do
		path=$(command -v $program)
		cp -L "$path" root/bin/
		ldd "$path" | grep -oE '/[^ ]+' | while read -r library; do
			mkdir -p "root$(dirname "$library")" && cp -L "$library" "root$library"
		done
	done
}
# podman_make - podman with a store and an image of its own, if it can run anything here; RUNTIME is
# what it takes for that.
podman_make() {
	PODMAN=$(command -v podman) || return 1
	# Limits and networks are not what is tried.
	printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\nnetns = "none"\nlog_driver = "none"\n[engine]\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\n' \
		>containers.conf
	# It takes no more than 50 characters for the second.
	RUNROOT=$(mktemp -d /tmp/issuer-podman.XXXXXX) || return 1
	# shellcheck disable=SC2016 # for later
	on_exit 'rm -rf "$RUNROOT"'
	# shellcheck disable=SC2016 # for later
	on_exit '"$PODMAN" --root "$WORK/images" --runroot "$RUNROOT" rm --all --force >/dev/null 2>&1; umount "$WORK/images/overlay" 2>/dev/null'
	for RUNTIME in crun runc; do
		can command -v $RUNTIME || continue
		told_program podman timeout 60 env CONTAINERS_CONF="$WORK/containers.conf" "$PODMAN" --root "$WORK/images" \
			--runroot "$RUNROOT" --runtime $RUNTIME
		# shellcheck disable=SC2016 # for the container's shell
		tar -C root -c . | can bin/podman import --change 'CMD ["/bin/sh", "-c", "id -u; cat $AWS_WEB_IDENTITY_TOKEN_FILE"]' \
			- localhost/deploy || continue
		! can bin/podman run --rm localhost/deploy id || return 0
	done
	return 1
}
# is_good DESC TOKEN [AUDIENCE] - one of ci/deploy, which a stranger accepts.
is_good() {
	ok "$1" verifies "$2" --audience "${3:-sts.amazonaws.com}"
	is "... of the service account" "$(claims "$2" | jq -r .sub)" system:serviceaccount:ci:deploy
}
agent_end
if [ "$IS_ROOT" ]; then
	typed '^The directory is mounted' '^Docker takes'
	sed '/^podman/,$d' lines >project
	sed -n '/^podman/,$p' lines >podman.lines
	echo "state: $WORK/run" >state.yaml
	sed -i 's|^issuer-agent once|cat state.yaml >>etc/issuer/issuer-agent.yaml\n&|' project
	cp project lines
	runs "a token is projected for a container's user"
	is "it is his" "$(stat -L -c '%u %a' run/ci-deploy/token)" "10001 400"
	root_make
	if podman_make; then
		cp podman.lines lines
		runs "podman runs the container"
		is "as that user" "$(head -n 1 out)" 10001
		is_good "it reads a token" "$(tail -n 1 out)"
	else
		skip 4 "podman is not there, or cannot run here"
	fi
	if can unshare --mount true; then
		typed '^Docker takes' '^## Node mode'
		runs "the mount by hand"
		is_good "a token is read behind it" "$(cat out)"
		is "... by that user alone" "$(setpriv --reuid 10002 --clear-groups cat run/ci-deploy/token 2>&1 | grep -c 'ermission denied')" 1
	else
		skip 4 "no mount namespace"
	fi
else
	skip 10 "only root makes containers of this kind"
fi

# ---- node mode ----

if [ "$IS_ROOT" ] && can runuser -u daemon -- test -r "$WORK/lines" && id games >/dev/null 2>&1; then
	typed '^The host is a node' '^A workload is a pod'
	runs "a node has a certificate, and its workloads are pods"
	# uid_of POD - as the list says that was printed.
	uid_of() { issuerctl pod list -o json | jq -r ".[] | select(.name == \"$1\").uid"; }
	typed '^A workload is a pod' '^Who asks on the socket'
	runs "the agent keeps their files" SHOP_UID="$(uid_of shop-1)" BATCH_UID="$(uid_of batch-1)"
	unit_is_good "systemd finds nothing in what was added to its unit" etc/systemd/system/issuer-agent.service
	is "each workload reads its own" "$(claims "$(head -n 1 out | cut -d '{' -f 1)" | jq -r .sub)" system:serviceaccount:web:shop
	is "and gets its own on the socket" "$(sed 's/^[^{]*//' out | jq -r .serviceAccount)" web/batch
	is "nobody reads another's" "$(runuser -u games -- cat run/shop/token 2>&1 | grep -c 'ermission denied')" 1
	is "nor gets it" "$(runuser -u games -- curl -sS --unix-socket run/tokens.sock 'http://localhost/v1/token?service_account=web/shop' | jq -r .code)" \
		Refused
	is "the audit has the node, the rule and the pod" \
		"$(audit "event='token.issued' AND actor='system:node:host-1' AND rule='node rule' AND bound LIKE 'pod shop-1 (%'")" 1
	as_told issuerctl pod delete web/shop-1 >/dev/null
	is "without its pod a token is reviewed as bad" \
		"$(issuerctl client create cluster --secret-file cluster.secret >/dev/null && issuerctl grant add cluster --tokenreviews >/dev/null &&
			with cluster.secret review "$(cat run/shop/token)" sts.amazonaws.com) $(jq -c '.status.authenticated // false' body)" "201 false"
else
	skip 9 "only root runs programs of several users, who must be able to read this directory"
fi

# ---- credentials ----

if [ -n "$AWS" ]; then
	typed '^What EKS Pod Identity' '^An AWS CLI or SDK that'
	cp lines credentials.lines
	run sh >out
	status=$?
	# Without the header that the file is for, the agent says what to set.
	if [ $status -ne 0 ] && grep -q 'send one Authorization header' err && [ "$(command -v aws)" != "$AWS" ]; then
		diag "$AWS is too old; trying another"
		told_program aws "$(command -v aws)"
		cp credentials.lines lines
		run sh >out
		status=$?
	fi
	if [ $status -ne 0 ] && grep -q 'send one Authorization header' err; then
		skip 2 "no aws that knows AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
	else
		is "the AWS CLI asks the agent" "$status$([ $status -eq 0 ] || cat out err)" 0
		is_role "and has the role" ci.deploy
	fi
	told_program aws "$AWS"
	# shellcheck disable=SC2016 # for the shell that runs it
	sed -n 's/_TOKEN_FILE=\(.*\)/_TOKEN=$(cat \1)/; /^export/p; /^aws/p' credentials.lines >lines
	runs "an older one does so with the token itself"
	is_role "and has the role" ci.deploy
	like "the agent asked STS" "$(cat agent.log)" 'event=credentials.obtained sa=ci/deploy role=arn:aws:iam::123456789012:role/deploy'
else
	skip 5 "no aws"
fi

# ---- Vault ----

typed '^Two files that change' '^Vault or OpenBao'
runs "two files for two audiences"
is "of one moment" "$(readlink run/ci-deploy/vault) $(readlink run/ci-deploy/google)" "..data/vault ..data/google"
# A stand-in that knows these three paths, and verifies as Vault's JWT method does.
cat >vault.py <<'END'
import json
import ssl
import sys
import urllib.request

import jwt

ca, state, verb, path = sys.argv[1:5]
words = dict(word.split("=", 1) for word in sys.argv[5:])
assert verb == "write"
try:
    kept = json.load(open(state))
except FileNotFoundError:
    kept = {}
if path != "auth/jwt/login":
    kept[path] = words
    json.dump(kept, open(state, "w"))
    sys.exit()
conf, role = kept["auth/jwt/config"], kept["auth/jwt/role/" + words["role"]]
assert words["jwt"].startswith("@")
with open(words["jwt"][1:]) as file:
    token = file.read()
opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
urllib.request.install_opener(opener)
url = conf["oidc_discovery_url"]
with opener.open(url + "/.well-known/openid-configuration") as answer:
    discovery = json.load(answer)
assert discovery["issuer"] == url, "the issuer is another"
key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token).key
claims = jwt.decode(token, key, algorithms=["RS256", "ES256"], issuer=conf["bound_issuer"], leeway=150,
                    audience=role["bound_audiences"].split(","), options={"require": ["exp", "sub", "aud"]})
assert claims["sub"] == role["bound_subject"], "sub claim does not match"
print("token_policies", role["token_policies"], "for", claims[role["user_claim"]])
END
told_program vault /usr/bin/python3 "$WORK/vault.py" "$CA" "$WORK/vault.json"
typed '^Vault or OpenBao' '^Debian has neither'
runs "a stand-in for Vault takes the login"
is "for the role" "$(cat out)" "token_policies deploy for system:serviceaccount:ci:deploy"
sed 's|/vault$|/google|' lines >other && mv other lines
run sh >out
is "and no token for somebody else" "$? $(grep -c '^jwt.*InvalidAudience' err)" "1 1"

# ---- Google ----

typed '^Google.s libraries read' '^Google itself'
runs "a file for Google's libraries"
GOOGLE=etc/issuer/google.json
cat >exchange.py <<'END'
import sys

import google.auth.transport.requests
from google.auth import identity_pool

credentials = identity_pool.Credentials.from_file(sys.argv[1], scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(google.auth.transport.requests.Request())
print(credentials.token)
END
# Debian 12's library is too old for such files; Google's own packages bring another.
for path in "" /usr/lib/google-cloud-sdk/platform/gsutil/third_party/google-auth-library-python; do
	! can env PYTHONPATH="$path" /usr/bin/python3 -c 'import requests, google.auth.identity_pool' || break
	path=none
done
if [ "$path" != none ]; then
	as_told PYTHONPATH="$path" /usr/bin/python3 exchange.py $GOOGLE >out 2>err || diag "$(tail -n 5 err)"
	like "google-auth exchanges the token" "$(cat out)" '^ya29\.'
else
	skip 1 "no python3-google-auth that knows external accounts"
fi
# exchanged - what it sends, sent by hand.
exchanged() {
	curl -sS --data-urlencode grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
		--data-urlencode requested_token_type=urn:ietf:params:oauth:token-type:access_token \
		--data-urlencode "audience=$(jq -r .audience $GOOGLE)" \
		--data-urlencode "subject_token_type=$(jq -r .subject_token_type $GOOGLE)" \
		--data-urlencode "subject_token@$(jq -r .credential_source.file $GOOGLE)" "$(jq -r .token_url $GOOGLE)"
}
like "so does who sends the same by hand" "$(exchanged | jq -r .access_token)" '^ya29\.'
is "what was exchanged is of the service account" "$(jq -r 'select(.result == "exchanged").sub' sts.log | sort -u)" \
	system:serviceaccount:ci:deploy
done_testing
