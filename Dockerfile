# A relay, or any other command of nexus: docker run nexus-mesh relay --help
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm pack --ignore-scripts --pack-destination /tmp

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /tmp/nexus-mesh-*.tgz /tmp/
RUN echo '{ "private": true, "type": "module" }' > package.json \
  && npm install --no-audit --no-fund /tmp/nexus-mesh-*.tgz \
  && rm -r /tmp/nexus-mesh-*.tgz /root/.npm \
  && ln -s /app/node_modules/.bin/nexus /usr/local/bin/nexus \
  && mkdir /data && chown node:node /data
# Credentials, and what an authority keeps.
VOLUME /data
USER node
ENV NEXUS_CREDENTIAL=/data/relay.json
EXPOSE 9700 9701 3478/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: SIGTERM reaches the relay, which leaves in order.
ENTRYPOINT ["nexus"]
CMD ["relay", "--health-port", "8080"]
