/** Text that a program writes into a document, between `<!-- name -->` and `<!-- /name -->`. */
export function fillBlocks(document: string, blocks: Record<string, string>): string {
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(end)]

    if (from === -1 || to < from) {
      throw new Error(`the document has no block ${start} ${end}`)
    }
    return `${text.slice(0, from + start.length)}\n\n${block.trim()}\n\n${text.slice(to)}`
  }, document)
}

export function markdownTable(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
