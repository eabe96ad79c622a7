# Two stages: build with the pinned toolchain, then a root without a shell that holds the binary, its libraries and the public roots.
# Runs as any user with a read-only root file system. `.ci/stage` lists the final files; a test runs the binary in exactly those.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked -p holdfast --bin holdfast && .ci/stage /stage target/release/holdfast

FROM scratch
COPY --from=build /stage/ /
USER 1001:1001
VOLUME /apim/config
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s --retries=3 CMD ["/holdfast", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/holdfast"]
