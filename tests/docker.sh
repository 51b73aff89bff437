#!/bin/sh
# Builds the image with buildah and starts it:
#
#     tests/docker.sh [BASE]      (default: docker.io/library/debian:12-slim)
#
# BASE may be a folder too: a root file system that debootstrap made.  Checks
# that nginx runs as www-data, that the health check passes, and that a request
# is answered by the module.
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

finish() {
    if [ -n "$nginx_pid" ]; then
        # nginx itself: buildah would kill the master and leave its workers
        root=$(buildah mount "$container")
        kill -QUIT "$(cat "$root/tmp/nginx.pid")" 2> /dev/null \
            || kill "$nginx_pid" 2> /dev/null || true
        wait "$nginx_pid" || true
    fi
    [ -z "$redis_pid" ] || kill "$redis_pid" 2> /dev/null || true
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

cp -r conf-examples/catalog "$state/catalog"
chmod -R a+rX "$state"

# A container's runtime gives standard output to the image's user, who opens it
# anew as /dev/stdout; buildah does not, so it goes through a pipe of theirs.
buildah run --user www-data --network host \
    -v "$state/catalog:/etc/nginx/promotions/catalog:ro" "$container" -- \
    sh -c 'mkfifo /tmp/log && { cat /tmp/log & exec nginx -g "daemon off;" \
           > /tmp/log; }' > "$state/nginx.log" 2>&1 &
nginx_pid=$!

wait_for curl -fs http://127.0.0.1:8080/health
echo "ok - the image answers its health check"

status=$(curl -s -o /dev/null -w '%{http_code}' -X POST \
    http://127.0.0.1:8080/api/promotions/commit)
[ "$status" = 401 ] || { echo "not ok - a stranger gets $status"; exit 1; }
echo "ok - a stranger is answered 401"

user=$(buildah inspect --format '{{.Docker.Config.User}}' "$image")
[ "$user" = www-data ] || { echo "not ok - it runs as $user"; exit 1; }
echo "ok - it runs as www-data"

check=$(buildah inspect --format '{{.Docker.Config.Healthcheck.Test}}' "$image")
case "$check" in
    *curl*/health*) echo "ok - it has a health check" ;;
    *)              echo "not ok - its health check is: $check"; exit 1 ;;
esac
