/** What the operator's page does: it asks the service's own admin routes, and nobody else. */
export const SCRIPT = `const by = (id) => document.getElementById(id)
const state = { token: '', certificates: [], oldest: undefined }

async function ask(method, path, body) {
  const response = await fetch('../admin/' + path, {
    method,
    headers: { authorization: 'Bearer ' + state.token, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) })
  })
  const answer = await response.json()
  if (!response.ok) {
    throw new Error(answer.error.message)
  }
  return answer
}

function say(text, isBad = false) {
  by('status').textContent = text
  by('status').className = isBad ? 'bad' : ''
}

const when = (ms) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)

function span(ms) {
  const minutes = Math.round(ms / 60000)
  const [count, unit] = minutes < 120 ? [minutes, 'min'] : minutes < 2880 ? [Math.round(minutes / 60), 'h'] : [Math.round(minutes / 1440), 'days']
  return count + ' ' + unit
}

function cell(row, label, content, name = '') {
  const td = row.insertCell()
  td.dataset.label = label
  td.className = name
  td.append(content)
  return td
}

function button(text, label, act) {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'danger'
  made.textContent = text
  made.setAttribute('aria-label', label)
  made.addEventListener('click', () => run(act))
  return made
}

function fill(id, records, draw) {
  const body = document.querySelector('#' + id + ' tbody')
  body.replaceChildren()
  for (const record of records) {
    draw(body.insertRow(), record)
  }
  if (records.length === 0) {
    const td = cell(body.insertRow(), '', 'none', 'empty')
    td.colSpan = 5
  }
  const count = document.querySelector('#' + id + ' .count')
  if (count) {
    count.textContent = String(records.length)
  }
}

/** Does it, says how it went, and leaves the focus where it makes sense when its button is gone. */
async function run(act) {
  const section = document.activeElement?.closest?.('section')
  try {
    say(await act())
    await load()
  } catch (error) {
    say(error.message, true)
  }
  if (section && !document.activeElement?.closest?.('section')) {
    section.focus()
  }
}

async function revoke(kind, subject) {
  const { version } = await ask('POST', 'revocations', { [kind]: subject })
  return 'Revoked the ' + (kind === 'peer' ? 'key ' : 'user ') + subject + ', in version ' + version + ' of the list.'
}

function drawCertificates() {
  const text = by('filter').value.trim().toLowerCase()
  const shown = state.certificates.filter((one) => [one.uid, one.app, one.peer, one.resource].join(' ').toLowerCase().includes(text))
  fill('certificates', shown, (row, { app, uid, role, block, resource, peer, expiresAt }) => {
    const left = expiresAt - Date.now()
    cell(row, 'Who', uid + ', ' + role + ' of ' + app)
    cell(row, 'Block', block + ' ' + resource)
    cell(row, 'Key', '…' + peer.slice(-12), 'key').title = peer
    cell(row, 'Ends', 'in ' + span(left), left < 3600000 ? 'soon' : '').title = when(expiresAt)
    const acts = cell(row, 'Revoke', button('Key', 'Revoke the key ' + peer + ' of ' + uid, () => revoke('peer', peer)), 'acts')
    acts.append(' ', button('User', 'Revoke the user ' + uid, () => revoke('uid', uid)))
  })
}

function drawServices({ services }) {
  fill('services', services, (row, { app, uid, gottenAt }) => {
    cell(row, 'App', app)
    cell(row, 'User', uid)
    cell(row, 'Since', when(gottenAt), 'when')
    const drop = async () => {
      await ask('DELETE', ['services', app, uid].map(encodeURIComponent).join('/'))
      return uid + ' does not have the service of ' + app + ' any more.'
    }
    cell(row, 'Take back', button('Drop', 'Drop the service of ' + app + ' for ' + uid, drop), 'acts')
  })
}

function drawRevoked({ revocations }) {
  fill('revoked', revocations, (row, { kind, subject, at }) => {
    cell(row, 'What', kind + ' ' + subject, 'key')
    cell(row, 'Since', when(at), 'when')
    const lift = async () => {
      await ask('DELETE', ['revocations', kind, subject].map(encodeURIComponent).join('/'))
      return 'The ' + kind + ' ' + subject + ' may have certificates again.'
    }
    cell(row, 'Let in again', button('Lift', 'Let in again: ' + kind + ' ' + subject, lift), 'acts')
  })
}

function drawAudit(row, { at, actor, source, action, outcome, detail }) {
  cell(row, 'When', when(at), 'when')
  cell(row, 'Who', actor === '-' ? source : actor)
  cell(row, 'What', action)
  cell(row, 'Outcome', outcome, outcome === 'ok' ? '' : 'soon')
  cell(row, 'About', Object.entries(detail).map(([name, value]) => name + ' ' + value).join(', '), 'about')
}

async function load() {
  const [certificates, services, revoked, { audit }] = await Promise.all(['certificates', 'services', 'revocations', 'audit?limit=50'].map((path) => ask('GET', path)))
  state.certificates = certificates.certificates
  state.oldest = audit.at(-1)?.id
  drawCertificates()
  drawServices(services)
  drawRevoked(revoked)
  fill('audit', audit, drawAudit)
}

async function older() {
  const { audit } = await ask('GET', 'audit?limit=50&before=' + state.oldest)
  const body = document.querySelector('#audit tbody')
  for (const record of audit) {
    drawAudit(body.insertRow(), record)
  }
  state.oldest = audit.at(-1)?.id ?? state.oldest
  say(audit.length === 0 ? 'There is nothing older.' : audit.length + ' older records.')
}

function show(isIn) {
  by('enter').hidden = isIn
  by('board').hidden = !isIn
  document.querySelector('nav').hidden = !isIn
}

by('enter').addEventListener('submit', async (event) => {
  event.preventDefault()
  state.token = by('token').value.trim()
  try {
    await load()
    by('token').value = ''
    show(true)
    say('Signed in.')
    by('certificates').focus()
  } catch (error) {
    state.token = ''
    say(error.message, true)
    by('token').select()
  }
})
by('get').addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.target
  const { uid, app } = Object.fromEntries(new FormData(form))
  run(async () => {
    await ask('PUT', ['services', app, uid].map(encodeURIComponent).join('/'))
    form.reset()
    return uid + ' has the service of ' + app + '.'
  })
})
by('leave').addEventListener('click', () => {
  state.token = ''
  state.certificates = []
  for (const body of document.querySelectorAll('tbody')) {
    body.replaceChildren()
  }
  show(false)
  say('Signed out.')
  by('token').focus()
})
by('reload').addEventListener('click', () => run(async () => 'As of now.'))
by('filter').addEventListener('input', drawCertificates)
by('older').addEventListener('click', () => older().catch((error) => say(error.message, true)))
by('token').focus()
`
