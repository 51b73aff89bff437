#!/bin/sh
# Builds the image with buildah and starts it:
#
#     tests/docker.sh [BASE]      (default: docker.io/library/debian:12-slim)
#
# BASE may be a folder too: a root file system that debootstrap made.  Checks
# that it runs as www-data, also without credentials; that its health check
# tells whether nginx is there; and that a promotion lands on a remote that
# wants a token, as docs/operations.md says it.  Needs root.
set -eu
cd "$(dirname "$0")/.."

base=${1:-docker.io/library/debian:12-slim}
image=localhost/promotions-test

# without a kernel that allows overlays or nested namespaces
export STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}"
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"

if [ -d "$base" ]; then
    from=$(buildah from scratch)
    buildah add -q "$from" "$base" / > /dev/null
    buildah commit -q --rm "$from" localhost/promotions-base > /dev/null
    base=localhost/promotions-base
fi

# OCI's own format has no health checks
buildah build -q --format docker --build-arg BASE="$base" -t "$image" . \
    > /dev/null
container=$(buildah from --add-host redis:127.0.0.1 "$image")

state=$(mktemp -d)
redis_pid=
nginx_pid=
git_pid=

finish() {
    if [ -n "$nginx_pid" ]; then
        # nginx itself: buildah would kill the master and leave its workers
        root=$(buildah mount "$container")
        kill -QUIT "$(cat "$root/tmp/nginx.pid")" 2> /dev/null \
            || kill "$nginx_pid" 2> /dev/null || true
        wait "$nginx_pid" || true
    fi
    [ -z "$redis_pid" ] || kill "$redis_pid" 2> /dev/null || true
    [ -z "$git_pid" ] || kill "$git_pid" 2> /dev/null || true
    wait
    buildah rm "$container" > /dev/null
    rm -rf "$state"
}
trap finish EXIT
trap 'exit 1' INT TERM

wait_for() {
    n=0
    until "$@" > /dev/null 2>&1; do
        n=$((n + 1))
        if [ $n -gt 100 ]; then
            echo "not ok - waited too long for: $*"
            cat "$state"/*.log
            exit 1
        fi
        sleep 0.1
    done
}

# the container shares this host's network: Redis is this host
redis-server --port 6379 --bind 127.0.0.1 --save '' > "$state/redis.log" 2>&1 &
redis_pid=$!

# so is the private remote
perl tests/docker.pl "$state" > "$state/git.log" 2>&1 &
git_pid=$!
wait_for test -f "$state/url"

cp -r conf-examples/catalog "$state/catalog"
sed -i "s|https://git.example.com/acme/gitops.git|$(cat "$state/url")|" \
    "$state"/catalog/*
chmod -R a+rX "$state/catalog"
chmod a+x "$state"
chown 33:33 "$state/credentials"
chmod 600 "$state/credentials"

inside() {
    buildah run --user www-data --network host \
        -v "$state/catalog:/etc/nginx/promotions/catalog:ro" "$container" -- \
        "$@"
}

user=$(buildah inspect --format '{{.Docker.Config.User}}' "$image")
[ "$user" = www-data ] || { echo "not ok - it runs as $user"; exit 1; }
echo "ok - it runs as www-data"

# with a pipe of theirs as standard output, see below
inside sh -c 'nginx -t 2>&1 | cat' > "$state/test.log" 2>&1
grep -q 'test is successful' "$state/test.log" \
    || { cat "$state/test.log"; echo "not ok - without credentials"; exit 1; }
echo "ok - its configuration needs no credentials"

check='{{index .Docker.Config.Healthcheck.Test'
shell=$(buildah inspect --format "$check 0}}" "$image")
check=$(buildah inspect --format "$check 1}}" "$image")
[ "$shell" = CMD-SHELL ] || { echo "not ok - health check: $shell"; exit 1; }

if inside sh -c "$check" > "$state/check.log" 2>&1; then
    echo "not ok - its health check passes without nginx: $check"
    exit 1
fi
echo "ok - its health check fails without nginx"

# A container's runtime gives standard output to the image's user, who opens it
# anew as /dev/stdout; buildah does not, so it goes through a pipe of theirs.
buildah run --user www-data --network host \
    -v "$state/catalog:/etc/nginx/promotions/catalog:ro" \
    -v "$state/credentials:/etc/nginx/promotions/credentials:ro" \
    "$container" -- \
    sh -c 'mkfifo /tmp/log && { cat /tmp/log & exec nginx -g "daemon off;" \
           > /tmp/log; }' > "$state/nginx.log" 2>&1 &
nginx_pid=$!

wait_for curl -fs http://127.0.0.1:8080/health
inside sh -c "$check" > "$state/check.log" 2>&1 \
    || { cat "$state/check.log"; echo "not ok - health check: $check"; exit 1; }
echo "ok - and passes with it"

promote() {
    curl -s -w '\n%{http_code}\n' -X POST "$@" \
        -H 'Content-Type: application/json' -d '{"message": "to qa",
            "srcAppId": {"runtime": "codefresh", "namespace": "argocd",
                         "name": "orders-dev"},
            "destAppId": {"runtime": "codefresh", "namespace": "argocd",
                          "name": "orders-qa"}}' \
        http://127.0.0.1:8080/api/promotions/commit
}

status=$(promote | tail -n 1)
[ "$status" = 401 ] || { echo "not ok - a stranger gets $status"; exit 1; }
echo "ok - a stranger is answered 401"

key=$(inside promotions-key create --address redis:6379 --name ci \
    --author 'CI <ci@example.com>' \
    --grants 'PROMOTE_TO@qa APPLICATION:R@dev' 2> "$state/key.log")
answer=$(promote -H "Authorization: $key")
landed=$(git -C "$(cat "$state/repository")" log -1 --format='%H %an' main)

case "$answer" in
    *"\"COMMIT_SHA\":\"${landed% CI}\""*200)
        echo "ok - a promotion lands on a remote that wants a token" ;;
    *)  echo "not ok - $answer; the branch is at $landed"
        cat "$state"/*.log
        exit 1 ;;
esac
