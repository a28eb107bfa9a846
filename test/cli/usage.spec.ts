import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { nexus, node } from '../support/nexus-program.ts'

const COMMANDS = [
  ...[
    'authority',
    'relay',
    'whoami',
    'grant',
    'find',
    'api',
    'direct',
    'pub',
    'sub',
    'ping',
    'sidecar',
    'demo',
    'dev'
  ].map((name) => [name]),
  ...['init', 'issue', 'renew', 'list', 'grant', 'revoke', 'show', 'serve', 'token', 'backup', 'admin'].map((name) => [
    'authority',
    name
  ]),
  ...['app', 'secret', 'revoke', 'audit'].map((name) => ['authority', 'admin', name])
]
/** Groups of commands, and one that speaks the link on stdout. */
const WITHOUT_JSON = ['authority', 'authority admin', 'sidecar']
const START = new URL('../../bin/nexus.js', import.meta.url).pathname

describe('nexus, its usage', function () {
  this.timeout(60_000)

  it('gives help with an example for every command, and lists it', async () => {
    const main = await nexus(['--help'])
    assert.equal(main.code, 0)
    assert.match(main.stdout, /Exit codes:\n {2}0 /)

    for (const command of COMMANDS) {
      const { code, stdout, stderr } = await nexus([...command, '--help'])
      const name = command.join(' ')
      assert.deepEqual([code, stderr], [0, ''], name)
      assert.match(stdout, new RegExp(`^Usage: nexus ${name} `))
      assert.match(stdout, new RegExp(`Example:\n {2}nexus ${name} `))
      assert.equal(/^ {2}--json /m.test(stdout), !WITHOUT_JSON.includes(name), name)
      assert.match(main.stdout, new RegExp(`^  ${command[0]} `, 'm'))
    }
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    const [direct, started] = await Promise.all([nexus(['--version']), node([START, '--version'])])
    assert.deepEqual([direct.code, direct.stdout], [0, `${version}\n`])
    assert.deepEqual([started.code, started.stdout], [0, `${version}\n`])
  })

  it('ends with one clear sentence on an old Node', async () => {
    for (const version of ['20.19.4', '22.11.0']) {
      const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
      const { code, stdout, stderr } = await node(['--import', `data:text/javascript,${pretend}`, START, '--version'])
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^nexus: INVALID: nexus-mesh needs Node 22\.12 or later; this is v[\d.]+\n$/)
    }
  })

  const wrong: Array<[string, string[], RegExp]> = [
    ['an unknown command', ['fnd'], /unknown command 'fnd' \(Did you mean find\?\)/],
    ['an unknown flag', ['find', '--app', 'etest', '--jsn'], /unknown option '--jsn' \(Did you mean --json\?\)/],
    [
      'no command of a group',
      ['authority'],
      /missing command: init, issuer, issue, renew, list, grant, revoke, rotate, show, serve, token, backup, admin \(nexus authority --help /
    ],
    ['an unknown command of a group', ['authority', 'iniit'], /unknown command 'iniit' \(Did you mean init\?\)/],
    ['a user limit without a factor', ['relay', '--user-limit', 'anna'], /Expected a user id and a positive number/],
    ['a user limit of nothing', ['relay', '--user-limit', 'anna=0'], /Expected a user id and a positive number/],
    ['help for what there is not', ['help', 'nope'], /unknown command 'nope' \(nexus --help shows how\)/],
    ['help for what a group has not', ['authority', 'help', 'nope'], /'nope' \(nexus authority --help shows how\)/],
    [
      'a flag that sidecar has not',
      ['sidecar', '--credential', 'x'],
      /unknown option '--credential' \(nexus sidecar --help/
    ],
    ['a missing flag', ['find'], /required option '--app <app>' not specified/],
    ['a missing argument', ['api', '--app', 'etest'], /missing required argument 'cmd' \(nexus api --help shows how\)/],
    ['no number', ['find', '--app', 'etest', '--timeout', 'soon'], /Expected a whole number/],
    ['no time', ['relay', '--keep', '10'], /Expected a time, like 90s, 10m or 2h/],
    ['no size', ['relay', '--keep-bytes', '1GB'], /Expected a size, like 64MiB or 1GiB/],
    ['two histories', ['sub', 'news', '--last', '1', '--since', '1m'], /cannot be used with/],
    ['no port', ['relay', '--health-port', '65536'], /Expected a port/],
    ['an unknown choice', ['find', '--app', 'etest', '--ownership', 'all'], /Allowed choices are mine, owner/],
    ['no credential', ['find', '--app', 'etest'], /give --credential <file> or set NEXUS_CREDENTIAL/],
    ['no way in', ['find', '--app', 'etest', '--credential', 'x.json'], /give --bootstrap <multiaddr> or set NEXUS_/],
    [
      'nothing to publish',
      ['pub', 'news'],
      /nothing to publish: give messages as JSON, or - to read one from each line/
    ],
    [
      'stdin among messages',
      ['pub', 'news', '1', '-'],
      /- reads messages from stdin: give it alone, or messages as JSON/
    ],
    // What is wrong by itself is said before a credential is asked for or anything is joined.
    ['no app to find', ['find', '--app', 'Greet'], /bad app: "Greet"/],
    ['no app to call', ['api', '--app', 'Greet', 'm'], /bad app: "Greet"/],
    ['no app to send to', ['direct', '--app', 'Greet', '1'], /bad app: "Greet"/],
    ['no app to ping', ['ping', '--app', 'Greet'], /bad app: "Greet"/],
    ['a JID of another app', ['find', '--app', 'e', '--jid', 'f-u-user@n.test/r'], /is not of the app 'e'/],
    ['no command to call', ['api', '--app', 'e', '$ping'], /not a command: "\$ping"/],
    ['no channel to publish on', ['pub', '', '1'], /channel/],
    ['no channel to subscribe to', ['sub', ''], /channel/],
    ['nobody to ping', ['ping', '--credential', 'x.json'], /give --app <app> or --peer <id>/],
    [
      'a body that is not JSON',
      ['api', '--app', 'e', 'm', '{a:6}'],
      /is not JSON: \{a:6\} \(quote it for the shell: '\{/
    ]
  ]

  for (const [what, args, message] of wrong) {
    it(`ends with 2 and one line for ${what}`, async () => {
      const { code, stdout, stderr } = await nexus(args)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^nexus: INVALID: [^\n]*\n$/)
      assert.match(stderr, message)
    })
  }

  it('takes an empty variable for none', async () => {
    for (const command of [['whoami'], ['find', '--app', 'etest']]) {
      const { code, stderr } = await nexus(command, { env: { NEXUS_CREDENTIAL: '' } })
      assert.equal(code, 2)
      assert.match(stderr, /^nexus: INVALID: no credential: give --credential <file> or set NEXUS_CREDENTIAL /)
    }
  })

  it('ends with 2 and its help without a command', async () => {
    const { code, stdout, stderr } = await nexus([])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /^Usage: nexus/)
  })

  it('prints the help that was asked for, by flag or by command', async () => {
    for (const args of [
      ['authority', '--help'],
      ['help', 'authority'],
      ['authority', 'help']
    ]) {
      const { code, stdout, stderr } = await nexus(args)
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^Usage: nexus authority .*(\n.*)* {2}revoke /)
    }
  })

  it('tells the exit codes of the sidecar', async () => {
    const { stdout } = await nexus(['sidecar', '--help'])
    assert.match(stdout, /exit codes:\n {2}0 .*\n {2}1 .*could not start.*\n {2}2 .*no frame.*\n {2}3 .*versions/)
  })

  it('prints an error as JSON too, with --json', async () => {
    for (const args of [
      ['find', '--json'],
      ['whoami', '--json', '--credential', 'nowhere.json']
    ]) {
      const { code, stdout, stderr } = await nexus(args)
      assert.equal(code, 2)
      const { error } = JSON.parse(stdout)
      assert.equal(error.code, 'INVALID')
      assert.equal(stderr, `nexus: INVALID: ${error.message}\n`)
    }
  })

  it('shows the stack with --verbose alone', async () => {
    const args = ['whoami', '--credential', 'nowhere.json']
    const [quiet, verbose] = await Promise.all([nexus(args), nexus([...args, '--verbose'])])
    assert.doesNotMatch(quiet.stderr, /\n {4}at /)
    assert.match(verbose.stderr, /\n {4}at /)
    assert.match(verbose.stderr, /caused by: Error: ENOENT/)
  })
})
