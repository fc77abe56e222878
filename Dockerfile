# The same steps as ./check and README take, in two stages: build as anybody, run as nobody with one volume.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package gatepost

FROM debian:bookworm-slim
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 2525 --home-dir /var/lib/gatepost --create-home gatepost
COPY --from=build /src/target/release/gatepost /usr/local/bin/gatepost
USER gatepost
VOLUME /var/lib/gatepost
EXPOSE 25 80 110 143 443 465 587 993 995 4190
# Binding ports under 1024 as a plain user: docker run --sysctl net.ipv4.ip_unprivileged_port_start=0 (the default since Docker 20.10).
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["gatepost", "status", "--config", "/var/lib/gatepost/gatepost.toml"]
ENTRYPOINT ["gatepost"]
CMD ["serve", "--config", "/var/lib/gatepost/gatepost.toml"]
