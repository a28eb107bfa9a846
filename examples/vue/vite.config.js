import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const site = process.env.SITE ?? 'http://localhost:8080'

export default defineConfig({
  plugins: [vue()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1_000 },
  server: { proxy: { '/session': site, '/nexus': site } }
})
