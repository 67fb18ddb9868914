# docker build -t thena .   (compose.yml runs it, docker-compose.dev.yml runs its development stage)
FROM node:26-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image has Node 26, so the packaged runtime is not needed. It cannot be omitted with --omit=optional, since DuckDB's binary
# for the platform is an optional package, too.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
 && rm -rf node_modules/node-*-x64 node_modules/node-*-arm64 node_modules/.bin

FROM packages AS page
COPY tsconfig.json ./
COPY scripts/write-page.mjs scripts/
COPY ui ui
COPY client client
COPY src/api src/api
RUN node scripts/write-page.mjs dist/page image

# What only the page and its build need: it is bundled. Then types, and the clients of Redis, which are optional packages of @tus/server.
FROM packages AS server-packages
RUN cd node_modules && rm -rf vite rolldown @rolldown @vitejs @oxc-project lightningcss lightningcss-* @base-ui @floating-ui react react-dom \
  lucide-react uplot wouter @tanstack @babel \
  @types csstype @redis @ioredis ioredis

FROM node:26-bookworm-slim AS runtime
ENV THENA_HOST=0.0.0.0 THENA_DATA_DIR=/data
WORKDIR /app
COPY --from=server-packages /app/node_modules node_modules
COPY --from=page /app/dist dist
COPY package.json ./
# A volume inherits the owner and mode of the folder that it covers.
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 8000
# Without API keys Thena refuses to listen beyond loopback: set THENA_ADMIN_KEY, or THENA_AUTH=open if the port is private.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.THENA_PORT || 8000}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM

# Runs the sources mounted at /app/src, and restarts when a file of them changes.
FROM runtime AS development
CMD ["node", "--watch-path=src", "src/main.ts"]

FROM runtime
COPY src src
# Without npm or a shell in between: signals reach the server, which finishes its uploads before it exits.
CMD ["node", "src/main.ts"]
