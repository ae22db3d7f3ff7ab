# syntax=docker/dockerfile:1
# The oracle in an image: docker build -t oracle . && docker run --rm -v "$PWD:/traces" oracle check .
FROM rust:1.95-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --locked --profile dist -p rejoin-oracle && cp target/dist/oracle /oracle

FROM debian:bookworm-slim
COPY --from=build /oracle /usr/local/bin/oracle
COPY --from=build /source/LICENSE-MIT /source/LICENSE-APACHE /usr/share/doc/oracle/
# It reads traces, and writes only where it is told to.
USER nobody
WORKDIR /traces
ENTRYPOINT ["oracle"]
CMD ["--help"]
