# nginx with the module, on Debian 12, as www-data on port 8080.

ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS build

WORKDIR /src
COPY tools/install.sh tools/packages.txt tools/
RUN apt-get update && sh tools/install.sh build
COPY config Makefile ./
COPY tools tools
COPY src src
RUN make module && strip --strip-unneeded build/*.so build/promotions-key


FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx ca-certificates curl \
       git openssh-client libgit2-1.5 libjansson4 libhiredis0.14 libyaml-0-2 \
       libpcre2-8-0 libcurl4 libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o www-data -g www-data -m 0700 \
       /var/cache/nginx/promotions \
    && install -d -o www-data -g www-data /etc/nginx/promotions/catalog \
    && install -o www-data -g www-data -m 0600 /dev/null \
       /etc/nginx/promotions/credentials \
    && chown -R www-data:www-data /var/lib/nginx

COPY --from=build /src/build/ngx_http_promotions_module.so \
     /usr/lib/nginx/modules/
COPY --from=build /src/build/promotions-key /usr/local/bin/
COPY conf-examples/container.conf /etc/nginx/nginx.conf

USER www-data
EXPOSE 8080
STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=3s \
    CMD curl -fsS http://127.0.0.1:8080/health || exit 1

CMD ["nginx", "-g", "daemon off;"]
