# One image for every role: `docker run … start --roles worker`. The database, the queues and the stored reports live outside it.
FROM node:26-trixie-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium fonts-noto-core fonts-noto-cjk tini \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# As in scripts/setup: `npm ci` refuses a lock without other platforms' optional packages; --no-save keeps to its versions.
RUN npm install --no-save --omit=dev --loglevel=error && npm cache clean --force
COPY src ./src

# The program itself: the script of Debian's at /usr/bin/chromium would leave Chromium behind when it is killed.
ENV NODE_ENV=production \
    CHROMIUM_PATH=/usr/lib/chromium/chromium \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8080
RUN install -d -o node -g node /data
VOLUME /data
USER node
EXPOSE 8080

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]

# tini reaps what Chromium leaves behind and passes SIGTERM on.
ENTRYPOINT ["tini", "--", "node", "/app/src/main/daybreak.ts"]
CMD ["start"]
