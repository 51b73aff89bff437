#!/bin/sh
# Installs the packages of tools/packages.txt that are missing:
#
#     install.sh build|run|test|fuzz|check
#
# Quick and silent when there is nothing to do.  The services that some of the
# packages bring are not started: the tests start their own.
set -eu
cd "$(dirname "$0")"

case "$1" in
    build) for='build' ;;
    run)   for='build|run' ;;
    test)  for='build|run|test' ;;
    *)     for=$1 ;;
esac

wanted=$(sed -nE "s/^($for) //p" packages.txt)

if ! command -v dpkg-query > /dev/null; then
    echo "not a Debian system; these packages are assumed to be there:" >&2
    echo $wanted >&2
    exit 0
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1) || state=
    [ "$state" = installed ] || missing="$missing $package"
done

[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "missing packages, and no root or sudo to install them:" \
             "apt install$missing" >&2
        exit 1
    fi
    sudo=sudo
fi

echo "installing:$missing"

# a policy for the time of the installation: start no service
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$sudo rm -f $policy' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy > /dev/null
    $sudo chmod 755 $policy
fi

log=$(mktemp)
install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends $missing > "$log" 2>&1
}

# the lists of a fresh machine are empty, and those of an old one stale
if ! install; then
    $sudo apt-get update -q > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
    install || { tail -n 20 "$log" >&2; exit 1; }
fi
rm -f "$log"
