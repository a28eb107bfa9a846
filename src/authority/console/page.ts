/** The operator's page: what it is made of comes from the service itself. `NETWORK` stands for the network's name. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Authority of NETWORK</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="admin.css">
<script type="module" src="admin.js"></script>
</head>
<body>
<a class="skip" href="#certificates">To the certificates</a>
<header>
  <h1>Authority of <b>NETWORK</b></h1>
  <nav aria-label="Sections" hidden>
    <a href="#certificates">Certificates</a>
    <a href="#services">Services</a>
    <a href="#revoked">Revoked</a>
    <a href="#audit">Audit log</a>
    <button type="button" id="reload">Reload</button>
    <button type="button" id="leave">Sign out</button>
  </nav>
</header>
<p id="status" role="status" aria-live="polite"></p>
<main>
  <form id="enter">
    <label for="token">Admin token</label>
    <input id="token" type="password" autocomplete="off" spellcheck="false" required>
    <button>Sign in</button>
    <p class="hint">nexus authority token makes one. It is forgotten when this page is left or loaded again.</p>
  </form>
  <div id="board" hidden>
    <section id="certificates" tabindex="-1" aria-labelledby="h-certificates">
      <h2 id="h-certificates">Certificates that hold <span class="count"></span></h2>
      <label class="filter">Only with <input id="filter" type="search" placeholder="user, app or key"></label>
      <table><thead><tr><th scope="col">Who</th><th scope="col">Block</th><th scope="col">Key</th>
      <th scope="col">Ends</th><th scope="col">Revoke</th></tr></thead><tbody></tbody></table>
    </section>
    <section id="services" tabindex="-1" aria-labelledby="h-services">
      <h2 id="h-services">Services <span class="count"></span></h2>
      <form id="get">
        <label>User <input name="uid" required></label>
        <label>Service of the app <input name="app" required></label>
        <button>Get</button>
      </form>
      <table><thead><tr><th scope="col">App</th><th scope="col">User</th><th scope="col">Since</th>
      <th scope="col">Take back</th></tr></thead><tbody></tbody></table>
    </section>
    <section id="revoked" tabindex="-1" aria-labelledby="h-revoked">
      <h2 id="h-revoked">Revoked <span class="count"></span></h2>
      <table><thead><tr><th scope="col">What</th><th scope="col">Since</th><th scope="col">Let in again</th></tr></thead>
      <tbody></tbody></table>
    </section>
    <section id="audit" tabindex="-1" aria-labelledby="h-audit">
      <h2 id="h-audit">Audit log</h2>
      <table><thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th>
      <th scope="col">Outcome</th><th scope="col">About</th></tr></thead><tbody></tbody></table>
      <button type="button" id="older">Older</button>
    </section>
  </div>
</main>
</body>
</html>
`
