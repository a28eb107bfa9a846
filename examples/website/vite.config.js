import { defineConfig } from 'vite'

const site = 'http://localhost:8080'

export default defineConfig({
  build: { target: 'es2022', chunkSizeWarningLimit: 1_000 },
  // `npx vite` serves the page as it is edited. Start server.js with --origin http://localhost:5173 beside it.
  server: { proxy: { '/session': site, '/nexus': site } }
})
