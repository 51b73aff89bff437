#!/bin/bash
# Configures nginx's build of the module; called by the Makefile.
#
#     configure.sh NGINX_SOURCE BUILD_FOLDER MODULE_FOLDER CFLAGS
#
# The flags are those of the installed nginx, so that the module is binary
# compatible with it (Debian keeps them in conf_flags, a bash array).
set -eu

. "$1/conf_flags"
cd "$2"

hardening="-fstack-protector-strong -Wformat -Werror=format-security"

case "$4" in
    *-fsanitize=*) link=${4} ;;
    *)             hardening="$hardening -D_FORTIFY_SOURCE=2"
                   link="-Wl,-z,relro -Wl,-z,now" ;;
esac

if ! ./configure "${NGX_CONF_FLAGS[@]}" --builddir=objs \
        --with-cc-opt="$4 $hardening" --with-ld-opt="$link" \
        --add-dynamic-module="$3" > configure.log 2>&1
then
    tail -n 12 configure.log >&2
    rm -f objs/Makefile
    exit 1
fi
