import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const text = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8')
const picture = /```\n(.*?)```/s.exec(text)?.[1] ?? ''

describe('docs/ARCHITECTURE.md', () => {
  it('names files that exist', () => {
    const named = [...text.matchAll(/`((?:src|relay|test|docs|python)\/[\w./-]+\.\w+)`/g)].map(([, path]) => path!)
    assert.ok(named.length > 40)
    assert.deepEqual(
      named.filter((path) => !existsSync(join(ROOT, path))),
      []
    )
  })

  it('has the files of each of the three changes', () => {
    for (const change of ['A new system command', 'A new option of calls', 'A new transport']) {
      const [, files = ''] = new RegExp(`\\*\\*${change}\\*\\*(.*?)(?:\\n\\n|$)`, 's').exec(text) ?? []
      assert.ok((files.match(/`[\w./-]+\.\w+`/g) ?? []).length >= 4, change)
    }
  })

  it('has every room in its picture, and no other', () => {
    const rooms = ['src', 'src/node', 'src/protocols'].flatMap(foldersIn).concat('relay')
    const missing = rooms.filter((room) => !picture.includes(`${room.split('/').at(-1)}/`))
    assert.deepEqual(missing, [])
    const drawn = [...picture.matchAll(/([\w/.]+)\//g)].map(([, path]) => path!.split('/').at(-1)!)
    const known = new Set(
      [...rooms, 'bench', 'examples', 'scripts', 'test', 'src'].map((path) => path.split('/').at(-1))
    )
    assert.deepEqual(
      drawn.filter((name) => !known.has(name)),
      []
    )
  })

  it('is one page', () => {
    assert.ok(text.split('\n').length <= 120)
  })
})

describe('the rooms of src/protocols', () => {
  it('hold every file, and none holds more than 20', () => {
    const flat = readdirSync(join(ROOT, 'src/protocols')).filter((name) => name.endsWith('.ts'))
    assert.deepEqual(flat, [])

    for (const room of foldersIn('src/protocols')) {
      assert.ok(readdirSync(join(ROOT, room)).length <= 20, room)
    }
  })
})

function foldersIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => statSync(join(ROOT, folder, name)).isDirectory())
  return names.map((name) => `${folder}/${name}`)
}
